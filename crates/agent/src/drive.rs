//! The loop that moves a run: asks, calls, verifies, and tells what happens. What it needs from outside comes from a
//! [`World`]: the live one ([`crate::Agent`]), or what was recorded ([`crate::replay`]). Both tell the same events.

use std::time::Duration;

use lavr_model::{ModelError, Reply, TurnRequest};
use lavr_types::{
    Answer, CallRecord, CheckedClaim, Contradiction, Draft, Event, Fingerprint, ImageId, ToolCall, ToolSpec,
    Usage,
};

use crate::{AgentError, Limits, Next, Observer, Planner, Run, Shrunk, Turn, run::refused_record};

/// What a run needs from outside. What happens while it waits (calls that end, a text that grows) the world tells by
/// itself; what a run is fed in the end, the loop tells.
pub(crate) trait World: Sync {
    /// Whether the time for planning is over.
    ///
    /// # Errors
    /// When the run cannot go on.
    fn time_is_up(&self, limits: &Limits) -> Result<bool, AgentError>;

    /// Why the planner must answer now, where little of the budget is left.
    fn scarce(&self) -> Option<String>;

    /// How the pictures of a request have to be made smaller, where the budget of pixels has no room for them; `None` where
    /// that is how they are.
    fn shrunk(&self, request: &TurnRequest, run: &Run) -> Option<Shrunk>;

    /// Asks the planner's model.
    ///
    /// # Errors
    /// When the run cannot go on.
    fn ask(
        &self,
        request: TurnRequest,
        limits: &Limits,
        observer: Observer<'_>,
    ) -> impl Future<Output = Result<Asked, AgentError>> + Send;

    /// Runs independent calls and gives their records, in the order of the calls.
    ///
    /// # Errors
    /// When the run cannot go on.
    fn call(
        &self,
        calls: Vec<ToolCall>,
        observer: Observer<'_>,
    ) -> impl Future<Output = Result<Vec<CallRecord>, AgentError>> + Send;

    /// Verifies a draft. `acted` is what the calls were that the run acted on: the cost tells of them, too.
    ///
    /// # Errors
    /// When the run cannot go on.
    fn verify(
        &self,
        draft: &Draft,
        images: &[ImageId],
        acted: Usage,
        observer: Observer<'_>,
    ) -> impl Future<Output = Result<Verified, AgentError>> + Send;
}

/// What came of asking the planner's model.
pub(crate) enum Asked {
    Replied { model: String, reply: Reply, elapsed: Duration },
    Failed { error: ModelError, elapsed: Duration },
    TimeUp,
}

/// A verified draft.
pub(crate) struct Verified {
    pub(crate) text: String,
    pub(crate) claims: Vec<CheckedClaim>,
    pub(crate) notes: Vec<String>,
    /// The calls that the run acted on, and what the verifier cost: its calls and its models.
    pub(crate) usage: Usage,
}

/// Moves a run to its end.
///
/// # Errors
/// When a prompt is faulty, or the world cannot go on.
pub(crate) async fn drive<W: World>(
    world: &W,
    planner: &dyn Planner,
    tools: &[&ToolSpec],
    mut run: Run,
    observer: Observer<'_>,
) -> Result<Answer, AgentError> {
    observer(&started(&run, planner, tools));
    let mut told = Told::at(&run);
    let (mut time_up, mut fitted) = (false, false);
    loop {
        if world.time_is_up(run.limits())? && !time_up {
            time_up = true;
            observer(&Event::TimeUp);
            run.out_of_time();
        }
        if run.is_planning()
            && let Some(why) = world.scarce()
        {
            observer(&Event::BudgetLow { why: why.clone() });
            run.answer_now(why);
        }
        let next = run.next(planner, tools)?;
        told.tell(&run, observer);
        match next {
            Next::Ask(request) => {
                // The planner tells the sizes of the pictures: it has to know before it asks.
                if !std::mem::replace(&mut fitted, true)
                    && let Some(Shrunk { longest_side, left_out, .. }) = world.shrunk(&request, &run)
                {
                    observer(&Event::PicturesShrunk { longest_side, left_out });
                    run.shrink_pictures(longest_side, left_out);
                    continue;
                }
                fitted = false;
                let step = run.step_number();
                observer(&Event::Planning { step });
                let fingerprint = request.fingerprint();
                let asked = world.ask(*request, run.limits(), observer).await?;
                observer(&came_of(step, fingerprint, &asked));
                match asked {
                    Asked::Replied { reply, .. } => run.replied(planner, tools, &reply),
                    Asked::Failed { error, .. } => run.model_failed(&error),
                    Asked::TimeUp => {
                        time_up = true;
                        run.out_of_time();
                    }
                }
            }
            Next::Call(calls) => {
                tell_step(&run, observer);
                run.called(world.call(calls, observer).await?);
                told.turns = run.turns().len();
                if !run.awaiting().is_empty() {
                    for call in run.awaiting() {
                        observer(&Event::AwaitingApproval { call: call.clone() });
                    }
                    return Err(AgentError::Suspended(Box::new(run)));
                }
            }
            Next::Verify(draft) => {
                if !run.thought().is_empty() {
                    tell_thought(run.step_number(), run.thought(), run.contradictions(), observer);
                }
                observer(&Event::Drafted { draft: draft.clone() });
                let Verified { text, claims, notes, usage } =
                    world.verify(&draft, &run.images(), run.acted(), observer).await?;
                observer(&Event::Verified {
                    text: text.clone(),
                    claims: claims.clone(),
                    notes: notes.clone(),
                    usage,
                });
                run.verified(text, claims, notes, usage);
                // The verifier has told its notes as they came.
                told.notes = run.notes().len();
            }
            Next::Done(answer) => {
                observer(&Event::Answered { answer: (*answer).clone() });
                return Ok(*answer);
            }
        }
    }
}

/// How much of a run has been told.
struct Told {
    turns: usize,
    notes: usize,
}

impl Told {
    /// What a run says that was taken up again has been told before.
    fn at(run: &Run) -> Self {
        let turns = run.turns().len();
        Self { turns, notes: if turns == 0 { 0 } else { run.notes().len() } }
    }

    /// Tells what came about without the world.
    fn tell(&mut self, run: &Run, observer: Observer<'_>) {
        let is_step = |turn: &&Turn| matches!(turn, Turn::Step { .. });
        let mut number = run.turns()[..self.turns].iter().filter(is_step).count() as u32;
        for turn in &run.turns()[self.turns..] {
            match turn {
                Turn::Feedback { message, .. } => {
                    observer(&Event::Misunderstood { message: message.clone() });
                }
                // All its calls were turned down.
                Turn::Step { step, .. } => {
                    number += 1;
                    tell_thought(number, &step.thought, &step.contradictions, observer);
                    for record in &step.calls {
                        observer(&Event::CallRefused { record: record.clone() });
                    }
                }
            }
        }
        for note in &run.notes()[self.notes..] {
            observer(&Event::Note { text: note.clone() });
        }
        *self = Self { turns: run.turns().len(), notes: run.notes().len() };
    }
}

fn tell_thought(step: u32, thought: &str, contradictions: &[Contradiction], observer: Observer<'_>) {
    observer(&Event::Thought { step, text: thought.to_owned() });
    for contradiction in contradictions {
        observer(&Event::ThoughtContradicted { step, contradiction: contradiction.clone() });
    }
}

/// Tells of the step that is under way: its thought, and each of its calls.
fn tell_step(run: &Run, observer: Observer<'_>) {
    tell_thought(run.step_number(), run.thought(), run.contradictions(), observer);
    for (call, repairs, refused) in run.under_way() {
        observer(&match refused {
            None => Event::CallStarted { call: call.clone() },
            Some(failure) => Event::CallRefused { record: refused_record(call, repairs, failure) },
        });
        // The record of one that was turned down has them.
        if refused.is_none() && !repairs.is_empty() {
            observer(&Event::CallMended { call: call.id.clone(), repairs: repairs.to_vec() });
        }
    }
}

fn started(run: &Run, planner: &dyn Planner, tools: &[&ToolSpec]) -> Event {
    // Strings, numbers and lists alone: neither can fail to be written.
    let written = |value: Result<_, serde_json::Error>| value.unwrap_or_default();
    Event::Started {
        run: written(serde_json::to_value(run)),
        planner: written(serde_json::to_value(planner.record(run.question(), tools))),
        tools: tools.iter().map(|spec| (*spec).clone()).collect(),
    }
}

fn came_of(step: u32, request: Fingerprint, asked: &Asked) -> Event {
    match asked {
        Asked::Replied { model, reply, elapsed } => {
            Event::Replied { step, model: model.clone(), request, reply: reply.clone(), elapsed: *elapsed }
        }
        Asked::Failed { error, elapsed } => {
            Event::ModelFailed { step, request, failure: error.failure(), elapsed: *elapsed }
        }
        Asked::TimeUp => Event::TimeUp,
    }
}
