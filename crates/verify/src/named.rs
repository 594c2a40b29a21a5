//! The things that claims speak of, and the labels that they may have.

use lavr_types::{Assertion, Claim, Entity, Vocabulary};

/// The labels that a thing may have.
pub(crate) fn labels_of(entity: &Entity, vocabulary: &Vocabulary) -> Vec<String> {
    match &entity.label {
        Some(label) => vec![label.clone()],
        None => vocabulary.labels_for(&entity.surface).into_iter().map(str::to_owned).collect(),
    }
}

/// The things that a claim speaks of, in all its readings.
pub(crate) fn entities(claim: &Claim) -> Vec<&Entity> {
    std::iter::once(&claim.assertion).chain(&claim.readings).flat_map(entities_of).collect()
}

fn entities_of(assertion: &Assertion) -> Vec<&Entity> {
    match assertion {
        Assertion::Existence { entity, .. }
        | Assertion::Count { entity, .. }
        | Assertion::Color { entity, .. }
        | Assertion::Attribute { entity, .. } => vec![entity],
        Assertion::Relation { subject, object, second, .. } => {
            std::iter::once(subject).chain(object).chain(second.as_deref()).collect()
        }
        // What carries a text is found by the text.
        Assertion::Text { .. } | Assertion::Other => Vec::new(),
    }
}
