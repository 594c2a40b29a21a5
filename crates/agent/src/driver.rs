//! The thin driver: asks, dispatches, verifies, and tells what happens.

use std::{sync::Arc, time::Instant};

use lavr_model::{ChatModel, ModelError, ModelErrorKind, Reply, StreamEvent, TurnRequest, collect_observed};
use lavr_prompt::Library;
use lavr_tool::{CancellationToken, Dispatcher};
use lavr_types::{Answer, Draft, Event, ImageId, ToolSpec, Usage};
use lavr_verify::Verifier;

use crate::{AgentError, FixedPlanner, Limits, ModelPlanner, Next, Planner, Run};

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
        let start = Instant::now();
        let before = self.dispatcher.counts();
        let tools: Vec<&ToolSpec> = self.dispatcher.registry().specs().collect();
        loop {
            if cancel.is_cancelled() {
                return Err(AgentError::Cancelled);
            }
            let left = run.limits().time.saturating_sub(start.elapsed());
            if left.is_zero() {
                run.out_of_time();
            }
            let noted = run.notes().len();
            match run.next(self.planner.as_ref(), &tools)? {
                Next::Ask(request) => {
                    observer(&Event::Planning { step: run.step_number() });
                    let reply = tokio::time::timeout(left, self.turn(*request, cancel, observer)).await;
                    match reply {
                        Ok(Ok(reply)) => run.replied(self.planner.as_ref(), &tools, &reply),
                        Ok(Err(error)) if error.kind == ModelErrorKind::Cancelled => {
                            return Err(AgentError::Cancelled);
                        }
                        Ok(Err(error)) => run.model_failed(&error),
                        Err(_) => run.out_of_time(),
                    }
                }
                Next::Call(calls) => {
                    tell_thought(&run, observer);
                    for call in &calls {
                        observer(&Event::CallStarted { call: call.clone() });
                    }
                    let ended = |record: &lavr_types::CallRecord| {
                        observer(&Event::CallEnded { record: record.clone() });
                    };
                    let records = self.dispatcher.dispatch_observed(calls, cancel, &ended).await;
                    run.called(records);
                }
                Next::Verify(draft) => {
                    if !run.thought().is_empty() {
                        tell_thought(&run, observer);
                    }
                    observer(&Event::Drafted { draft: draft.clone() });
                    let checked = self.verify(&draft, &run.images(), cancel, observer).await;
                    if cancel.is_cancelled() {
                        return Err(AgentError::Cancelled);
                    }
                    let after = self.dispatcher.counts();
                    let usage = Usage {
                        tool_calls: after.ran - before.ran,
                        cached_calls: after.cached - before.cached,
                        elapsed: start.elapsed(),
                        ..checked.models
                    };
                    run.verified(checked.text, checked.claims, checked.notes, usage);
                }
                Next::Done(answer) => {
                    observer(&Event::Answered { answer: (*answer).clone() });
                    return Ok(*answer);
                }
            }
            for note in &run.notes()[noted..] {
                observer(&Event::Note { text: note.clone() });
            }
        }
    }

    async fn turn(
        &self,
        request: TurnRequest,
        cancel: &CancellationToken,
        observer: Observer<'_>,
    ) -> Result<Reply, ModelError> {
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
        collect_observed(&model.capabilities().name, stream, &tell).await
    }

    async fn verify(
        &self,
        draft: &Draft,
        images: &[ImageId],
        cancel: &CancellationToken,
        observer: Observer<'_>,
    ) -> Checked {
        let Some(verifier) = &self.verifier else {
            let notes = vec!["no verifier is set up: the answer was not checked".to_owned()];
            return Checked { text: draft.text.clone(), claims: Vec::new(), notes, models: Usage::default() };
        };
        let verification = verifier.verify_draft(draft, images, cancel, &|event| observer(&event)).await;
        Checked {
            text: verification.text,
            claims: verification.claims,
            notes: verification.notes,
            models: verification.usage,
        }
    }
}

/// Tells a thought, and where it contradicts what was seen.
fn tell_thought(run: &Run, observer: Observer<'_>) {
    let step = run.step_number();
    observer(&Event::Thought { step, text: run.thought().to_owned() });
    for contradiction in run.contradictions() {
        observer(&Event::ThoughtContradicted { step, contradiction: contradiction.clone() });
    }
}

struct Checked {
    text: String,
    claims: Vec<lavr_types::CheckedClaim>,
    notes: Vec<String>,
    /// What the verifier's models cost.
    models: Usage,
}
