//! A recorded run, driven again: the same loop, fed from the record. No model, no tool and no verifier is at hand.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use lavr_model::TurnRequest;
use lavr_types::{Answer, CallId, CallRecord, Draft, Event, ImageId, ToolCall, ToolSpec, Usage};

use crate::{
    AgentError, Limits, Observer, PlanError, Planner, PlannerRecord, Run, Shrunk,
    drive::{Asked, Verified, World, drive},
};

/// A trace cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// There is no run in it.
    #[error("the trace has no `started` event: there is no run of the agent to drive again")]
    NoRun,
    /// Its first event is of another form.
    #[error("the trace was written by a version of lavr that this one cannot replay: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The planner is not at hand.
    #[error("the run was planned by `{0}`: replay it in the program that has this planner")]
    OwnPlanner(String),
    /// Its plan does not fit its tools any more.
    #[error("the plan of the trace was checked by another version of lavr: {0}")]
    Plan(#[from] PlanError),
    /// The run does not go on as it did.
    #[error("at event {event} the run wants {wanted}, but the trace has {found}")]
    Parted {
        /// The event, counted from 0.
        event: usize,
        /// What the run wants to be fed.
        wanted: &'static str,
        /// What was recorded.
        found: String,
    },
    /// The planner asks something else than it did.
    #[error(
        "at event {event} the planner asks its model something else than it did: a prompt, a tool or the program is another"
    )]
    OtherRequest {
        /// The event, counted from 0.
        event: usize,
    },
    /// The trace ends before the run does.
    #[error("the trace ends after {events} events, before the run did: it was interrupted")]
    Ends {
        /// How many there are.
        events: usize,
    },
}

/// Drives a recorded run again from what it was fed (replies, call records, the verification, the clock), and tells
/// `observer` what happens: the recorded events, if nothing has changed since.
///
/// `events` are those of a stored trace, from [`Event::Started`] on. `planner` is `None` for the one that the trace
/// names; a planner of your own must be given.
///
/// # Errors
/// When the trace holds no run, its planner is not at hand, or the run parts from what was recorded.
pub fn replay(
    events: &[Event],
    planner: Option<&dyn Planner>,
    observer: Observer<'_>,
) -> Result<Answer, AgentError> {
    let Some(Event::Started { run, planner: recorded, tools }) = events.first() else {
        return Err(ReplayError::NoRun.into());
    };
    let run: Run = serde_json::from_value(run.clone()).map_err(ReplayError::Unreadable)?;
    let tools: Vec<&ToolSpec> = tools.iter().collect();
    let named;
    let planner = if let Some(planner) = planner {
        planner
    } else {
        named = named_planner(recorded, &tools)?;
        &*named
    };
    let world = Recorded { events, at: AtomicUsize::new(0) };
    let observed = |event: &Event| {
        world.at.fetch_add(usize::from(event.is_stored()), Ordering::Relaxed);
        observer(event);
    };
    // Nothing that is recorded has to be waited for.
    drive(&world, planner, &tools, run, &observed)
        .now_or_never()
        .unwrap_or(Err(ReplayError::Ends { events: events.len() }.into()))
}

fn named_planner(recorded: &serde_json::Value, tools: &[&ToolSpec]) -> Result<Box<dyn Planner>, ReplayError> {
    serde_json::from_value::<PlannerRecord>(recorded.clone())?.planner(tools)
}

/// The world as it was.
struct Recorded<'a> {
    events: &'a [Event],
    /// How many of them have been told again.
    at: AtomicUsize,
}

impl Recorded<'_> {
    fn at(&self) -> usize {
        self.at.load(Ordering::Relaxed)
    }

    fn next(&self) -> Result<&Event, ReplayError> {
        self.events.get(self.at()).ok_or(ReplayError::Ends { events: self.events.len() })
    }

    /// Tells what the world told while the run waited, up to the event that `ends` the wait.
    fn tell_until(
        &self,
        observer: Observer<'_>,
        ends: impl Fn(&Event) -> bool,
    ) -> Result<&Event, ReplayError> {
        loop {
            let event = self.next()?;
            if ends(event) || is_said_by_the_run(event) {
                return Ok(event);
            }
            observer(event);
        }
    }

    fn parted(&self, wanted: &'static str, found: &Event) -> AgentError {
        let found = serde_json::to_value(found).unwrap_or_default();
        let found = found["event"].as_str().unwrap_or("nothing that can be read").to_owned();
        ReplayError::Parted { event: self.at(), wanted, found }.into()
    }
}

/// Whether the run itself says this: no wait goes beyond it.
const fn is_said_by_the_run(event: &Event) -> bool {
    matches!(
        event,
        Event::Started { .. }
            | Event::Planning { .. }
            | Event::Thought { .. }
            | Event::Misunderstood { .. }
            | Event::CallRefused { .. }
            | Event::BudgetLow { .. }
            | Event::PicturesShrunk { .. }
            | Event::AwaitingApproval { .. }
            | Event::Drafted { .. }
            | Event::Answered { .. }
    )
}

impl World for Recorded<'_> {
    fn time_is_up(&self, _: &Limits) -> Result<bool, AgentError> {
        Ok(matches!(self.events.get(self.at()), Some(Event::TimeUp)))
    }

    fn scarce(&self) -> Option<String> {
        match self.events.get(self.at()) {
            Some(Event::BudgetLow { why }) => Some(why.clone()),
            _ => None,
        }
    }

    fn shrunk(&self, _: &TurnRequest, run: &Run) -> Option<Shrunk> {
        match self.events.get(self.at()) {
            Some(&Event::PicturesShrunk { longest_side, left_out }) => {
                Some(Shrunk { turns: run.turns().len(), longest_side, left_out })
            }
            _ => None,
        }
    }

    async fn ask(
        &self,
        request: TurnRequest,
        _: &Limits,
        observer: Observer<'_>,
    ) -> Result<Asked, AgentError> {
        let ends = |event: &Event| {
            matches!(event, Event::Replied { .. } | Event::ModelFailed { .. } | Event::TimeUp)
        };
        let same = |recorded: &lavr_types::Fingerprint| {
            let event = self.at();
            if *recorded == request.fingerprint() { Ok(()) } else { Err(ReplayError::OtherRequest { event }) }
        };
        match self.tell_until(observer, ends)? {
            Event::Replied { model, request, reply, elapsed, .. } => {
                same(request)?;
                Ok(Asked::Replied { model: model.clone(), reply: reply.clone(), elapsed: *elapsed })
            }
            Event::ModelFailed { request, failure, elapsed, .. } => {
                same(request)?;
                Ok(Asked::Failed { error: failure.clone().into(), elapsed: *elapsed })
            }
            Event::TimeUp => Ok(Asked::TimeUp),
            other => Err(self.parted("a reply", other)),
        }
    }

    async fn call(
        &self,
        calls: Vec<ToolCall>,
        observer: Observer<'_>,
    ) -> Result<Vec<CallRecord>, AgentError> {
        let mut ended: Vec<&CallRecord> = Vec::new();
        let is_ended = |ended: &[&CallRecord], id: &CallId| ended.iter().any(|record| record.call.id == *id);
        while !calls.iter().all(|call| is_ended(&ended, &call.id)) {
            let event = self.tell_until(observer, |event| matches!(event, Event::CallEnded { .. }))?;
            let Event::CallEnded { record } = event else {
                return Err(self.parted("the end of a call", event));
            };
            ended.push(record);
            observer(event);
        }
        let record_of = |call: &ToolCall| ended.iter().find(|record| record.call.id == call.id);
        Ok(calls.iter().filter_map(record_of).map(|record| (*record).clone()).collect())
    }

    async fn verify(
        &self,
        _: &Draft,
        _: &[ImageId],
        _: Usage,
        observer: Observer<'_>,
    ) -> Result<Verified, AgentError> {
        match self.tell_until(observer, |event| matches!(event, Event::Verified { .. }))? {
            Event::Verified { text, claims, notes, usage } => Ok(Verified {
                text: text.clone(),
                claims: claims.clone(),
                notes: notes.clone(),
                usage: *usage,
            }),
            other => Err(self.parted("a verified draft", other)),
        }
    }
}
