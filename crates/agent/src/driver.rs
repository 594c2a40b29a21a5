//! The thin driver: a model, a dispatcher and a verifier, put at the service of a run.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use lavr_model::{
    ChatModel, Fit, LEAST_SIDE, ModelError, ModelErrorKind, Reply, StreamEvent, TurnRequest, collect_observed,
};
use lavr_prompt::Library;
use lavr_tool::{CancellationToken, Dispatcher};
use lavr_types::{Amounts, Answer, CallRecord, Draft, Event, ImageId, Size, ToolCall, ToolSpec, Usage};
use lavr_verify::Verifier;

use crate::{
    AgentError, FixedPlanner, Limits, ModelPlanner, Planner, Run, Shrunk,
    drive::{Asked, Verified, World, drive},
};

/// Is told what happens, as it happens.
pub type Observer<'a> = &'a (dyn Fn(&Event) + Send + Sync);

/// Puts an [`Agent`] together.
pub struct AgentBuilder {
    dispatcher: Dispatcher,
    model: Option<Arc<dyn ChatModel>>,
    planner: Option<Arc<dyn Planner>>,
    verifier: Option<Verifier>,
    prompts: Library,
    limits: Limits,
    given: Vec<String>,
    notes: Vec<String>,
}

impl AgentBuilder {
    /// Plans with this model. Without one, a [`FixedPlanner`] looks, reads, measures and answers.
    #[must_use]
    pub fn model(mut self, model: Arc<dyn ChatModel>) -> Self {
        self.model = Some(model);
        self
    }

    /// Plans by a planner of one's own.
    #[must_use]
    pub fn planner(mut self, planner: Arc<dyn Planner>) -> Self {
        self.planner = Some(planner);
        self
    }

    /// Verifies drafts. Without one, drafts are answers, and say that nobody checked them.
    #[must_use]
    pub fn verifier(mut self, verifier: Verifier) -> Self {
        self.verifier = Some(verifier);
        self
    }

    /// With prompts of one's own.
    #[must_use]
    pub fn prompts(mut self, prompts: Library) -> Self {
        self.prompts = prompts;
        self
    }

    /// Within these limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Paths and addresses that the user gave beside the question, such as the names of files: see
    /// [`Run::with_given`].
    #[must_use]
    pub fn given<T: Into<String>>(mut self, given: impl IntoIterator<Item = T>) -> Self {
        self.given.extend(given.into_iter().map(Into::into));
        self
    }

    /// Each answer says this: something a reader has to know of how the agent is set up.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The agent.
    ///
    /// # Errors
    /// When a prompt of the user's is faulty.
    pub fn build(self) -> Result<Agent, AgentError> {
        let planner: Arc<dyn Planner> = match (self.planner, &self.model) {
            (Some(planner), _) => planner,
            (None, Some(model)) => Arc::new(ModelPlanner::new(model.capabilities(), &self.prompts)?),
            (None, None) => Arc::new(FixedPlanner),
        };
        Ok(Agent {
            dispatcher: self.dispatcher,
            model: self.model,
            planner,
            verifier: self.verifier,
            limits: self.limits,
            given: self.given,
            notes: self.notes,
        })
    }
}

/// Answers questions about images: plans, calls tools, verifies.
pub struct Agent {
    dispatcher: Dispatcher,
    model: Option<Arc<dyn ChatModel>>,
    planner: Arc<dyn Planner>,
    verifier: Option<Verifier>,
    limits: Limits,
    given: Vec<String>,
    notes: Vec<String>,
}

impl Agent {
    /// An agent that calls tools through this dispatcher.
    pub fn builder(dispatcher: Dispatcher) -> AgentBuilder {
        AgentBuilder {
            dispatcher,
            model: None,
            planner: None,
            verifier: None,
            prompts: Library::built_in(),
            limits: Limits::default(),
            given: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Answers a question about images of the dispatcher's store.
    ///
    /// # Errors
    /// When the question or the images are missing, a prompt is faulty, or the caller gives up. Whatever
    /// fails on the way (a tool, the model) becomes a note of the answer.
    pub async fn ask(
        &self,
        question: &str,
        images: &[ImageId],
        cancel: &CancellationToken,
        observer: Observer<'_>,
    ) -> Result<Answer, AgentError> {
        let store = self.dispatcher.images();
        let images = images
            .iter()
            .map(|&id| Ok((id, store.size_of(id)?)))
            .collect::<Result<Vec<_>, lavr_image::ImageError>>()?;
        let run = Run::new(question, images, self.limits)?.with_given(&self.given);
        let run = self.notes.iter().fold(run, Run::with_note);
        self.resume(run, cancel, observer).await
    }

    /// Goes on with a run from wherever it stands.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn resume(
        &self,
        mut run: Run,
        cancel: &CancellationToken,
        observer: Observer<'_>,
    ) -> Result<Answer, AgentError> {
        let world = Live {
            agent: self,
            cancel,
            start: Instant::now(),
            time: run.limits().time,
            last_turn: Mutex::default(),
        };
        let tools: Vec<&ToolSpec> = self.dispatcher.registry().specs().collect();
        run.set_price(self.model.as_ref().and_then(|model| model.capabilities().price));
        drive(&world, self.planner.as_ref(), &tools, run, observer).await
    }

    async fn turn(
        &self,
        request: TurnRequest,
        cancel: &CancellationToken,
        observer: Observer<'_>,
    ) -> Result<(String, Reply), ModelError> {
        let Some(model) = &self.model else {
            let message = "the planner asks a model, but none is given to the agent";
            return Err(ModelError::new(ModelErrorKind::Other, "planner", message));
        };
        // Dropped with this future (time is up): the model stops then, too.
        let own_cancel = cancel.child_token();
        let _guard = own_cancel.clone().drop_guard();
        let stream = model.stream(request, own_cancel).await?;
        let tell = |event: &StreamEvent| {
            if let StreamEvent::Text { text } | StreamEvent::Reasoning { text } = event {
                observer(&Event::Delta { text: text.clone() });
            }
        };
        let name = &model.capabilities().name;
        Ok((name.clone(), collect_observed(name, stream, &tell).await?))
    }
}

/// The world as it is: a model, a dispatcher, a verifier, and a clock.
struct Live<'a> {
    agent: &'a Agent,
    cancel: &'a CancellationToken,
    start: Instant,
    /// How long planning and acting may take.
    time: Duration,
    /// What the last turn of the planner's model cost, with its pictures as small as they get, and how long it took.
    last_turn: Mutex<Option<(Amounts, Duration)>>,
}

impl Live<'_> {
    fn left(&self) -> Duration {
        let left = self.time.saturating_sub(self.start.elapsed());
        left.min(self.agent.dispatcher.budget().time_left().unwrap_or(Duration::MAX))
    }

    /// The pictures that a request shows the planner's model.
    fn pictures(&self, request: &TurnRequest) -> Vec<(ImageId, Size)> {
        let Some(model) = &self.agent.model else { return Vec::new() };
        let images = self.agent.dispatcher.images();
        let size = |image: ImageId| Some((image, images.size_of(image).ok()?));
        request.shown(model.capabilities()).into_iter().filter_map(size).collect()
    }

    fn tell_spent(&self, observer: Observer<'_>) {
        if let Some(spending) = self.agent.dispatcher.budget().spending() {
            observer(&Event::Spent { spending });
        }
    }

    fn not_cancelled(&self) -> Result<(), AgentError> {
        if self.cancel.is_cancelled() { Err(AgentError::Cancelled) } else { Ok(()) }
    }
}

impl World for Live<'_> {
    fn time_is_up(&self, _: &Limits) -> Result<bool, AgentError> {
        self.not_cancelled()?;
        Ok(self.left().is_zero())
    }

    /// A turn with calls is worth asking for where the budget has room for them, and for the turn that answers.
    fn scarce(&self) -> Option<String> {
        let budget = self.agent.dispatcher.budget();
        let last = *self.last_turn.lock().unwrap_or_else(PoisonError::into_inner);
        let one_call = Amounts { calls: 1, ..Amounts::default() };
        let two_turns = last.map_or(one_call, |(turn, _)| turn + turn + one_call);
        let no_time = last.zip(budget.time_left()).is_some_and(|((_, took), left)| left < took * 2);
        (no_time || budget.affords(two_turns).is_err()).then(|| {
            format!("little of the budget was left ({budget}); the answer rests on what was seen until then")
        })
    }

    fn shrunk(&self, request: &TurnRequest, run: &Run) -> Option<Shrunk> {
        let capabilities = self.agent.model.as_ref()?.capabilities();
        let left = self.agent.dispatcher.budget().pixels_left()?;
        let fit = Fit::new(&self.pictures(request), capabilities.longest_side, left);
        let left_out = fit.left_out.len() as u32;
        let smaller = fit.longest_side.filter(|side| request.longest_side.is_none_or(|now| *side < now));
        let more_left_out = left_out > run.shrunk().map_or(0, |before| before.left_out);
        let now = request.longest_side.unwrap_or(LEAST_SIDE);
        let longest_side = smaller.or_else(|| more_left_out.then_some(now))?;
        Some(Shrunk { turns: run.turns().len(), longest_side, left_out })
    }

    async fn ask(
        &self,
        request: TurnRequest,
        _: &Limits,
        observer: Observer<'_>,
    ) -> Result<Asked, AgentError> {
        let asked = Instant::now();
        let least = Fit::least(&self.pictures(&request));
        let before = self.agent.dispatcher.budget().spent();
        let turn = self.agent.turn(request, self.cancel, observer);
        let turn = tokio::time::timeout(self.left(), turn).await;
        let mut cost = self.agent.dispatcher.budget().spent() - before;
        // The next one may show its pictures smaller.
        cost.pixels = cost.pixels.min(least);
        *self.last_turn.lock().unwrap_or_else(PoisonError::into_inner) = Some((cost, asked.elapsed()));
        self.tell_spent(observer);
        match turn {
            Ok(Ok((model, reply))) => Ok(Asked::Replied { model, reply, elapsed: asked.elapsed() }),
            Ok(Err(error)) if error.kind == ModelErrorKind::Cancelled => Err(AgentError::Cancelled),
            Ok(Err(error)) => Ok(Asked::Failed { error, elapsed: asked.elapsed() }),
            Err(_) => Ok(Asked::TimeUp),
        }
    }

    async fn call(
        &self,
        calls: Vec<ToolCall>,
        observer: Observer<'_>,
    ) -> Result<Vec<CallRecord>, AgentError> {
        let ended = |record: &CallRecord| observer(&Event::CallEnded { record: record.clone() });
        // When the time is up, what has ended is kept and the rest is given up.
        let in_time = self.cancel.child_token();
        let mut work = pin!(self.agent.dispatcher.dispatch_observed(calls, &in_time, &ended));
        let records = if let Ok(records) = tokio::time::timeout(self.left(), &mut work).await {
            records
        } else {
            in_time.cancel();
            work.await
        };
        self.tell_spent(observer);
        Ok(records)
    }

    async fn verify(
        &self,
        draft: &Draft,
        images: &[ImageId],
        acted: Usage,
        observer: Observer<'_>,
    ) -> Result<Verified, AgentError> {
        let (text, claims, notes, checked) = if let Some(verifier) = &self.agent.verifier {
            let result = verifier.verify_draft(draft, images, self.cancel, &|event| observer(&event)).await;
            (result.text, result.claims, result.notes, result.usage)
        } else {
            let note = "no verifier is set up: the answer was not checked".to_owned();
            observer(&Event::Note { text: note.clone() });
            (draft.text.clone(), Vec::new(), vec![note], Usage::default())
        };
        self.not_cancelled()?;
        self.tell_spent(observer);
        let mut usage = acted;
        usage += checked;
        usage.elapsed = self.start.elapsed();
        Ok(Verified { text, claims, notes, usage })
    }
}
