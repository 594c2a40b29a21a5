//! What a server offers beyond single tools: work of several calls that tells how far it is.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use lavr_image::ImageStore;
use lavr_tool::{CancellationToken, ToolError};
use lavr_types::{Capability, Event, Observation, ToolSpec};
use schemars::JsonSchema;
use serde_json::Value;

use super::listing;

/// How long a job may take: it is the client who gives up.
const MOST_TIME: Duration = Duration::from_secs(3600);

/// Work of several calls, such as verifying a text, offered to clients as one tool.
#[async_trait]
pub trait Job: Send + Sync {
    /// Its name, description and schemas. A job hides the tool of the registry that has the same name.
    fn spec(&self) -> &ToolSpec;

    /// Does the work. Images in the arguments are ids; the rest is as the client wrote it ([`arguments`] reads it).
    ///
    /// # Errors
    /// When it cannot be done; the message tells the client how to mend it.
    async fn run(&self, arguments: Value, context: &JobContext<'_>) -> Result<JobResult, ToolError>;
}

/// What is known of a job, from the Rust types of its arguments and its value.
pub fn job_spec<A: JsonSchema, V: JsonSchema>(name: &str, description: &str) -> ToolSpec {
    let mut arguments = listing::schema_of::<A>();
    arguments.remove("description");
    ToolSpec {
        output: Value::Object(listing::schema_of::<V>()),
        // It only looks, as experts do.
        capability: Capability::Answer,
        timeout: MOST_TIME,
        ..ToolSpec::new(name, description, Value::Object(arguments))
    }
}

/// The arguments of a job as a Rust type.
///
/// # Errors
/// When they do not fit it; the message says which.
pub fn arguments<T: serde::de::DeserializeOwned>(arguments: Value) -> Result<T, ToolError> {
    serde_json::from_value(arguments)
        .map_err(|error| ToolError::invalid_arguments(format!("the arguments do not fit: {error}")))
}

/// What a running job may reach.
pub struct JobContext<'a> {
    /// The image store.
    pub images: &'a Arc<ImageStore>,
    /// Cancelled when the client gave up.
    pub cancel: &'a CancellationToken,
    /// Takes what happens, for the client's progress display.
    pub tell: &'a (dyn Fn(&Event) + Send + Sync),
}

/// What a job gave.
#[derive(Debug, Clone)]
pub struct JobResult {
    /// As a tool's: the value for programs, evidence, images to show.
    pub observation: Observation<Value>,
    /// What a model reads in place of the value: short, without boxes and costs.
    pub text: String,
}
