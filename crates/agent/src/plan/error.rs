//! What can be wrong with a plan.

use std::fmt;

/// A plan cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The file could not be read.
    #[error("could not read the plan `{file}`: {source}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not of the form of a plan.
    #[error("`{file}` is no plan (docs/plans.md describes the form)\n{message}")]
    Form {
        /// The file.
        file: String,
        /// What is wrong, with line and column.
        message: String,
    },
    /// The plan does not fit together, or does not fit the tools.
    #[error("{}", list(file, mistakes))]
    Mistakes {
        /// The file.
        file: String,
        /// All that is wrong.
        mistakes: Vec<PlanMistake>,
    },
    /// A value was given for an input that the plan does not have, or one of another kind.
    #[error("`{file}`: --set {name}: {message}")]
    Input {
        /// The file.
        file: String,
        /// The input.
        name: String,
        /// What is wrong.
        message: String,
    },
}

/// One thing that is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanMistake {
    /// Where: "node `color`, args.region".
    pub place: String,
    /// What, and how to mend it.
    pub message: String,
}

impl fmt::Display for PlanMistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.message)
    }
}

fn list(file: &str, mistakes: &[PlanMistake]) -> String {
    let lines = mistakes.iter().map(|mistake| format!("{file}: {mistake}"));
    lines.collect::<Vec<_>>().join("\n")
}
