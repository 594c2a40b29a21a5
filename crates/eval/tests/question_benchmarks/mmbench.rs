use super::*;

/// A table as data frames are written.
fn table(rows: &[[&str; 9]]) -> String {
    let names = ["index", "question", "hint", "A", "B", "C", "answer", "category", "image"];
    std::iter::once(&names).chain(rows).map(|row| row.join("\t") + "\n").collect()
}

fn encoded() -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(picture())
}

#[tokio::test]
async fn mmbench_turns_the_options_of_each_question() {
    let folder = folder();
    let (path, image) = (folder.path().join("dev.tsv"), encoded());
    write(
        &path,
        table(&[
            ["7", "\"What is it,\nsay?\"", "", "cat", "dog", "bird", "B", "object", &image],
            ["8", "Left?", "Look well.", "yes", "no", "", "A", "place", "7"],
        ]),
    );
    let benchmark = open("mmbench", &path, None);
    let ids: Vec<&str> = benchmark.samples().iter().map(|sample| sample.id.as_str()).collect();
    assert_eq!(ids, ["7", "1000007", "2000007", "8", "1000008"]);
    let texts = asked(benchmark.as_ref());
    assert!(texts[1].contains("What is it,\nsay?\nOptions:\nA. bird\nB. cat\nC. dog\n"), "{}", texts[1]);
    assert!(texts[3].starts_with("8 Hint: Look well.\nQuestion: Left?\n"), "{}", texts[3]);
    let answers =
        [("7", "B"), ("1000007", "It is a dog"), ("2000007", "A."), ("8", "A"), ("1000008", "Hmm.")];
    let answered = answered(benchmark.as_ref(), folder.path(), &answers).await;
    let scores = benchmark.score(&answered);
    assert_eq!(share(&scores, "MMBench", "all", "circular"), 0.5);
    assert_eq!(share(&scores, "MMBench", "all", "vanilla"), 0.8);
    assert_eq!(number(&scores, "MMBench", "place", "unsettled"), 1.0);
    assert_eq!(share(&scores, "MMBench", "object", "circular"), 1.0);

    let part = answered.into_iter().filter(|(id, _)| id != "2000007").collect();
    let part = benchmark.score(&part);
    assert_eq!(number(&part, "MMBench", "all", "questions"), 1.0);
    assert!(part.notes[0].contains("1 questions are left out"), "{:?}", part.notes);

    let vanilla = open("mmbench", &path, Some("vanilla,lmms-eval"));
    assert_eq!(vanilla.samples().len(), 2);
    // The embedded pictures are real ones.
    assert_eq!(responses(vanilla.as_ref(), &Always(Response::text("A"))).await.len(), 2);
}

#[test]
fn mmbench_reports_the_reference_s_numbers_over_copies_in_the_file() {
    let golden: Value = serde_json::from_str(include_str!("../golden/mmbench.json")).unwrap();
    let columns = ["index", "question", "A", "B", "C", "D", "answer", "category", "l2-category", "split"];
    let image = encoded();
    let mut text = columns.join("\t") + "\timage\n";
    let mut responses = Responses::new();
    for row in golden["circular_rows"].as_array().unwrap() {
        let field = |column: &&str| match &row[*column] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        text += &(columns.iter().map(field).collect::<Vec<_>>().join("\t") + "\t" + &image + "\n");
        responses.insert(row["index"].to_string(), Response::text(row["prediction"].as_str().unwrap()));
    }
    let folder = folder();
    let path = folder.path().join("dev.tsv");
    write(&path, text);
    let benchmark = open("mmbench", &path, None);
    assert_eq!(benchmark.samples().len(), responses.len());
    let scores = benchmark.score(&responses);
    for (name, theirs) in
        golden["report_acc"][0].as_object().unwrap().iter().filter(|(name, _)| *name != "split")
    {
        let row = if name == "Overall" { "all" } else { name };
        assert_eq!(share(&scores, "MMBench, dev", row, "circular"), theirs.as_f64().unwrap(), "{name}");
    }
}

#[test]
fn faulty_mmbench_data_is_told_with_file_and_line() {
    let folder = folder();
    let (path, image) = (folder.path().join("dev.tsv"), encoded());
    let good = ["1", "What?", "", "cat", "dog", "", "A", "object", image.as_str()];
    let with = |place: usize, value| {
        let mut row = good;
        row[0] = "2";
        row[place] = value;
        row
    };
    for (row, words) in [
        (with(0, "x"), "line 3: the index `x` is no number"),
        (with(0, "1"), "line 3: the index 1 is there twice"),
        (with(6, ""), "line 3: row 2 has no answer"),
        (with(6, "D"), "line 3: row 2 has an answer that is none of its options"),
        (with(4, ""), "line 3: row 2 needs two options"),
        (with(8, "9"), "line 3: the image is that of row 9"),
        (with(8, "%%%"), "line 3: the image is no base64"),
        (with(8, ""), "line 3: the row has no image"),
    ] {
        write(&path, table(&[good, row]));
        let fault = fault("mmbench", &path, None);
        assert!(fault.contains(words), "{fault}");
    }
    assert!(fault("mmbench", &path, Some("no-such")).contains("vanilla"));
}
