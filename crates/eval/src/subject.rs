//! What can be evaluated: a bare model, an agent, an agent with a verifier, a verifier, another program's answers.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
    time::Instant,
};

use async_trait::async_trait;
use lavr_agent::Agent;
use lavr_model::{CancellationToken, ChatModel, Message, Part, Role, TurnRequest, collect};
use lavr_tool::Dispatcher;
use lavr_types::{
    CallId, Capability, ImageId, ToolCall, Usage,
    perception::{Caption, Detections},
};
use lavr_verify::{Thresholds, Verification, Verifier, Woodpecker};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use crate::{EvalError, Response, Sample, SpanVerdict, Task, results};

/// The most tokens of a bare model's answer.
const ANSWER_TOKENS: usize = 512;

/// The most tokens of a judge's verdict: a word, and the start of a sentence from models that can't do with one.
const VERDICT_TOKENS: usize = 16;

/// Something that answers samples.
#[async_trait]
pub trait Subject: Send + Sync {
    /// Its name, for tables and records. Two subjects that could answer differently have different names.
    fn name(&self) -> String;

    /// Whether it can do such a task at all; asked before a run starts.
    fn can(&self, task: &Task) -> bool;

    /// Whether it looks at pictures. One that does not is given none, and they need not be there.
    fn looks(&self) -> bool {
        true
    }

    /// Answers. A failure is a response that says so: one sample never ends a run.
    async fn answer(&self, sample: &Sample, image: Option<ImageId>, cancel: &CancellationToken) -> Response;
}

/// A chat model that is asked with the picture and nothing else.
pub struct BareModel {
    model: Arc<dyn ChatModel>,
    max_tokens: usize,
}

impl BareModel {
    /// Evaluates this model. Where it sees no images it gets the question alone, which measures its prejudice.
    pub fn new(model: Arc<dyn ChatModel>) -> Self {
        Self { model, max_tokens: ANSWER_TOKENS }
    }

    /// This model as a judge, whose verdict is a word.
    pub fn judge(model: Arc<dyn ChatModel>) -> Self {
        Self { model, max_tokens: VERDICT_TOKENS }
    }
}

#[async_trait]
impl Subject for BareModel {
    fn name(&self) -> String {
        format!("model {}", self.model.capabilities().name)
    }

    fn can(&self, task: &Task) -> bool {
        matches!(task, Task::Question(_) | Task::Describe(_))
    }

    fn looks(&self) -> bool {
        self.model.capabilities().images
    }

    async fn answer(&self, sample: &Sample, image: Option<ImageId>, cancel: &CancellationToken) -> Response {
        let (Task::Question(text) | Task::Describe(text)) = &sample.task else {
            return Response::failed("a bare model only answers and describes");
        };
        let start = Instant::now();
        let image = image.filter(|_| self.model.capabilities().images);
        let picture = image.map(|image| Part::Image { image, alternative: "the picture".into() });
        let parts = picture.into_iter().chain([Part::Text { text: text.clone() }]).collect();
        let request = TurnRequest {
            messages: vec![Message { role: Role::User, parts }],
            max_tokens: self.max_tokens,
            ..TurnRequest::default()
        };
        let name = &self.model.capabilities().name;
        let reply = match self.model.stream(request, cancel.clone()).await {
            Ok(stream) => collect(name, stream).await,
            Err(error) => Err(error),
        };
        match reply {
            Ok(reply) => Response {
                usage: Usage {
                    elapsed: start.elapsed(),
                    ..reply.usage.spent(self.model.capabilities().price)
                },
                ..Response::text(reply.text)
            },
            Err(error) => Response::failed(error.to_string()),
        }
    }
}

/// An agent, with or without a verifier.
pub struct AgentSubject {
    name: String,
    agent: Agent,
}

impl AgentSubject {
    /// Evaluates an agent; the name says what it is made of.
    pub fn new(name: impl Into<String>, agent: Agent) -> Self {
        Self { name: name.into(), agent }
    }
}

#[async_trait]
impl Subject for AgentSubject {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn can(&self, task: &Task) -> bool {
        matches!(task, Task::Question(_) | Task::Describe(_))
    }

    async fn answer(&self, sample: &Sample, image: Option<ImageId>, cancel: &CancellationToken) -> Response {
        let (Task::Question(text) | Task::Describe(text)) = &sample.task else {
            return Response::failed("an agent only answers and describes");
        };
        let images: Vec<ImageId> = image.into_iter().collect();
        match self.agent.ask(text, &images, cancel, &|_| ()).await {
            Ok(answer) => Response {
                draft: (answer.draft != answer.text).then_some(answer.draft),
                text: answer.text,
                usage: answer.usage,
                ..Response::default()
            },
            Err(error) => Response::failed(error.to_string()),
        }
    }
}

/// The description that an expert gives, with or without a verifier behind it.
pub struct Captioner {
    dispatcher: Dispatcher,
    verifier: Option<Verifier>,
}

impl Captioner {
    /// Evaluates the expert that describes pictures.
    pub fn new(dispatcher: Dispatcher, verifier: Option<Verifier>) -> Self {
        Self { dispatcher, verifier }
    }
}

#[async_trait]
impl Subject for Captioner {
    fn name(&self) -> String {
        let with = if self.verifier.is_some() { " with verifier" } else { "" };
        format!("captioner{with}")
    }

    fn can(&self, task: &Task) -> bool {
        matches!(task, Task::Describe(_))
    }

    async fn answer(&self, _: &Sample, image: Option<ImageId>, cancel: &CancellationToken) -> Response {
        let start = Instant::now();
        let Some(image) = image else { return Response::failed("there is no picture to describe") };
        let described =
            call::<Caption>(&self.dispatcher, Capability::Caption, json!({ "image": image }), cancel);
        let text = match described.await {
            Ok(caption) => caption.text,
            Err(failure) => return Response::failed(failure),
        };
        let mut response = match &self.verifier {
            Some(verifier) => verified(verifier, &text, image, cancel).await,
            None => Response::text(text),
        };
        response.usage.tool_calls += 1;
        response.usage.elapsed = start.elapsed();
        response
    }
}

/// The expert that finds objects.
pub struct Detector(Dispatcher);

impl Detector {
    /// Evaluates the detector of this dispatcher.
    pub fn new(dispatcher: Dispatcher) -> Self {
        Self(dispatcher)
    }
}

#[async_trait]
impl Subject for Detector {
    fn name(&self) -> String {
        let specs = self.0.registry().with_capability(Capability::Detect);
        let names: Vec<String> = specs.map(|spec| format!("{} {}", spec.name, spec.version)).collect();
        format!("detector {}", names.first().map_or("none", String::as_str))
    }

    fn can(&self, task: &Task) -> bool {
        matches!(task, Task::Detect)
    }

    async fn answer(&self, _: &Sample, image: Option<ImageId>, cancel: &CancellationToken) -> Response {
        let start = Instant::now();
        let Some(image) = image else { return Response::failed("there is no picture to look at") };
        // Average precision ranks by score: everything down to a low one counts.
        let arguments = json!({ "image": image, "threshold": 0.05 });
        match call::<Detections>(&self.0, Capability::Detect, arguments, cancel).await {
            Ok(found) => Response {
                objects: found.objects,
                usage: Usage { tool_calls: 1, elapsed: start.elapsed(), ..Usage::default() },
                ..Response::default()
            },
            Err(failure) => Response::failed(failure),
        }
    }
}

/// Calls the first tool of a capability.
async fn call<T: DeserializeOwned>(
    dispatcher: &Dispatcher,
    capability: Capability,
    arguments: serde_json::Value,
    cancel: &CancellationToken,
) -> Result<T, String> {
    let Some(spec) = dispatcher.registry().with_capability(capability).next() else {
        return Err(format!("no tool here has the capability {capability:?}"));
    };
    let call = ToolCall { id: CallId("call_1".into()), tool: spec.name.clone(), arguments };
    let record = dispatcher.dispatch(vec![call], cancel).await.pop();
    match record.map(|record| record.outcome) {
        Some(Ok(observation)) => serde_json::from_value(observation.value).map_err(|error| error.to_string()),
        Some(Err(failure)) => Err(failure.message),
        None => Err("the tool gave no result".into()),
    }
}

/// Checks and mends texts: the verifier, or what it is measured against.
#[async_trait]
pub trait Mender: Send + Sync {
    /// The text, held against the picture and mended.
    async fn mend(&self, text: &str, image: ImageId, cancel: &CancellationToken) -> Verification;
}

#[async_trait]
impl Mender for Verifier {
    async fn mend(&self, text: &str, image: ImageId, cancel: &CancellationToken) -> Verification {
        self.verify(text, &[image], cancel, &|_| ()).await
    }
}

#[async_trait]
impl Mender for Woodpecker {
    async fn mend(&self, text: &str, image: ImageId, cancel: &CancellationToken) -> Verification {
        self.verify(text, &[image], cancel, &|_| ()).await
    }
}

/// Makes what is evaluated, over the experts of a dispatcher, for a detector of these thresholds.
pub type MakeMender = dyn Fn(Dispatcher, &Thresholds) -> Result<Box<dyn Mender>, EvalError> + Send + Sync;

/// A verifier of texts.
pub struct VerifierSubject {
    name: String,
    verifier: Box<dyn Mender>,
}

impl VerifierSubject {
    /// Evaluates a verifier; the name says what it is made of.
    pub fn new(name: impl Into<String>, verifier: Box<dyn Mender>) -> Self {
        Self { name: name.into(), verifier }
    }
}

#[async_trait]
impl Subject for VerifierSubject {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn can(&self, task: &Task) -> bool {
        matches!(task, Task::Verify(_))
    }

    async fn answer(&self, sample: &Sample, image: Option<ImageId>, cancel: &CancellationToken) -> Response {
        let (Task::Verify(text), Some(image)) = (&sample.task, image) else {
            return Response::failed("a verifier needs a text and a picture");
        };
        verified(&*self.verifier, text, image, cancel).await
    }
}

/// What a verifier makes of a text.
pub(crate) async fn verified(
    verifier: &dyn Mender,
    text: &str,
    image: ImageId,
    cancel: &CancellationToken,
) -> Response {
    let result = verifier.mend(text, image, cancel).await;
    let verdicts = result.claims.iter().map(|claim| SpanVerdict {
        span: claim.claim.span,
        verdict: claim.judgement.verdict,
        reason: claim.judgement.reason.clone(),
    });
    Response {
        draft: (result.text != text).then(|| text.to_owned()),
        verdicts: verdicts.collect(),
        usage: result.usage,
        text: result.text,
        ..Response::default()
    }
}

/// Leaves every text as it is: what a verifier must beat.
pub struct Unchanged;

#[async_trait]
impl Subject for Unchanged {
    fn name(&self) -> String {
        "unchanged".into()
    }

    fn can(&self, task: &Task) -> bool {
        matches!(task, Task::Verify(_))
    }

    fn looks(&self) -> bool {
        false
    }

    async fn answer(&self, sample: &Sample, _: Option<ImageId>, _: &CancellationToken) -> Response {
        match &sample.task {
            Task::Verify(text) => Response::text(text.clone()),
            _ => Response::failed("there is no text"),
        }
    }
}

/// Another program's answers, from a file of JSON lines `{"id": ..., "text": ...}`, or in COCO's layout of results.
#[derive(Debug)]
pub struct Answers {
    name: String,
    answers: HashMap<String, Response>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(alias = "question_id", alias = "sample", deserialize_with = "name_of")]
    id: String,
    #[serde(alias = "answer", alias = "response", alias = "caption")]
    text: String,
    #[serde(default)]
    draft: Option<String>,
    #[serde(default)]
    verdicts: Vec<SpanVerdict>,
    #[serde(default)]
    objects: Vec<lavr_types::perception::Detection>,
}

/// Programs number their answers or name them.
fn name_of<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Name {
        Text(String),
        Number(u64),
    }
    Ok(match Name::deserialize(deserializer)? {
        Name::Text(text) => text,
        Name::Number(number) => number.to_string(),
    })
}

impl Answers {
    /// Reads a file of answers.
    ///
    /// # Errors
    /// When it can't be read, a line is no answer, or two answer the same sample.
    pub fn read(path: &Path) -> Result<Self, EvalError> {
        let text = std::fs::read_to_string(path).map_err(EvalError::file(path, "read"))?;
        let name = format!("answers of {}", path.display());
        if results::is_list(&text) {
            return Ok(Self { name, answers: results::read(&text, path)? });
        }
        let mut answers = HashMap::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let data = |message| EvalError::Data { path: path.into(), line: Some(index + 1), message };
            let line: Line = serde_json::from_str(line)
                .map_err(|error| data(format!("{error}; expected {{\"id\": ..., \"text\": ...}}")))?;
            let response = Response {
                draft: line.draft,
                verdicts: line.verdicts,
                objects: line.objects,
                ..Response::text(line.text)
            };
            if answers.insert(line.id.clone(), response).is_some() {
                return Err(data(format!("`{}` is answered twice", line.id)));
            }
        }
        Ok(Self { name, answers })
    }

    /// How many of the samples have an answer.
    pub fn known<'s>(&self, samples: impl IntoIterator<Item = &'s Sample>) -> usize {
        let names: HashSet<&str> = samples.into_iter().map(|sample| sample.id.as_str()).collect();
        names.into_iter().filter(|name| self.answers.contains_key(*name)).count()
    }
}

#[async_trait]
impl Subject for Answers {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn can(&self, _: &Task) -> bool {
        true
    }

    fn looks(&self) -> bool {
        false
    }

    async fn answer(&self, sample: &Sample, _: Option<ImageId>, _: &CancellationToken) -> Response {
        self.answers
            .get(&sample.id)
            .cloned()
            .unwrap_or_else(|| Response::failed(format!("the file of answers has none for `{}`", sample.id)))
    }
}
