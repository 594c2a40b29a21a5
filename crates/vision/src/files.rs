//! The files of a model, as its repository names them.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::VisionError;

/// The files of a vision-language model.
#[derive(Debug, Clone)]
pub struct VisionFiles {
    /// Its shape, `config.json`.
    pub config: PathBuf,
    /// Its tokens, `tokenizer.json`.
    pub tokenizer: PathBuf,
    /// Its weights: one or more `.safetensors` of any float type, or one `.gguf`.
    pub weights: Vec<PathBuf>,
}

impl VisionFiles {
    /// The files in a folder: `config.json`, `tokenizer.json`, and all `*.safetensors`, else one `*.gguf`.
    ///
    /// # Errors
    /// When the folder cannot be read, or one of them is missing.
    pub fn in_folder(folder: &Path) -> Result<Self, VisionError> {
        let read = |source| VisionError::Read { path: folder.to_owned(), source };
        let entries = std::fs::read_dir(folder).map_err(read)?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(read));
        Self::among(&paths.collect::<Result<Vec<_>, _>>()?, folder)
    }

    /// As [`Self::in_folder`], of files that need not lie side by side; `place` is named in errors.
    ///
    /// # Errors
    /// When one of them is missing.
    pub fn among(paths: &[PathBuf], place: &Path) -> Result<Self, VisionError> {
        let missing = |wanted| VisionError::Missing { folder: place.to_owned(), wanted };
        let named = |name: &'static str| {
            let is = |path: &&PathBuf| path.file_name().is_some_and(|file| file == name);
            paths.iter().find(is).cloned().ok_or_else(|| missing(name))
        };
        let of_kind = |ending| {
            let mut found: Vec<PathBuf> =
                paths.iter().filter(|path| ends_with(path, ending)).cloned().collect();
            found.sort();
            found
        };
        let mut weights = of_kind("safetensors");
        if weights.is_empty() {
            weights = of_kind("gguf");
            weights.truncate(1);
        }
        let files = Self { config: named("config.json")?, tokenizer: named("tokenizer.json")?, weights };
        if files.weights.is_empty() { Err(missing("weights (.safetensors or .gguf)")) } else { Ok(files) }
    }

    /// Which family of models `config.json` names.
    pub(crate) fn family(&self) -> Result<String, VisionError> {
        #[derive(Deserialize)]
        struct Named {
            model_type: String,
        }
        self.read_config::<Named>().map(|named| named.model_type)
    }

    pub(crate) fn read_config<T: serde::de::DeserializeOwned>(&self) -> Result<T, VisionError> {
        let path = || self.config.clone();
        let text =
            std::fs::read(&self.config).map_err(|source| VisionError::Read { path: path(), source })?;
        serde_json::from_slice(&text).map_err(|source| VisionError::Config { path: path(), source })
    }

    pub(crate) fn unsupported(&self, what: impl Into<String>) -> VisionError {
        VisionError::Unsupported { path: self.config.clone(), what: what.into() }
    }

    /// Where the weights are, for errors.
    pub(crate) fn weights_place(&self) -> PathBuf {
        match self.weights.as_slice() {
            [one] => one.clone(),
            _ => self.config.parent().unwrap_or(Path::new(".")).to_owned(),
        }
    }

    pub(crate) fn is_gguf(&self) -> bool {
        self.weights.first().is_some_and(|path| ends_with(path, "gguf"))
    }
}

fn ends_with(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_weights_says_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(VisionFiles::in_folder(folder.path()).unwrap_err().to_string().contains("config.json"));
        for name in ["config.json", "tokenizer.json"] {
            std::fs::write(folder.path().join(name), "{}").unwrap();
        }
        assert!(VisionFiles::in_folder(folder.path()).unwrap_err().to_string().contains("weights"));
        for name in ["b.safetensors", "a.safetensors", "c.gguf"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let files = VisionFiles::in_folder(folder.path()).unwrap();
        assert_eq!(files.weights, ["a.safetensors", "b.safetensors"].map(|name| folder.path().join(name)));
        assert!(files.family().unwrap_err().to_string().contains("model_type"));
    }
}
