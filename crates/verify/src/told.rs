//! What a text says, as far as it bears on how its claims are checked: all that can be known before anything is looked at.

use std::collections::{BTreeMap, BTreeSet};

use lavr_types::{Assertion, Claim, CountBound, Entity, Span, Vocabulary};

use crate::{
    company::{others_before, told_apart},
    exchange::{beginning, carriers},
    named::labels_of,
    spot::{Spot, spots},
};

/// What a text says of the things that it names.
#[derive(Debug)]
pub(crate) struct Told {
    /// What the text says is there, and not only may be, in its order.
    things: Vec<Entity>,
    /// Labels that the text says are there.
    mentioned: BTreeSet<String>,
    /// The mentions of one more of a kind, with the number of the others.
    others: BTreeMap<Span, usize>,
    /// Where the things are named of whose kind the text tells others by their color.
    colored_apart: BTreeSet<Span>,
    /// The things of which the text says that they are many or several, by the place of their words.
    several: BTreeSet<Span>,
    /// Whether the things that the text names carry their sentence, by the place of their words.
    carriers: BTreeMap<Span, bool>,
    /// The words of what the text begins with.
    beginning: Option<Span>,
    /// Where the things are named that the text gives several colors.
    many_colored: BTreeSet<Span>,
    /// Where the things are that have the colors that the text gives, by the place of the colors' words.
    spots: BTreeMap<Span, Spot>,
    quotes: usize,
}

impl Told {
    /// Of a text and its claims.
    pub(crate) fn of(text: &str, claims: &[Claim], vocabulary: &Vocabulary) -> Self {
        let present = claims.iter().filter_map(|claim| match &claim.assertion {
            Assertion::Existence { entity, present: true } => Some((claim.hedged, entity)),
            _ => None,
        });
        let mentioned = present.clone().flat_map(|(_, entity)| labels_of(entity, vocabulary)).collect();
        let mut things: Vec<Entity> =
            present.filter(|(hedged, _)| !hedged).map(|(_, entity)| entity.clone()).collect();
        things.sort_by_key(|thing| thing.span.start);
        Self {
            things,
            mentioned,
            others: others_before(text, claims),
            colored_apart: told_apart(claims),
            several: several(claims),
            carriers: carriers(text, vocabulary),
            beginning: beginning(text, vocabulary),
            many_colored: many_colored(claims),
            spots: spots(text, claims, vocabulary),
            quotes: claims.iter().filter(|claim| matches!(claim.assertion, Assertion::Text { .. })).count(),
        }
    }

    /// What the text says is there, and not only may be, in its order.
    pub(crate) fn things(&self) -> &[Entity] {
        &self.things
    }

    /// Whether the text says that a thing of this label is there.
    pub(crate) fn is_mentioned(&self, label: &str) -> bool {
        self.mentioned.contains(label)
    }

    /// How many others of its kind the text says are there beside this one.
    pub(crate) fn others_of(&self, entity: &Entity) -> usize {
        self.others.get(&entity.span).copied().unwrap_or(0)
    }

    /// Whether the text tells this thing from others of its kind by their colors, so that not all of the kind are meant.
    pub(crate) fn is_told_apart(&self, entity: &Entity) -> bool {
        self.colored_apart.contains(&entity.span)
    }

    /// Whether the text says that there are many or several of this thing.
    pub(crate) fn are_several(&self, entity: &Entity) -> bool {
        self.several.contains(&entity.span)
    }

    /// Whether the text's sentence is about the thing named there, so that another may stand in its place; none where the
    /// sentence could not be read.
    pub(crate) fn carries_its_sentence(&self, entity: &Entity) -> Option<bool> {
        self.carriers.get(&entity.span).copied()
    }

    /// Whether this is the first thing that the text names, and what its first sentence is about.
    pub(crate) fn begins_with(&self, entity: &Entity) -> bool {
        self.beginning == Some(entity.span)
    }

    /// Whether the text gives a thing several colors ("black and white").
    pub(crate) fn has_several_colors(&self, entity: &Entity) -> bool {
        self.many_colored.contains(&entity.span)
    }

    /// Where in the picture the thing is that a claim gives a color, if the text says so.
    pub(crate) fn spot_of(&self, claim: &Claim) -> Option<Spot> {
        self.spots.get(&claim.span).copied()
    }

    /// How many texts in the picture the text quotes.
    pub(crate) const fn quotes(&self) -> usize {
        self.quotes
    }
}

/// Where the things are named of which a claim says no more than that they are several.
fn several(claims: &[Claim]) -> BTreeSet<Span> {
    let of = |claim: &Claim| match &claim.assertion {
        Assertion::Count { entity, count: CountBound::Several } => Some(entity.span),
        _ => None,
    };
    claims.iter().filter_map(of).collect()
}

/// Where the things are named that have more than one claim of a color.
fn many_colored(claims: &[Claim]) -> BTreeSet<Span> {
    let (mut once, mut again) = (BTreeSet::new(), BTreeSet::new());
    for claim in claims {
        if let Assertion::Color { entity, .. } = &claim.assertion
            && !once.insert(entity.span)
        {
            again.insert(entity.span);
        }
    }
    again
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LexicalExtractor;

    #[test]
    fn what_has_several_colors_is_told_from_what_has_one() {
        let vocabulary = Vocabulary::builtin();
        let text = "A black and white cat sits beside a red car.";
        let claims = LexicalExtractor::new(vocabulary).read(text).claims;
        let told = Told::of(text, &claims, vocabulary);
        let several: Vec<&str> = claims
            .iter()
            .filter_map(|claim| match &claim.assertion {
                Assertion::Color { entity, color } if told.has_several_colors(entity) => Some(color.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(several, ["black", "white"]);
        assert!(told.is_mentioned("cat") && !told.is_mentioned("dog"));
    }
}
