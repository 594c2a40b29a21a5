//! Runs as events.
