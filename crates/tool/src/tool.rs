//! The two traits: one that authors write, one that the registry holds.

use std::{future::Future, time::Duration};

use async_trait::async_trait;
use lavr_types::{Capability, Concurrency, Observation, ToolSpec};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{ToolContext, ToolError};

/// What an author writes: a tool with Rust types for its arguments and its output.
///
/// The doc comments of `Args` become the descriptions in the schema that a planner reads.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tool",
    note = "implement `lavr_tool::Tool` (NAME, DESCRIPTION, Args, Output, call), \
            or `lavr_tool::DynTool` for a tool whose schema is known only at run time"
)]
pub trait Tool: Send + Sync + 'static {
    /// Its name: lower case letters, digits and `_`.
    const NAME: &'static str;
    /// What it does and when to use it, for the planner.
    const DESCRIPTION: &'static str;
    /// What kind of question it answers. Tools of one capability give the same output type
    /// ([`lavr_types::perception`]), so that one can stand in for another.
    const CAPABILITY: Capability = Capability::Other;
    /// Raised when the same call may give another result.
    const VERSION: u32 = 1;
    /// Whether its calls may run side by side.
    const CONCURRENCY: Concurrency = Concurrency::Shared;
    /// How long one call may take.
    const TIMEOUT: Duration = Duration::from_secs(120);
    /// Whether equal arguments give an equal observation.
    const CACHEABLE: bool = true;
    /// Whether a call made twice does no more than one made once: one that timed out may then be made again.
    const IDEMPOTENT: bool = true;
    /// Whether somebody has to approve each call before it runs.
    const NEEDS_APPROVAL: bool = false;
    /// Whether a chat model does its looking: what that model is shown is then paid for, not what the arguments name.
    const ASKS_MODEL: bool = false;

    /// Its arguments.
    type Args: DeserializeOwned + JsonSchema + Send;
    /// What the planner gets.
    type Output: Serialize + JsonSchema + Send;

    /// The network that it looks with, by its name in the catalogue, where another may stand in its place.
    fn network(&self) -> Option<String> {
        None
    }

    /// Runs one call. Work that keeps a core busy belongs into [`ToolContext::blocking`].
    ///
    /// # Errors
    /// When the tool cannot give an observation; the message tells the planner how to mend it.
    fn call(
        &self,
        args: Self::Args,
        context: &ToolContext,
    ) -> impl Future<Output = Result<Observation<Self::Output>, ToolError>> + Send;
}

/// What the registry holds: a tool whose arguments and output are JSON.
#[async_trait]
pub trait DynTool: Send + Sync {
    /// What is known of it without calling it.
    fn spec(&self) -> &ToolSpec;

    /// Runs one call. The dispatcher has checked the arguments against the schema.
    ///
    /// # Errors
    /// When the tool cannot give an observation.
    async fn call(&self, arguments: Value, context: &ToolContext) -> Result<Observation<Value>, ToolError>;
}

/// Makes a [`Tool`] a [`DynTool`].
pub(crate) struct Typed<T> {
    tool: T,
    spec: ToolSpec,
}

impl<T: Tool> Typed<T> {
    pub(crate) fn new(tool: T) -> Self {
        let spec = ToolSpec {
            name: T::NAME.to_owned(),
            description: T::DESCRIPTION.to_owned(),
            version: T::VERSION,
            arguments: schema_of::<T::Args>(true),
            output: schema_of::<T::Output>(false),
            capability: T::CAPABILITY,
            concurrency: T::CONCURRENCY,
            timeout: T::TIMEOUT,
            cacheable: T::CACHEABLE,
            idempotent: T::IDEMPOTENT,
            needs_approval: T::NEEDS_APPROVAL,
            asks_model: T::ASKS_MODEL,
            network: tool.network(),
        };
        Self { tool, spec }
    }
}

/// Subschemas stand in place: small planners and most providers do not follow `$ref`.
fn schema_of<T: JsonSchema>(closed: bool) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.remove("title");
    if closed {
        // An argument that is not known is a mistake to point out, not to pass over.
        schema.insert("additionalProperties".into(), Value::Bool(false));
    }
    schema.to_value()
}

#[async_trait]
impl<T: Tool> DynTool for Typed<T> {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: Value, context: &ToolContext) -> Result<Observation<Value>, ToolError> {
        let args = serde_json::from_value(arguments)
            .map_err(|error| ToolError::invalid_arguments(format!("the arguments do not fit: {error}")))?;
        let Observation { value, evidence, show, trust } = self.tool.call(args, context).await?;
        let value = serde_json::to_value(value)
            .map_err(|error| ToolError::failed("the result could not be written as JSON").caused_by(error))?;
        Ok(Observation { value, evidence, show, trust })
    }
}
