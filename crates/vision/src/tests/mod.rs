//! Tests that go through the network.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

mod conversation;
mod reference;
mod small;
