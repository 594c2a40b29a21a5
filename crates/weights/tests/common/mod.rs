//! A store in a temporary home, with a catalogue of small files made for the test.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "helpers of tests; each test file uses some of them"
)]

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use lavr_testkit::{Answer, Loopback, Request};
use lavr_weights::{Fingerprint, Progress, ProgressEvent, Store, StoreOptions};
use tempfile::TempDir;

/// A home that is gone after the test.
pub struct Home {
    pub directory: TempDir,
    pub options: StoreOptions,
    pub heard: Arc<Heard>,
}

/// Remembers the events, one line each.
#[derive(Default)]
pub struct Heard(Mutex<Vec<String>>);

impl Heard {
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub fn has(&self, text: &str) -> bool {
        self.lines().iter().any(|line| line.contains(text))
    }
}

impl Progress for Heard {
    fn event(&self, model: &str, file: &str, event: &ProgressEvent<'_>) {
        let line = match event {
            ProgressEvent::Started { source, done, .. } => format!("started {source} at {done}"),
            ProgressEvent::SourceFailed { source, failure } => format!("failed {source}: {failure}"),
            other => format!("{other:?}"),
        };
        self.0.lock().unwrap().push(format!("{model}/{file}: {line}"));
    }
}

impl Home {
    /// A home whose hub is at `hub` and whose package clients are not there.
    pub fn new(hub: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut options = StoreOptions::at(directory.path().join("home"));
        hub.clone_into(&mut options.hub);
        options.pip = vec![vec!["/no/such/pip".to_owned()]];
        options.npm = vec!["/no/such/npm".to_owned()];
        Self { directory, options, heard: Arc::default() }
    }

    /// States in the user's catalogue that `m` has a file `f.bin` of this content, from these sources.
    pub fn with_model(self, content: &[u8], sources: &str) -> Self {
        let Fingerprint { size, sha256 } = Fingerprint::of(content);
        let text = format!(
            "[[model]]\nname = \"m\"\npurpose = \"p\"\nlicense = \"l\"\nupstream = \"u\"\n\
             [[model.file]]\nname = \"f.bin\"\nsize = {size}\nsha256 = \"{sha256}\"\nsource = [{sources}]\n"
        );
        std::fs::create_dir_all(&self.options.home).unwrap();
        std::fs::write(&self.options.catalogue, text).unwrap();
        self
    }

    pub fn store(&self) -> Store {
        Store::open(self.options.clone()).unwrap().with_progress(self.heard.clone())
    }

    /// Names of what stands in the model's directory besides locks, in order.
    pub fn cached(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.options.home.join("models/m")) else { return Vec::new() };
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| *name != ".f.bin.lock");
        names.sort();
        names
    }

    pub fn in_cache(&self, name: &str) -> PathBuf {
        self.options.home.join("models/m").join(name)
    }

    /// A command that runs this shell script.
    pub fn script(&self, name: &str, text: &str) -> Vec<String> {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        vec!["sh".to_owned(), path.display().to_string()]
    }

    /// Writes a wheel with these members.
    pub fn wheel(&self, name: &str, members: &[(&str, &[u8])]) -> PathBuf {
        let path = self.directory.path().join(name);
        write_wheel(&path, members);
        path
    }
}

pub fn write_wheel(path: &Path, members: &[(&str, &[u8])]) {
    use std::io::Write;
    let mut wheel = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, content) in members {
        wheel.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        wheel.write_all(content).unwrap();
    }
    wheel.finish().unwrap();
}

/// Bytes that look like nothing in particular.
pub fn content(size: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..size).map(|_| next()).collect()
}

/// A hub that answers so.
pub async fn hub(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Loopback {
    Loopback::start(answer).await.unwrap()
}

/// A file as a hub sends it.
pub fn file(bytes: &[u8]) -> Answer {
    Answer::new(200, bytes).header("ETag", "\"one\"")
}
