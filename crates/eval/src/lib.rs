//! Benchmarks of visual reasoning and hallucination: their data, their metrics, and the run that puts them to a model,
//! an agent, a verifier, or another program's answers.
//!
//! A [`Benchmark`] has [`Sample`]s and scores [`Response`]s; a [`Subject`] answers; [`run`] brings them together,
//! records every response as it comes, and goes on where it was cut short. [`metrics`] are pure functions, equal number
//! for number to the reference scripts of the benchmarks.

mod benchmark;
pub mod benchmarks;
pub mod catalogue;
mod data;
mod error;
pub mod metrics;
mod page;
mod picture;
mod random;
mod results;
mod run;
mod sample;
pub mod scenes;
mod scores;
mod subject;
mod tsv;

pub use benchmark::{Benchmark, Case, Responses};
pub use error::EvalError;
pub use page::page;
pub use picture::{Archive, Picture};
pub use random::Random;
pub use run::{Progress, RunOptions, run};
pub use sample::{Record, Response, Sample, SpanVerdict, Task};
pub use scores::{Cell, Row, Scores, Table};
pub use subject::{
    AgentSubject, Answers, BareModel, Captioner, Detector, MakeMender, Mender, Subject, Unchanged,
    VerifierSubject,
};
