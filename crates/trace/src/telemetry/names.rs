//! Every name that leaves for OpenTelemetry: the `GenAI` semantic conventions (status: development; read 2026-11,
//! repository `open-telemetry/semantic-conventions-genai`), and our own under `lavr.`.

/// What a span is of.
pub(crate) const OPERATION: &str = "gen_ai.operation.name";
/// [`OPERATION`] of a run.
pub(crate) const INVOKE_AGENT: &str = "invoke_agent";
/// [`OPERATION`] of a turn of a chat model.
pub(crate) const CHAT: &str = "chat";
/// [`OPERATION`] of a call of a tool.
pub(crate) const EXECUTE_TOOL: &str = "execute_tool";

/// Whose flavor of telemetry it is. A trace does not tell who serves a model, so it is ours: [`PROVIDER_LAVR`].
pub(crate) const PROVIDER: &str = "gen_ai.provider.name";
pub(crate) const PROVIDER_LAVR: &str = "lavr";
pub(crate) const AGENT_NAME: &str = "gen_ai.agent.name";
pub(crate) const AGENT_VERSION: &str = "gen_ai.agent.version";
/// The run.
pub(crate) const CONVERSATION: &str = "gen_ai.conversation.id";
pub(crate) const REQUEST_MODEL: &str = "gen_ai.request.model";
pub(crate) const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
pub(crate) const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
pub(crate) const CACHED_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";
pub(crate) const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
pub(crate) const TOOL_NAME: &str = "gen_ai.tool.name";
pub(crate) const TOOL_CALL: &str = "gen_ai.tool.call.id";
pub(crate) const TOOL_TYPE: &str = "gen_ai.tool.type";
/// [`TOOL_TYPE`] of a tool that runs on the agent's side.
pub(crate) const FUNCTION: &str = "function";
pub(crate) const TOOL_DESCRIPTION: &str = "gen_ai.tool.description";
/// The kind of a failure; [`OTHER_ERROR`] where there is none.
pub(crate) const ERROR_TYPE: &str = "error.type";
pub(crate) const OTHER_ERROR: &str = "_OTHER";

/// The event that carries a verdict.
pub(crate) const EVALUATION: &str = "gen_ai.evaluation.result";
/// What is evaluated: the kind of the claim behind [`CLAIM_PREFIX`].
pub(crate) const EVALUATION_NAME: &str = "gen_ai.evaluation.name";
pub(crate) const CLAIM_PREFIX: &str = "lavr.claim.";
/// `supported`, `contradicted` or `insufficient`.
pub(crate) const EVALUATION_LABEL: &str = "gen_ai.evaluation.score.label";
/// How sure the verifier is, 0 to 1.
pub(crate) const EVALUATION_SCORE: &str = "gen_ai.evaluation.score.value";

// Texts: opt-in by the conventions.
pub(crate) const INPUT_MESSAGES: &str = "gen_ai.input.messages";
pub(crate) const OUTPUT_MESSAGES: &str = "gen_ai.output.messages";
pub(crate) const TOOL_ARGUMENTS: &str = "gen_ai.tool.call.arguments";
pub(crate) const TOOL_RESULT: &str = "gen_ai.tool.call.result";
pub(crate) const EVALUATION_EXPLANATION: &str = "gen_ai.evaluation.explanation";

/// What was asked for: `ask`, `caption`, `verify`, ...
pub(crate) const TASK: &str = "lavr.task";
/// The step of the planner, from 1.
pub(crate) const STEP: &str = "lavr.step";
/// Whether the evidence cache answered.
pub(crate) const CACHED: &str = "lavr.tool.cached";
/// The words of the draft that make the claim. A text.
pub(crate) const CLAIM: &str = "lavr.claim";

/// The instrumentation scope, and the service where the environment names none (`OTEL_SERVICE_NAME`).
pub(crate) const SCOPE: &str = "lavr";
/// Where the collector is, as the environment says: for traces, and for everything.
pub(crate) const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
/// Asks for texts.
pub(crate) const CAPTURE_TEXTS: &str = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
