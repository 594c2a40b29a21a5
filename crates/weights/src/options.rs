//! Where a store keeps files and from where it may fetch.

use std::{
    env,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use lavr_types::Secret;

use crate::WeightsError;

/// The public model hub.
const HUB: &str = "https://huggingface.co";

/// How a [`crate::Store`] is set up.
#[derive(Clone)]
pub struct StoreOptions {
    /// The directory that holds `models/`.
    pub home: PathBuf,
    /// The user's own catalogue, merged over the built-in one if the file exists.
    pub catalogue: PathBuf,
    /// Directories in which files may already be, as `FILE` or `MODEL/FILE`; they are used where they stand.
    pub directories: Vec<PathBuf>,
    /// The cache that the hub's own clients keep; what is in it is used where it stands.
    pub hub_cache: Option<PathBuf>,
    /// Forbids to fetch anything.
    pub offline: bool,
    /// The model hub's address.
    pub hub: String,
    /// The hub's access token.
    pub hub_token: Option<Secret>,
    /// Commands that run `pip`, tried in order: program and first arguments.
    pub pip: Vec<Vec<String>>,
    /// The command that runs `npm`.
    pub npm: Vec<String>,
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StoreOptions")
            .field("home", &self.home)
            .field("catalogue", &self.catalogue)
            .field("directories", &self.directories)
            .field("hub_cache", &self.hub_cache)
            .field("offline", &self.offline)
            .field("hub", &self.hub)
            .field("hub_token", &self.hub_token)
            .finish_non_exhaustive()
    }
}

impl StoreOptions {
    /// A store under this directory with nothing taken from the environment.
    pub fn at(home: impl Into<PathBuf>) -> Self {
        let home = home.into();
        let command = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        Self {
            catalogue: home.join("catalogue.toml"),
            home,
            directories: Vec::new(),
            hub_cache: None,
            offline: false,
            hub: HUB.to_owned(),
            hub_token: None,
            pip: vec![
                command(&["python3", "-m", "pip"]),
                command(&["python", "-m", "pip"]),
                command(&["pip3"]),
            ],
            npm: command(&["npm"]),
        }
    }

    /// As the environment says: `LAVR_HOME` (else the user's cache directory), `LAVR_MODELS`, `LAVR_OFFLINE`,
    /// `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_CACHE` (or `HF_HOME`), `LAVR_PIP` and `LAVR_NPM`.
    ///
    /// # Errors
    /// When no home directory can be named.
    pub fn from_environment() -> Result<Self, WeightsError> {
        Self::from_variables(|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn from_variables(get: impl Fn(&str) -> Option<OsString>) -> Result<Self, WeightsError> {
        let text = |name: &str| get(name).and_then(|value| value.into_string().ok());
        let directory = |name: &str, rest: &[&str]| {
            let mut path = PathBuf::from(get(name)?);
            path.extend(rest);
            // The XDG specification: a relative path is to be ignored.
            path.is_absolute().then_some(path)
        };
        let mut options = if let Some(home) = get("LAVR_HOME") {
            Self::at(absolute(Path::new(&home)))
        } else {
            let cache = directory("XDG_CACHE_HOME", &["lavr"])
                .or_else(|| directory("LOCALAPPDATA", &["lavr"]).filter(|_| cfg!(windows)))
                .or_else(|| {
                    directory("HOME", &["Library", "Caches", "lavr"]).filter(|_| cfg!(target_os = "macos"))
                })
                .or_else(|| directory("HOME", &[".cache", "lavr"]))
                .ok_or(WeightsError::NoHome)?;
            let configuration =
                directory("XDG_CONFIG_HOME", &["lavr"]).or_else(|| directory("HOME", &[".config", "lavr"]));
            let mut options = Self::at(cache);
            if let Some(configuration) = configuration {
                options.catalogue = configuration.join("catalogue.toml");
            }
            options
        };
        options.directories =
            get("LAVR_MODELS").map(|list| env::split_paths(&list).collect()).unwrap_or_default();
        options.offline =
            text("LAVR_OFFLINE").is_some_and(|value| !matches!(value.as_str(), "0" | "false" | "no"));
        options.hub_cache = directory("HF_HUB_CACHE", &[])
            .or_else(|| directory("HF_HOME", &["hub"]))
            .or_else(|| directory("XDG_CACHE_HOME", &["huggingface", "hub"]))
            .or_else(|| directory("HOME", &[".cache", "huggingface", "hub"]));
        if let Some(hub) = text("HF_ENDPOINT") {
            hub.trim_end_matches('/').clone_into(&mut options.hub);
        }
        options.hub_token = text("HF_TOKEN").map(Secret::new);
        let command = |line: String| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        if let Some(pip) = text("LAVR_PIP").map(command).filter(|words| !words.is_empty()) {
            options.pip = vec![pip];
        }
        if let Some(npm) = text("LAVR_NPM").map(command).filter(|words| !words.is_empty()) {
            options.npm = npm;
        }
        Ok(options)
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &'static [(&'static str, &'static str)]) -> Result<StoreOptions, WeightsError> {
        StoreOptions::from_variables(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn lavr_home_wins_over_the_cache_directory_and_holds_the_users_catalogue() {
        let options = with(&[("LAVR_HOME", "/l"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")]).unwrap();
        assert_eq!((options.home, options.catalogue), ("/l".into(), "/l/catalogue.toml".into()));
    }

    #[test]
    fn a_relative_xdg_directory_is_ignored() {
        let options = with(&[("XDG_CACHE_HOME", "x"), ("HOME", "/h")]).unwrap();
        assert!(options.home.starts_with("/h"), "{options:?}");
        assert_eq!(options.catalogue, Path::new("/h/.config/lavr/catalogue.toml"));
    }

    #[test]
    fn with_no_home_at_all_the_error_says_what_to_set() {
        assert!(with(&[]).unwrap_err().to_string().contains("LAVR_HOME"));
    }

    #[test]
    fn the_token_is_not_shown() {
        let options =
            with(&[("HOME", "/h"), ("HF_TOKEN", "hf_abc"), ("HF_ENDPOINT", "http://mirror/")]).unwrap();
        assert_eq!(options.hub, "http://mirror");
        assert!(options.hub_token.is_some());
        assert!(!format!("{options:?}").contains("hf_abc"));
    }

    #[test]
    fn offline_is_a_switch() {
        assert!(with(&[("HOME", "/h"), ("LAVR_OFFLINE", "1")]).unwrap().offline);
        assert!(!with(&[("HOME", "/h"), ("LAVR_OFFLINE", "0")]).unwrap().offline);
    }
}
