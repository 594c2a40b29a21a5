//! Which demonstrations a question is shown.

use std::sync::{Arc, Mutex, PoisonError};

use lavr_model::{ModelError, TextEmbedder, cosine};
use lavr_types::ToolSpec;
use serde::{Deserialize, Serialize};

use super::{Demonstration, DemonstrationError, DemonstrationSet};

/// How demonstrations are picked.
#[derive(Clone)]
pub enum PickBy {
    /// The first ones, the same for every question.
    Order,
    /// Those that together show the most of the tools that are there, the same for every question.
    Tools,
    /// Those whose questions are most like the question at hand.
    Embedding(Arc<dyn TextEmbedder>),
}

impl std::fmt::Debug for PickBy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Order => formatter.write_str("Order"),
            Self::Tools => formatter.write_str("Tools"),
            Self::Embedding(embedder) => write!(formatter, "Embedding({})", embedder.name()),
        }
    }
}

/// Demonstrations that were picked for a question, as a trace keeps them.
#[derive(Serialize, Deserialize)]
struct Picked {
    shown: Vec<Demonstration>,
    stable: bool,
}

impl From<Picked> for Demonstrations {
    fn from(Picked { shown, stable }: Picked) -> Self {
        let count = shown.len();
        let (set, by) = (DemonstrationSet(shown), PickBy::Order);
        Self { set, by, count, stable, vectors: Vec::new(), last: Arc::default() }
    }
}

/// Those that may be picked: [`Demonstrations::picked`] first leaves those that are.
impl From<Demonstrations> for Picked {
    fn from(demonstrations: Demonstrations) -> Self {
        Self { shown: demonstrations.set.0, stable: demonstrations.stable }
    }
}

/// A text and its vector.
type Embedded = (String, Vec<f32>);

/// A set, and how some of it are picked for a question.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Picked", into = "Picked")]
pub struct Demonstrations {
    set: DemonstrationSet,
    by: PickBy,
    count: usize,
    /// Whether every question gets the same ones.
    stable: bool,
    /// The vectors of the questions of the set.
    vectors: Vec<Vec<f32>>,
    /// The last question and its vector: a run asks about the same one each step.
    last: Arc<Mutex<Option<Embedded>>>,
}

impl Demonstrations {
    /// At most `count` demonstrations of a set.
    ///
    /// # Errors
    /// When the questions of the set cannot be embedded.
    pub fn new(set: DemonstrationSet, by: PickBy, count: usize) -> Result<Self, ModelError> {
        let vectors = match &by {
            PickBy::Embedding(embedder) => {
                embedder.embed(&set.iter().map(Demonstration::question).collect::<Vec<_>>())?
            }
            PickBy::Order | PickBy::Tools => Vec::new(),
        };
        let stable = !matches!(by, PickBy::Embedding(_));
        Ok(Self { set, by, count, stable, vectors, last: Arc::default() })
    }

    /// Those that lavr brings, all of them.
    ///
    /// # Errors
    /// Never, unless a file of lavr's own is broken.
    pub fn built_in() -> Result<Self, DemonstrationError> {
        let set = DemonstrationSet::built_in()?;
        let count = set.iter().count();
        Ok(Self { set, by: PickBy::Order, count, stable: true, vectors: Vec::new(), last: Arc::default() })
    }

    /// None at all.
    pub fn none() -> Self {
        let set = DemonstrationSet::empty();
        Self { set, by: PickBy::Order, count: 0, stable: true, vectors: Vec::new(), last: Arc::default() }
    }

    /// Whether every question gets the same ones, so that they belong to the part of a prompt that never changes.
    pub fn are_stable(&self) -> bool {
        self.stable
    }

    /// Those for this question alone.
    pub(crate) fn picked(&self, question: &str, tools: &[&ToolSpec]) -> Self {
        let shown = self.pick(question, tools).into_iter().cloned().collect();
        Picked { shown, stable: self.stable }.into()
    }

    /// Those for this question, in the order in which they are shown; none that calls a tool which is not there.
    pub fn pick(&self, question: &str, tools: &[&ToolSpec]) -> Vec<&Demonstration> {
        let there = |name: &str| tools.iter().any(|spec| spec.name == name);
        let usable: Vec<(usize, &Demonstration)> = self
            .set
            .iter()
            .enumerate()
            .filter(|(_, demonstration)| demonstration.tools().into_iter().all(there))
            .collect();
        let mut picked: Vec<(usize, &Demonstration)> = match &self.by {
            PickBy::Order => usable.into_iter().take(self.count).collect(),
            PickBy::Tools => by_tools(usable, self.count),
            PickBy::Embedding(embedder) => return self.by_embedding(embedder.as_ref(), question, usable),
        };
        picked.sort_by_key(|(index, _)| *index);
        picked.into_iter().map(|(_, demonstration)| demonstration).collect()
    }

    /// The one most like the question comes last: what stands next to the question weighs most.
    fn by_embedding<'d>(
        &self,
        embedder: &dyn TextEmbedder,
        question: &str,
        usable: Vec<(usize, &'d Demonstration)>,
    ) -> Vec<&'d Demonstration> {
        let Some(vector) = self.vector(embedder, question) else {
            // Without the network, the first ones are better than none.
            return usable.into_iter().take(self.count).map(|(_, demonstration)| demonstration).collect();
        };
        let mut ranked: Vec<(f32, &Demonstration)> = usable
            .into_iter()
            .filter_map(|(index, demonstration)| {
                Some((cosine(self.vectors.get(index)?, &vector), demonstration))
            })
            .collect();
        ranked.sort_by(|one, other| other.0.total_cmp(&one.0));
        ranked.truncate(self.count);
        ranked.into_iter().rev().map(|(_, demonstration)| demonstration).collect()
    }

    fn vector(&self, embedder: &dyn TextEmbedder, question: &str) -> Option<Vec<f32>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, vector)) = last.as_ref().filter(|(known, _)| known == question) {
            return Some(vector.clone());
        }
        let vector = embedder.embed(&[question]).ok()?.pop()?;
        *last = Some((question.to_owned(), vector.clone()));
        Some(vector)
    }
}

/// Greedily: each time the one that shows the most tools not shown yet, the earlier one of equals.
fn by_tools(mut usable: Vec<(usize, &Demonstration)>, count: usize) -> Vec<(usize, &Demonstration)> {
    let mut shown: Vec<&str> = Vec::new();
    let mut picked = Vec::new();
    while picked.len() < count && !usable.is_empty() {
        let fresh = |demonstration: &Demonstration| {
            demonstration.tools().into_iter().filter(|tool| !shown.contains(tool)).count()
        };
        let most = usable.iter().map(|(_, demonstration)| fresh(demonstration)).max().unwrap_or(0);
        let Some(next) = usable.iter().position(|(_, demonstration)| fresh(demonstration) == most) else {
            break;
        };
        let (index, demonstration) = usable.remove(next);
        shown.extend(demonstration.tools());
        picked.push((index, demonstration));
    }
    picked
}
