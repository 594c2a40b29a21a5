//! A turn's messages as every dialect needs them: each picture in its place or told in words, results beside the calls that
//! they answer, and what a service wants back unchanged.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use lavr_model::{Message, Part, Role, TurnRequest};
use lavr_types::{CallId, ImageId, ToolCall};
use serde_json::Value;

use crate::images::{Encoded, Pictures};

/// What one speaker says.
#[derive(Debug)]
pub(crate) struct Line<'t> {
    pub(crate) role: Role,
    pub(crate) pieces: Vec<Piece<'t>>,
}

#[derive(Debug)]
pub(crate) enum Piece<'t> {
    Text(Cow<'t, str>),
    Picture(&'t Encoded),
    Call(&'t ToolCall),
    /// In lines of [`Role::Tool`] only, which have nothing else.
    Outcome(Outcome<'t>),
    /// A whole turn of the assistant in the service's own form; the only piece of its line.
    Verbatim(&'t Value),
}

/// What came back from a call.
#[derive(Debug)]
pub(crate) struct Outcome<'t> {
    /// The call's id as the service knows it.
    pub(crate) call: &'t str,
    /// The tool; empty where the call is not in the conversation.
    pub(crate) tool: &'t str,
    pub(crate) text: Cow<'t, str>,
    pub(crate) failed: bool,
    /// Pictures, and words in their place, where the service takes them here.
    pub(crate) pictures: Vec<Piece<'t>>,
}

impl Outcome<'_> {
    /// The text, for services that have no mark of their own for a failure.
    pub(crate) fn marked_text(&self) -> Cow<'_, str> {
        if self.failed { format!("FAILED: {}", self.text).into() } else { Cow::Borrowed(&self.text) }
    }
}

/// How a dialect wants its conversation.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    /// The mark of turns that came from this dialect; `None` where it wants none back.
    pub(crate) service: Option<&'static str>,
    /// The calls in such a turn, in order, by their ids where they have any.
    pub(crate) call_ids: fn(&Value) -> Vec<Option<&str>>,
    /// Whether pictures stand within results; else they follow in a line of the user.
    pub(crate) pictures_in_outcomes: bool,
}

/// Puts the conversation in order. `pictures` has the images that are shown ([`TurnRequest::shown`]).
pub(crate) fn lines<'t>(turn: &'t TurnRequest, manner: Manner, pictures: &'t Pictures) -> Vec<Line<'t>> {
    let mut writer = Writer {
        manner,
        pictures,
        sent: HashSet::new(),
        calls: HashMap::new(),
        lines: Vec::new(),
        following: Vec::new(),
    };
    for message in &turn.messages {
        if message.role == Role::Tool {
            writer.results(message);
        } else {
            // All results of one turn stand together, so what follows them comes after the last.
            writer.flush();
            writer.message(message);
        }
    }
    writer.flush();
    writer.lines
}

struct Writer<'t> {
    manner: Manner,
    pictures: &'t Pictures,
    /// One copy of an image is enough.
    sent: HashSet<ImageId>,
    /// Of each call so far: its id at the service, and its tool.
    calls: HashMap<&'t CallId, (&'t str, &'t str)>,
    lines: Vec<Line<'t>>,
    /// Pictures that came with results and wait for the line that will carry them.
    following: Vec<Piece<'t>>,
}

impl<'t> Writer<'t> {
    fn flush(&mut self) {
        let pieces = std::mem::take(&mut self.following);
        if !pieces.is_empty() {
            self.lines.push(Line { role: Role::User, pieces });
        }
    }

    fn message(&mut self, message: &'t Message) {
        let calls: Vec<&ToolCall> = message.parts.iter().filter_map(call).collect();
        let verbatim = message.parts.iter().find_map(|part| self.own_turn(part, &calls));
        for (place, call) in calls.iter().enumerate() {
            let own = verbatim.as_ref().and_then(|(_, ids)| ids.get(place).copied().flatten());
            self.calls.insert(&call.id, (own.unwrap_or(&call.id.0), &call.tool));
        }
        let pieces = match verbatim {
            Some((value, _)) => vec![Piece::Verbatim(value)],
            None => message.parts.iter().filter_map(|part| self.piece(part, message.role)).collect(),
        };
        if !pieces.is_empty() {
            self.lines.push(Line { role: message.role, pieces });
        }
    }

    /// The turn as this dialect's service gave it. One whose calls were changed since is told in the other parts.
    fn own_turn(&self, part: &'t Part, calls: &[&ToolCall]) -> Option<(&'t Value, Vec<Option<&'t str>>)> {
        let Part::Verbatim { verbatim } = part else { return None };
        let own = self.manner.service.is_some_and(|service| service == verbatim.service);
        let ids = if own { (self.manner.call_ids)(&verbatim.value) } else { return None };
        (ids.len() == calls.len()).then_some((&verbatim.value, ids))
    }

    fn piece(&mut self, part: &'t Part, role: Role) -> Option<Piece<'t>> {
        Some(match part {
            // Some services refuse a text without a character.
            Part::Text { text } if text.is_empty() => return None,
            Part::Text { text } => Piece::Text(text.into()),
            Part::Image { image, alternative } => self.picture(*image, alternative, role),
            Part::ToolCall { call } => Piece::Call(call),
            Part::ToolResult { call, value, failed } => {
                let failed = if *failed { "FAILED: " } else { "" };
                Piece::Text(format!("Result of {call}: {failed}{}", text_of(value)).into())
            }
            Part::Verbatim { .. } => return None,
        })
    }

    fn picture(&mut self, image: ImageId, alternative: &str, role: Role) -> Piece<'t> {
        match self.pictures.get(&image).filter(|_| role.takes_images()) {
            Some(picture) if self.sent.insert(image) => Piece::Picture(picture),
            Some(_) => Piece::Text(format!("[image {image}, shown before: {alternative}]").into()),
            None => Piece::Text(format!("[image {image}, not shown: {alternative}]").into()),
        }
    }

    /// The outcomes of a message, and what cannot stand within them.
    fn results(&mut self, message: &'t Message) {
        let mut outcomes: Vec<Outcome<'t>> = Vec::new();
        // Pictures name no call: they belong to the outcome before them.
        let mut introduced = None;
        for part in &message.parts {
            match part {
                Part::ToolResult { call, value, failed } => {
                    let (call, tool) = self.calls.get(call).copied().unwrap_or((&call.0, ""));
                    let outcome =
                        Outcome { call, tool, text: text_of(value), failed: *failed, pictures: Vec::new() };
                    outcomes.push(outcome);
                }
                Part::Image { image, alternative } => {
                    let picture = self.picture(*image, alternative, Role::Tool);
                    match outcomes.last_mut() {
                        Some(outcome) if self.manner.pictures_in_outcomes => outcome.pictures.push(picture),
                        Some(outcome) => {
                            if introduced != Some(outcome.call) {
                                introduced = Some(outcome.call);
                                self.following
                                    .push(Piece::Text(format!("Images of {}:", outcome.call).into()));
                            }
                            self.following.push(picture);
                        }
                        None => self.following.push(picture),
                    }
                }
                Part::Text { text } => self.following.push(Piece::Text(text.into())),
                // A call has no place among results.
                Part::ToolCall { .. } | Part::Verbatim { .. } => {}
            }
        }
        if outcomes.is_empty() {
            return;
        }
        let outcomes = outcomes.into_iter().map(Piece::Outcome);
        match self.lines.last_mut() {
            Some(line) if line.role == Role::Tool => line.pieces.extend(outcomes),
            _ => self.lines.push(Line { role: Role::Tool, pieces: outcomes.collect() }),
        }
    }
}

fn call(part: &Part) -> Option<&ToolCall> {
    match part {
        Part::ToolCall { call } => Some(call),
        _ => None,
    }
}

fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => text.into(),
        value => value.to_string().into(),
    }
}
