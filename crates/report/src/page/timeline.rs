//! What happened when: the turns of the planner, its calls, the waves of checks.

use lavr_types::{CallRecord, Contradiction, Event, ToolCall, TraceEvent, TurnUsage};

use crate::{
    Document,
    document::{CallEntry, Outcome, call_entry, without_bytes},
};

/// How the verifier's calls are named, before their number.
const CHECK: &str = "check_";
/// Calls that start within so many seconds start together: from the cache, one is answered before the next is asked.
const AT_ONCE: f64 = 0.002;

/// The run in groups of what belongs together, in order.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    pub(super) groups: Vec<Group>,
    /// From the beginning to the end in seconds; `None` where it is not known when things happened.
    pub(super) total: Option<f64>,
}

/// A step of the planner, or a wave of checks.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) kind: Kind,
    /// What the planner thought, or the draft.
    pub(super) words: String,
    pub(super) contradictions: Vec<Contradiction>,
    pub(super) rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A step, by its number from 1.
    Step(u32),
    /// The planner wrote the draft.
    Draft,
    /// Checks that were under way together, by their number from 1.
    Wave(u32),
}

/// A length of time spent on one thing.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) what: What,
    /// Seconds after the beginning, where they are known.
    pub(super) start: Option<f64>,
    pub(super) seconds: f64,
}

#[derive(Debug)]
pub(super) enum What {
    /// A turn of a chat model.
    Turn(Turn),
    /// A call. Until it has ended, its outcome is that it did not.
    Call { call: CallEntry, ended: bool },
}

/// What is known of a turn of a chat model.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) model: String,
    pub(super) usage: Option<TurnUsage>,
    /// Why nothing came of it.
    pub(super) trouble: Option<String>,
    /// The longest side of its pictures in pixels, where they were made smaller for want of pixels.
    pub(super) longest_side: Option<u32>,
}

/// Seconds after the beginning.
fn seconds(event: &TraceEvent) -> f64 {
    event.at_us as f64 / 1e6
}

impl Timeline {
    /// From the events, where there are any; else the document's steps without times.
    pub(super) fn new(document: &Document, events: &[TraceEvent]) -> Self {
        let Some(last) = events.last() else { return Self::of_steps(document) };
        let mut builder = Builder::default();
        for event in events {
            builder.add(seconds(event), &event.event);
        }
        builder.end_turn(seconds(last));
        let ends = builder.groups.iter().flat_map(|group| &group.rows);
        let ends = ends.map(|row| row.start.unwrap_or_default() + row.seconds);
        let total = ends.fold(seconds(last), f64::max);
        let groups = builder.groups.into_iter().filter(|group| !group.is_empty()).collect();
        Self { groups, total: Some(total) }
    }

    fn of_steps(document: &Document) -> Self {
        let groups = document.steps.iter().zip(1..).map(|(step, number)| {
            let rows = step.calls.iter().map(|call| Row {
                start: None,
                seconds: call.seconds,
                what: What::Call { call: call.clone(), ended: true },
            });
            Group {
                kind: Kind::Step(number),
                words: step.thought.clone(),
                contradictions: step.contradictions.clone(),
                rows: rows.collect(),
            }
        });
        Self { groups: groups.collect(), total: None }
    }

    /// All calls, in order.
    pub(super) fn calls(&self) -> impl Iterator<Item = &CallEntry> {
        self.groups.iter().flat_map(|group| &group.rows).filter_map(|row| match &row.what {
            What::Call { call, .. } => Some(call),
            What::Turn(_) => None,
        })
    }
}

impl Group {
    fn new(kind: Kind) -> Self {
        Self { kind, words: String::new(), contradictions: Vec::new(), rows: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.words.is_empty() && self.rows.is_empty()
    }

    fn has_calls(&self) -> bool {
        self.rows.iter().any(|row| matches!(row.what, What::Call { .. }))
    }

    /// Whether a call that starts at this time belongs to this wave: others are under way, or the last one was
    /// answered at once.
    fn is_wave_at(&self, at: f64) -> bool {
        let under_way = |row: &Row| matches!(row.what, What::Call { ended: false, .. });
        let last_start = self.rows.last().and_then(|row| row.start).unwrap_or(f64::MIN);
        matches!(self.kind, Kind::Wave(_)) && (self.rows.iter().any(under_way) || at - last_start < AT_ONCE)
    }
}

/// Puts events into groups as they come.
#[derive(Default)]
struct Builder {
    groups: Vec<Group>,
    /// When the turn under way began.
    turn: Option<f64>,
    /// How small pictures are shown since the budget of pixels bounds them.
    longest_side: Option<u32>,
    steps: u32,
    waves: u32,
    checking: bool,
}

impl Builder {
    fn add(&mut self, at: f64, event: &Event) {
        match event {
            Event::Planning { step } => {
                self.end_turn(at);
                self.step(*step);
                self.turn = Some(at);
            }
            Event::Thought { step, text } => {
                self.end_turn(at);
                if self.groups.last().is_none_or(|group| group.kind != Kind::Step(*step)) {
                    self.step(*step);
                }
                self.last(|group| group.words.clone_from(text));
            }
            Event::ThoughtContradicted { contradiction, .. } => {
                self.last(|group| group.contradictions.push(contradiction.clone()));
            }
            Event::Replied { model, reply, .. } => {
                self.end_turn(at);
                self.last_turn(|turn| {
                    turn.model.clone_from(model);
                    turn.usage = Some(reply.usage);
                });
            }
            Event::ModelFailed { failure, .. } => {
                self.end_turn(at);
                self.last_turn(|turn| {
                    turn.model.clone_from(&failure.model);
                    turn.trouble = Some(failure.message.clone());
                });
            }
            Event::Misunderstood { message } => {
                self.last_turn(|turn| turn.trouble = Some(message.clone()));
            }
            Event::TimeUp => {
                self.end_turn(at);
                self.last_turn(|turn| _ = turn.trouble.get_or_insert_with(|| "the time was up".to_owned()));
            }
            Event::PicturesShrunk { longest_side, .. } => self.longest_side = Some(*longest_side),
            Event::CallRefused { record } => {
                self.started(at, &record.call);
                self.ended(at, record);
            }
            Event::CallStarted { call } => self.started(at, call),
            Event::CallEnded { record } => self.ended(at, record),
            Event::Drafted { draft } => {
                self.end_turn(at);
                self.drafted(&draft.text);
            }
            _ => {}
        }
    }

    fn step(&mut self, number: u32) {
        self.steps = number;
        self.checking = false;
        // Asked again, after a reply that nothing came of.
        if self.groups.last().is_none_or(|group| group.kind != Kind::Step(number) || group.has_calls()) {
            self.groups.push(Group::new(Kind::Step(number)));
        }
    }

    fn last(&mut self, change: impl FnOnce(&mut Group)) {
        if let Some(group) = self.groups.last_mut() {
            change(group);
        }
    }

    /// The turn that is under way is over.
    fn end_turn(&mut self, at: f64) {
        if let Some(start) = self.turn.take() {
            let turn = Turn { longest_side: self.longest_side, ..Turn::default() };
            self.last(|group| {
                group.rows.push(Row { what: What::Turn(turn), start: Some(start), seconds: at - start });
            });
        }
    }

    fn last_turn(&mut self, change: impl FnOnce(&mut Turn)) {
        let row = self.groups.last_mut().and_then(|group| group.rows.last_mut());
        if let Some(Row { what: What::Turn(turn), .. }) = row {
            change(turn);
        }
    }

    fn drafted(&mut self, text: &str) {
        self.checking = true;
        match self.groups.last_mut() {
            // The turn that was asked for a step gave the draft, perhaps after a thought.
            Some(group) if !group.has_calls() => {
                group.kind = Kind::Draft;
                if group.words.is_empty() {
                    text.clone_into(&mut group.words);
                }
            }
            _ => self.groups.push(Group { words: text.to_owned(), ..Group::new(Kind::Draft) }),
        }
    }

    fn started(&mut self, at: f64, call: &ToolCall) {
        // A text that is only checked has neither steps nor a draft before its first check.
        self.checking |= call.id.0.starts_with(CHECK);
        if self.checking && !self.groups.last().is_some_and(|group| group.is_wave_at(at)) {
            self.waves += 1;
            self.groups.push(Group::new(Kind::Wave(self.waves)));
        } else if self.groups.is_empty() {
            self.step(1);
        }
        let call = CallEntry {
            id: call.id.clone(),
            tool: call.tool.clone(),
            arguments: without_bytes(&call.arguments),
            outcome: Outcome::Value(serde_json::Value::Null),
            cached: false,
            seconds: 0.0,
            attempts: 0,
            repairs: Vec::new(),
            models: None,
        };
        let what = What::Call { call, ended: false };
        self.last(|group| group.rows.push(Row { what, start: Some(at), seconds: 0.0 }));
    }

    fn ended(&mut self, at: f64, record: &CallRecord) {
        let rows = self.groups.iter_mut().rev().flat_map(|group| group.rows.iter_mut().rev());
        let open = rows.filter_map(|row| match &mut row.what {
            What::Call { call, ended: ended @ false } => Some((call, ended, row.start, &mut row.seconds)),
            _ => None,
        });
        let found = open.into_iter().find(|(call, ..)| call.id == record.call.id);
        if let Some((call, ended, start, seconds)) = found {
            *call = call_entry(record);
            *ended = true;
            // Ends of calls that run side by side are told in the order of the calls: the record knows better.
            *seconds = record.elapsed.as_secs_f64().min((at - start.unwrap_or(at)).max(0.0));
        }
    }
}
