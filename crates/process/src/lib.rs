//! Child processes.
//!
//! | for | type |
//! | --- | --- |
//! | running a program of the user's | [`Program`]: no shell, a bare environment, limits, ended with its children |
//! | a tool that may crash | [`Isolated`]: the tool runs in a process of its own, served there by [`serve_worker`] |

mod isolated;
mod program;
mod protocol;
mod worker;

pub use isolated::Isolated;
pub use program::{Child, Ended, Program, RunError};
pub use worker::{WorkerError, serve_worker};
