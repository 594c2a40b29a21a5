use super::*;

fn question(id: u32, image: &str, object: &str, label: &str) -> Value {
    json!({ "question_id": id, "image": image, "text": format!("Is there a {object} in the image?"), "label": label })
}

#[tokio::test]
async fn pope_answers_of_another_program_are_scored_without_the_pictures() {
    let folder = folder();
    let path = folder.path().join("coco_pope_random.json");
    write(
        &path,
        lines([
            question(1, "a.jpg", "dog", "yes"),
            question(2, "a.jpg", "car", "no"),
            question(3, "b.jpg", "cat", "yes"),
            question(4, "b.jpg", "bus", "no"),
        ]),
    );
    let benchmark = open("pope", &path, None);
    let answers = [("1", "Yes, and I see no cat"), ("2", "NO"), ("3", "yes"), ("4", "No, there is no bus.")];
    let responses = answered(benchmark.as_ref(), folder.path(), &answers).await;
    let scores = benchmark.score(&responses);
    assert_eq!(share(&scores, "POPE", "random", "accuracy"), 0.5);
    assert_eq!(share(&scores, "POPE", "random", "precision"), 0.5);
    assert_eq!(share(&scores, "POPE", "random", "recall"), 0.5);
    assert_eq!(share(&scores, HIDDEN, "random", "yes-rate"), 0.5);
    assert_eq!(share(&scores, HIDDEN, "random", "lost"), 0.5);
    assert_eq!(number(&scores, HIDDEN, "random", "lost in reading"), 1.0);
    assert!(scores.notes[0].contains("`pope`"), "{:?}", scores.notes);
    let cases = benchmark.cases(&responses);
    assert_eq!(cases.iter().filter(|case| case.faulty).count(), 2);

    let plain = open("pope", &path, Some("plain"));
    assert_eq!(share(&plain.score(&responses), "POPE", "random", "accuracy"), 1.0);
}

#[tokio::test]
async fn pope_categories_have_rows_of_their_own_and_intervals_over_pictures() {
    let folder = folder();
    for category in ["random", "popular"] {
        let questions = (1..=8).map(|id| {
            question(id, &format!("{}.jpg", id / 2), "dog", if id % 2 == 0 { "yes" } else { "no" })
        });
        write(&folder.path().join(format!("gqa_pope_{category}.json")), lines(questions));
    }
    let benchmark = open("pope", folder.path(), None);
    assert_eq!(benchmark.samples().len(), 16);
    assert_eq!(benchmark.samples()[0].id, "popular/1");
    let all = benchmark.samples().iter().map(|sample| (sample.id.clone(), Response::text("Yes")));
    let scores = benchmark.score(&all.collect());
    for row in ["random", "popular", "all"] {
        assert_eq!(share(&scores, "POPE", row, "recall"), 1.0);
        assert_eq!(share(&scores, HIDDEN, row, "yes-rate"), 1.0);
    }
    let Some(Cell::Share { interval: Some([low, high]), .. }) = scores.cell("POPE", "all", "accuracy") else {
        panic!("{}", scores.plain());
    };
    assert!(*low <= 0.5 && 0.5 <= *high && low < high, "{low} {high}");
    assert_eq!(open("pope", folder.path(), Some("popular")).samples().len(), 8);
}

#[tokio::test]
async fn pope_tells_what_a_correction_took_away() {
    let folder = folder();
    let path = folder.path().join("questions.jsonl");
    write(&path, lines([question(1, "a.png", "dog", "yes"), question(2, "a.png", "cat", "no")]));
    write(&folder.path().join("a.png"), picture());
    let benchmark = open("pope", &path, None);
    let corrected =
        Response { draft: Some("Yes, there is.".into()), ..Response::text("There is no such thing.") };
    let scores = benchmark.score(&responses(benchmark.as_ref(), &Always(corrected)).await);
    assert_eq!(number(&scores, HIDDEN, "questions", "lost in correction"), 1.0);
    // What failed was not said, though the parser takes an empty answer for a yes.
    let failed = benchmark.score(&responses(benchmark.as_ref(), &Always(Response::failed("no"))).await);
    assert_eq!(number(&failed, HIDDEN, "questions", "unclear"), 2.0);
    assert_eq!(share(&failed, "POPE", "questions", "accuracy"), 0.0);
}

fn coco() -> Value {
    let names = ["person", "dog", "frisbee", "car", "umbrella", "cat", "couch"];
    let categories: Vec<Value> =
        names.iter().zip(1..).map(|(name, id)| json!({ "id": id, "name": name })).collect();
    let images: Vec<Value> = (1..=4)
        .map(|id| json!({ "id": id, "file_name": format!("{id}.jpg"), "width": 8, "height": 8 }))
        .collect();
    let pairs =
        [(1, 1), (1, 1), (1, 2), (1, 3), (2, 2), (2, 1), (2, 4), (2, 5), (3, 6), (3, 7), (3, 1), (4, 1)];
    let annotations: Vec<Value> = pairs
        .iter()
        .zip(1..)
        .map(|((image, category), id)| json!({ "id": id, "image_id": image, "category_id": category, "bbox": [0, 0, 2, 2] }))
        .collect();
    json!({ "info": {}, "images": images, "annotations": annotations, "categories": categories })
}

#[tokio::test]
async fn pope_questions_are_read_or_built_whatever_the_file_holds() {
    let folder = folder();
    let path = folder.path().join("instances_val.json");
    write(&path, serde_json::to_string_pretty(&coco()).unwrap());
    let benchmark = open("pope", &path, None);
    let all = asked(benchmark.as_ref());
    // Three pictures have three objects or more; the fourth has one and is left out.
    assert_eq!(all.len(), 3 * 3 * 6);
    assert!(all.contains(&"popular/1 Is there a person in the image?".to_owned()), "{all:#?}");
    assert!(all.contains(&"popular/2 Is there a car in the image?".to_owned()), "{all:#?}");
    assert_eq!(all, asked(open("pope", &path, None).as_ref()), "a seed makes the same questions again");

    let adversarial = open("pope", &path, Some("adversarial"));
    let right: Responses = adversarial
        .samples()
        .iter()
        .enumerate()
        .map(|(place, sample)| (sample.id.clone(), Response::text(if place % 2 == 0 { "yes" } else { "no" })))
        .collect();
    assert_eq!(share(&adversarial.score(&right), "POPE", "adversarial", "accuracy"), 1.0);

    let list = folder.path().join("list.json");
    write(&list, json!([question(1, "a.jpg", "dog", "yes"), question(2, "a.jpg", "cat", "no")]).to_string());
    assert_eq!(open("pope", &list, None).samples().len(), 2);

    let segments = folder.path().join("segments.jsonl");
    write(
        &segments,
        lines([
            json!({ "image": "1.jpg", "objects": ["dog", "dog", "cat", "car"] }),
            json!({ "image": "2.jpg", "objects": ["bus"] }),
        ]),
    );
    let built = asked(open("pope", &segments, Some("popular")).as_ref());
    assert_eq!(built[..2], ["1 Is there a dog in the image?", "2 Is there a bus in the image?"]);
}

#[test]
fn faulty_pope_data_is_told_with_file_and_line() {
    let folder = folder();
    let path = folder.path().join("questions.jsonl");
    for (content, words) in [
        (
            lines([question(1, "a", "dog", "yes"), question(2, "a", "dog", "maybe")]),
            "line 2: question 2 has the label `maybe`",
        ),
        (
            lines([question(1, "a", "dog", "yes"), json!({ "question_id": 2 })]),
            "line 2: missing field `image`",
        ),
        (
            lines([question(1, "a", "dog", "yes"), question(1, "a", "cat", "no")]),
            "two questions have the number `1`",
        ),
        (lines([json!({ "image": "a", "objects": ["dog"] })]), "at least three objects"),
        (
            json!({ "images": [], "annotations": [{ "image_id": 1, "category_id": 2 }], "categories": [] })
                .to_string(),
            "annotation 1 has the image_id 1",
        ),
        (json!({ "images": [], "annotations": [] }).to_string(), "missing field `categories`"),
        (String::new(), "nothing in it"),
    ] {
        write(&path, &content);
        let fault = fault("pope", &path, None);
        assert!(fault.contains(words) && fault.contains("questions.jsonl"), "{fault}");
    }
    assert!(fault("pope", &path, Some("no-such")).contains("there are: random, popular, adversarial, pope"));
    assert!(fault("pope", &path, Some("pope,vcd")).contains("one parser"));
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    assert!(fault("pope", &empty, None).contains("no file of questions"));
    let error = entry("pope").unwrap().open(&Source::default()).err().unwrap().to_string();
    assert!(error.contains("needs --data"), "{error}");
}
