//! HaELM: a judge model's prompts and scoring.
