//! Drives a recorded run again and holds what comes out against what was recorded.

use std::sync::{Mutex, PoisonError};

use lavr_agent::{AgentError, Planner, ReplayError};
use lavr_types::{Answer, Event, TraceEvent};

use crate::{Trace, TraceError, trace::line};

/// What came of a replay.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// How many events came out.
    pub events: usize,
    /// The first event that is another than the recorded one; `None` where all are the same, byte by byte.
    pub difference: Option<Difference>,
    /// The answer that came out; `None` where the run was interrupted when it was recorded, or parted from the record.
    pub answer: Option<Answer>,
}

/// An event that came out otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The event, counted from 0.
    pub event: usize,
    /// Its line in the trace; `None` past its end.
    pub recorded: Option<String>,
    /// What came out; `None` where nothing more did.
    pub replayed: Option<String>,
    /// Why the run could not go on from there, if it could not.
    pub reason: Option<String>,
}

/// Drives the run again from what it was fed: no model is asked, no tool runs, nothing is verified, nothing is waited for.
///
/// A question is driven through the agent's state machine with the planner that the trace names (`planner` where it is
/// one of your own). A description or a checked text has no state machine: its answer is put together again from the
/// recorded parts.
///
/// # Errors
/// When the trace is of a form that cannot be driven again.
pub fn replay(trace: &Trace, planner: Option<&dyn Planner>) -> Result<Replayed, TraceError> {
    let is_start = |line: &TraceEvent| matches!(line.event, Event::Started { .. });
    let start = trace.events.iter().position(is_start).unwrap_or(trace.events.len());
    let (before, run) = trace.events.split_at(start);
    let (told, ended) = if run.is_empty() { assembled(trace) } else { driven(run, planner)? };
    let events: Vec<&Event> =
        if run.is_empty() { Vec::new() } else { before.iter().map(|line| &line.event).collect() };
    let events: Vec<&Event> = events.into_iter().chain(&told).collect();
    let difference = difference(&trace.events, &events, ended.as_ref().err());
    let answer = ended.ok().flatten().filter(|_| difference.is_none());
    Ok(Replayed { events: events.len(), difference, answer })
}

type Ended = Result<Option<Answer>, String>;

/// What the agent's state machine says when it is fed the same again.
fn driven(run: &[TraceEvent], planner: Option<&dyn Planner>) -> Result<(Vec<Event>, Ended), TraceError> {
    let fed: Vec<Event> = run.iter().map(|line| line.event.clone()).collect();
    let told = Mutex::new(Vec::new());
    let observer = |event: &Event| {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        told.extend(event.clone().stored());
    };
    let ended = lavr_agent::replay(&fed, planner, &observer);
    let told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
    let ended = match ended {
        Ok(answer) => Ok(Some(answer)),
        Err(AgentError::Replay(error @ (ReplayError::Parted { .. } | ReplayError::OtherRequest { .. }))) => {
            Err(error.to_string())
        }
        // It was interrupted then, or waits for something, and ends here as well.
        Err(_) if told.len() >= fed.len() => Ok(None),
        Err(other) => return Err(other.into()),
    };
    Ok((told, ended))
}

/// The events of a run without a state machine, its answer put together from the others.
fn assembled(trace: &Trace) -> (Vec<Event>, Ended) {
    let answer = trace.answer();
    let told = trace.events.iter().filter_map(|line| match (&line.event, &answer) {
        (Event::Answered { .. }, Some(answer)) => Event::Answered { answer: answer.clone() }.stored(),
        (event, _) => Some(event.clone()),
    });
    (told.collect(), Ok(answer))
}

fn difference(recorded: &[TraceEvent], replayed: &[&Event], reason: Option<&String>) -> Option<Difference> {
    let count = recorded.len().max(replayed.len());
    (0..count).find_map(|event| {
        // The clock is part of what the run was fed.
        let at_us = recorded.get(event).map_or(0, |line| line.at_us);
        let then = recorded.get(event).map(line);
        let now = replayed.get(event).map(|event| line(&TraceEvent { at_us, event: (*event).clone() }));
        (then != now).then(|| Difference { event, recorded: then, replayed: now, reason: reason.cloned() })
    })
}
