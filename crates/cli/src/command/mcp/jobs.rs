//! What the server offers beyond single tools: a text verified, a question answered, a picture described.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use lavr_agent::Agent;
use lavr_image::ImageStore;
use lavr_mcp::{Job, JobContext, JobResult, arguments, job_spec};
use lavr_prompt::Library;
use lavr_report::{Document, annotate};
use lavr_tool::{Dispatcher, ToolError};
use lavr_types::{Answer, ImageId, Observation, ToolSpec, Trust, Verdict};
use lavr_verify::Verifier;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::{
    arguments::{self as options, Checking, ModelChoice, Planning, Policy},
    command::{caption::describe, verify::checked},
    planning,
    setup::Setup,
};

/// What the jobs share. Models are loaded when a job first needs them: a server has to answer at once.
pub(super) struct Parts {
    setup: Setup,
    dispatcher: Dispatcher,
    prompts: Library,
    models: ModelChoice,
    planning: Planning,
    checking: Checking,
    policy: Policy,
    verifier: OnceCell<Verifier>,
    agent: OnceCell<(Agent, Option<String>)>,
}

impl Parts {
    pub(super) fn new(setup: Setup, dispatcher: Dispatcher, prompts: Library, mcp: &options::Mcp) -> Self {
        Self {
            setup,
            dispatcher,
            prompts,
            models: mcp.models.clone(),
            planning: mcp.planning.clone(),
            checking: mcp.checking,
            policy: mcp.unverified,
            verifier: OnceCell::new(),
            agent: OnceCell::new(),
        }
    }

    async fn verifier(&self) -> Result<&Verifier, ToolError> {
        let make = || async {
            let model = self.setup.checking_model(&self.checking, &self.models).await?;
            Setup::verifier(&self.dispatcher, self.policy, &self.checking, model.as_ref(), &self.prompts)
        };
        self.verifier.get_or_try_init(make).await.map_err(|error| not_set_up(&error))
    }

    async fn agent(&self) -> Result<&(Agent, Option<String>), ToolError> {
        let make = || async {
            let model = self.setup.planner(&self.models).await?;
            let verifier =
                Setup::verifier(&self.dispatcher, self.policy, &self.checking, Some(&model), &self.prompts)?;
            let chosen =
                planning::planner(&self.setup, &self.planning, model, &self.dispatcher, &self.prompts);
            let (planner, note) = chosen.await?;
            let builder =
                Agent::builder(self.dispatcher.clone()).verifier(verifier).prompts(self.prompts.clone());
            Ok((planner.install(builder).build()?, note))
        };
        self.agent.get_or_try_init(make).await.map_err(|error| not_set_up(&error))
    }
}

fn not_set_up(error: &anyhow::Error) -> ToolError {
    ToolError::unavailable(format!("this needs something that is not set up here: {error:#}"))
}

fn failed(error: &anyhow::Error) -> ToolError {
    ToolError::failed(format!("{error:#}"))
}

/// `verify`.
pub(super) struct Verify {
    parts: Arc<Parts>,
    spec: ToolSpec,
}

/// Arguments of `verify`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct VerifyArguments {
    /// The picture.
    image: ImageId,
    /// The text about the picture.
    text: String,
    /// Also give the picture with boxes, labels and verdicts drawn on it.
    #[serde(default)]
    annotate: bool,
}

impl Verify {
    pub(super) fn new(parts: &Arc<Parts>) -> Self {
        let description = "Checks every claim of a text about a picture against its pixels and rewrites what is wrong. \
            Gives the corrected text, and each claim with its verdict (supported, contradicted, insufficient), the reason \
            and the evidence.";
        Self { parts: Arc::clone(parts), spec: job_spec::<VerifyArguments, Document>("verify", description) }
    }
}

#[async_trait]
impl Job for Verify {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn run(&self, given: serde_json::Value, context: &JobContext<'_>) -> Result<JobResult, ToolError> {
        let VerifyArguments { image, text, annotate } = arguments(given)?;
        if text.trim().is_empty() {
            return Err(ToolError::invalid_arguments("the text to check is empty"));
        }
        let verifier = self.parts.verifier().await?;
        let start = Instant::now();
        let answer = checked(verifier, &text, &[image], context.cancel, context.tell).await;
        let mut answer = answer.map_err(|error| failed(&error))?;
        answer.usage.elapsed = start.elapsed();
        result(&answer, &[image], annotate, context.images)
    }
}

/// `ask`.
pub(super) struct Ask {
    parts: Arc<Parts>,
    spec: ToolSpec,
}

/// Arguments of `ask`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AskArguments {
    /// The pictures that the question is about.
    #[schemars(length(min = 1))]
    images: Vec<ImageId>,
    /// The question.
    question: String,
    /// Also give the first picture with boxes, labels and verdicts drawn on it.
    #[serde(default)]
    annotate: bool,
}

impl Ask {
    pub(super) fn new(parts: &Arc<Parts>) -> Self {
        let description = "Answers a question about pictures: plans, calls expert tools, drafts an answer and checks every \
            claim of it against the pixels. Gives the corrected answer, its claims with verdicts, and the steps.";
        Self { parts: Arc::clone(parts), spec: job_spec::<AskArguments, Document>("ask", description) }
    }
}

#[async_trait]
impl Job for Ask {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn run(&self, given: serde_json::Value, context: &JobContext<'_>) -> Result<JobResult, ToolError> {
        let AskArguments { images, question, annotate } = arguments(given)?;
        let (agent, note) = self.parts.agent().await?;
        let answer = agent.ask(&question, &images, context.cancel, context.tell).await;
        let mut answer = answer.map_err(|error| failed(&error.into()))?;
        answer.notes.splice(0..0, note.clone());
        result(&answer, &images, annotate, context.images)
    }
}

/// `caption`: in the place of the expert of that name, whose description it checks.
pub(super) struct Caption {
    parts: Arc<Parts>,
    spec: ToolSpec,
}

/// Arguments of `caption`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CaptionArguments {
    /// The picture.
    image: ImageId,
    /// Also give the picture with boxes, labels and verdicts drawn on it.
    #[serde(default)]
    annotate: bool,
}

impl Caption {
    pub(super) fn new(parts: &Arc<Parts>) -> Self {
        let description = "Describes a picture, then checks every claim of the description against the pixels and rewrites \
            what is wrong.";
        Self {
            parts: Arc::clone(parts),
            spec: job_spec::<CaptionArguments, Document>("caption", description),
        }
    }
}

#[async_trait]
impl Job for Caption {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn run(&self, given: serde_json::Value, context: &JobContext<'_>) -> Result<JobResult, ToolError> {
        let CaptionArguments { image, annotate } = arguments(given)?;
        let verifier = self.parts.verifier().await?;
        let start = Instant::now();
        let described = describe(&self.parts.dispatcher, image, context.cancel, context.tell).await;
        let (described, step) = described.map_err(|error| failed(&error))?;
        let answer = checked(verifier, &described.text, &[image], context.cancel, context.tell).await;
        let mut answer = answer.map_err(|error| failed(&error))?;
        answer.notes.splice(0..0, described.unseen);
        answer.usage += step.usage();
        answer.steps.push(step);
        answer.usage.elapsed = start.elapsed();
        result(&answer, &[image], annotate, context.images)
    }
}

/// The answer as clients get it: the document of `--json`, and a text with what was changed and what is left open.
fn result(
    answer: &Answer,
    images: &[ImageId],
    draw: bool,
    store: &Arc<ImageStore>,
) -> Result<JobResult, ToolError> {
    let pictures: Vec<_> = images.iter().map(|id| (*id, id.to_string())).collect();
    let document = serde_json::to_value(Document::new(answer, store, &pictures))
        .map_err(|error| ToolError::failed("the answer could not be written as JSON").caused_by(error))?;
    let evidence = answer.claims.iter().flat_map(|claim| claim.judgement.evidence.clone()).collect();
    let mut observation = Observation::new(document).with_evidence(evidence);
    let calls =
        answer.steps.iter().flat_map(|step| &step.calls).filter_map(|call| call.outcome.as_ref().ok());
    if calls.into_iter().any(|seen| seen.trust == Trust::Untrusted) {
        observation = observation.untrusted();
    }
    if let Some(&first) = images.first().filter(|_| draw) {
        let drawn = annotate(answer, first, store)
            .map_err(|error| ToolError::failed("the picture could not be drawn on").caused_by(error))?;
        observation.show.push(store.insert(drawn)?);
    }
    Ok(JobResult { observation, text: text(answer) })
}

fn text(answer: &Answer) -> String {
    let mut lines = vec![answer.text.clone()];
    for claim in &answer.claims {
        let said = claim.claim.span.of(&answer.draft).unwrap_or_default();
        let reason = &claim.judgement.reason;
        match (claim.judgement.verdict, &claim.replacement) {
            (Verdict::Contradicted, Some(now)) => {
                lines.push(format!("changed: \"{said}\" -> \"{now}\": {reason}"));
            }
            (Verdict::Contradicted, None) => lines.push(format!("contradicted: \"{said}\": {reason}")),
            (Verdict::Insufficient, _) => lines.push(format!("not verified: \"{said}\": {reason}")),
            (Verdict::Supported, _) => {}
        }
    }
    lines.extend(answer.notes.iter().map(|note| format!("note: {note}")));
    lines.join("\n")
}
