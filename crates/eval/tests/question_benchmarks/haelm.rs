use std::sync::Arc;

use lavr_eval::BareModel;
use lavr_testkit::{ScriptedModel, ScriptedReply};

use super::*;

#[tokio::test]
async fn haelm_has_descriptions_judged_by_a_model() {
    let folder = folder();
    let path = folder.path().join("captions.jsonl");
    write(
        &path,
        lines([
            json!({ "image": "1.jpg", "reference caption": ["A man rides a horse.", "A horse."] }),
            json!({ "image": "2.jpg", "reference caption": ["Two dogs."], "output": "ignored" }),
            json!({ "image": "3.jpg", "reference caption": ["A cat."] }),
        ]),
    );
    let benchmark = open("haelm", &path, None);
    assert!(benchmark.needs_judge());
    let answers = [("1.jpg", "A man on a horse.\nHe wears a hat."), ("2.jpg", "Two dogs and a cat.")];
    let described = answered(benchmark.as_ref(), folder.path(), &answers).await;
    let scores = benchmark.score(&described);
    assert_eq!(share(&scores, "HaELM, descriptions", "all", "words judged"), 10.0 / 14.0);

    let judging = benchmark.judging(&described).unwrap();
    let model = Arc::new(ScriptedModel::from_fn(|request, _| {
        let prompt = serde_json::to_string(&request.messages).unwrap();
        let accurate = !prompt.contains("and a cat");
        Some(ScriptedReply::Text(if accurate { "Yes." } else { "No, there is no cat." }.into()))
    }));
    let verdicts = responses(judging.as_ref(), &BareModel::judge(Arc::clone(&model) as _)).await;
    let judged = judging.score(&verdicts);
    // The third description failed: there is nothing to judge.
    assert_eq!(number(&judged, "HaELM", "all", "judged"), 2.0);
    assert_eq!(share(&judged, "HaELM", "all", "accurate"), 0.5);
    assert_eq!(number(&judged, "HaELM", "all", "hallucinated"), 1.0);
    let prompt = serde_json::to_string(&model.requests()[0].messages).unwrap();
    assert!(
        prompt.contains("A man rides a horse. A horse.\\nour caption:\\nA man on a horse.\\nIs"),
        "{prompt}"
    );
    assert!(judging.cases(&verdicts)[1].faulty);

    let plain = open("haelm", &path, Some("plain-words")).judging(&described).unwrap();
    assert!(asked(plain.as_ref())[0].ends_with("yes or no.\n"));
    assert!(benchmark.judging(&Responses::new()).is_none());
}

#[test]
fn faulty_haelm_data_is_told_with_file_and_line() {
    let folder = folder();
    let path = folder.path().join("captions.jsonl");
    let good = json!({ "image": "1.jpg", "reference caption": ["A man."] });
    for (record, words) in [
        (json!({ "image": "2.jpg", "reference caption": [] }), "line 2: picture `2.jpg` has no reference"),
        (good.clone(), "line 2: picture `1.jpg` is there twice"),
        (json!({ "image": "2.jpg" }), "line 2: missing field `reference caption`"),
    ] {
        write(&path, lines([good.clone(), record]));
        let fault = fault("haelm", &path, None);
        assert!(fault.contains(words), "{fault}");
    }
    assert!(fault("haelm", &path, Some("vcd")).contains("plain-words"));
}
