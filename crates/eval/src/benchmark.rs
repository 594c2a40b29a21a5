//! What a benchmark is.

use std::collections::HashMap;

use crate::{Response, Sample, Scores};

/// A benchmark with its data loaded.
pub trait Benchmark: Send + Sync {
    /// Its short name, as the command line has it.
    fn name(&self) -> &'static str;

    /// Everything it asks, in a fixed order.
    fn samples(&self) -> &[Sample];

    /// What the responses are worth. Samples without a response were left out of the run.
    fn score(&self, responses: &Responses) -> Scores;

    /// Whether its scores need a language model that judges the responses.
    fn needs_judge(&self) -> bool {
        false
    }

    /// What a judge is to be asked about these responses, where [`Self::needs_judge`]: a benchmark of its own, whose samples
    /// are put to the judge as to any subject and whose scores complete these. `None` where there is nothing to judge.
    fn judging(&self, responses: &Responses) -> Option<Box<dyn Benchmark>> {
        let _ = responses;
        None
    }

    /// The cases one by one, for a page to leaf through.
    fn cases(&self, responses: &Responses) -> Vec<Case> {
        self.samples()
            .iter()
            .filter_map(|sample| Some((sample, responses.get(&sample.id)?)))
            .map(|(sample, response)| Case::plain(sample, response))
            .collect()
    }
}

/// Responses by the names of their samples.
pub type Responses = HashMap<String, Response>;

/// One case as a person looks at it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The sample's name.
    pub sample: String,
    /// The picture.
    pub picture: Option<crate::Picture>,
    /// What was asked, or the text before correction.
    pub asked: String,
    /// What came back.
    pub answered: String,
    /// What would have been right, where one text is.
    pub right: Option<String>,
    /// How it went, in a word: "right", "wrong", "missed".
    pub outcome: String,
    /// Whether this case went wrong in some way.
    pub faulty: bool,
    /// Details, one a line.
    pub details: Vec<String>,
}

impl Case {
    /// A case that tells only what was asked and answered.
    pub fn plain(sample: &Sample, response: &Response) -> Self {
        let asked = match &sample.task {
            crate::Task::Question(text) | crate::Task::Describe(text) | crate::Task::Verify(text) => {
                text.clone()
            }
            crate::Task::Detect => "objects".to_owned(),
        };
        Self {
            sample: sample.id.clone(),
            picture: sample.picture.clone(),
            asked,
            answered: response.failure.clone().unwrap_or_else(|| response.text.clone()),
            right: None,
            outcome: if response.failure.is_some() { "failed" } else { "answered" }.to_owned(),
            faulty: response.failure.is_some(),
            details: Vec::new(),
        }
    }
}
