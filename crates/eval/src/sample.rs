//! What is put to a subject, and what comes back.

use std::time::Duration;

use lavr_types::{Span, Usage, Verdict, perception::Detection};
use serde::{Deserialize, Serialize};

use crate::Picture;

/// One thing that a benchmark asks.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Its name, the only one of the benchmark.
    pub id: String,
    /// The picture it is about; some are about none.
    pub picture: Option<Picture>,
    /// What is asked.
    pub task: Task,
}

/// What is asked of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Answer this question about the picture.
    Question(String),
    /// Describe the picture; the text says how.
    Describe(String),
    /// Check this text about the picture and mend it.
    Verify(String),
    /// Find all objects.
    Detect,
}

/// What a subject gave.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The answer, the description or the corrected text.
    pub text: String,
    /// The text before it was corrected, where that changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<String>,
    /// Verdicts on parts of a text that was to be checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<SpanVerdict>,
    /// Objects found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Detection>,
    /// Calls and tokens.
    #[serde(default)]
    pub usage: Usage,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl Response {
    /// A plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// No answer, for this reason.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self { failure: Some(reason.into()), ..Self::default() }
    }

    /// How long it took.
    pub const fn elapsed(&self) -> Duration {
        self.usage.elapsed
    }
}

/// A verdict on a part of a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpanVerdict {
    /// Bytes of the text that was to be checked.
    pub span: Span,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in a sentence.
    pub reason: String,
}

/// A sample with what a subject gave for it: one line of a run's file of records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The sample's name.
    pub sample: String,
    /// What came back.
    pub response: Response,
}
