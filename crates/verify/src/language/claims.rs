//! The claims that a language's tables read in a sentence for certain: existence, number, colour.

use lavr_types::{Assertion, Claim, CountBound, Entity, Span};

use super::scan::{Phrase, Scan};

/// The claims of a sentence in the order of their spans. A sentence that turns round what it says ("is not red") claims
/// nothing here but what it denies outright.
pub(crate) fn claims(scan: &Scan<'_>) -> Vec<Claim> {
    let phrases = scan.phrases();
    let (hedged, negated) = (scan.is_hedged(), scan.is_negated());
    let claim = |span: Span, assertion: Assertion| Claim {
        span,
        surface: span.of(scan.text).unwrap_or_default().to_owned(),
        assertion,
        hedged,
        readings: Vec::new(),
    };
    let mut claims = Vec::new();
    for (place, phrase) in phrases.iter().enumerate() {
        let Some(entity) = entity(scan, phrase.noun) else { continue };
        if let Some(denial) = phrase.denial {
            // "No black dog" leaves open whether there is another, and a dog is no disproof of "no puppy".
            let narrower = scan.items()[phrase.noun].noun.as_ref().is_some_and(|noun| noun.narrower);
            if phrase.colors.is_empty() && phrase.number.is_none() && !narrower {
                let span = scan.span(denial, phrase.noun);
                claims.push(claim(span, Assertion::Existence { entity, present: false }));
            }
            continue;
        }
        // "Keine Autos, Busse oder Fahrräder": denied with the first.
        if negated || scan.is_denied_with(&phrases, place) || is_measure(scan, phrase) {
            continue;
        }
        claims.push(claim(entity.span, Assertion::Existence { entity: entity.clone(), present: true }));
        claims.extend(
            count(scan, phrase)
                .map(|(span, count)| claim(span, Assertion::Count { entity: entity.clone(), count })),
        );
        for &place in &phrase.colors {
            claims.extend(color(scan, place, &entity).map(|(span, assertion)| claim(span, assertion)));
        }
    }
    if !negated {
        for (place, noun) in scan.said_colors(&phrases) {
            let said = entity(scan, noun).and_then(|entity| color(scan, place, &entity));
            claims.extend(said.map(|(span, assertion)| claim(span, assertion)));
        }
    }
    if scan.is_placed() {
        // "On the left are two dogs" leaves open how many there are elsewhere.
        for claim in &mut claims {
            if let Assertion::Count { count, .. } = &mut claim.assertion
                && let CountBound::Exactly(number) = *count
            {
                *count = CountBound::AtLeast(number);
            }
        }
    }
    claims.sort_by_key(|claim| (claim.span, claim.kind()));
    claims
}

/// "Zehn Uhr": a number of two or more before a noun in the singular counts no things.
fn is_measure(scan: &Scan<'_>, phrase: &Phrase) -> bool {
    let number = phrase.number.and_then(|place| scan.items()[place].number);
    let noun = scan.items()[phrase.noun].noun.as_ref();
    number.is_some_and(|number| number > 1) && noun.is_some_and(|noun| noun.plural == Some(false))
}

fn entity(scan: &Scan<'_>, noun: usize) -> Option<Entity> {
    let item = scan.items().get(noun)?;
    let form = item.noun.as_ref()?;
    let surface = item.span.of(scan.text)?.to_owned();
    Some(Entity { surface, span: item.span, label: Some(form.label.clone()) })
}

/// The number of a phrase. One is the article in these languages, and says nothing of how many there are; as a digit it
/// does.
fn count(scan: &Scan<'_>, phrase: &Phrase) -> Option<(Span, CountBound)> {
    let place = phrase.number?;
    let item = scan.items().get(place)?;
    let number = item.number?;
    let [at_least, at_most] = scan.bound(place);
    // Five people may hold two women, but two people hold no five women.
    let narrower = scan.items()[phrase.noun].noun.as_ref().is_some_and(|noun| noun.narrower);
    let exactly = if narrower { CountBound::AtLeast } else { CountBound::Exactly };
    let digits = item.lower.bytes().all(|byte| byte.is_ascii_digit());
    match (at_least, at_most) {
        (Some(start), _) => Some((scan.span(start, place), CountBound::AtLeast(number))),
        (None, Some(start)) => Some((scan.span(start, place), CountBound::AtMost(number))),
        (None, None) if number != 1 || digits => Some((item.span, exactly(number))),
        (None, None) => None,
    }
}

fn color(scan: &Scan<'_>, place: usize, entity: &Entity) -> Option<(Span, Assertion)> {
    let item = scan.items().get(place)?;
    let color = item.color.as_ref()?.basic.clone();
    let shade = scan.items().get(place + 1).is_some_and(|next| scan.language.shades.contains(&next.lower));
    Some((scan.span(place, place + usize::from(shade)), Assertion::Color { entity: entity.clone(), color }))
}
