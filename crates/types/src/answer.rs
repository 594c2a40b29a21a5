//! Steps, drafts and answers.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CallId, CallRecord, Claim, Judgement, Span};

/// One thought of the planner, the calls it made and what came back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What the planner thought.
    pub thought: String,
    /// Where the thought contradicts what the run had seen by then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradictions: Vec<Contradiction>,
    /// Its calls, in the order in which it made them.
    pub calls: Vec<CallRecord>,
}

impl Step {
    /// What its calls cost.
    pub fn usage(&self) -> Usage {
        self.calls.iter().map(CallRecord::usage).sum()
    }
}

/// A statement of a thought that an observation of the same run contradicts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contradiction {
    /// The bytes of the thought that state it: `[start, end]`, counted in UTF-8.
    pub span: Span,
    /// What the thought says: "two dogs".
    pub said: String,
    /// The call whose observation says otherwise.
    pub call: CallId,
    /// The tool of that call.
    pub tool: String,
    /// What it saw: "one dog".
    pub seen: String,
}

impl std::fmt::Display for Contradiction {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "the thought says {}, {} saw {}", self.said, self.tool, self.seen)
    }
}

/// A token of a text that a model wrote.
///
/// Written as `[start, end, log probability]`: there are many of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "(usize, usize, f32)", into = "(usize, usize, f32)")]
pub struct TokenScore {
    /// The bytes of the text that it stands for.
    pub span: Span,
    /// The natural logarithm of the probability that the model gave it, among those that it might have written.
    pub log_probability: f32,
}

impl From<(usize, usize, f32)> for TokenScore {
    fn from((start, end, log_probability): (usize, usize, f32)) -> Self {
        Self { span: Span::new(start, end), log_probability }
    }
}

impl From<TokenScore> for (usize, usize, f32) {
    fn from(score: TokenScore) -> Self {
        (score.span.start, score.span.end, score.log_probability)
    }
}

/// An answer before it is verified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// The calls that it says it rests on.
    pub cites: Vec<CallId>,
    /// How sure the model was of each token of the text, in their order; empty where it does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<TokenScore>,
}

/// A claim with its judgement and what became of its words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckedClaim {
    /// The claim. Its span counts bytes of the draft.
    pub claim: Claim,
    /// The judgement.
    pub judgement: Judgement,
    /// What stands in the corrected text in place of the claim's bytes; `None` where they were left alone.
    pub replacement: Option<String>,
}

/// What a run cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Turns of chat models.
    pub model_calls: u32,
    /// Tokens read by chat models, those found in a prefix cache included.
    pub input_tokens: u64,
    /// Of these, tokens found in a prefix cache.
    pub cached_tokens: u64,
    /// Tokens written by chat models.
    pub output_tokens: u64,
    /// What those tokens cost in US dollars, by the prices that were noted for the models; `None` where a price is not
    /// known. An estimate, no bill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Tool calls that ran.
    pub tool_calls: u32,
    /// Tool calls answered from the evidence cache.
    pub cached_calls: u32,
    /// Time from question to answer.
    pub elapsed: Duration,
}

impl Usage {
    /// Whether nothing was used up.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// What both cost. A sum is known where both parts are, or the one that is not has no token in it: a part without
    /// a price makes the whole unknown, not cheap.
    fn cost_with(&self, other: &Self) -> Option<f64> {
        let nothing = |usage: &Self| usage.input_tokens == 0 && usage.output_tokens == 0;
        match (self.cost, other.cost) {
            (Some(one), Some(two)) => Some(one + two),
            (cost, None) if nothing(other) => cost,
            (None, cost) if nothing(self) => cost,
            _ => None,
        }
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.cost = self.cost_with(&other);
        self.model_calls += other.model_calls;
        self.input_tokens += other.input_tokens;
        self.cached_tokens += other.cached_tokens;
        self.output_tokens += other.output_tokens;
        self.tool_calls += other.tool_calls;
        self.cached_calls += other.cached_calls;
        self.elapsed += other.elapsed;
    }
}

impl std::iter::Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |mut sum, part| {
            sum += part;
            sum
        })
    }
}

/// The corrected text, its claims with their verdicts, and what it cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The question; `None` where a text was only checked or a picture described.
    #[serde(default)]
    pub question: Option<String>,
    /// The text before correction.
    pub draft: String,
    /// The text after correction; byte for byte the draft where nothing is contradicted.
    pub text: String,
    /// The claims of the draft, in the order of their spans.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<CheckedClaim>,
    /// How the draft came about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// What a reader has to know: a fallback taken, a limit reached, a check left out.
    pub notes: Vec<String>,
    /// What it cost.
    pub usage: Usage,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_without_a_price_makes_the_sum_unknown_unless_it_has_no_token() {
        let spent = |input_tokens, cost| Usage { input_tokens, cost, ..Usage::default() };
        for (one, two, sum) in [
            (spent(5, Some(0.25)), spent(7, Some(0.5)), Some(0.75)),
            (spent(5, Some(0.25)), spent(7, None), None),
            (spent(5, None), spent(7, Some(0.5)), None),
            (spent(0, None), spent(7, Some(0.5)), Some(0.5)),
            (spent(5, Some(0.25)), spent(0, None), Some(0.25)),
            (spent(0, None), spent(0, None), None),
        ] {
            let mut all = one;
            all += two;
            assert_eq!((all.cost, all.input_tokens), (sum, one.input_tokens + two.input_tokens));
        }
    }
}
