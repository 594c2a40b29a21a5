//! One file's place in the cache: the file, its marker, its half-fetched form, its lock.
//!
//! `MODEL/FILE` appears by an atomic rename and only after its SHA-256 was found right. Beside it stand
//! `.FILE.verified` (size, modification time and SHA-256 of what was verified, so that it need not be read
//! again at each start), `.FILE.part` and `.FILE.part.json` (a download under way), and `.FILE.lock`.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use crate::{Checksum, Fingerprint, SourceFailure, WeightsError};

/// The place of one file.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) directory: PathBuf,
    pub(crate) name: String,
    pub(crate) expected: Fingerprint,
}

/// What stands at a place.
#[derive(Debug)]
pub(crate) enum Found {
    /// The file, verified.
    Good(PathBuf),
    /// Nothing.
    Nothing,
    /// A file of other content.
    Wrong(Fingerprint),
}

/// What was verified, so that it need not be read again while size and modification time stay.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Marker {
    path: PathBuf,
    size: u64,
    modified: Duration,
    sha256: Checksum,
}

/// How far a fetch came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fetched {
    /// From which source.
    pub(crate) source: String,
    /// The hub's name for the content, without which a download is not continued.
    pub(crate) etag: Option<String>,
    /// How many parts are joined.
    pub(crate) parts: u32,
    /// How many bytes the joined parts have; unused by the hub, whose part file may end anywhere.
    pub(crate) bytes: u64,
}

impl Slot {
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.join(&self.name)
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        self.directory.join(format!(".{}.{suffix}", self.name))
    }

    pub(crate) fn part(&self) -> PathBuf {
        self.beside("part")
    }

    fn state(&self) -> PathBuf {
        self.beside("part.json")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.beside("lock")
    }

    /// How the names of this file's temporary directories start.
    pub(crate) fn scratch_prefix(&self) -> String {
        format!(".{}.fetch-", self.name)
    }

    /// Bytes of a half-fetched file.
    pub(crate) fn partial_bytes(&self) -> u64 {
        fs::metadata(self.part()).map_or(0, |metadata| metadata.len())
    }

    /// What stands in the cache. Reads the whole file unless its marker still fits.
    pub(crate) fn look(&self) -> io::Result<Found> {
        self.look_at(&self.path(), "verified", false)
    }

    /// As [`Self::look`], with the file read whatever the marker says.
    pub(crate) fn look_hard(&self) -> io::Result<Found> {
        self.look_at(&self.path(), "verified", true)
    }

    /// What stands at a place of the user's. Its marker is kept in the cache: the place is not ours to write to.
    pub(crate) fn look_elsewhere(&self, path: &Path) -> io::Result<Found> {
        self.look_at(path, "elsewhere", false)
    }

    fn look_at(&self, path: &Path, marker: &str, hard: bool) -> io::Result<Found> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => metadata,
            Ok(_) => return Ok(Found::Nothing),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(error),
        };
        let marker_path = self.beside(marker);
        let now = Marker::of(path, &metadata, self.expected.sha256);
        if !hard && metadata.len() == self.expected.size && Marker::read(&marker_path).as_ref() == Some(&now)
        {
            return Ok(Found::Good(path.to_path_buf()));
        }
        let actual = Fingerprint::of_file(path)?;
        if actual != self.expected {
            return Ok(Found::Wrong(actual));
        }
        // A cache that cannot be written to still serves; it only has to be read again next time.
        if let Err(error) = fs::create_dir_all(&self.directory).and_then(|()| now.write(&marker_path)) {
            tracing::debug!(path = %marker_path.display(), %error, "no marker written");
        }
        Ok(Found::Good(path.to_path_buf()))
    }

    /// Moves a file of wrong content out of the way; the last such file is kept for whoever wants to look at it.
    pub(crate) fn set_aside(&self) -> Result<PathBuf, WeightsError> {
        let aside = self.beside("rejected");
        let path = self.path();
        fs::rename(&path, &aside).map_err(WeightsError::io("set aside", path))?;
        _ = fs::remove_file(self.beside("verified"));
        Ok(aside)
    }

    /// How far an earlier fetch from this source came; `None` to start anew.
    pub(crate) fn resumable(&self, source: &str) -> Option<Fetched> {
        let fetched: Fetched = serde_json::from_slice(&fs::read(self.state()).ok()?).ok()?;
        (fetched.source == source && self.part().exists()).then_some(fetched)
    }

    pub(crate) fn remember(&self, fetched: &Fetched) -> Result<(), SourceFailure> {
        let path = self.state();
        let text =
            serde_json::to_vec(fetched).map_err(|error| SourceFailure::io("write", &path)(error.into()))?;
        fs::write(&path, text).map_err(SourceFailure::io("write", &path))
    }

    /// Removes what a fetch left half-written.
    pub(crate) fn discard(&self) {
        for path in [self.part(), self.state()] {
            if let Err(error) = fs::remove_file(&path)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(path = %path.display(), %error, "could not remove a half-written file");
            }
        }
    }

    /// Removes temporary directories that a killed process left. Only to be called with the lock held.
    pub(crate) fn sweep(&self) {
        let prefix = self.scratch_prefix();
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Verifies the fetched bytes and gives them their name. Wrong bytes are removed.
    pub(crate) fn commit(&self) -> Result<PathBuf, SourceFailure> {
        let (part, path) = (self.part(), self.path());
        let actual = Fingerprint::of_file(&part).map_err(SourceFailure::io("read", &part))?;
        if actual != self.expected {
            self.discard();
            return Err(SourceFailure::WrongContent { expected: self.expected, actual });
        }
        let synced = OpenOptions::new().write(true).open(&part).and_then(|file| file.sync_all());
        synced.map_err(SourceFailure::io("write", &part))?;
        fs::rename(&part, &path).map_err(SourceFailure::io("rename", &part))?;
        // So that the name survives a power cut as well; not every system can sync a directory.
        _ = File::open(&self.directory).and_then(|directory| directory.sync_all());
        _ = fs::remove_file(self.state());
        match self.look_marker(&path) {
            Ok(()) => {}
            Err(error) => tracing::debug!(path = %path.display(), %error, "no marker written"),
        }
        Ok(path)
    }

    fn look_marker(&self, path: &Path) -> io::Result<()> {
        Marker::of(path, &fs::metadata(path)?, self.expected.sha256).write(&self.beside("verified"))
    }
}

impl Marker {
    fn of(path: &Path, metadata: &fs::Metadata, sha256: Checksum) -> Self {
        let modified =
            metadata.modified().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        Self {
            path: path.to_path_buf(),
            size: metadata.len(),
            modified: modified.unwrap_or_default(),
            sha256,
        }
    }

    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        fs::write(path, serde_json::to_vec(self)?)
    }
}

/// The right to fetch one file, among all processes. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock if it is free.
    pub(crate) fn try_take(path: &Path) -> Result<Option<Self>, WeightsError> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let file = file.map_err(WeightsError::io("open", path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(WeightsError::io("lock", path)(error)),
        }
    }

    /// Waits for the lock; `waiting` is called once if another process has it.
    pub(crate) async fn take(path: &Path, waiting: impl FnOnce() + Send) -> Result<Self, WeightsError> {
        let mut waiting = Some(waiting);
        loop {
            if let Some(lock) = Self::try_take(path)? {
                return Ok(lock);
            }
            if let Some(waiting) = waiting.take() {
                waiting();
            }
            // Polled, not awaited in a thread: a caller that gives up leaves nothing behind.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}
