//! A run that was put away, to go on in another process: its state, where its pictures are, and what it has spent.

use std::{
    fs,
    path::{Path, PathBuf},
};

use lavr_image::{ImageStore, Origin};
use lavr_types::{Affine, ImageId, Spending};
use serde::{Deserialize, Serialize};

use crate::Run;

/// The layout of the file.
const FORMAT: &str = "lavr/run/1";

/// A run could not be put away or taken up again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SavedRunError {
    /// A file could not be read or written.
    #[error("could not {what} `{path}`: {source}")]
    File {
        /// `read` or `write`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds no run.
    #[error("`{path}` holds no run that this version of lavr can go on with: {message}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A picture is not in the store, cannot be read, or cannot be written.
    #[error(transparent)]
    Image(#[from] lavr_image::ImageError),
    /// A picture could not be written.
    #[error("could not write the picture `{path}`: {message}")]
    Picture {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// A picture is another than it was.
    #[error(
        "`{path}` is not the picture any more that the run began with: put the old one back, or ask anew"
    )]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

/// Where a picture of the run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SavedImage {
    id: ImageId,
    /// A picture of the user's where it lies, or one of the run's own beside its file.
    file: PathBuf,
    /// What it was made from, and the way back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made_from: Option<(ImageId, Affine)>,
}

/// A run that was put away.
///
/// Pictures are found again by their paths and checked by their ids; those that the run's tools made lie beside the file, in a
/// folder of its name. No tool runs twice: what was seen stands in the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedRun {
    format: String,
    /// The run.
    pub run: Run,
    /// What goes with it.
    #[serde(flatten)]
    pub with: PutAway,
    images: Vec<SavedImage>,
}

/// What goes with a run that is put away.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PutAway {
    /// What it had spent of its budget, where it had one.
    #[serde(default)]
    pub spending: Option<Spending>,
    /// Tools whose calls are to be approved although they do not ask for it.
    #[serde(default)]
    pub ask_before: Vec<String>,
}

impl SavedRun {
    /// Puts a run away. `paths` are the files of the pictures that were asked about; one without a file is written beside
    /// the run.
    ///
    /// # Errors
    /// When a picture is not in the store, or a file cannot be written.
    pub fn write(
        path: &Path,
        run: &Run,
        store: &ImageStore,
        paths: &[(ImageId, PathBuf)],
        with: PutAway,
    ) -> Result<(), SavedRunError> {
        let folder = path.with_extension("images");
        let mut images: Vec<SavedImage> = Vec::new();
        for &id in run.known_images() {
            // Parents come before what was made from them.
            let mut line = Vec::new();
            let mut next = Some(id);
            while let Some(id) = next.filter(|id| images.iter().all(|image| image.id != *id)) {
                let image = store.get(id)?;
                next = match image.origin {
                    Origin::Root => None,
                    Origin::Derived { parent, .. } => Some(parent),
                };
                line.push(image);
            }
            for image in line.into_iter().rev() {
                let given = paths.iter().find(|(id, _)| *id == image.id);
                let file = if let Some((_, file)) = given {
                    fs::canonicalize(file).map_err(failed("read", file))?
                } else {
                    fs::create_dir_all(&folder).map_err(failed("write", &folder))?;
                    let file = folder.join(format!("{}.png", image.id));
                    image.pixels.save(&file).map_err(|error| SavedRunError::Picture {
                        path: file.clone(),
                        message: error.to_string(),
                    })?;
                    // Beside the run, wherever both are moved to.
                    PathBuf::from(folder.file_name().unwrap_or_default()).join(format!("{}.png", image.id))
                };
                let made_from = match image.origin {
                    Origin::Root => None,
                    Origin::Derived { parent, to_parent } => Some((parent, to_parent)),
                };
                images.push(SavedImage { id: image.id, file, made_from });
            }
        }
        let saved = Self { format: FORMAT.to_owned(), run: run.clone(), with, images };
        let text = serde_json::to_string_pretty(&saved)
            .map_err(|error| SavedRunError::Form { path: path.to_owned(), message: error.to_string() })?;
        fs::write(path, text).map_err(failed("write", path))
    }

    /// Takes a run up again: reads it, and its pictures into the store.
    ///
    /// # Errors
    /// When the file cannot be read or holds no run, or a picture is gone or another.
    pub fn read(path: &Path, store: &ImageStore) -> Result<Self, SavedRunError> {
        let text = fs::read_to_string(path).map_err(failed("read", path))?;
        let form = |message: String| SavedRunError::Form { path: path.to_owned(), message };
        let saved: Self = serde_json::from_str(&text).map_err(|error| form(error.to_string()))?;
        if saved.format != FORMAT {
            return Err(form(format!("its format is `{}`, not `{FORMAT}`", saved.format)));
        }
        let beside = path.parent().unwrap_or(Path::new("."));
        for image in &saved.images {
            let file = beside.join(&image.file);
            let read = store.open(&file)?;
            let id = match image.made_from {
                None => read,
                Some((parent, to_parent)) => {
                    let pixels = store.get(read)?.pixels;
                    store.insert_derived(parent, (*pixels).clone(), to_parent)?
                }
            };
            if id != image.id {
                return Err(SavedRunError::Changed { path: file });
            }
        }
        Ok(saved)
    }

    /// The pictures that were asked about, with their files.
    pub fn pictures(&self) -> Vec<(ImageId, PathBuf)> {
        let asked = self.run.images();
        let images = self.images.iter().filter(|image| asked.contains(&image.id));
        images.map(|image| (image.id, image.file.clone())).collect()
    }
}

fn failed<'p>(what: &'static str, path: &'p Path) -> impl Fn(std::io::Error) -> SavedRunError + 'p {
    move |source| SavedRunError::File { what, path: path.to_owned(), source }
}
