//! All demonstrations that there are.

use std::path::{Path, PathBuf};

use lavr_image::ImageStore;
use lavr_types::ToolSpec;

use super::Demonstration;
use crate::plan::argument_misfits;

/// The files of `prompts/demonstrations/`.
const BUILT_IN: &[(&str, &str)] = &[
    ("1-count", include_str!("../../../../prompts/demonstrations/1-count.md")),
    ("2-sign", include_str!("../../../../prompts/demonstrations/2-sign.md")),
    ("3-color", include_str!("../../../../prompts/demonstrations/3-color.md")),
];

/// Demonstrations cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemonstrationError {
    /// The folder or a file of it could not be read.
    #[error("could not read `{}`: {source}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The folder has no demonstration.
    #[error("`{}` holds no demonstration: put files NAME.md there (docs/plans.md has the form)", .0.display())]
    Empty(PathBuf),
    /// A file is not of the form.
    #[error("the demonstration `{name}`: {message}")]
    Form {
        /// The demonstration.
        name: String,
        /// What is wrong, with the line.
        message: String,
    },
}

/// Demonstrations in the order of their names.
#[derive(Debug, Clone, PartialEq)]
pub struct DemonstrationSet(pub(super) Vec<Demonstration>);

impl DemonstrationSet {
    /// Those that lavr brings: count, read, measure a color.
    ///
    /// # Errors
    /// Never, unless a file of lavr's own is broken; a test reads them.
    pub fn built_in() -> Result<Self, DemonstrationError> {
        let no_file = |file: &str| Err(format!("no image `{file}` is built in"));
        let read = |(name, text): &(&str, &str)| {
            Demonstration::parse(name, text, &no_file)
                .map_err(|message| DemonstrationError::Form { name: (*name).to_owned(), message })
        };
        Ok(Self(BUILT_IN.iter().map(read).collect::<Result<_, _>>()?))
    }

    pub(super) const fn empty() -> Self {
        Self(Vec::new())
    }

    /// The files `*.md` of a folder, their pictures put into `images`.
    ///
    /// # Errors
    /// When the folder cannot be read, holds no demonstration, or one is not of the form.
    pub fn read(folder: &Path, images: &ImageStore) -> Result<Self, DemonstrationError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| DemonstrationError::Read { path, source }
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
            let path = entry.map_err(failed(folder))?.path();
            let is_page = path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case("README"));
            if path.extension().is_some_and(|extension| extension == "md") && !is_page {
                files.push(path);
            }
        }
        files.sort();
        if files.is_empty() {
            return Err(DemonstrationError::Empty(folder.to_owned()));
        }
        let open = |file: &str| {
            let id = images.open(&folder.join(file)).map_err(|error| error.to_string())?;
            // Shown in every run from now on.
            images.pin(id).map_err(|error| error.to_string())?;
            Ok((id, images.size_of(id).map_err(|error| error.to_string())?))
        };
        let read = |path: &PathBuf| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(path).map_err(failed(path))?;
            Demonstration::parse(&name, &text, &open)
                .map_err(|message| DemonstrationError::Form { name, message })
        };
        Ok(Self(files.iter().map(read).collect::<Result<_, _>>()?))
    }

    /// Those that call only tools that are there, with arguments that these take. A demonstration for another tool is left
    /// out; one that shows a call which the tool would refuse is a mistake.
    ///
    /// # Errors
    /// When arguments of a demonstration do not fit the tool.
    pub fn for_tools(self, tools: &[&ToolSpec]) -> Result<Self, DemonstrationError> {
        let mut kept = Vec::new();
        'demonstrations: for demonstration in self.0 {
            for call in demonstration.calls() {
                let Some(spec) = tools.iter().find(|spec| spec.name == call.tool) else {
                    continue 'demonstrations;
                };
                if let Some(message) = argument_misfits(spec, &call.args).into_iter().next() {
                    let message = format!("the call of `{}` does not fit: {message}", call.tool);
                    return Err(DemonstrationError::Form { name: demonstration.name.clone(), message });
                }
            }
            kept.push(demonstration);
        }
        Ok(Self(kept))
    }

    /// The demonstrations.
    pub fn iter(&self) -> impl Iterator<Item = &Demonstration> {
        self.0.iter()
    }
}
