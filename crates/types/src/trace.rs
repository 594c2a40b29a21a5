//! The run as events, in the order in which they happened.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Answer, CallId, CallRecord, CheckedClaim, Claim, Contradiction, Draft, Fingerprint, Judgement,
    ModelFailure, Repair, Reply, Spending, ToolCall, ToolSpec, Usage,
};

/// Something that happened in a run.
///
/// Live, all of them are told. A stored trace keeps what [`Event::stored`] gives: everything that the state machine
/// was fed and everything that it said, each fact once, so that the run can be driven again without a model or a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
#[non_exhaustive]
pub enum Event {
    /// The driver took a run up: a new one, or one that was written out and read back.
    Started {
        /// The state machine as it stood (`lavr_agent::Run`).
        run: Value,
        /// The planner, as far as it can be written down (`lavr_agent::PlannerRecord`).
        planner: Value,
        /// The tools that the planner was told of, in order.
        tools: Vec<ToolSpec>,
    },
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
    /// The planner's model replied.
    Replied {
        /// The step.
        step: u32,
        /// The model.
        model: String,
        /// Tells whether another request is the same as the one that it replied to.
        request: Fingerprint,
        /// What it replied.
        reply: Reply,
        /// How long it took.
        elapsed: Duration,
    },
    /// The planner's model gave no reply.
    ModelFailed {
        /// The step.
        step: u32,
        /// Tells whether another request is the same as the one that it had.
        request: Fingerprint,
        /// Why.
        failure: ModelFailure,
        /// How long it took.
        elapsed: Duration,
    },
    /// The time for planning is over: the answer rests on what was seen until then.
    TimeUp,
    /// Little of the budget is left: the planner has to answer from what it knows.
    BudgetLow {
        /// What is left, in words.
        why: String,
    },
    /// Little is left of the budget of pixels: from now on the planner's model is shown smaller pictures.
    PicturesShrunk {
        /// Their longest side in pixels, at most.
        longest_side: u32,
        /// How many pictures of its next turn are told in words, since not even so small they fit.
        left_out: u32,
    },
    /// What was spent so far of what is limited. For display.
    Spent {
        /// The limits, and what was spent.
        spending: Spending,
    },
    /// A call waits for somebody to approve it. With the last of these, a run is suspended.
    AwaitingApproval {
        /// The call.
        call: ToolCall,
    },
    /// A call was not written as its tool asks for, and was read so.
    CallMended {
        /// The call.
        call: CallId,
        /// How.
        repairs: Vec<Repair>,
    },
    /// The reply was nothing that could be acted on.
    Misunderstood {
        /// What the model is told.
        message: String,
    },
    /// A call was turned down before it ran.
    CallRefused {
        /// The call and why.
        record: CallRecord,
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
    /// A claim was judged. For display as it happens; a stored trace leaves it out, since [`Event::Verified`] has it.
    Judged {
        /// The claim.
        claim: Claim,
        /// The judgement.
        judgement: Judgement,
    },
    /// The draft was verified.
    Verified {
        /// The corrected text.
        text: String,
        /// The claims with their judgements and what became of their words.
        claims: Vec<CheckedClaim>,
        /// What a reader has to know of the check.
        notes: Vec<String>,
        /// What the run's tools cost so far, and what the verifier's models cost.
        usage: Usage,
    },
    /// The run ended.
    Answered {
        /// The answer. In a stored trace without its steps and claims: they stand in the events before it.
        answer: Answer,
    },
    /// Of a kind that this version does not know: a newer one has recorded it.
    #[serde(other)]
    Unknown,
}

impl Event {
    /// Whether a stored trace keeps it; what it leaves out is for display alone.
    #[must_use]
    pub const fn is_stored(&self) -> bool {
        !matches!(self, Self::Delta { .. } | Self::Judged { .. } | Self::Spent { .. })
    }

    /// The event as a stored trace keeps it.
    #[must_use]
    pub fn stored(self) -> Option<Self> {
        match self {
            event if !event.is_stored() => None,
            Self::Answered { answer } => {
                Some(Self::Answered { answer: Answer { steps: Vec::new(), claims: Vec::new(), ..answer } })
            }
            event => Some(event),
        }
    }
}

/// An event with the time at which it happened: a line of a stored trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceEvent {
    /// Microseconds since the run began.
    pub at_us: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}
