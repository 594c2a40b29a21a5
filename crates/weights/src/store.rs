//! The store: the catalogue together with the cache.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use crate::{
    Catalogue, Fingerprint, Model, ModelFile, Progress, Silent, SourceFailure, StoreOptions, WeightsError,
    cache::{Found, Lock, Slot},
    fetch, hub,
};

/// A file that the program carries, compressed with gzip.
#[derive(Debug, Clone, Copy)]
pub struct Bundled {
    /// Its model in the catalogue.
    pub model: &'static str,
    /// Its file name in the catalogue.
    pub file: &'static str,
    /// The compressed bytes.
    pub gzip: &'static [u8],
}

/// The model files of this machine. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) options: StoreOptions,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) bundled: Vec<Bundled>,
    pub(crate) progress: Arc<dyn Progress>,
    client: OnceLock<reqwest::Client>,
}

/// A model and where its files are.
#[derive(Debug, Clone)]
pub struct ModelStatus {
    /// The model.
    pub model: Model,
    /// Its files for this platform; empty where there is none.
    pub files: Vec<FileStatus>,
}

/// A file and where it is.
#[derive(Debug, Clone)]
pub struct FileStatus {
    /// Its name.
    pub name: String,
    /// Its size in bytes, where the catalogue states it.
    pub size: Option<u64>,
    /// Where it is.
    pub state: FileState,
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileState {
    /// On this machine, verified.
    Present(PathBuf),
    /// Inside the program; unpacked at first use.
    Bundled,
    /// To be fetched; so many bytes are there from an earlier try.
    Missing {
        /// Bytes of an interrupted download.
        partial: u64,
    },
    /// The catalogue does not state what it must be: the user has to.
    BringYourOwn,
}

/// What verifying a file found.
#[derive(Debug, Clone)]
pub struct FileCheck {
    /// The file's name.
    pub name: String,
    /// What was found.
    pub outcome: CheckOutcome,
}

/// What verifying a file found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckOutcome {
    /// It is what the catalogue says.
    Good(PathBuf),
    /// It is not on this machine.
    Missing,
    /// It is not what the catalogue says.
    Wrong {
        /// What it must be.
        expected: Fingerprint,
        /// What it is.
        actual: Fingerprint,
        /// Where it was moved, so that nothing loads it.
        set_aside: PathBuf,
    },
    /// The catalogue does not state what it must be.
    Unstated,
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// How many files.
    pub files: usize,
    /// How many bytes they had.
    pub bytes: u64,
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Store").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

impl Inner {
    pub(crate) fn slot(&self, model: &Model, file: &ModelFile) -> Result<Slot, WeightsError> {
        let expected = file.fingerprint.ok_or_else(|| WeightsError::BringYourOwn {
            model: model.name.clone(),
            file: file.name.clone(),
            sources: file.sources.iter().map(ToString::to_string).collect(),
            entry: model.template(),
            catalogue: self.options.catalogue.clone(),
        })?;
        Ok(Slot { directory: self.directory(&model.name), name: file.name.clone(), expected })
    }

    fn directory(&self, model: &str) -> PathBuf {
        self.options.home.join("models").join(model)
    }

    /// The HTTP client, made when the hub is first asked.
    pub(crate) fn client(&self) -> Result<reqwest::Client, SourceFailure> {
        match self.client.get() {
            Some(client) => Ok(client.clone()),
            None => hub::client().map(|client| self.client.get_or_init(|| client).clone()),
        }
    }

    fn carries(&self, model: &Model, file: &ModelFile) -> bool {
        self.bundled.iter().any(|bundled| bundled.model == model.name && bundled.file == file.name)
    }
}

impl Store {
    /// A store as these options say. Nothing is written or fetched yet.
    ///
    /// # Errors
    /// When the user's catalogue cannot be read.
    pub fn open(options: StoreOptions) -> Result<Self, WeightsError> {
        let mut catalogue = Catalogue::built_in()?;
        match fs::read_to_string(&options.catalogue) {
            Ok(text) => {
                catalogue =
                    catalogue.merged(Catalogue::parse(&text, &options.catalogue.display().to_string())?);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(WeightsError::io("read", &options.catalogue)(error)),
        }
        let (catalogue, bundled) = (Arc::new(catalogue), Vec::new());
        let inner =
            Inner { options, catalogue, bundled, progress: Arc::new(Silent), client: OnceLock::new() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A store as the environment says ([`StoreOptions::from_environment`]).
    ///
    /// # Errors
    /// As [`Store::open`], or when no home directory can be named.
    pub fn open_default() -> Result<Self, WeightsError> {
        Self::open(StoreOptions::from_environment()?)
    }

    /// With files that the program carries, besides those given before.
    #[must_use]
    pub fn with_bundled(self, bundled: &[Bundled]) -> Self {
        let mut inner = (*self.inner).clone();
        inner.bundled.extend_from_slice(bundled);
        Self { inner: Arc::new(inner) }
    }

    /// With somebody who hears of progress.
    #[must_use]
    pub fn with_progress(self, progress: Arc<dyn Progress>) -> Self {
        Self { inner: Arc::new(Inner { progress, ..(*self.inner).clone() }) }
    }

    /// The catalogue, the user's merged in.
    pub fn catalogue(&self) -> &Catalogue {
        &self.inner.catalogue
    }

    /// How the store is set up.
    pub fn options(&self) -> &StoreOptions {
        &self.inner.options
    }

    /// The directory in which a model's files are kept, whether it exists or not.
    pub fn directory(&self, model: &str) -> Result<PathBuf, WeightsError> {
        Ok(self.inner.directory(&self.inner.catalogue.model(model)?.name))
    }

    /// A file of a model, verified; fetched if it is not on this machine.
    ///
    /// # Errors
    /// When there is no such file in the catalogue, or it cannot be had; the error says what each source said.
    pub async fn file(&self, model: &str, file: &str) -> Result<PathBuf, WeightsError> {
        let (model, file) = self.inner.catalogue.file(model, file)?;
        fetch::obtain(&self.inner, model, file).await
    }

    /// The file of a model that has just one on this platform, verified; fetched if it is not on this machine.
    ///
    /// # Errors
    /// As [`Store::file`]; also when the model has no file or several here.
    pub async fn only_file(&self, model: &str) -> Result<PathBuf, WeightsError> {
        let file = self.only_file_name(model)?;
        self.file(model, &file).await
    }

    /// A file of a model, verified, if it is on this machine. Fetches nothing. Reads the whole file the first
    /// time, so call it off the async threads where that matters.
    pub fn find(&self, model: &str, file: &str) -> Option<PathBuf> {
        let (model, file) = self.inner.catalogue.file(model, file).ok()?;
        let slot = self.inner.slot(model, file).ok()?;
        fetch::look(&self.inner, model, file, &slot).0
    }

    /// The file of a model that has just one on this platform, verified, if it is on this machine.
    pub fn find_only(&self, model: &str) -> Option<PathBuf> {
        self.find(model, &self.only_file_name(model).ok()?)
    }

    fn only_file_name(&self, model: &str) -> Result<String, WeightsError> {
        let model = self.inner.catalogue.model(model)?;
        let mut files = model.files_here();
        match (files.next(), files.next()) {
            (Some(file), None) => Ok(file.name.clone()),
            _ => Err(WeightsError::UnknownFile {
                model: model.name.clone(),
                file: String::new(),
                platform: crate::platform(),
                known: model.files_here().map(|file| file.name.clone()).collect(),
            }),
        }
    }

    /// All files of a model for this platform, fetched where missing, in the catalogue's order.
    ///
    /// # Errors
    /// As [`Store::file`]; also when the model has no file for this platform.
    pub async fn pull(&self, model: &str) -> Result<Vec<PathBuf>, WeightsError> {
        let model = self.inner.catalogue.model(model)?;
        let mut paths = Vec::new();
        for file in model.files_here() {
            paths.push(fetch::obtain(&self.inner, model, file).await?);
        }
        if paths.is_empty() {
            let (name, platform) = (model.name.clone(), crate::platform());
            return Err(WeightsError::UnknownFile {
                model: name,
                file: String::new(),
                platform,
                known: Vec::new(),
            });
        }
        Ok(paths)
    }

    /// The paths of a model's files, if all of them are on this machine, verified.
    pub fn path(&self, model: &str) -> Option<Vec<PathBuf>> {
        let model = self.inner.catalogue.model(model).ok()?;
        let paths: Vec<_> =
            model.files_here().map(|file| self.find(&model.name, &file.name)).collect::<Option<_>>()?;
        (!paths.is_empty()).then_some(paths)
    }

    /// Reads every file of a model that is in the cache and compares it with the catalogue. What is wrong is
    /// moved out of the way.
    ///
    /// # Errors
    /// When the model is unknown or a file cannot be read.
    pub async fn verify(&self, model: &str) -> Result<Vec<FileCheck>, WeightsError> {
        let model = self.inner.catalogue.model(model)?;
        let mut checks = Vec::new();
        for file in model.files_here() {
            let Ok(slot) = self.inner.slot(model, file) else {
                checks.push(FileCheck { name: file.name.clone(), outcome: CheckOutcome::Unstated });
                continue;
            };
            let path = slot.path();
            let (store, name, owner) = (self.clone(), file.name.clone(), model.name.clone());
            let outcome = fetch::blocking(move || store.check(&owner, &name, &slot));
            let outcome = outcome.await.map_err(WeightsError::io("read", path))??;
            checks.push(FileCheck { name: file.name.clone(), outcome });
        }
        Ok(checks)
    }

    fn check(&self, model: &str, file: &str, slot: &Slot) -> Result<CheckOutcome, WeightsError> {
        Ok(match slot.look_hard().map_err(WeightsError::io("read", slot.path()))? {
            Found::Good(path) => CheckOutcome::Good(path),
            // It may be in a directory of the user's.
            Found::Nothing => self.find(model, file).map_or(CheckOutcome::Missing, CheckOutcome::Good),
            Found::Wrong(actual) => {
                let _lock = Self::lock(model, slot)?;
                CheckOutcome::Wrong { expected: slot.expected, actual, set_aside: slot.set_aside()? }
            }
        })
    }

    fn lock(model: &str, slot: &Slot) -> Result<Lock, WeightsError> {
        let busy = || WeightsError::Busy { model: model.to_owned(), file: slot.name.clone() };
        Lock::try_take(&slot.lock())?.ok_or_else(busy)
    }

    /// Removes a model's files from the cache, with all that was kept beside them. Files in directories of the
    /// user's stay.
    ///
    /// # Errors
    /// When the model is unknown, is being fetched, or a file cannot be removed.
    pub async fn remove(&self, model: &str) -> Result<Removed, WeightsError> {
        let model = self.inner.catalogue.model(model)?.clone();
        let (store, directory) = (self.clone(), self.inner.directory(&model.name));
        let place = directory.clone();
        let removed = fetch::blocking(move || store.remove_blocking(&model, &directory));
        removed.await.map_err(WeightsError::io("remove", place))?
    }

    fn remove_blocking(&self, model: &Model, directory: &Path) -> Result<Removed, WeightsError> {
        if !directory.exists() {
            return Ok(Removed::default());
        }
        let mut locks = Vec::new();
        for file in model.files_here() {
            if let Ok(slot) = self.inner.slot(model, file) {
                locks.push(Self::lock(&model.name, &slot)?);
            }
        }
        let mut removed = Removed::default();
        let entries = fs::read_dir(directory).map_err(WeightsError::io("read", directory))?;
        for entry in entries.flatten() {
            let visible = !entry.file_name().to_string_lossy().starts_with('.');
            if let Ok(metadata) = entry.metadata()
                && visible
                && metadata.is_file()
            {
                removed.files += 1;
                removed.bytes += metadata.len();
            }
        }
        fs::remove_dir_all(directory).map_err(WeightsError::io("remove", directory))?;
        Ok(removed)
    }

    /// Every model of the catalogue and where its files are. Reads a file whole only if it was never verified.
    pub async fn status(&self) -> Result<Vec<ModelStatus>, WeightsError> {
        let store = self.clone();
        let status = fetch::blocking(move || {
            store.inner.catalogue.models().iter().map(|model| store.status_of(model)).collect()
        });
        status.await.map_err(WeightsError::io("read", &self.inner.options.home))
    }

    fn status_of(&self, model: &Model) -> ModelStatus {
        let files = model.files_here().map(|file| {
            let state = match self.inner.slot(model, file) {
                Err(_) => FileState::BringYourOwn,
                Ok(slot) => match fetch::look(&self.inner, model, file, &slot).0 {
                    Some(path) => FileState::Present(path),
                    None if self.inner.carries(model, file) => FileState::Bundled,
                    None => FileState::Missing { partial: slot.partial_bytes() },
                },
            };
            FileStatus {
                name: file.name.clone(),
                size: file.fingerprint.map(|expected| expected.size),
                state,
            }
        });
        ModelStatus { files: files.collect(), model: model.clone() }
    }
}
