use super::*;

/// AMBER's data folder with some questions and one description.
fn amber(folder: &Path, with_words: bool) {
    let queries = json!([
        { "id": 1, "image": "AMBER_1.jpg", "query": "Describe this image." },
        { "id": 2, "image": "AMBER_1.jpg", "query": "Is there a cat?" },
        { "id": 3, "image": "AMBER_2.jpg", "query": "Is the sky cloudy?" },
        { "id": 4, "image": "AMBER_2.jpg", "query": "Is there contact?" },
    ]);
    let annotations = json!([
        { "id": 1, "type": "generative", "truth": ["dog", "tree"], "hallu": ["cat"] },
        { "id": 2, "type": "discriminative-hallucination", "truth": "no" },
        { "id": 3, "type": "discriminative-attribute-state", "truth": "yes" },
        { "id": 4, "type": "relation", "truth": "no" },
    ]);
    write(&folder.join("query/query_all.json"), queries.to_string());
    write(&folder.join("annotations.json"), annotations.to_string());
    if with_words {
        let relation = json!({ "dog": ["puppy"], "tree": [], "cat": ["kitten"], "sofa": [], "couch": [] });
        write(&folder.join("relation.json"), relation.to_string());
        write(&folder.join("safe_words.txt"), "light\n");
        write(&folder.join("vectors.txt"), "sofa 1 0\ntree 0.9 0.1\nkitten 0 1\n");
    }
}

#[tokio::test]
async fn amber_scores_questions_and_descriptions() {
    let folder = folder();
    amber(folder.path(), true);
    let benchmark = open("amber", folder.path(), None);
    assert_eq!(benchmark.samples()[0].task, Task::Describe("Describe this image.".into()));
    let answers = [
        ("1", "two puppies on a sofa beside a couch with a cat"),
        ("2", "No"),
        ("3", "Yes, it is"),
        ("4", "No"),
    ];
    let answered = answered(benchmark.as_ref(), folder.path(), &answers).await;
    let scores = benchmark.score(&answered);
    let questions = "AMBER, questions";
    // 2 of 3 with the denominator 3.001; an answer that is not the word alone is none.
    assert_eq!(number(&scores, questions, "all", "accuracy"), 66.6);
    assert_eq!(number(&scores, questions, "existence", "precision"), 99.9);
    assert_eq!(number(&scores, questions, "state", "accuracy"), 0.0);
    assert_eq!(number(&scores, HIDDEN, "state", "lost in reading"), 1.0);
    let descriptions = "AMBER, descriptions";
    // Nouns: puppy, sofa (like tree), couch and cat; the last two are hallucinated, and cat was expected.
    let [printed, shares] = ["as AMBER prints them", "with intervals"];
    assert_eq!(number(&scores, descriptions, printed, "CHAIR"), 50.0);
    assert_eq!(share(&scores, descriptions, shares, "CHAIR"), 0.5);
    assert_eq!(share(&scores, descriptions, shares, "Cover"), 1.0);
    assert_eq!(share(&scores, descriptions, shares, "Hal"), 1.0);
    assert_eq!(share(&scores, descriptions, shares, "Cog"), 1.0);
    let cases = benchmark.cases(&answered);
    assert_eq!(cases[0].details[0], "2 of 4 nouns hallucinated");
    assert_eq!(cases[2].outcome, "wrong");

    let lenient = open("amber", folder.path(), Some("attribute,plain"));
    assert_eq!(number(&lenient.score(&answered), questions, "state", "accuracy"), 99.9);
    assert_eq!(lenient.samples().len(), 1);
}

#[test]
fn amber_without_its_word_lists_asks_questions_only() {
    let folder = folder();
    amber(folder.path(), false);
    let benchmark = open("amber", folder.path(), None);
    assert_eq!(benchmark.samples().len(), 3);
    assert!(benchmark.score(&Responses::new()).notes[0].contains("relation.json"));
    assert!(fault("amber", folder.path(), Some("generative")).contains("relation.json"));
}

#[test]
fn faulty_amber_data_is_told_with_what_is_wrong() {
    let folder = folder();
    assert!(fault("amber", folder.path(), None).contains("annotations.json"));
    amber(folder.path(), true);
    let annotations = folder.path().join("annotations.json");
    let query = r#"{"id": 2, "image": "a.jpg", "query": "Is there a cat?"}"#;
    write(&folder.path().join("query/query_all.json"), query);
    for (annotation, words) in [
        (json!({ "id": 2, "type": "relation", "truth": "maybe" }), "annotation 2 has the truth `maybe`"),
        (json!({ "id": 2, "type": "relation", "truth": ["dog"] }), "needs yes or no"),
        (json!({ "id": 2, "type": "generative", "truth": "yes" }), "needs a list of objects"),
        (
            json!({ "id": 2, "type": "generative", "truth": ["yak"] }),
            "names `yak`, which relation.json doesn't have",
        ),
        (json!({ "id": 3, "type": "relation", "truth": "yes" }), "query 2 has no annotation"),
    ] {
        write(&annotations, annotation.to_string());
        let fault = fault("amber", folder.path(), None);
        assert!(fault.contains(words), "{fault}");
    }
}
