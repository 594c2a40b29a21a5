//! AMBER: hallucination without a judge model.
