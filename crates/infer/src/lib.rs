//! Inference sessions for the experts' networks.
