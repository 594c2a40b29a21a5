//! Sentences, and the things that the model says they speak of.

use crate::text::{sentences as ranges, tokenize};

/// The sentences of a passage.
pub(super) fn sentences(passage: &str) -> Vec<String> {
    let tokens = tokenize(passage);
    ranges(&tokens)
        .into_iter()
        .filter_map(|range| {
            let (first, last) = (tokens.get(range.start)?, tokens.get(range.end.checked_sub(1)?)?);
            passage.get(first.span.start..last.span.end).map(str::to_owned)
        })
        .collect()
}

/// The concepts that a reply names, each once; none where it says so. `empty_too` keeps what has no name, as the
/// published program does.
pub(super) fn named(reply: &str, empty_too: bool) -> Vec<String> {
    let line = reply.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().to_lowercase();
    if line.is_empty() || line.contains("none") {
        return Vec::new();
    }
    let mut concepts: Vec<String> = Vec::new();
    for concept in line.split(['.', ',']).map(|concept| concept.trim().to_owned()) {
        if (empty_too || !concept.is_empty()) && !concepts.contains(&concept) {
            concepts.push(concept);
        }
    }
    concepts
}
