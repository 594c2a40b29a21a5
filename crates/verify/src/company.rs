//! What a text says is there beside others of its kind: "another bird", "a man ... and a woman".
//!
//! One good finding bears out one bird. The second needs a second box.

use std::collections::{BTreeMap, BTreeSet};

use lavr_types::{Assertion, Claim, Span};

const MEN: &[&str] = &["boy", "father", "gentleman", "groom", "guy", "husband", "man", "son"];
const WOMEN: &[&str] = &["bride", "daughter", "girl", "lady", "mother", "wife", "woman"];

/// For the mentions that speak of one more of a kind, by the place of their words: how many others of the kind stand there by
/// the text. Only what no reading can take for the same thing again counts: a man and a person may be one.
pub(crate) fn others_before(text: &str, claims: &[Claim]) -> BTreeMap<Span, usize> {
    let mentions = claims.iter().filter_map(|claim| match &claim.assertion {
        Assertion::Existence { entity, present: true } => {
            entity.label.as_deref().map(|label| (entity, label))
        }
        _ => None,
    });
    let mut before: Vec<(&str, String)> = Vec::new();
    let mut others = BTreeMap::new();
    for (entity, label) in mentions {
        let word = entity.surface.split_whitespace().next_back().unwrap_or_default().to_lowercase();
        let is_one_more = is_another(text, entity.span);
        let beside = before.iter().any(|(other, name)| {
            *other == label && (is_one_more || sex(name).zip(sex(&word)).is_some_and(|(a, b)| a != b))
        });
        if beside {
            others.insert(entity.span, 1);
        }
        before.push((label, word));
    }
    others
}

/// The mentions of things of which the text tells others of the kind by their color ("red cups and three white cups"), by the place of their
/// words: what is found of the kind is not all theirs.
pub(crate) fn told_apart(claims: &[Claim]) -> BTreeSet<Span> {
    let mut colors: BTreeMap<(&str, Span), BTreeSet<&str>> = BTreeMap::new();
    for claim in claims {
        if let Assertion::Color { entity, color } = &claim.assertion
            && let Some(label) = entity.label.as_deref()
        {
            colors.entry((label, entity.span)).or_default().insert(color);
        }
    }
    let is_apart = |(label, span): &(&str, Span), own: &BTreeSet<&str>| {
        colors.iter().any(|((other, at), theirs)| other == label && at != span && own.is_disjoint(theirs))
    };
    colors.iter().filter(|(key, own)| is_apart(key, own)).map(|((_, span), _)| *span).collect()
}

/// Whether "another" or "a second" stands before these words, with no word or one between.
fn is_another(text: &str, span: Span) -> bool {
    let mut words = text.get(..span.start).unwrap_or_default().split_whitespace().rev().take(2);
    words.any(|word| ["another", "second"].iter().any(|one_more| word.eq_ignore_ascii_case(one_more)))
}

fn sex(word: &str) -> Option<bool> {
    if MEN.contains(&word) {
        Some(true)
    } else if WOMEN.contains(&word) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use lavr_types::Vocabulary;

    use super::*;
    use crate::LexicalExtractor;

    fn company(text: &str) -> Vec<String> {
        let claims = LexicalExtractor::new(Vocabulary::builtin()).read(text).claims;
        let others = others_before(text, &claims);
        others.keys().map(|span| span.of(text).unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn a_woman_behind_a_man_is_a_second_person() {
        assert_eq!(company("A man reads a book. A woman stands behind him."), ["woman"]);
        assert_eq!(company("A small bird sings. Another bird flies past."), ["bird"]);
        assert_eq!(company("A woman stands there. A second woman waits."), ["woman"]);
    }

    #[test]
    fn colors_tell_things_of_a_kind_apart() {
        let apart = |text: &'static str| {
            let claims = LexicalExtractor::new(Vocabulary::builtin()).read(text).claims;
            told_apart(&claims).into_iter().filter_map(|span| span.of(text)).collect::<Vec<_>>()
        };
        assert_eq!(apart("Red cups and three white cups stand on a blue table."), ["cups", "cups"]);
        assert_eq!(apart("Three white cups stand on a table. The cups are white."), [""; 0]);
    }

    #[test]
    fn what_may_be_the_same_again_is_no_second_one() {
        for text in [
            "A man reads. A person in a red shirt is sitting.",
            "A woman holds a phone. The woman smiles.",
            "A dog and a cat. Another tree stands behind them.",
        ] {
            assert_eq!(company(text), [""; 0], "{text}");
        }
    }
}
