//! Many runs in one embedded database. Several processes may record into it at once.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use lavr_image::ImageStore;
use lavr_types::{ImageId, RunId, TRACE_FORMAT, Task, Timestamp, TraceHeader};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{Given, ImageFile, Recorder, Trace, TraceError, images, secrets::Secrets, trace::line};

/// The layout of the database. A newer one is not touched.
const LAYOUT: u32 = 1;

const TABLES: &str = "
    CREATE TABLE runs (
        id TEXT PRIMARY KEY, started INTEGER NOT NULL, task TEXT NOT NULL, question TEXT, header TEXT NOT NULL,
        state TEXT NOT NULL, elapsed_us INTEGER NOT NULL, bytes INTEGER NOT NULL
    );
    CREATE INDEX runs_by_time ON runs (started);
    CREATE TABLE events (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, number INTEGER NOT NULL, line TEXT NOT NULL,
        PRIMARY KEY (run, number)
    ) WITHOUT ROWID;
    CREATE TABLE images (id TEXT PRIMARY KEY, name TEXT NOT NULL, bytes BLOB NOT NULL);
    CREATE TABLE run_images (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, image TEXT NOT NULL REFERENCES images (id),
        PRIMARY KEY (run, image)
    ) WITHOUT ROWID;
    CREATE INDEX runs_of_image ON run_images (image);
";

/// How long another process may hold the database.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a store keeps. The oldest runs go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The most runs.
    pub runs: u64,
    /// The most bytes of events and images.
    pub bytes: u64,
}

impl Default for Retention {
    /// 500 runs, 1 GiB.
    fn default() -> Self {
        Self { runs: 500, bytes: 1 << 30 }
    }
}

/// How far a run got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is under way, or its process was killed.
    Open,
    /// It gave an answer.
    Answered,
    /// It ended without one: it failed, or was interrupted.
    Broken,
}

impl State {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Broken => "broken",
        }
    }

    fn of_word(word: &str) -> Self {
        [Self::Answered, Self::Broken].into_iter().find(|state| state.word() == word).unwrap_or(Self::Open)
    }
}

/// A run as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// The run.
    pub id: RunId,
    /// When it began.
    pub started: Timestamp,
    /// What was asked for: the task's word.
    pub task: String,
    /// The question, where there is one.
    pub question: Option<String>,
    /// What the images that were asked about are called.
    pub images: Vec<String>,
    /// How far it got.
    pub state: State,
    /// How long it took, up to its last event.
    pub elapsed: Duration,
    /// Bytes of its events; its images may serve others, too.
    pub bytes: u64,
}

/// The recorded runs. Cloning shares the connection.
#[derive(Debug, Clone)]
pub struct RunStore {
    path: Arc<PathBuf>,
    connection: Arc<Mutex<Connection>>,
    retention: Retention,
    secrets: Arc<Secrets>,
}

impl RunStore {
    /// Opens the database at a path, or makes it.
    ///
    /// # Errors
    /// When it cannot be opened, or a newer program made it.
    pub fn open(path: &Path, retention: Retention) -> Result<Self, TraceError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(TraceError::io(folder))?;
        }
        let failed = |source| TraceError::Database { path: path.to_owned(), source };
        make_private(path)?;
        let mut connection = Connection::open(path).map_err(failed)?;
        let version = prepare(&mut connection).map_err(failed)?;
        if version > LAYOUT {
            return Err(TraceError::NewerStore { path: path.to_owned(), version });
        }
        Ok(Self::over(path, connection, retention))
    }

    /// A store in memory, gone with the last clone of it.
    ///
    /// # Errors
    /// When the database cannot be made.
    pub fn in_memory() -> Result<Self, TraceError> {
        let path = Path::new(":memory:");
        let failed = |source| TraceError::Database { path: path.to_owned(), source };
        let mut connection = Connection::open_in_memory().map_err(failed)?;
        prepare(&mut connection).map_err(failed)?;
        Ok(Self::over(path, connection, Retention::default()))
    }

    fn over(path: &Path, connection: Connection, retention: Retention) -> Self {
        Self {
            path: Arc::new(path.to_owned()),
            connection: Arc::new(Mutex::new(connection)),
            retention,
            secrets: Arc::new(Secrets::from_environment()),
        }
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Begins to record a run. The images must be in `images`, as those will be that tools make.
    ///
    /// # Errors
    /// When an image is unknown or the database fails.
    pub fn record(
        &self,
        task: Task,
        question: Option<&str>,
        given: &[Given],
        images: Arc<ImageStore>,
    ) -> Result<Recorder, TraceError> {
        let mut header = TraceHeader {
            trace: TRACE_FORMAT,
            lavr: env!("CARGO_PKG_VERSION").to_owned(),
            run: RunId::from_bits(rand::random()),
            started: Timestamp::now(),
            task,
            question: question.map(|text| self.secrets.blot_out(text.to_owned())),
            images: Vec::new(),
        };
        let mut files = Vec::new();
        for Given { image, name } in given {
            if header.images.iter().any(|known| known.id == *image) {
                continue;
            }
            let (kept, file) =
                images::keep(&images.get(*image)?, Some(&self.secrets.blot_out(name.clone())))?;
            header.images.push(kept);
            files.extend(file.map(|file| (*image, file)));
        }
        self.add_run(&header, &files)?;
        Ok(Recorder::new(self.clone(), images, header))
    }

    /// Takes a trace in, as it is: with its name and its times.
    ///
    /// # Errors
    /// When the run is there already, or the database fails.
    pub fn import(&self, trace: &Trace) -> Result<(), TraceError> {
        let run = &trace.header.run;
        if self.names(run.as_str())?.iter().any(|known| known == run.as_str()) {
            return Err(TraceError::Known(run.clone()));
        }
        let files: Vec<_> = trace.images.iter().map(|(id, file)| (*id, file.clone())).collect();
        self.add_run(&trace.header, &files)?;
        for (number, event) in trace.events.iter().enumerate() {
            self.add_event(run, number, &line(event), event.at_us, None, &[])?;
        }
        let state = if trace.answer().is_some() { State::Answered } else { State::Broken };
        self.end(run, state)
    }

    /// The runs, newest first, at most so many.
    ///
    /// # Errors
    /// When the database fails.
    pub fn list(&self, most: usize) -> Result<Vec<RunSummary>, TraceError> {
        self.with(|connection| {
            let mut query = connection.prepare(
                "SELECT id, started, task, question, header, state, elapsed_us, bytes FROM runs
                 ORDER BY started DESC, rowid DESC LIMIT ?1",
            )?;
            let rows = query.query_map([most as i64], |row| {
                let (id, header): (String, String) = (row.get(0)?, row.get(4)?);
                let header: Option<TraceHeader> = serde_json::from_str(&header).ok();
                let names =
                    header.iter().flat_map(|header| &header.images).filter_map(|image| match &image.origin {
                        lavr_types::ImageOrigin::Given { name } => Some(name.clone()),
                        _ => None,
                    });
                Ok(id.parse().ok().map(|id| {
                    Ok::<_, rusqlite::Error>(RunSummary {
                        id,
                        started: Timestamp::from_millis(row.get::<_, i64>(1)?.unsigned_abs()),
                        task: row.get(2)?,
                        question: row.get(3)?,
                        images: names.collect(),
                        state: State::of_word(&row.get::<_, String>(5)?),
                        elapsed: Duration::from_micros(row.get::<_, i64>(6)?.unsigned_abs()),
                        bytes: row.get::<_, i64>(7)?.unsigned_abs(),
                    })
                }))
            })?;
            rows.filter_map(Result::transpose).map(|row| row?).collect()
        })
    }

    /// The run that a name means: its id, the beginning of it, or `last`.
    ///
    /// # Errors
    /// When there is none, or several.
    pub fn find(&self, name: &str) -> Result<RunId, TraceError> {
        if name == "last" {
            return self.list(1)?.pop().map(|run| run.id).ok_or(TraceError::NoRuns);
        }
        let mut names = self.names(name)?;
        match names.len() {
            0 => Err(TraceError::NoRun(name.to_owned())),
            1 => names.remove(0).parse().map_err(|_| TraceError::NoRun(name.to_owned())),
            _ => Err(TraceError::Ambiguous { prefix: name.to_owned(), names }),
        }
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>, TraceError> {
        self.with(|connection| {
            let mut query = connection.prepare(
                "SELECT id FROM runs WHERE substr(id, 1, length(?1)) = ?1 AND ?1 <> '' ORDER BY started DESC LIMIT 10",
            )?;
            query.query_map([prefix], |row| row.get(0))?.collect()
        })
    }

    /// A run with everything that was recorded of it.
    ///
    /// # Errors
    /// When there is none of this name, or what was recorded cannot be read.
    pub fn trace(&self, run: &RunId) -> Result<Trace, TraceError> {
        let text = self.jsonl(run)?;
        let mut trace = Trace::from_jsonl(&text, &format!("the run {run}"))?;
        let files: Vec<(String, ImageFile)> = self.with(|connection| {
            let mut query = connection
                .prepare("SELECT id, name, bytes FROM images JOIN run_images ON image = id WHERE run = ?1")?;
            let file = |row: &rusqlite::Row<'_>| {
                let bytes: Vec<u8> = row.get(2)?;
                Ok((row.get(0)?, ImageFile { name: row.get(1)?, bytes: bytes.into() }))
            };
            query.query_map([run.as_str()], file)?.collect()
        })?;
        trace.images = files.into_iter().filter_map(|(id, file)| Some((id.parse().ok()?, file))).collect();
        Ok(trace)
    }

    /// The header and the events of a run as they were recorded, one a line.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn jsonl(&self, run: &RunId) -> Result<String, TraceError> {
        let text = self.with(|connection| {
            let header: Option<String> = connection
                .query_row("SELECT header FROM runs WHERE id = ?1", [run.as_str()], |row| row.get(0))
                .optional()?;
            let Some(mut text) = header else { return Ok(None) };
            let mut query = connection.prepare("SELECT line FROM events WHERE run = ?1 ORDER BY number")?;
            let mut rows = query.query([run.as_str()])?;
            while let Some(row) = rows.next()? {
                text.push('\n');
                text.push_str(row.get_ref(0)?.as_str()?);
            }
            text.push('\n');
            Ok(Some(text))
        })?;
        text.ok_or_else(|| TraceError::NoRun(run.to_string()))
    }

    /// Removes a run, and the images that no other run has.
    ///
    /// # Errors
    /// When there is none of this name, or the database fails.
    pub fn remove(&self, run: &RunId) -> Result<(), TraceError> {
        let removed = self.with(|connection| {
            let changes = connection.transaction()?;
            let removed = changes.execute("DELETE FROM runs WHERE id = ?1", [run.as_str()])?;
            sweep(&changes)?;
            changes.commit()?;
            Ok(removed)
        })?;
        if removed == 0 { Err(TraceError::NoRun(run.to_string())) } else { Ok(()) }
    }

    fn add_run(&self, header: &TraceHeader, files: &[(ImageId, ImageFile)]) -> Result<(), TraceError> {
        self.with(|connection| {
            let changes = connection.transaction()?;
            let text = line(header);
            let (started, task) = (header.started.millis() as i64, header.task.to_string());
            changes.execute(
                "INSERT INTO runs (id, started, task, question, header, state, elapsed_us, bytes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7)",
                params![
                    header.run.as_str(),
                    started,
                    task,
                    header.question,
                    text,
                    State::Open.word(),
                    text.len() as i64,
                ],
            )?;
            add_images(&changes, &header.run, files)?;
            changes.commit()
        })
    }

    pub(crate) fn add_event(
        &self,
        run: &RunId,
        number: usize,
        line: &str,
        at_us: u64,
        header: Option<&TraceHeader>,
        files: &[(ImageId, ImageFile)],
    ) -> Result<(), TraceError> {
        self.with(|connection| {
            let changes = connection.transaction()?;
            changes
                .prepare_cached("INSERT INTO events (run, number, line) VALUES (?1, ?2, ?3)")?
                .execute(params![run.as_str(), number as i64, line])?;
            changes
                .prepare_cached("UPDATE runs SET elapsed_us = ?2, bytes = bytes + ?3 WHERE id = ?1")?
                .execute(params![run.as_str(), at_us as i64, line.len() as i64 + 1])?;
            if let Some(header) = header {
                changes.execute(
                    "UPDATE runs SET header = ?2 WHERE id = ?1",
                    params![run.as_str(), crate::trace::line(header)],
                )?;
            }
            add_images(&changes, run, files)?;
            changes.commit()
        })
    }

    pub(crate) fn end(&self, run: &RunId, state: State) -> Result<(), TraceError> {
        let Retention { runs, bytes } = self.retention;
        self.with(|connection| {
            let changes = connection.transaction()?;
            changes.execute(
                "UPDATE runs SET state = ?2 WHERE id = ?1",
                params![run.as_str(), state.word()],
            )?;
            // Counted from the newest: the first run over a limit goes, and all that are older. The newest stays.
            changes.execute(
                "WITH sizes AS (
                     SELECT id, row_number() OVER newest AS place,
                         sum(bytes + (SELECT coalesce(sum(length(images.bytes)), 0) FROM run_images
                                      JOIN images ON images.id = image WHERE run = runs.id)) OVER newest AS total
                     FROM runs WINDOW newest AS (ORDER BY started DESC, rowid DESC)
                 )
                 DELETE FROM runs WHERE id IN (SELECT id FROM sizes WHERE place > 1 AND (place > ?1 OR total > ?2))",
                params![runs as i64, bytes as i64],
            )?;
            sweep(&changes)?;
            changes.commit()
        })
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, TraceError> {
        let mut connection: MutexGuard<'_, _> =
            self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut connection).map_err(|source| TraceError::Database { path: (*self.path).clone(), source })
    }
}

/// Sets the connection up and makes the tables where there are none; gives the layout.
fn prepare(connection: &mut Connection) -> Result<u32, rusqlite::Error> {
    connection.busy_timeout(PATIENCE)?;
    let version = |connection: &Connection| connection.query_row("PRAGMA user_version", [], |row| row.get(0));
    let found: u32 = version(connection)?;
    if found > LAYOUT {
        return Ok(found);
    }
    // Readers and one writer side by side; a power cut may lose the last events, never the database.
    write_ahead(connection)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    if found == 0 {
        let changes = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        // Another process may have been first.
        if version(&changes)? == 0 {
            changes.execute_batch(TABLES)?;
            changes.pragma_update(None, "user_version", LAYOUT)?;
        }
        changes.commit()?;
    }
    Ok(LAYOUT)
}

/// The database waits for others in every statement but in this one.
fn write_ahead(connection: &Connection) -> Result<(), rusqlite::Error> {
    let start = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
                    && start.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

fn add_images(
    changes: &Connection,
    run: &RunId,
    files: &[(ImageId, ImageFile)],
) -> Result<(), rusqlite::Error> {
    for (id, file) in files {
        let id = id.to_string();
        changes.execute(
            "INSERT OR IGNORE INTO images (id, name, bytes) VALUES (?1, ?2, ?3)",
            params![id, file.name, &*file.bytes],
        )?;
        changes.execute(
            "INSERT OR IGNORE INTO run_images (run, image) VALUES (?1, ?2)",
            params![run.as_str(), id],
        )?;
    }
    Ok(())
}

/// Removes the images that no run has.
fn sweep(changes: &Connection) -> Result<(), rusqlite::Error> {
    changes.execute("DELETE FROM images WHERE id NOT IN (SELECT image FROM run_images)", []).map(|_| ())
}

/// Pictures and questions are their owner's alone.
#[cfg(unix)]
fn make_private(path: &Path) -> Result<(), TraceError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    match options.write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(TraceError::io(path)(error)),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn make_private(_: &Path) -> Result<(), TraceError> {
    Ok(())
}
