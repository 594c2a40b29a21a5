//! Tools: how one is written, where they are kept, how calls of them are run.
//!
//! An author implements [`Tool`] with Rust types for arguments and output; the [`Registry`] holds it as a
//! [`DynTool`]; the [`Dispatcher`] checks arguments against the schema, runs independent calls side by side,
//! and contains timeouts, panics and cancellation. What fails it tries to repair, rung by rung
//! ([`DispatcherOptions`]), and [`Faulty`] makes tools fail on purpose. Images travel by id through the
//! [`ToolContext`].
//!
//! ```
//! use lavr_tool::{Dispatcher, Registry, Tool, ToolContext, ToolError};
//! use lavr_types::{CallId, ImageId, Observation, ToolCall};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! struct Brightness;
//!
//! /// Arguments of `brightness`.
//! #[derive(Deserialize, JsonSchema)]
//! struct Args {
//!     /// The image to measure.
//!     image: ImageId,
//! }
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Output {
//!     /// Mean of all channels, 0 to 255.
//!     mean: f64,
//! }
//!
//! impl Tool for Brightness {
//!     const NAME: &'static str = "brightness";
//!     const DESCRIPTION: &'static str = "Measures how bright an image is.";
//!     type Args = Args;
//!     type Output = Output;
//!
//!     async fn call(&self, args: Args, context: &ToolContext) -> Result<Observation<Output>, ToolError> {
//!         let pixels = context.image(args.image)?.pixels;
//!         let sum: f64 = pixels.as_raw().iter().copied().map(f64::from).sum();
//!         Ok(Observation::new(Output { mean: sum / pixels.as_raw().len() as f64 }))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let registry = Registry::new().with(Brightness)?;
//! let dispatcher = Dispatcher::new(registry, Default::default());
//! let image = dispatcher.images().insert(lavr_image::RgbImage::new(8, 8))?;
//! let call = ToolCall {
//!     id: CallId("call_1".into()),
//!     tool: "brightness".into(),
//!     arguments: serde_json::json!({ "image": image }),
//! };
//! let records = dispatcher.dispatch(vec![call], &Default::default()).await;
//! assert_eq!(records[0].outcome.as_ref().unwrap().value["mean"], 0.0);
//! # Ok(())
//! # }
//! ```

mod approval;
mod arguments;
mod attempt;
mod breaker;
mod cache;
mod context;
mod cost;
mod dice;
mod dispatcher;
mod error;
mod faults;
mod ladder;
mod mend;
mod meter;
mod registry;
mod retry;
mod schema;
mod tool;

pub use approval::{Approval, Approver};
pub use arguments::{bound, is_deeper};
pub use breaker::Breaker;
pub use cache::{named, sorted};
pub use context::{Caller, ToolContext};
pub use dispatcher::{Counts, Dispatcher, DispatcherOptions, Limits};
pub use error::ToolError;
pub use faults::{Fault, Faults, Faulty};
pub use mend::mend;
pub use registry::{Registry, RegistryError};
pub use retry::Retry;
pub use schema::{SchemaError, inlined, self_contained};
pub use tokio_util::sync::CancellationToken;
pub use tool::{DynTool, Tool};
