//! Tools, their registry and the dispatcher that runs them.
