//! Ways in and out of allowed folders.

use std::{fs, io::Read as _};

use proptest::prelude::*;

use super::*;

/// `allowed/` with a picture and a folder, and `secret.txt` beside it.
struct Place {
    root: tempfile::TempDir,
    folders: AllowedFolders,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("allowed/below")).unwrap();
        fs::create_dir_all(root.path().join("allowed-not")).unwrap();
        for (path, content) in [
            ("secret.txt", "secret"),
            ("allowed/inside.txt", "inside"),
            ("allowed/below/deep.txt", "deep"),
            ("allowed-not/near.txt", "secret"),
        ] {
            fs::write(root.path().join(path), content).unwrap();
        }
        let folders = AllowedFolders::new([root.path().join("allowed")]).unwrap();
        Self { root, folders }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn open(&self, path: &str) -> Result<AllowedFile, FolderError> {
        self.folders.open(&self.at(path))
    }

    fn content(&self, path: &str) -> String {
        let mut text = String::new();
        self.open(path).unwrap().file.read_to_string(&mut text).unwrap();
        text
    }

    fn is_outside(&self, path: &str) -> bool {
        matches!(self.open(path), Err(FolderError::Outside { .. }))
    }
}

#[test]
fn what_lies_below_is_opened_however_its_path_is_written() {
    let place = Place::new();
    assert_eq!(place.content("allowed/inside.txt"), "inside");
    assert_eq!(place.content("allowed/below/../inside.txt"), "inside");
    assert_eq!(place.content("allowed/./below//deep.txt"), "deep");
    assert_eq!(place.content("allowed-not/../allowed/inside.txt"), "inside");
    let real = place.root.path().canonicalize().unwrap().join("allowed/inside.txt");
    assert_eq!(place.open("allowed/below/../inside.txt").unwrap().path, real);
}

#[test]
fn what_lies_beside_is_refused_with_the_folders_that_are_allowed() {
    let place = Place::new();
    for path in
        ["secret.txt", "allowed/../secret.txt", "allowed-not/near.txt", "allowed/below/../../secret.txt"]
    {
        assert!(place.is_outside(path), "{path}");
    }
    let told = place.open("secret.txt").unwrap_err().to_string();
    assert!(told.contains("allow its folder") && told.contains("allowed)"), "{told}");
}

#[test]
fn whether_a_file_outside_exists_is_not_told() {
    let place = Place::new();
    for path in ["none.txt", "allowed/../none.txt", "none/none/none.txt"] {
        assert!(place.is_outside(path), "{path}");
    }
    assert!(matches!(place.open("allowed/none.txt"), Err(FolderError::Missing(_))));
    assert!(matches!(place.open("allowed/none/none.txt"), Err(FolderError::Missing(_))));
}

#[test]
fn folders_are_no_files_and_nothing_is_allowed_by_default() {
    let place = Place::new();
    assert!(matches!(place.open("allowed/below"), Err(FolderError::NotAFile(_))));
    let none = AllowedFolders::none().open(&place.at("allowed/inside.txt")).unwrap_err();
    assert!(none.to_string().contains("there are none"), "{none}");
    assert!(matches!(AllowedFolders::new([place.at("no")]), Err(FolderError::NoFolder { .. })));
    let file = AllowedFolders::new([place.at("secret.txt")]).unwrap_err();
    assert!(matches!(file, FolderError::NoFolder { .. }), "{file}");
}

#[test]
fn a_file_is_read_up_to_the_limit_and_no_further() {
    let place = Place::new();
    let path = place.at("allowed/inside.txt");
    assert_eq!(place.folders.read(&path, 6).unwrap(), b"inside");
    let error = place.folders.read(&path, 5).unwrap_err();
    assert!(matches!(error, FolderError::TooManyBytes { limit: 5, .. }), "{error}");
}

#[cfg(unix)]
mod links {
    use std::{
        os::unix::{fs::symlink, net::UnixListener},
        sync::atomic::{AtomicBool, Ordering},
    };

    use super::*;

    #[test]
    fn a_link_counts_for_what_it_leads_to() {
        let place = Place::new();
        symlink(place.at("secret.txt"), place.at("allowed/out.txt")).unwrap();
        symlink("../secret.txt", place.at("allowed/relative.txt")).unwrap();
        symlink(place.root.path(), place.at("allowed/up")).unwrap();
        symlink(place.at("allowed/out.txt"), place.at("allowed/chain.txt")).unwrap();
        for path in ["out.txt", "relative.txt", "up/secret.txt", "chain.txt", "up/allowed/up/secret.txt"] {
            assert!(place.is_outside(&format!("allowed/{path}")), "{path}");
        }
        symlink(place.at("allowed/inside.txt"), place.at("in.txt")).unwrap();
        assert_eq!(place.content("in.txt"), "inside");
        assert_eq!(place.content("allowed/up/allowed/inside.txt"), "inside");
    }

    #[test]
    fn a_link_that_leads_nowhere_or_round_in_a_circle_is_an_error() {
        let place = Place::new();
        symlink("circle", place.at("allowed/circle")).unwrap();
        symlink(place.at("none"), place.at("allowed/dangling")).unwrap();
        assert!(place.open("allowed/circle").is_err());
        assert!(place.open("allowed/dangling").is_err());
    }

    #[test]
    fn a_folder_that_was_exchanged_for_a_link_allows_nothing_new() {
        let place = Place::new();
        fs::rename(place.at("allowed"), place.at("old")).unwrap();
        symlink(place.root.path(), place.at("allowed")).unwrap();
        assert!(place.is_outside("allowed/secret.txt"));
        assert!(place.is_outside("old/inside.txt"));
    }

    #[test]
    fn devices_pipes_and_sockets_are_refused_without_waiting() {
        let place = Place::new();
        let fifo = place.at("allowed/pipe");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success());
        let _socket = UnixListener::bind(place.at("allowed/socket")).unwrap();
        for path in ["allowed/pipe", "allowed/socket"] {
            assert!(matches!(place.open(path), Err(FolderError::NotAFile(_))), "{path}");
        }
        let devices = AllowedFolders::new(["/dev"]).unwrap();
        for device in ["/dev/null", "/dev/zero"] {
            assert!(matches!(devices.open(device.as_ref()), Err(FolderError::NotAFile(_))), "{device}");
        }
    }

    /// One thread exchanges a file for a link to the secret and back, another reads: it gets the file or an error.
    #[cfg(target_os = "linux")]
    #[test]
    fn exchanging_the_path_while_it_is_opened_does_not_lead_out() {
        let place = Place::new();
        let (moving, stop) = (place.at("allowed/moving"), AtomicBool::new(false));
        symlink(place.at("secret.txt"), place.at("link")).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    fs::copy(place.at("allowed/inside.txt"), place.at("copy")).unwrap();
                    fs::rename(place.at("copy"), &moving).unwrap();
                    symlink(place.at("secret.txt"), place.at("next")).unwrap();
                    fs::rename(place.at("next"), &moving).unwrap();
                }
            });
            // On a busy machine the other thread comes late.
            let (mut read, mut tries) = (0, 0);
            while tries < 5000 || read == 0 && tries < 5_000_000 {
                tries += 1;
                if let Ok(bytes) = place.folders.read(&moving, 100) {
                    assert_eq!(bytes, b"inside");
                    read += 1;
                }
            }
            stop.store(true, Ordering::Relaxed);
            assert!(read > 0, "the file was never there");
        });
    }

    /// Whatever a path is made of, what is opened lies below the folder.
    #[test]
    fn no_path_leads_out() {
        let place = Place::new();
        symlink(place.root.path(), place.at("allowed/up")).unwrap();
        symlink("..", place.at("allowed/below/back")).unwrap();
        let pieces = prop::sample::select(vec![
            "..",
            ".",
            "allowed",
            "below",
            "up",
            "back",
            "secret.txt",
            "inside.txt",
            "deep.txt",
            "",
            "none",
            "allowed-not",
            "near.txt",
        ]);
        proptest!(ProptestConfig::with_cases(400), |(path in prop::collection::vec(pieces, 1..8))| {
            let path = path.join("/");
            if let Ok(opened) = place.open(&path) {
                let mut text = String::new();
                let mut file = opened.file;
                file.read_to_string(&mut text).unwrap();
                prop_assert!(matches!(text.as_str(), "inside" | "deep"), "{path}: {text}");
            }
        });
    }
}
