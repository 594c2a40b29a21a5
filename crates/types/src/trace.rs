//! The run as events, in the order in which they happened.

use serde::{Deserialize, Serialize};

use crate::{Answer, CallRecord, Claim, Contradiction, Draft, Judgement, ToolCall, Usage};

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
#[non_exhaustive]
pub enum Event {
    /// The planner is about to be asked for step number `step`, from 1.
    Planning {
        /// The step.
        step: u32,
    },
    /// A chat model wrote a little more. For display; a stored trace leaves it out.
    Delta {
        /// What it wrote.
        text: String,
    },
    /// The planner thought this.
    Thought {
        /// The step.
        step: u32,
        /// The thought.
        text: String,
    },
    /// A thought contradicts what the run has seen.
    ThoughtContradicted {
        /// The step.
        step: u32,
        /// What was said, and what was seen.
        contradiction: Contradiction,
    },
    /// A turn of a chat model ended.
    ModelUsed {
        /// What it cost.
        usage: Usage,
    },
    /// A call starts.
    CallStarted {
        /// The call.
        call: ToolCall,
    },
    /// A call ended.
    CallEnded {
        /// The call and what became of it.
        record: CallRecord,
    },
    /// Something a reader has to know: a fallback taken, a limit reached.
    Note {
        /// The text.
        text: String,
    },
    /// The draft stands.
    Drafted {
        /// The draft.
        draft: Draft,
    },
    /// A claim was judged.
    Judged {
        /// The claim.
        claim: Claim,
        /// The judgement.
        judgement: Judgement,
    },
    /// The run ended.
    Answered {
        /// The answer.
        answer: Answer,
    },
}
