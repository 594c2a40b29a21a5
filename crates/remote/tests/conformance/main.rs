//! One suite for all dialects: what the agent says reaches each service in its own words, and what each service says reaches
//! the agent in the same.
//!
//! The exchanges are in `tests/cassettes`, written by hand from the providers' documentation.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod faults;
mod pictures;
mod scenarios;
mod services;
mod talk;
