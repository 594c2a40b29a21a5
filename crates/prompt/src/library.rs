//! The prompts that are built in, and the folder that may replace them.

use std::path::PathBuf;

use crate::{Prompt, PromptError};

/// The files of `prompts/`.
const BUILT_IN: &[(&str, &str)] = &[
    ("extract", include_str!("../../../prompts/extract.md")),
    ("planner", include_str!("../../../prompts/planner.md")),
    ("planner_first", include_str!("../../../prompts/planner_first.md")),
    ("planner_native", include_str!("../../../prompts/planner_native.md")),
    ("rewrite", include_str!("../../../prompts/rewrite.md")),
    ("vqa", include_str!("../../../prompts/vqa.md")),
    ("woodpecker_concepts", include_str!("../../../prompts/woodpecker_concepts.md")),
    ("woodpecker_pronouns", include_str!("../../../prompts/woodpecker_pronouns.md")),
    ("woodpecker_questions", include_str!("../../../prompts/woodpecker_questions.md")),
    ("woodpecker_rewrite", include_str!("../../../prompts/woodpecker_rewrite.md")),
];

/// Where prompts come from.
#[derive(Debug, Clone, Default)]
pub struct Library {
    folder: Option<PathBuf>,
}

impl Library {
    /// The prompts that are built in.
    pub fn built_in() -> Self {
        Self::default()
    }

    /// The built-in prompts, each replaced by the file `NAME.md` of this folder where it has one.
    pub fn with_overrides(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()) }
    }

    /// The names of the built-in prompts.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A prompt by its name.
    ///
    /// # Errors
    /// When there is none, or the user's file cannot be read or is not of the right form.
    pub fn get(&self, name: &str) -> Result<Prompt, PromptError> {
        let Some((_, built_in)) = BUILT_IN.iter().find(|(known, _)| *known == name) else {
            return Err(PromptError::Unknown(name.into(), Self::names().collect::<Vec<_>>().join(", ")));
        };
        if let Some(path) = self.folder.as_ref().map(|folder| folder.join(format!("{name}.md"))) {
            match std::fs::read_to_string(&path) {
                Ok(file) => return Prompt::parse(&file),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(PromptError::Read { path, source }),
            }
        }
        Prompt::parse(built_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_prompt_is_sound_and_says_why() {
        for name in Library::names() {
            let prompt = Library::built_in().get(name).unwrap();
            assert_eq!(prompt.name(), name);
            assert!(!prompt.why().is_empty(), "{name}");
        }
    }

    #[test]
    fn a_file_of_the_users_replaces_a_built_in_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = "+++\nname = \"planner\"\ninputs = []\nwhy = []\n+++\n<!-- system -->\nMine.\n";
        std::fs::write(folder.path().join("planner.md"), file).unwrap();
        let prompt = Library::with_overrides(folder.path()).get("planner").unwrap();
        assert_eq!(prompt.render(&(), &[]).unwrap()[0].text, "Mine.");
    }
}
