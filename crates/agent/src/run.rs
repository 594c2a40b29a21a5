//! One run as a state machine: no I/O, serialisable at any point.

mod decide;
mod records;
mod turn;

use lavr_model::{ModelError, ModelErrorKind, Price, Reply, TurnRequest, Verbatim};
use lavr_prompt::PromptError;
use lavr_types::{
    Answer, CallRecord, CheckedClaim, Contradiction, Draft, Failure, FailureKind, ImageId, Repair, Size,
    Step, ToolCall, ToolSpec, Usage,
};
pub(crate) use records::refused_record;
use records::{PICTURES_LEFT_OUT, is_of, shortcoming, smaller_pictures};
use serde::{Deserialize, Serialize};
pub use turn::Turn;

use crate::{
    AgentError, Decision, FixedPlanner, ImageNames, Limits, Misunderstanding, Plan, Planner, Shrunk,
    Situation, certainty, intake, tool_set::ToolSet,
};

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Ask the model; then [`Run::replied`] or [`Run::model_failed`].
    Ask(Box<TurnRequest>),
    /// Dispatch these calls side by side; then [`Run::called`].
    Call(Vec<ToolCall>),
    /// Verify the draft; then [`Run::verified`].
    Verify(Draft),
    /// Nothing: the answer stands.
    Done(Box<Answer>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
enum Phase {
    Plan,
    Act {
        thought: String,
        #[serde(default)]
        contradictions: Vec<Contradiction>,
        said: Option<String>,
        #[serde(default)]
        verbatim: Option<Verbatim>,
        calls: Vec<Planned>,
    },
    Verify {
        draft: Draft,
        /// The thought before the answer, where a model had one.
        #[serde(default)]
        thought: Option<Step>,
    },
    Done {
        answer: Box<Answer>,
    },
}

/// A call of the step that is under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Planned {
    call: ToolCall,
    /// How it was read where it was not written as the tool asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    repairs: Vec<Repair>,
    /// Why it is not run.
    refused: Option<Failure>,
    /// What became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<CallRecord>,
    /// Whether it was held back until somebody approves it.
    #[serde(default)]
    awaiting: bool,
}

impl Planned {
    fn is_to_run(&self) -> bool {
        self.refused.is_none() && self.record.is_none()
    }
}

/// One run: a question about images, and all that has happened since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    question: String,
    /// Paths and addresses that the user gave beside the question.
    #[serde(default)]
    given: Vec<String>,
    images: Vec<(ImageId, Size)>,
    names: ImageNames,
    limits: Limits,
    /// The tools that it began with.
    #[serde(default)]
    tool_set: ToolSet,
    turns: Vec<Turn>,
    phase: Phase,
    calls_made: u32,
    misunderstood: u32,
    must_answer: bool,
    /// Whether the model is given up and the fixed plan goes on.
    fallback: bool,
    notes: Vec<String>,
    usage: Usage,
    /// What the planner's model costs.
    #[serde(default)]
    price: Option<Price>,
    /// Since when pictures are sent smaller.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shrunk: Vec<Shrunk>,
}

impl Run {
    /// A run that has not begun.
    ///
    /// # Errors
    /// When there is no question or no image.
    pub fn new(question: &str, images: Vec<(ImageId, Size)>, limits: Limits) -> Result<Self, AgentError> {
        let question = question.trim();
        if question.is_empty() {
            return Err(AgentError::EmptyQuestion);
        }
        if images.is_empty() {
            return Err(AgentError::NoImage);
        }
        let mut names = ImageNames::default();
        for (id, _) in &images {
            names.name(*id);
        }
        Ok(Self {
            question: question.to_owned(),
            given: Vec::new(),
            images,
            names,
            limits,
            tool_set: ToolSet::default(),
            turns: Vec::new(),
            phase: Phase::Plan,
            calls_made: 0,
            misunderstood: 0,
            must_answer: limits.steps == 0 || limits.calls == 0,
            fallback: false,
            notes: Vec::new(),
            usage: Usage::default(),
            price: None,
            shrunk: Vec::new(),
        })
    }

    /// With paths and addresses that the user gave beside the question: in options, as names of files. A planner may
    /// use these and those of the question, letter for letter, and no others.
    #[must_use]
    pub fn with_given<T: Into<String>>(mut self, given: impl IntoIterator<Item = T>) -> Self {
        self.given.extend(given.into_iter().map(Into::into));
        self
    }

    /// With something that a reader has to know from the start.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note(note.into());
        self
    }

    /// The turns that follow are paid at this price: that of the planner's model, where it is known.
    pub fn set_price(&mut self, price: Option<Price>) {
        self.price = price;
    }

    /// What has happened so far.
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// The question.
    pub fn question(&self) -> &str {
        &self.question
    }

    /// The images that were asked about.
    pub fn images(&self) -> Vec<ImageId> {
        self.images.iter().map(|(id, _)| *id).collect()
    }

    /// Why the calls of [`Next::Call`] are made, or what the model thought before its answer.
    pub fn thought(&self) -> &str {
        match &self.phase {
            Phase::Act { thought, .. } => thought,
            Phase::Verify { thought: Some(step), .. } => &step.thought,
            _ => "",
        }
    }

    /// Where that thought contradicts what the run has seen.
    pub fn contradictions(&self) -> &[Contradiction] {
        match &self.phase {
            Phase::Act { contradictions, .. } => contradictions,
            Phase::Verify { thought: Some(step), .. } => &step.contradictions,
            _ => &[],
        }
    }

    /// The calls of the step that is under way, each with why it is turned down if it is.
    pub(crate) fn under_way(&self) -> impl Iterator<Item = (&ToolCall, &[Repair], Option<&Failure>)> {
        let calls = if let Phase::Act { calls, .. } = &self.phase { calls.as_slice() } else { &[] };
        let open = calls.iter().filter(|planned| planned.record.is_none());
        open.map(|planned| (&planned.call, planned.repairs.as_slice(), planned.refused.as_ref()))
    }

    /// What bounds the run.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What a reader has to know so far.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The number of the step that is being planned or run, from 1.
    pub fn step_number(&self) -> u32 {
        self.steps_made() + 1
    }

    /// What to do next. Asked twice without news in between, it says the same. The tools of the first time are those
    /// of the whole run: what comes in later, or is another by then, is not there for it.
    ///
    /// # Errors
    /// When a prompt is faulty.
    pub fn next(&mut self, planner: &dyn Planner, tools: &[&ToolSpec]) -> Result<Next, PromptError> {
        self.tool_set.begin(tools);
        loop {
            match &self.phase {
                Phase::Plan => {
                    let own = self.tool_set.of(tools);
                    let mut planner = planner;
                    let mut plan = planner.plan(&self.situation(&own))?;
                    // Without its model a planner still decides what it can decide by itself.
                    if self.fallback && matches!(plan, Plan::Ask(_)) {
                        planner = &FixedPlanner;
                        plan = planner.plan(&self.situation(&own))?;
                    }
                    match plan {
                        Plan::Ask(request) => return Ok(Next::Ask(request)),
                        Plan::Decided(decision) => self.decide(decision, None, None, tools, planner),
                    }
                }
                Phase::Act { calls, .. } => {
                    let to_run: Vec<ToolCall> = calls
                        .iter()
                        .filter(|planned| planned.is_to_run())
                        .map(|planned| planned.call.clone())
                        .collect();
                    if !to_run.is_empty() {
                        return Ok(Next::Call(to_run));
                    }
                    self.called(Vec::new());
                }
                Phase::Verify { draft, .. } => return Ok(Next::Verify(draft.clone())),
                Phase::Done { answer } => return Ok(Next::Done(answer.clone())),
            }
        }
    }

    /// The model replied to [`Next::Ask`].
    pub fn replied(&mut self, planner: &dyn Planner, tools: &[&ToolSpec], reply: &Reply) {
        self.usage += reply.usage.spent(self.price);
        self.tool_set.begin(tools);
        match self.interpret(planner, tools, reply) {
            Ok(decision) => {
                let said = Some(reply.text.clone());
                self.decide(decision, said, reply.verbatim.clone(), tools, planner);
                if let Phase::Verify { draft, .. } = &mut self.phase {
                    draft.tokens = certainty::of_answer(reply, &draft.text);
                }
            }
            Err(misunderstanding) => self.misunderstand(&reply.text, &misunderstanding),
        }
    }

    /// What a reply to [`Next::Ask`] decides, without acting on it.
    ///
    /// # Errors
    /// When it is no decision.
    pub fn interpret(
        &self,
        planner: &dyn Planner,
        tools: &[&ToolSpec],
        reply: &Reply,
    ) -> Result<Decision, Misunderstanding> {
        if intake::is_too_long(reply) {
            return Err(Misunderstanding("Your reply was too long to be read. Be brief.".into()));
        }
        planner.read(&self.situation(&self.tool_set.of(tools)), reply)
    }

    /// The model gave no reply to [`Next::Ask`]: the run goes on without it.
    pub fn model_failed(&mut self, error: &ModelError) {
        if error.kind == ModelErrorKind::OverBudget {
            self.answer_now(format!("{}; the answer rests on what was seen until then", error.message));
        } else {
            self.note(format!("the planner's model failed ({error}); a fixed plan went on without it"));
        }
        self.fallback = true;
    }

    /// The calls of [`Next::Call`] ended, in their order. Those that wait for approval ([`Self::awaiting`]) hold up the
    /// step, and are what [`Self::next`] says again; what the others saw is kept.
    pub fn called(&mut self, records: Vec<CallRecord>) {
        let Phase::Act { calls, .. } = &mut self.phase else { return };
        for (planned, mut record) in calls.iter_mut().filter(|planned| planned.is_to_run()).zip(records) {
            planned.awaiting = is_of(&record, FailureKind::AwaitingApproval);
            if !planned.awaiting {
                record.repairs.splice(0..0, std::mem::take(&mut planned.repairs));
                self.usage += record.models;
                planned.record = Some(record);
            }
        }
        if self.awaiting().is_empty() {
            self.end_step();
        }
    }

    /// The calls that wait for somebody to approve them.
    pub fn awaiting(&self) -> Vec<&ToolCall> {
        let Phase::Act { calls, .. } = &self.phase else { return Vec::new() };
        calls.iter().filter(|planned| planned.awaiting).map(|planned| &planned.call).collect()
    }

    fn end_step(&mut self) {
        let Phase::Act { thought, contradictions, said, verbatim, calls } =
            std::mem::replace(&mut self.phase, Phase::Plan)
        else {
            return;
        };
        let calls: Vec<CallRecord> = calls
            .into_iter()
            .filter_map(|planned| match planned.refused {
                Some(failure) => Some(refused_record(&planned.call, &planned.repairs, &failure)),
                None => planned.record,
            })
            .collect();
        for record in &calls {
            for &image in record.outcome.iter().flat_map(|observation| &observation.show) {
                self.names.name(image);
            }
            if let Some(note) = shortcoming(record) {
                self.note(note);
            }
        }
        if let Some(record) = calls.iter().find(|record| is_of(record, FailureKind::OverBudget))
            && let Err(failure) = &record.outcome
        {
            self.note(failure.message.clone());
            self.must_answer = true;
        }
        self.turns.push(Turn::Step { step: Step { thought, contradictions, calls }, said, verbatim });
        if !self.must_answer
            && (self.steps_made() >= self.limits.steps || self.calls_made >= self.limits.calls)
        {
            self.note("the limit of steps was reached; the answer rests on what was seen until then".into());
            self.must_answer = true;
        }
    }

    /// No more calls: the planner must answer from what it has, and the answer says why.
    pub fn answer_now(&mut self, why: String) {
        if !self.must_answer {
            self.note(why);
        }
        self.must_answer = true;
    }

    /// From now on the planner's model is sent smaller pictures, with this longest side in pixels, at most; so many of its next
    /// request it is told of in words, since not even so small they fit.
    pub fn shrink_pictures(&mut self, longest_side: u32, left_out: u32) {
        if self.shrunk.is_empty() {
            self.note(smaller_pictures(longest_side));
        }
        if left_out > 0 {
            self.note(PICTURES_LEFT_OUT.into());
        }
        self.shrunk.push(Shrunk { turns: self.turns.len(), longest_side, left_out });
    }

    /// How pictures are sent since they were made smaller for the last time.
    pub fn shrunk(&self) -> Option<&Shrunk> {
        self.shrunk.last()
    }

    /// Whether the planner is to decide next, and may still make calls.
    pub(crate) fn is_planning(&self) -> bool {
        matches!(self.phase, Phase::Plan) && !self.must_answer
    }

    /// The images that the run knows: those that were asked about, and those that its tools made.
    pub(crate) fn known_images(&self) -> &[ImageId] {
        self.names.ids()
    }

    /// The calls that were acted on so far, before and after the run was put away; not what they had others do, which is
    /// counted as they end.
    pub(crate) fn acted(&self) -> Usage {
        self.records().map(CallRecord::own).sum()
    }

    /// Time is up: the planner must answer from what it has.
    pub fn out_of_time(&mut self) {
        if !self.must_answer {
            self.note("time was up; the answer rests on what was seen until then".into());
        }
        self.must_answer = true;
        self.fallback = true;
    }

    /// The draft of [`Next::Verify`] was verified (or left as it is, without claims).
    pub fn verified(&mut self, text: String, claims: Vec<CheckedClaim>, notes: Vec<String>, usage: Usage) {
        let Phase::Verify { draft, thought } = self.phase.clone() else { return };
        notes.into_iter().for_each(|note| self.note(note));
        self.usage += usage;
        let steps = self.turns.iter().filter_map(|turn| match turn {
            Turn::Step { step, .. } => Some(step.clone()),
            Turn::Feedback { .. } => None,
        });
        let answer = Answer {
            question: Some(self.question.clone()),
            draft: draft.text,
            text,
            claims,
            steps: steps.chain(thought).collect(),
            notes: self.notes.clone(),
            usage: self.usage,
        };
        self.phase = Phase::Done { answer: Box::new(answer) };
    }

    fn situation<'a>(&'a self, tools: &'a [&'a ToolSpec]) -> Situation<'a> {
        Situation {
            question: &self.question,
            images: &self.images,
            names: &self.names,
            tools,
            turns: &self.turns,
            must_answer: self.must_answer,
            limits: &self.limits,
            shrunk: &self.shrunk,
        }
    }

    fn records(&self) -> impl Iterator<Item = &CallRecord> {
        self.turns.iter().flat_map(Turn::records)
    }

    fn steps_made(&self) -> u32 {
        self.turns.iter().filter(|turn| matches!(turn, Turn::Step { .. })).count() as u32
    }

    fn misunderstand(&mut self, said: &str, misunderstanding: &Misunderstanding) {
        let said = intake::beginning(said);
        self.turns.push(Turn::Feedback { said, message: misunderstanding.0.clone() });
        self.misunderstood += 1;
        if self.misunderstood > self.limits.misunderstandings {
            self.note(format!(
                "the planner's model made no sense {} times in a row; a fixed plan went on without it",
                self.misunderstood
            ));
            self.fallback = true;
        }
    }

    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}
