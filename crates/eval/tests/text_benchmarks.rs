//! Benchmarks of answers, captions, tables and boxes from a folder on the disk to the scores.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use async_trait::async_trait;
use lavr_eval::{
    Answers, Benchmark, Cell, Response, Responses, RunOptions, Sample, Scores, Subject, Task,
    catalogue::{Source, entry},
    run,
};
use lavr_image::ImageStore;
use lavr_tool::CancellationToken;
use lavr_types::{ImageId, Rect, perception::Detection};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with these files.
fn folder(files: &[(&str, Value)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content.to_string()).unwrap();
    }
    folder
}

fn open(name: &str, data: &Path, variant: Option<&str>) -> Result<Box<dyn Benchmark>, String> {
    let source = Source { data: Some(data.into()), variant: variant.map(Into::into), ..Source::default() };
    entry(name).unwrap().open(&source).map_err(|error| error.to_string())
}

async fn responses(benchmark: &dyn Benchmark, subject: &dyn Subject) -> Responses {
    let (images, cancel) = (ImageStore::default(), CancellationToken::new());
    run(benchmark, subject, &images, &RunOptions::default(), &cancel, &|_| ()).await.unwrap()
}

/// Scores answers in a file, as `--answers` does.
async fn scored(benchmark: &dyn Benchmark, answers: &str) -> Scores {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), answers).unwrap();
    benchmark.score(&responses(benchmark, &Answers::read(file.path()).unwrap()).await)
}

/// JSON lines of names and texts.
fn lines(answers: &[(&str, &str)]) -> String {
    answers.iter().map(|(id, text)| json!({ "id": id, "text": text }).to_string() + "\n").collect()
}

fn shown(scores: &Scores, table: &str, row: &str, column: &str) -> String {
    scores
        .cell(table, row, column)
        .unwrap_or_else(|| panic!("no {row} {column} in\n{}", scores.plain()))
        .shown()
}

fn share(scores: &Scores, table: &str, row: &str, column: &str) -> f64 {
    match scores.cell(table, row, column) {
        Some(Cell::Share { value: Some(value), .. }) => *value,
        other => panic!("{row} {column} is {other:?}"),
    }
}

fn coco() -> Value {
    json!({
        "images": [
            { "id": 1, "file_name": "one.png", "width": 100, "height": 100 },
            { "id": 2, "file_name": "two.png", "width": 100, "height": 100 },
            { "id": 3, "file_name": "three.png", "width": 100, "height": 100 },
        ],
        "categories": [{ "id": 18, "name": "dog" }, { "id": 1, "name": "person" }, { "id": 3, "name": "car" }],
        "annotations": [
            { "id": 1, "image_id": 1, "category_id": 18, "bbox": [10, 10, 40, 40], "area": 1600, "iscrowd": 0 },
            { "id": 2, "image_id": 1, "category_id": 1, "bbox": [50, 0, 40, 90], "area": 3600, "iscrowd": 0 },
            { "id": 3, "image_id": 2, "category_id": 3, "bbox": [0, 0, 50, 50], "area": 2500, "iscrowd": 0 },
            { "id": 4, "image_id": 2, "category_id": 1, "bbox": [0, 60, 100, 40], "area": 4000, "iscrowd": 1 },
        ],
    })
}

fn coco_captions() -> Value {
    json!({
        "images": coco()["images"],
        "annotations": [
            { "image_id": 1, "id": 1, "caption": "A man throws a frisbee to his dog." },
            { "image_id": 1, "id": 2, "caption": "A person plays with a dog." },
            { "image_id": 2, "id": 3, "caption": "A red car on the street." },
            { "image_id": 3, "id": 4, "caption": "A field of grass." },
        ],
    })
}

fn coco_folder() -> TempDir {
    folder(&[("instances_made.json", coco()), ("captions_made.json", coco_captions())])
}

#[tokio::test]
async fn chair_counts_objects_that_are_not_there_and_says_what_was_left_out() {
    let data = coco_folder();
    let chair = open("chair", data.path(), None).unwrap();
    let answers = lines(&[
        ("1", "A man and his dog play with a frisbee near a bench."),
        ("2", "A bus and a car; two buses."),
    ]);
    let scores = scored(chair.as_ref(), &answers).await;
    // Named: person, dog, frisbee, bench; car, and the buses but not the bus. Not there: the bench, the buses.
    assert_eq!(share(&scores, "CHAIR", "CHAIR-s", "share"), 1.0);
    assert_eq!(share(&scores, "CHAIR", "CHAIR-i", "share"), 2.0 / 6.0);
    // There: dog, person and, from a caption, the frisbee; the car and the crowd of persons.
    assert_eq!(share(&scores, "CHAIR", "recall", "share"), 4.0 / 5.0);
    assert_eq!(shown(&scores, "A description on average", "all", "objects lost"), "0.50");
    assert_eq!(shown(&scores, "Hallucinated most", "bench", "hallucinated"), "1");
    assert!(
        scores.notes.iter().any(|note| note.starts_with("1 pictures have no description")),
        "{:?}",
        scores.notes
    );

    // The fork knows the bus.
    let fork = open("chair", data.path(), Some("mitigv")).unwrap();
    let scores = scored(fork.as_ref(), &answers).await;
    assert_eq!(share(&scores, "CHAIR", "CHAIR-i", "share"), 3.0 / 7.0);
}

#[tokio::test]
async fn chair_reads_results_in_the_layout_of_coco() {
    let data = coco_folder();
    let chair = open("chair", data.path(), None).unwrap();
    let results = json!([{ "image_id": 2, "caption": "A car." }, { "image_id": 3, "caption": "Grass." }]);
    let scores = scored(chair.as_ref(), &results.to_string()).await;
    assert_eq!(share(&scores, "CHAIR", "CHAIR-s", "share"), 0.0);
    assert!(scores.notes.iter().any(|note| note.contains("name no object at all")), "{:?}", scores.notes);
}

#[test]
fn faulty_data_of_coco_is_told_with_its_place() {
    let mut instances = coco();
    instances["annotations"][2]["category_id"] = json!(99);
    let data = folder(&[("instances_made.json", instances)]);
    let error = open("coco-ap", data.path(), None).err().unwrap();
    assert!(
        error.contains("instances_made.json") && error.contains("annotation 3") && error.contains("99"),
        "{error}"
    );

    let error = open("chair", folder(&[]).path(), None).err().unwrap();
    assert!(error.contains("no *instances*.json"), "{error}");

    let mut instances = coco();
    instances["categories"][0]["name"] = json!("dragon");
    let data = folder(&[("instances_made.json", instances)]);
    let error = open("chair", data.path(), None).err().unwrap();
    assert!(error.contains("`dragon`") && error.contains("synonyms.txt"), "{error}");
    std::fs::write(data.path().join("synonyms.txt"), "dragon, wyvern\nperson, man\ncar\n").unwrap();
    assert!(open("chair", data.path(), None).is_ok());

    let error = open("chair", data.path(), Some("perfect")).err().unwrap();
    assert!(error.contains("reference, mitigv"), "{error}");
}

/// Finds the dog where it is, a car half off, and something that no class is.
struct Finder;

#[async_trait]
impl Subject for Finder {
    fn name(&self) -> String {
        "finder".into()
    }

    fn can(&self, task: &Task) -> bool {
        *task == Task::Detect
    }

    fn looks(&self) -> bool {
        false
    }

    async fn answer(&self, sample: &Sample, _: Option<ImageId>, _: &CancellationToken) -> Response {
        let object = |label: &str, bounds, score| Detection { label: label.into(), bounds, score };
        let objects = match sample.id.as_str() {
            "1" => vec![object("dog", Rect::new(10.0, 10.0, 50.0, 50.0), 0.9)],
            "2" => vec![
                object("car", Rect::new(20.0, 0.0, 70.0, 50.0), 0.8),
                object("person", Rect::new(0.0, 60.0, 50.0, 100.0), 0.7),
            ],
            _ => vec![object("unicorn", Rect::new(0.0, 0.0, 9.0, 9.0), 0.6)],
        };
        Response { objects, ..Response::default() }
    }
}

#[tokio::test]
async fn coco_ap_ranks_the_boxes_of_a_detector() {
    let data = coco_folder();
    let benchmark = open("coco-ap", &data.path().join("instances_made.json"), None).unwrap();
    let scores = benchmark.score(&responses(benchmark.as_ref(), &Finder).await);
    // The dog is found at every threshold, the car overlaps by 0.43, the person was missed.
    assert!((share(&scores, "Average precision", "AP", "share") - 1.0 / 3.0).abs() < 1e-12);
    assert!((share(&scores, "Classes", "dog", "AP") - 1.0).abs() < 1e-12);
    assert_eq!(share(&scores, "Classes", "car", "AP"), 0.0);
    assert!(scores.notes.iter().any(|note| note.contains("unicorn")), "{:?}", scores.notes);
    assert!(scores.notes.iter().any(|note| note.contains("1 of the boxes are crowds")), "{:?}", scores.notes);
    let cases = benchmark.cases(&responses(benchmark.as_ref(), &Finder).await);
    assert_eq!(cases[0].answered, "1 dog");
    assert_eq!(cases[0].right.as_deref(), Some("1 dog, 1 person"));
}

#[tokio::test]
async fn coco_ap_scores_the_results_of_another_program() {
    let data = coco_folder();
    let benchmark = open("coco-ap", data.path(), None).unwrap();
    let results = json!([
        { "image_id": 1, "category_id": 18, "bbox": [10, 10, 40, 40], "score": 0.9 },
        { "image_id": 1, "category_id": 1, "bbox": [50, 0, 40, 90], "score": 0.8 },
        { "image_id": 2, "category_id": 3, "bbox": [0, 0, 50, 50], "score": 0.7 },
    ]);
    let scores = scored(benchmark.as_ref(), &results.to_string()).await;
    assert!((share(&scores, "Average precision", "AP", "share") - 1.0).abs() < 1e-12);
    assert!(scores.notes.iter().any(|note| note.contains("1 of 3 pictures failed")), "{:?}", scores.notes);
}

#[test]
fn results_that_are_neither_captions_nor_boxes_are_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for (text, part) in [
        (r#"[{"image_id": 1, "bbox": [1, 2, 3, 4]}]"#, "entry 1"),
        (r#"[{"image_id": 1, "caption": "a"}, {"image_id": 1, "caption": "b"}]"#, "two captions"),
        (r#"[{"caption": "a"}]"#, "image_id"),
    ] {
        std::fs::write(file.path(), text).unwrap();
        let error = Answers::read(file.path()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn captions_score_by_how_near_they_are_to_those_of_people() {
    let data = coco_folder();
    let benchmark = open("captions", data.path(), None).unwrap();
    let same =
        [("1", "A person plays with a dog."), ("2", "A red car on the street."), ("3", "A field of grass.")];
    let scores = scored(benchmark.as_ref(), &lines(&same)).await;
    assert_eq!(shown(&scores, "Captions", "BLEU-4", "score"), "100.0");
    assert_eq!(shown(&scores, "Captions", "ROUGE-L", "score"), "100.0");
    let other =
        scored(benchmark.as_ref(), &lines(&[("1", "Snow."), ("2", "A red car on the street.")])).await;
    assert_eq!(shown(&other, "About the captions", "all", "failed"), "1");
    assert!(other.notes.iter().any(|note| note.contains("left out")), "{:?}", other.notes);
}

#[test]
fn meteor_needs_its_word_lists() {
    let data = coco_folder();
    let error = open("captions", data.path(), Some("spice")).err().unwrap();
    assert!(error.contains("no variant `spice`; there are: meteor"), "{error}");
    let captions = entry("captions").unwrap();
    let source = |package: Option<&Path>| Source {
        data: Some(data.path().into()),
        package: package.map(Into::into),
        variant: Some("meteor".into()),
        ..Source::default()
    };
    assert_eq!(captions.package(&source(None)), Some("meteor"));
    assert_eq!(captions.package(&Source::default()), None);
    let package = data.path().join("captions_made.json");
    for (package, part) in [(None, "not here"), (Some(package.as_path()), "no readable zip archive")] {
        let error = captions.open(&source(package)).err().unwrap().to_string();
        assert!(error.contains(part), "{error}");
    }
}

fn documents() -> Value {
    json!({ "dataset_name": "made", "data": [
        { "questionId": 7, "question": "Who signed?", "image": "a.png", "answers": ["T.F. Riehl", "Riehl"] },
        { "questionId": 8, "question": "Which code?", "image": "a.png", "answers": ["abcd"] },
        { "questionId": 9, "question": "Which city?", "image": "b.png", "answers": ["Paris"] },
    ] })
}

#[tokio::test]
async fn anls_of_documents_differs_by_variant_at_one_half() {
    let data = folder(&[("val.json", documents())]);
    let answers = lines(&[("7", "TF Riehl"), ("8", "abxx"), ("9", "")]);
    for (variant, expected) in
        [(None, (0.8 + 0.5) / 3.0), (Some("paper"), 0.8 / 3.0), (Some("star"), (0.8 + 0.5) / 3.0)]
    {
        let benchmark = open("anls", data.path(), variant).unwrap();
        let scores = scored(benchmark.as_ref(), &answers).await;
        assert!((share(&scores, "ANLS", "all", "ANLS") - expected).abs() < 1e-12, "{variant:?}");
        assert_eq!(shown(&scores, "ANLS", "all", "unanswered"), "1");
    }
    let benchmark = open("anls", data.path(), None).unwrap();
    assert!(
        matches!(&benchmark.samples()[0].task, Task::Question(text) if text.contains("single word or phrase"))
    );
}

#[test]
fn faulty_questions_are_told_with_their_place() {
    let mut twice = documents();
    twice["data"][2]["questionId"] = json!(7);
    let mut unanswered = documents();
    unanswered["data"][1].as_object_mut().unwrap().remove("answers");
    let mut unasked = documents();
    unasked["data"][1].as_object_mut().unwrap().remove("question");
    for (data, part) in [
        (twice, "question 3 (`7`)"),
        (unanswered, "question 2 (`8`) has no answers"),
        (unasked, "missing field `question`"),
    ] {
        let data = folder(&[("val.json", data)]);
        let error = open("anls", data.path(), None).err().unwrap();
        assert!(error.contains(part) && error.contains("val.json"), "{error}");
    }
    let data = folder(&[("val.json", documents()), ("test.json", documents())]);
    let error = open("anls", data.path(), None).err().unwrap();
    assert!(error.contains("several JSON files"), "{error}");
}

#[tokio::test]
async fn vqa_joins_questions_with_what_people_answered() {
    let people = |answers: [&str; 10]| -> Vec<Value> {
        answers.iter().map(|answer| json!({ "answer": answer })).collect()
    };
    let data = folder(&[
        (
            "made_questions.json",
            json!({ "questions": [
                { "question_id": 1, "image_id": 42, "question": "Is there a cat?" },
                { "question_id": 2, "image_id": 42, "question": "How many?" },
            ] }),
        ),
        (
            "made_annotations.json",
            json!({ "annotations": [
                { "question_id": 2, "answer_type": "number", "answers": people(["two"; 10]) },
                { "question_id": 1, "answer_type": "yes/no", "answers": people(["yes", "yes", "no", "no", "no", "no", "no", "no", "no", "no"]) },
            ] }),
        ),
        ("COCO_val2014_000000000042.jpg", json!("")),
    ]);
    let vqa = open("vqa", data.path(), None).unwrap();
    let picture = vqa.samples()[0].picture.as_ref().unwrap().name().to_owned();
    assert!(picture.ends_with("COCO_val2014_000000000042.jpg"), "{picture}");
    let scores = scored(vqa.as_ref(), &lines(&[("1", "Yes."), ("2", "2")])).await;
    assert!((share(&scores, "VQA", "yes/no", "accuracy") - 0.6).abs() < 1e-12);
    assert_eq!(share(&scores, "VQA", "number", "accuracy"), 1.0);
    assert_eq!(share(&scores, "VQA", "all", "yes-rate"), 1.0);
}

#[tokio::test]
async fn charts_are_read_within_five_percent() {
    let data =
        folder(&[("charts.json", json!([{ "imgname": "c.png", "query": "How much?", "label": "100" }]))]);
    let error = open("vqa", data.path(), None).err().unwrap();
    assert!(error.contains("--variant exact"), "{error}");
    for (answer, right) in [("105", 1.0), ("106", 0.0)] {
        let benchmark = open("vqa", data.path(), Some("relaxed")).unwrap();
        let scores = scored(benchmark.as_ref(), &lines(&[("00000", answer)])).await;
        assert_eq!(share(&scores, "VQA", "all", "accuracy"), right, "{answer}");
    }
}

#[tokio::test]
async fn ocrbench_counts_points_by_group() {
    let item = |id: u64, kind: &str, answers: Value| json!({ "id": id, "image_path": "a.png", "question": "what is written?", "answers": answers, "type": kind });
    let data = folder(&[(
        "OCRBench.json",
        json!([
            item(0, "Regular Text Recognition", json!(["CENTRE"])),
            item(1, "Digit String Recognition", json!(123)),
            item(2, "Doc-oriented VQA", json!(["no"])),
        ]),
    )]);
    let benchmark = open("ocrbench", data.path(), None).unwrap();
    let scores = scored(
        benchmark.as_ref(),
        &lines(&[("0", "It says Centre."), ("1", "1 2 3"), ("2", "I do not know")]),
    )
    .await;
    assert_eq!(shown(&scores, "OCRBench", "all", "points"), "2");
    assert_eq!(shown(&scores, "OCRBench", "Text Recognition", "right"), "50.0 %");
    let data = folder(&[("OCRBench.json", json!([item(0, "Poetry", json!(["a"]))]))]);
    assert!(open("ocrbench", data.path(), None).err().unwrap().contains("`Poetry`"));
}

#[tokio::test]
async fn tables_are_compared_as_the_script_does_or_leniently() {
    let html = "<html><body><table><tr><td>a</td><td>b</td></tr></table></body></html>";
    let data = folder(&[("truth.json", json!({ "t1.png": { "html": html }, "t2.png": { "html": html } }))]);
    let fenced = "Here it is:\n```html\n<table><tr><td>a</td><td>c</td></tr></table>\n```";
    let answers = lines(&[("t1.png", html), ("t2.png", fenced)]);
    let strict = scored(open("teds", data.path(), None).unwrap().as_ref(), &answers).await;
    assert_eq!(share(&strict, "TEDS", "all", "TEDS"), 0.5);
    assert_eq!(shown(&strict, "TEDS", "all", "table out of place"), "1");
    let lenient = scored(open("teds", data.path(), Some("lenient")).unwrap().as_ref(), &answers).await;
    assert!((share(&lenient, "TEDS", "all", "TEDS") - f64::midpoint(1.0, 2.0 / 3.0)).abs() < 1e-12);

    let data = folder(&[("truth.json", json!([{ "id": 1, "image": "t.png", "html": "<p>no table</p>" }]))]);
    assert!(open("teds", data.path(), None).err().unwrap().contains("no table"));
}

#[tokio::test]
async fn pages_weigh_the_same_however_much_they_hold() {
    let data = folder(&[(
        "pages.json",
        json!([
            { "id": "a", "image": "p1.png", "page": "p1", "text": "abcd", "kind": "text" },
            { "id": "b", "image": "p1.png", "page": "p1", "text": "hello", "kind": "title" },
            { "id": "c", "image": "p2.png", "text": "xxxxxxxxxx", "kind": "text" },
            { "id": "d", "image": "p3.png", "text": "", "kind": "text" },
        ]),
    )]);
    let benchmark = open("edit-distance", data.path(), None).unwrap();
    let answers = lines(&[("a", "abcf"), ("b", "helo"), ("c", "xxxxx"), ("d", "")]);
    let scores = scored(benchmark.as_ref(), &answers).await;
    assert_eq!(shown(&scores, "Edit distance", "all", "mean of pages"), "0.3611");
    assert_eq!(shown(&scores, "Edit distance", "title", "mean of pages"), "0.2000");
    assert_eq!(shown(&scores, "Edit distance", "all", "pages"), "2");
    assert!(scores.notes.iter().any(|note| note.contains("empty on both sides")), "{:?}", scores.notes);
}
