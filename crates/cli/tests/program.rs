//! The program as a person runs it: real networks, real photographs, and whatever else people hand in.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use lavr_testkit::without_setup;
use serde_json::Value;

fn picture(name: &str) -> String {
    format!("{}/../../examples/pictures/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn lavr() -> Command {
    without_setup(env!("CARGO_BIN_EXE_lavr"))
}

fn run(arguments: &[&str]) -> Output {
    lavr().args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The one document on standard output.
fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}\n{}", String::from_utf8_lossy(&output.stdout), stderr(output))
    })
}

fn verify(picture_name: &str, text: &str) -> Value {
    let output = run(&["verify", &picture(picture_name), "--text", text, "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    document(&output)
}

#[test]
fn planted_errors_are_rewritten_and_true_claims_stay() {
    let planted = "Three dogs look out. A cat lies between them.";
    assert_eq!(verify("dogs.jpg", planted)["text"], "Two dogs look out.");

    let planted =
        "A cat rests behind a red cup that reads \"gitlab\". The keyboard is to the left of the cup.";
    let right =
        "A cat rests behind a white cup that reads \"github\". The keyboard is to the right of the cup.";
    let document = verify("cat-and-cup.jpg", planted);
    assert_eq!(document["text"], right);
    for claim in document["claims"].as_array().unwrap() {
        let [start, end] = [0, 1].map(|end| claim["span"][end].as_u64().unwrap() as usize);
        assert_eq!(claim["surface"], planted[start..end]);
        let evidence = claim["evidence"].as_array().unwrap();
        assert!(claim["verdict"] != "contradicted" || !evidence.is_empty(), "{claim}");
    }
}

#[test]
fn a_true_text_comes_back_byte_for_byte() {
    let truth = "A cat rests behind a white cup that reads \"github\".\r\n\tThe keyboard is to the right of the cup.  ";
    let document = verify("cat-and-cup.jpg", truth);
    assert_eq!(document["text"], truth);
    let chinese = "图里有两只狗。";
    assert_eq!(verify("dogs.jpg", chinese)["text"], chinese);
}

#[test]
fn a_text_on_standard_input_is_corrected_sentence_by_sentence() {
    let mut child = lavr()
        .args(["verify", &picture("dogs.jpg"), "--text-file", "-", "--stream"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    input.write_all(b"Three dogs look out. A cat lies ").unwrap();
    // The first sentence is there while the second is not finished.
    let mut first = [0; 19];
    output.read_exact(&mut first).unwrap();
    assert_eq!(std::str::from_utf8(&first), Ok("Two dogs look out. "));
    input.write_all(b"between them.\n").unwrap();
    drop(input);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("\"Three\" -> \"Two\""), "{rest}");
    assert!(!rest.contains("look out"), "the text is not shown again: {rest}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_budget_for_checking_leaves_claims_open_and_says_so() {
    let text = "Three dogs look out. The dogs are blue.";
    let output = run(&["verify", &picture("dogs.jpg"), "--text", text, "--check-budget", "1", "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let document = document(&output);
    assert_eq!(document["usage"]["tool_calls"], 1);
    let notes = document["notes"].to_string();
    assert!(notes.contains("the limit of 1 expert calls was reached"), "{notes}");
}

#[test]
fn a_question_is_answered_by_a_fixed_plan_where_there_is_no_planner() {
    let output =
        run(&["ask", &picture("dogs.jpg"), "How many dogs are there?", "--planner", "none", "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let document = document(&output);
    assert_eq!(document["text"], "There are two dogs.");
    let calls: usize = document["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["calls"].as_array().unwrap().len())
        .sum();
    assert!(calls >= 2, "{document:#}");
}

#[test]
fn without_models_and_without_a_network_the_answer_says_what_is_missing() {
    let home = tempfile::tempdir().unwrap();
    let output = lavr()
        .args(["ask", &picture("dogs.jpg"), "How many dogs are there?", "--offline", "--json"])
        .env("LAVR_HOME", home.path())
        .env_remove("LAVR_MODELS")
        .env("HF_HUB_CACHE", home.path())
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let document = document(&output);
    assert_eq!(document["text"], "There are two dogs.");
    assert!(document["notes"][0].as_str().unwrap().contains("fixed plan"), "{document:#}");
}

#[test]
fn what_cannot_be_checked_is_an_exit_code_under_strict() {
    let text = "A lighthouse stands behind the dogs.";
    let output = run(&["verify", &picture("dogs.jpg"), "--text", text, "--strict", "-q"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
}

/// A list begins like an option.
#[test]
fn a_text_may_begin_with_a_hyphen() {
    let output = run(&["verify", &picture("dogs.jpg"), "--text", "- two dogs", "-q"]);
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
}

#[test]
fn a_caption_is_described_and_checked() {
    let output = run(&["caption", &picture("dogs.jpg"), "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(document(&output)["text"].as_str().unwrap().contains("two dogs"));
}

#[test]
fn what_the_captioner_composes_can_be_verified() {
    for name in ["dogs.jpg", "cat-and-cup.jpg", "cat.jpg"] {
        let output = run(&["caption", &picture(name), "--strict", "-q"]);
        assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn the_annotated_picture_is_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.png");
    let annotate = path.to_str().unwrap();
    let output =
        run(&["verify", &picture("dogs.jpg"), "--text", "Three dogs.", "--annotate", annotate, "-q"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(image::open(&path).unwrap().width() >= 640);
    let wrong =
        run(&["verify", &picture("dogs.jpg"), "--text", "Three dogs.", "--annotate", "no/such/dir/a.png"]);
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).contains("make it first"), "{}", stderr(&wrong));
}

#[test]
fn bad_input_is_told_in_words_with_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let photo = picture("dogs.jpg");
    let half = &std::fs::read(&photo).unwrap()[..2000];
    let cases: [(&Path, &str); 6] = [
        (&file("empty.png", b""), "0 bytes"),
        (&file("page.png", b"<html>"), "not a picture"),
        (&file("half.jpg", half), "cut-off"),
        (&folder.path().join("none.png"), "no file"),
        (folder.path(), "directory"),
        (Path::new("https://example.org/a.png"), "download"),
    ];
    for (path, words) in cases {
        for command in ["verify", "caption"] {
            let mut arguments = vec![command, path.to_str().unwrap()];
            if command == "verify" {
                arguments.extend(["--text", "A dog."]);
            }
            let output = run(&arguments);
            assert_eq!(code(&output), 2, "{command} {}", path.display());
            assert!(stderr(&output).contains(words), "{}: {}", path.display(), stderr(&output));
            assert!(output.stdout.is_empty());
        }
    }
    for (arguments, words) in [
        (vec!["ask", &photo, " "], "question is empty"),
        (vec!["ask", &photo, &photo], "must be the question"),
        (vec!["verify", &photo, "--text", " "], "text to check is empty"),
        (vec!["tools", "run", "detekt"], "there are: detect"),
        (vec!["tools", "run", "detect", "--json", "{image"], "not JSON"),
        (vec!["tools", "run", "detect", "--json", "{\"shade\": 1}"], "`shade` is no argument"),
        (vec!["models", "path", "no-such-model"], "no-such-model"),
        (vec!["ask", &photo, "What?", "--planner", "no-such-model"], "no-such-model"),
    ] {
        let output = run(&arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{arguments:?}: {}", stderr(&output));
    }
}

/// Neither this machine nor its proxy is asked, whoever names them.
#[test]
fn addresses_are_fetched_only_where_that_is_allowed_and_never_from_within() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = format!("http://{}", listener.local_addr().unwrap());
    let picture = format!("{here}/a.png");
    let run = |arguments: &[&str]| {
        let mut command = lavr();
        for variable in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env(variable, &here);
        }
        let output = command.args(arguments).output().unwrap();
        assert_eq!(code(&output), 2, "{arguments:?}");
        stderr(&output)
    };
    let ask = ["ask", &picture, "What is it?", "--planner", "none"];
    assert!(run(&ask).contains("or add --allow-urls"), "{}", run(&ask));
    let told = run(&[&ask[..], &["--allow-urls", "--offline"]].concat());
    assert!(told.contains("take one of them away"), "{told}");
    for (address, words) in [
        (picture.as_str(), "port"),
        ("http://127.0.0.1/a.png", "it is this machine"),
        ("http://localhost/a.png", "it is this machine"),
        ("http://169.254.169.254/latest", "keys"),
        ("http://2130706433/", "number in disguise"),
        ("file:///etc/passwd", "only http and https"),
    ] {
        let told = run(&["verify", address, "--text", "A dog.", "--allow-urls"]);
        assert!(told.contains(words), "{address}: {told}");
    }
    let json = format!("{{\"image\": \"{picture}\"}}");
    assert!(run(&["tools", "run", "ocr", "--json", &json]).contains("--allow-urls"));
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "something was asked");
}

#[test]
fn tools_are_listed_shown_and_run() {
    let list = run(&["tools", "list"]);
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    for name in ["detect(", "ocr(", "color(", "relate(", "crop(", "caption("] {
        assert!(list.contains(name), "{list}");
    }
    let arguments = format!("{{\"image\": {:?}, \"labels\": [\"puppy\"]}}", picture("dogs.jpg"));
    let output = run(&["tools", "run", "detect", "--json", &arguments]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(document(&output)["value"]["objects"][0]["label"], "dog");
}

/// A network of one's own: told where it is looked with, and refused with the reason where it is another than the tool can use.
#[test]
fn the_detector_is_chosen_by_a_name_or_a_path() {
    let shown = run(&["tools", "show", "detect", "--detector", "yolo11n"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("looks with yolo11n"), "{}", stderr(&shown));
    for (detector, reason) in [
        ("nonesuch", "a network of the catalogue"),
        ("easy-vqa", "`easy-vqa` is no such network: data set"),
        ("nowhere.pt", "there is no file nowhere.pt"),
    ] {
        let output = run(&["tools", "list", "--detector", detector]);
        assert_eq!(code(&output), 2, "{detector}");
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
    }
    // It finds cats, dogs and traffic lights.
    let own = format!("{}/../checkpoint/tests/data/tiny.pt", env!("CARGO_MANIFEST_DIR"));
    let arguments = serde_json::json!({ "image": picture("dogs.jpg") }).to_string();
    let output = run(&["tools", "run", "detect", "--detector", &own, "--json", &arguments]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(stderr(&output).contains("class 0 is not \"person\""), "{}", stderr(&output));
}

/// An expert more where one asks for it, and none where not.
#[test]
fn a_segmenter_adds_the_expert_that_cuts_things_out() {
    let doctor = run(&["doctor", "--offline", "--segmenter", "yolo26n-seg"]);
    let told = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let line = told.lines().find(|line| line.contains("segment(image, labels?, threshold?, masks?)"));
    assert!(line.is_some_and(|line| line.contains("looks with yolo26n-seg")), "{told}");
    let listed = run(&["tools", "list"]);
    assert!(!String::from_utf8_lossy(&listed.stdout).contains("segment"), "{}", stderr(&listed));
    let output = run(&["tools", "list", "--segmenter", "nonesuch"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--segmenter wants a network of the catalogue"), "{}", stderr(&output));
}

#[test]
fn things_are_cut_out_and_one_without_masks_is_refused() {
    let arguments = serde_json::json!({ "image": picture("dogs.jpg"), "masks": true }).to_string();
    let cut = ["tools", "run", "segment", "--json", &arguments, "--segmenter"];
    let output = run(&[&cut[..], &["yolo26n-seg"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let dog = &document(&output)["value"]["objects"][0];
    assert_eq!((&dog["label"], &dog["mask"]["size"]), (&"dog".into(), &serde_json::json!([529, 640])));
    let refused = run(&[&cut[..], &["nanodet"]].concat());
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("gives no masks"), "{}", stderr(&refused));
}

/// An expert more where one asks for it, and none where not.
#[test]
fn a_network_for_poses_adds_the_expert_that_tells_how_people_hold_themselves() {
    let doctor = run(&["doctor", "--offline", "--pose", "yolo11n-pose"]);
    let told = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let line = told.lines().find(|line| line.contains("pose(image, threshold?)"));
    assert!(line.is_some_and(|line| line.contains("looks with yolo11n-pose")), "{told}");
    let listed = run(&["tools", "list"]);
    assert!(!String::from_utf8_lossy(&listed.stdout).contains("pose"), "{}", stderr(&listed));
    let output = run(&["tools", "list", "--pose", "nonesuch"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--pose wants a network of the catalogue"), "{}", stderr(&output));
}

#[test]
fn a_person_has_points_and_a_network_without_them_is_refused() {
    let arguments = serde_json::json!({ "image": picture("astronaut.jpg") }).to_string();
    let estimate = ["tools", "run", "pose", "--json", &arguments, "--pose"];
    let output = run(&[&estimate[..], &["yolo11n-pose"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let people = &document(&output)["value"]["people"];
    assert_eq!(people.as_array().map(Vec::len), Some(1), "{people}");
    let nose = &people[0]["keypoints"][0];
    assert_eq!((&nose["name"], nose["at"].as_array().map(Vec::len)), (&"nose".into(), Some(2)));
    let refused = run(&[&estimate[..], &["nanodet"]].concat());
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("the seventeen of COCO"), "{}", stderr(&refused));
}

/// The process of its own is told which network.
#[test]
fn poses_are_found_in_a_process_of_their_own() {
    let arguments = serde_json::json!({ "image": picture("astronaut.jpg") }).to_string();
    let estimate = ["tools", "run", "pose", "--json", &arguments, "--pose", "yolo11n-pose"];
    let [here, apart] = [run(&estimate), run(&[&estimate[..], &["--isolate", "pose"]].concat())];
    assert_eq!(code(&apart), 0, "{}", stderr(&apart));
    assert_eq!(document(&here)["value"], document(&apart)["value"]);
}

#[test]
fn a_planner_file_that_is_cut_short_is_an_error_not_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.gguf");
    std::fs::write(&path, b"GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0").unwrap();
    let output = run(&["ask", &picture("dogs.jpg"), "What?", "--planner", path.to_str().unwrap()]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(stderr(&output).contains("half.gguf"), "{}", stderr(&output));
}

#[test]
fn answers_become_training_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let ask = ["ask", &picture("dogs.jpg"), "How many dogs are there?", "--planner", "none", "--json", "-q"];
    std::fs::write(&path, run(&ask).stdout).unwrap();
    let file = path.to_str().unwrap();
    let lines = |layout: &str, file: &str| {
        let output = run(&["export", "--as", layout, file]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (lines, stderr(&output))
    };
    let (instructions, _) = lines("instructions", file);
    assert_eq!(instructions[0]["conversations"][0]["value"], "<image>\nHow many dogs are there?");
    assert_eq!(instructions[0]["conversations"][1]["value"], "There are two dogs.");
    let (conversation, _) = lines("tool-use", file);
    assert!(conversation[0]["conversations"].as_array().unwrap().len() >= 4, "{conversation:?}");
    let (none, why) = lines("preferences", file);
    assert!(none.is_empty() && why.contains("nothing was corrected"), "{why}");
    let corrected = verify("dogs.jpg", "Three dogs look out.").to_string();
    std::fs::write(&path, corrected).unwrap();
    let (preferences, _) = lines("preferences", file);
    assert_eq!(preferences[0]["chosen"], "Two dogs look out.");
    std::fs::write(&path, "{\"schema\": \"else\"}").unwrap();
    let output = run(&["export", file]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("lavr ask --json"), "{}", stderr(&output));
}

#[test]
fn a_run_becomes_a_page_at_once_or_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let page = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    let (dogs, text) = (picture("dogs.jpg"), "Three dogs look out.");
    let output = run(&["verify", &dogs, "--text", text, "--json", "--report", &path("now.html")]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let now = page("now.html");
    assert!(now.contains("Three") && now.contains("Two") && now.contains("wave 1"));

    std::fs::write(path("run.json"), &output.stdout).unwrap();
    let output = run(&["report", &path("run.json"), "-o", &path("later.html")]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let carried =
        |page: &str| page.split("data:image/jpeg;base64,").nth(1).map(|data| data[..200].to_owned());
    assert!(carried(&now).is_some() && carried(&now) == carried(&page("later.html")));

    // A picture that went away, or changed, is told; its claims can still be read.
    let moved = std::fs::read_to_string(path("run.json")).unwrap().replace("dogs.jpg", "cat.jpg");
    std::fs::write(path("moved.json"), moved).unwrap();
    let output = run(&["report", &path("moved.json"), "-o", &path("moved.html")]);
    assert!(stderr(&output).contains("another picture"), "{}", stderr(&output));
    assert!(page("moved.html").contains("not at hand"));

    // A run that was kept has its events, too.
    let kept = |arguments: &[&str]| {
        let mut command = lavr();
        command.env_remove("LAVR_NO_TRACE").env("LAVR_RUNS", path("runs.sqlite")).args(arguments);
        command.output().unwrap()
    };
    let name = document(&kept(&["verify", &dogs, "--text", text, "--json"]))["run"].clone();
    let output = kept(&["report", name.as_str().unwrap(), "-o", &path("kept.html")]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let page = page("kept.html");
    assert!(
        page.contains("wave 1") && carried(&page) == carried(&now) && page.contains(name.as_str().unwrap())
    );

    let output = run(&["report", &path("run.json"), "-o", &path("run.pdf")]);
    assert!(code(&output) == 2 && stderr(&output).contains(".html"), "{}", stderr(&output));
}

#[test]
fn the_help_and_the_completions_are_whole() {
    assert_eq!(code(&run(&["--help"])), 0);
    let script = run(&["completions", "bash"]);
    assert!(String::from_utf8_lossy(&script.stdout).contains("complete"));
}
