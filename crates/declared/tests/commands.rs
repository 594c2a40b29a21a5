//! Local commands as tools.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

mod common;

use std::time::Duration;

use common::{Folder, IMAGE, Scene};
use lavr_tool::CancellationToken;
use lavr_types::{FailureKind, Rect, Trust};
use serde_json::json;

/// A declaration with an image argument.
fn declared(head: &str, rest: &str) -> String {
    format!("description = \"Does something.\"\n{head}\n{IMAGE}\n{rest}")
}

#[tokio::test]
async fn what_a_program_finds_becomes_evidence_and_a_detection() {
    let folder = Folder::new();
    folder.file("find.sh", r#"test "$(head -c 4 "$1" | tail -c 3)" = PNG && printf '{"found": [{"b": [0.25, 0.5, 0.5, 0.5], "what": "leaf", "p": 0.75}]}'"#);
    let declaration = declared(
        "capability = \"detect\"\ntrust = \"measured\"",
        r#"
            [command]
            program = "sh"
            arguments = ["find.sh", "{image}"]
            [[result.evidence]]
            each = "/found"
            box = "/b"
            form = "size"
            frame = "unit"
            label = "/what"
            score = "/p"
        "#,
    );
    folder.file("leaves.toml", &declaration);
    let scene = Scene::new(&folder).await;
    let seen = scene.seen("leaves", json!({ "image": scene.image })).await;
    assert_eq!(
        seen.value,
        json!({ "objects": [{ "label": "leaf", "box": [10.0, 15.0, 30.0, 30.0], "score": 0.75 }] })
    );
    let fact = &seen.evidence[0];
    assert_eq!((fact.region.image, fact.region.pixels()), (scene.image, Rect::new(10.0, 15.0, 30.0, 30.0)));
    assert_eq!((fact.tool.as_str(), fact.score, seen.trust), ("leaves", 0.75, Trust::Measured));
}

#[tokio::test]
async fn arguments_reach_a_program_as_json_and_the_picture_as_bytes() {
    let folder = Folder::new();
    let command = |stdin: &str, more: &str| {
        declared("", &format!("[command]\nprogram = \"cat\"\nstdin = \"{stdin}\"\n{more}"))
    };
    folder.file("as_json.toml", &command("json", "images = \"data_url\""));
    folder.file("as_bytes.toml", &command("image", "[result]\noutput = \"image\""));
    let scene = Scene::new(&folder).await;
    let seen = scene.seen("as_json", json!({ "image": scene.image, "text": "a \"b\"" })).await;
    assert_eq!(seen.value["text"], "a \"b\"");
    assert!(
        seen.value["image"].as_str().unwrap().starts_with("data:image/png;base64,iVBOR"),
        "{}",
        seen.value
    );
    assert_eq!(seen.trust, Trust::Untrusted);
    // What comes back is the same picture.
    let seen = scene.seen("as_bytes", json!({ "image": scene.image })).await;
    assert_eq!((seen.value, seen.show), (json!({ "image": scene.image }), vec![scene.image]));
}

#[tokio::test]
async fn a_part_of_the_command_line_is_left_out_with_its_argument() {
    let folder = Folder::new();
    let rest = "[command]\nprogram = \"echo\"\narguments = [\"-\", [\"--text\", \"{text}\"], \"end\"]\n[result]\noutput = \"text\"";
    folder.file("say.toml", &declared("", rest));
    let scene = Scene::new(&folder).await;
    let said = async |arguments| scene.seen("say", arguments).await.value;
    assert_eq!(said(json!({ "image": scene.image })).await, json!({ "text": "- end" }));
    let arguments = json!({ "image": scene.image, "text": "$(id); `id`" });
    assert_eq!(said(arguments).await, json!({ "text": "- --text $(id); `id` end" }));
    let option = scene.failure("say", json!({ "image": scene.image, "text": "--help" })).await;
    assert_eq!(option.kind, FailureKind::InvalidArguments);
}

#[tokio::test]
async fn the_file_of_an_image_is_gone_after_the_call() {
    let folder = Folder::new();
    let rest = "[command]\nprogram = \"echo\"\narguments = [\"{image}\"]\n[result]\noutput = \"text\"";
    folder.file("path.toml", &declared("", rest));
    let scene = Scene::new(&folder).await;
    let path =
        scene.seen("path", json!({ "image": scene.image })).await.value["text"].as_str().unwrap().to_owned();
    let path = std::path::Path::new(&path);
    assert!(
        path.extension().is_some_and(|extension| extension == "png") && !path.exists(),
        "{}",
        path.display()
    );
}

#[tokio::test]
async fn programs_that_fail_are_failures() {
    let folder = Folder::new();
    let shell = |name: &str, script: &str, more: &str| {
        let script = serde_json::to_string(script).unwrap();
        let rest = format!("[command]\nprogram = \"sh\"\narguments = [\"-c\", {script}]\n{more}");
        folder.file(&format!("{name}.toml"), &declared("", &rest));
    };
    shell("told", r#"echo '{"error": "the page is upside down"}'; exit 3"#, "");
    shell("silent", "echo /home/me/secret.txt >&2; exit 4", "");
    shell("garbage", "echo no json", "");
    shell("flood", "yes", "most_bytes = 1000");
    folder.file("absent.toml", &declared("", "[command]\nprogram = \"no-such-program\""));
    let scene = Scene::new(&folder).await;
    for (tool, kind, words) in [
        ("told", FailureKind::Failed, "the page is upside down"),
        ("silent", FailureKind::Failed, "exit status: 4"),
        ("garbage", FailureKind::Failed, "gave no JSON"),
        ("flood", FailureKind::Failed, "more than 1000 bytes"),
        ("absent", FailureKind::Unavailable, "is not there"),
    ] {
        let failure = scene.failure(tool, json!({ "image": scene.image })).await;
        assert_eq!(failure.kind, kind, "{tool}: {}", failure.message);
        assert!(failure.message.contains(words), "{tool}: {}", failure.message);
        assert!(
            !failure.message.contains("secret"),
            "standard error is for the operator: {}",
            failure.message
        );
    }
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_at_its_timeout_and_when_the_run_is_given_up() {
    let folder = Folder::new();
    let rest = "[command]\nprogram = \"sh\"\narguments = [\"-c\", \"sleep 600 & echo $! > pid; wait\"]";
    folder.file("hang.toml", &declared("timeout = 0.3", rest));
    folder.file("wait.toml", &declared("timeout = 600", rest));
    let scene = Scene::new(&folder).await;
    let arguments = json!({ "image": scene.image });
    assert_eq!(scene.failure("hang", arguments.clone()).await.kind, FailureKind::TimedOut);
    gone(&folder).await;
    std::fs::remove_file(folder.path().join("pid")).unwrap();
    let cancel = CancellationToken::new();
    let (record, ()) = tokio::join!(scene.record("wait", arguments, &cancel), async {
        while !folder.path().join("pid").exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        cancel.cancel();
    });
    assert_eq!(record.outcome.unwrap_err().kind, FailureKind::Cancelled);
    gone(&folder).await;
}

/// Waits until the child of the program is gone.
async fn gone(folder: &Folder) {
    for _ in 0..1000 {
        let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap_or_default();
        let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        let state = state.rsplit(')').next().unwrap_or_default().trim().to_owned();
        if !pid.trim().is_empty() && (state.is_empty() || state.starts_with('Z')) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the child of the program lives on");
}

#[tokio::test]
async fn a_program_sees_what_was_named_and_its_secrets_are_not_repeated() {
    let folder = Folder::new();
    // The path is a variable that every test has.
    let rest = r#"
        [command]
        program = "sh"
        arguments = ["-c", "echo '{\"error\": \"bad key '\"$KEY\"' '\"$HOME$CARGO\"'\"}'; exit 1"]
        variables = { KEY = "${CARGO_MANIFEST_DIR}" }
    "#;
    folder.file("leak.toml", &declared("", rest));
    let scene = Scene::new(&folder).await;
    let failure = scene.failure("leak", json!({ "image": scene.image })).await;
    assert_eq!(failure.message, "`leak` failed: bad key (secret) ");
}

#[test]
fn mistakes_of_a_file_are_told_with_their_place() {
    let folder = Folder::new();
    let command = "[command]\nprogram = \"cat\"";
    let cases = [
        (declared("", ""), "exactly one of them"),
        (declared("", "[command]\nprogram = \"cat\"\n[http]\nurl = \"http://x/\""), "exactly one of them"),
        (declared("timeot = 3", command), "unknown field `timeot`"),
        (declared("timeout = 0", command), "`timeout`: 0 is no number of seconds"),
        (format!("{IMAGE}\n{command}"), "`description`"),
        (
            declared("", "[command]\nprogram = \"cat\"\narguments = [\"{picture}\"]"),
            "`{picture}` is no argument",
        ),
        (declared("", "[command]\nprogram = \"cat\"\n[result]\nvalue = \"a.b\""), "write `/a/b`"),
        (
            declared("", "[command]\nprogram = \"cat\"\nvariables = { A = \"${NO_SUCH_VARIABLE}\" }"),
            "`NO_SUCH_VARIABLE` is not set",
        ),
        (
            format!("description = \"x\"\n[arguments.properties.n]\ntype = \"numbr\"\n{command}"),
            "`arguments.properties.n.type`",
        ),
        (
            format!(
                "description = \"x\"\n[arguments.properties.n]\n\"$ref\" = \"https://example.org/n.json\"\n{command}"
            ),
            "no schema is ever fetched",
        ),
        (
            format!("description = \"x\"\ncapability = \"detect\"\n{command}"),
            "asked with an argument `image`",
        ),
        (
            format!("description = \"x\"\n{command}\n[[result.evidence]]\nbox = \"/b\""),
            "no argument with format",
        ),
        ("not toml".to_owned(), "declares no tool"),
    ];
    for (content, words) in cases {
        let mistake = folder.mistake(&content);
        assert!(mistake.contains(words) && mistake.contains("tool.toml"), "{words}: {mistake}");
    }
    let missing = lavr_declared::read(&folder.path().join("none.toml")).err().unwrap().to_string();
    assert!(missing.contains("give a .toml file"), "{missing}");
}

#[test]
fn a_folder_is_read_in_the_order_of_names() {
    // Other files do not count.
    let folder = Folder::new();
    folder.file("README.md", "");
    for name in ["b", "a-1"] {
        folder.file(&format!("{name}.toml"), &declared("", "[command]\nprogram = \"cat\""));
    }
    let names: Vec<_> =
        lavr_declared::read(&folder.path()).unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["a_1", "b"]);
}
