//! What tests need in the place of the world: models that follow a script, a detector that sees one dog, a server on loopback that may
//! misbehave, cassettes of recorded exchanges, Python and Node.js with pinned packages, and the program without the setup of whoever runs
//! the tests. A dev-dependency only.
//!
//! ```
//! use lavr_model::{ChatModel, TurnRequest, collect};
//! use lavr_testkit::ScriptedModel;
//!
//! # futures::executor::block_on(async {
//! let model = ScriptedModel::texts(["a dog"]);
//! let stream = model.stream(TurnRequest::default(), Default::default()).await.unwrap();
//! assert_eq!(collect("scripted", stream).await.unwrap().text, "a dog");
//! assert_eq!(model.requests().len(), 1);
//! # });
//! ```

mod cassette;
mod loopback;
mod node;
mod one_dog;
mod python;
mod scripted;
mod setup;

pub use cassette::{Cassette, CassetteError, Exchange, Player, RecordedRequest, RecordedResponse, Recorder};
pub use loopback::{Answer, Loopback, Request};
pub use node::{Node, node_with};
pub use one_dog::{Look, OneDog};
pub use python::python_with;
pub use scripted::{ScriptedModel, ScriptedReply};
pub use setup::without_setup;
