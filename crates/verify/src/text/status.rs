//! What a phrase stands for: pronouns, likenesses, hedged and denied things.

use std::ops::Range;

use lavr_types::{Vocabulary, vocabulary::GrammaticalNumber};

use super::{
    Reading,
    phrase::{Determiner, NounPhrase},
    words::{
        COPULAS, DEFINITE, DENIALS, DEPICTIONS, FUNCTION, HEDGES, IMITATIONS, INDEFINITE, PICTURE,
        PREPOSITIONS,
    },
};

/// "it", "they", "he" and "she" stand for the nearest noun phrase that agrees, and "the one" for one of several.
pub(super) fn add_pronouns(reading: &mut Reading<'_>) {
    let mut found = Vec::new();
    for (sentence, range) in reading.sentences.iter().enumerate() {
        if reading.foreign[sentence] {
            continue;
        }
        for place in range.clone() {
            let word = reading.word(place);
            let is_one = word == "one" && reading.before(place) == "the" && reading.word(place + 1) != "of";
            if !is_one && !matches!(word, "it" | "they" | "he" | "she" | "them" | "him") {
                continue;
            }
            let (start, word) = if is_one { (place - 1, "they") } else { (place, word) };
            // The weather's and the sentence's "it" stands for nothing: so does one with no phrase before it.
            let antecedent = antecedent(reading, start, word, sentence);
            let Some(antecedent) = antecedent else { continue };
            found.push((start..place + 1, sentence, antecedent));
        }
    }
    for (tokens, sentence, antecedent) in found {
        let of = reading.phrases[antecedent].clone();
        let is_one = tokens.len() > 1;
        reading.phrases.push(NounPhrase {
            head: tokens.end - 1..tokens.end,
            number: if is_one { GrammaticalNumber::Singular } else { of.number },
            tokens,
            sentence,
            determiner: Determiner::Definite,
            determiner_at: None,
            quantity: None,
            group: None,
            colors: Vec::new(),
            negation: None,
            hedged: false,
            antecedent: Some(antecedent),
            owner: None,
            possessor: None,
            pronoun: true,
            ..of
        });
    }
}

/// "Its tail" at the start of a sentence is that of what the sentence before spoke of.
pub(super) fn find_possessors(reading: &mut Reading<'_>) {
    let found: Vec<(usize, usize)> = (0..reading.phrases.len())
        .filter_map(|index| {
            let phrase = &reading.phrases[index];
            let start = phrase.tokens.start;
            let word = match reading.word(start) {
                "its" => "it",
                "their" => "they",
                "his" | "her" => "he",
                _ => return None,
            };
            let opens = (reading.sentences[phrase.sentence].start == start
                || matches!(reading.before(start), "," | ";"))
                && !phrase.pronoun;
            let of = antecedent(reading, start, word, phrase.sentence).filter(|_| opens)?;
            Some((index, of))
        })
        .collect();
    for (index, of) in found {
        reading.phrases[index].possessor = Some(of);
    }
}

fn antecedent(reading: &Reading<'_>, place: usize, word: &str, sentence: usize) -> Option<usize> {
    let agrees = |phrase: &NounPhrase| {
        let person = phrase.labels.iter().any(|label| label == "person");
        match word {
            "it" => !phrase.is_plural() && !person,
            "they" | "them" => phrase.is_plural(),
            _ => !phrase.is_plural() && person,
        }
    };
    let near = |phrase: &&(usize, &NounPhrase)| {
        phrase.1.tokens.end <= place
            && phrase.1.sentence + 1 >= sentence
            && !phrase.1.pronoun
            && agrees(phrase.1)
    };
    let phrases: Vec<(usize, &NounPhrase)> = reading.phrases.iter().enumerate().collect();
    // The subject of the sentence before is what a new sentence goes on about.
    let opens = reading.sentences[sentence].start == place;
    if opens {
        let first = phrases.iter().filter(near).find(|(_, phrase)| phrase.sentence + 1 == sentence);
        return first.map(|(index, _)| *index);
    }
    // "A cup with a spoon in it": what stands in something is not that something.
    let is_object = PREPOSITIONS.contains(&reading.before(place));
    let mut beside = Vec::new();
    let range = reading.sentences[sentence].start..place;
    let with = range.rev().find(|&at| reading.word(at) == ",").filter(|&at| reading.word(at + 1) == "with");
    if let Some(with) = with.filter(|_| is_object) {
        // "The desk has a mouse, with a chair placed in front of it": of what the sentence is about, not of what only
        // places that: "next to the bed is a chair, with a cat on it".
        let is_about = |(_, phrase): &&(usize, &NounPhrase)| {
            phrase.sentence == sentence
                && phrase.tokens.end <= with
                && !PREPOSITIONS.contains(&reading.before(phrase.tokens.start))
        };
        return phrases.iter().filter(near).find(is_about).map(|(index, _)| *index);
    }
    if is_object {
        let mut start = place;
        // Nor is what it is listed with: "a plate with a sandwich and fries on it".
        for (index, phrase) in phrases.iter().rev().filter(|(_, phrase)| {
            phrase.tokens.end <= place && phrase.sentence == sentence && !phrase.pronoun
        }) {
            let joint = |at: usize| matches!(reading.word(at), "and" | "," | "or");
            if beside.is_empty() || (phrase.tokens.end < start && (phrase.tokens.end..start).all(joint)) {
                beside.push(*index);
                start = phrase.tokens.start;
            } else {
                break;
            }
        }
    }
    let found =
        |(index, phrase): &&(usize, &NounPhrase)| near(&&(*index, *phrase)) && !beside.contains(index);
    let nearest = phrases.iter().rev().find(found)?;
    // "Two men hold a ball and rackets. A dog runs behind them": whom the sentence before is about, not what stands last in it.
    let is_before = nearest.1.sentence < sentence && is_object && matches!(word, "them" | "him");
    let of_before = phrases.iter().find(|phrase| phrase.1.sentence == nearest.1.sentence && found(phrase));
    Some(if is_before { of_before.unwrap_or(nearest).0 } else { nearest.0 })
}

/// "One of them is red", "most of the cars": what is said of some.
pub(crate) fn is_some_of(reading: &Reading<'_>, start: usize) -> bool {
    reading.before(start) == "of"
        && start >= 2
        && matches!(
            reading.word(start - 2),
            "one"
                | "some"
                | "most"
                | "many"
                | "few"
                | "two"
                | "three"
                | "several"
                | "half"
                | "another"
                | "rest"
        )
}

/// "One of the cars is red": what is said of one, whichever that is.
pub(crate) fn is_one_of(reading: &Reading<'_>, start: usize) -> bool {
    is_some_of(reading, start) && reading.word(start - 2) == "one"
}

/// Marks what is hedged, and what speaks of no thing in the picture.
pub(super) fn mark_unreal(reading: &mut Reading<'_>, vocabulary: &Vocabulary) {
    let families = ["person", "animal", "vehicle", "fruit", "vegetable"];
    let imitated: Vec<&str> = families.iter().flat_map(|family| vocabulary.labels_for(family)).collect();
    let mut marks = Vec::new();
    for phrase in &reading.phrases {
        let range = &reading.sentences[phrase.sentence];
        let question = range.end.checked_sub(1).is_some_and(|last| reading.word(last) == "?");
        let start = phrase.tokens.start;
        let before = |back: usize| {
            start
                .checked_sub(back)
                .filter(|place| *place >= range.start)
                .map_or("", |place| reading.word(place))
        };
        let likeness =
            before(1) == "of" && DEPICTIONS.contains(&before(2)) && !speaks_of_picture(reading, range, start)
                || (before(1) == "like" && !matches!(before(2), "looks" | "look"))
                || before(1) == "as"
                || matches!(before(1), "toy" | "fake");
        // A plastic chair is a chair, a plastic dog is none.
        let imitation = phrase.labels.iter().any(|label| imitated.contains(&label.as_str()))
            && (phrase.tokens.start.saturating_sub(1).max(range.start)..phrase.head.start)
                .any(|place| IMITATIONS.contains(&reading.word(place)));
        let inside = (phrase.tokens.start..phrase.head.start)
            .any(|place| matches!(reading.word(place), "toy" | "fake" | "imaginary"));
        let denied = phrase.negation.is_none() && is_denied(reading, range, start);
        let conditional = matches!(reading.word(range.start), "if" | "imagine");
        let forbidden = phrase.negation.is_some()
            && (phrase.tokens.end..phrase.tokens.end + 3)
                .any(|place| matches!(reading.word(place), "allowed" | "permitted" | "beyond"));
        marks.push((
            likeness || inside || imitation || question || denied || conditional || forbidden,
            is_hedged(reading, range, start),
        ));
    }
    for (phrase, (unreal, hedged)) in reading.phrases.iter_mut().zip(marks) {
        phrase.unreal |= unreal;
        phrase.hedged |= hedged;
    }
    // "The wreck of an airplane ... The airplane": what was none before is none again.
    for place in 1..reading.phrases.len() {
        let (before, after) = reading.phrases.split_at_mut(place);
        let Some(phrase) = after.first_mut().filter(|phrase| phrase.determiner == Determiner::Definite)
        else {
            continue;
        };
        let mut earlier = before.iter().filter(|other| other.same_thing(phrase)).peekable();
        phrase.unreal |= earlier.peek().is_some() && earlier.all(|other| other.unreal);
    }
}

/// A hedge reaches from its own place to the end of its clause; a verb that hedges reaches back to its subject, too.
fn is_hedged(reading: &Reading<'_>, range: &Range<usize>, start: usize) -> bool {
    let parts = |from: usize, to: usize| {
        (from..to).any(|at| matches!(reading.word(at), "," | ";" | ":" | "while" | "but" | "where"))
    };
    range.clone().any(|place| {
        let word = reading.word(place);
        let like = matches!(word, "looks" | "look") && reading.word(place + 1) == "like";
        // "A fork is likely": the adverb says nothing of what stands before it.
        let verb = like
            || matches!(word, "seems" | "seem" | "appears" | "appear" | "might" | "may" | "could")
            || matches!(word, "likely" | "unclear") && COPULAS.contains(&reading.before(place));
        let hedge = HEDGES.contains(&word) || like;
        // "It is unclear whether", "suggesting that": all that follows is open.
        let opens = matches!(word, "unclear" | "suggests" | "suggesting" | "whether")
            || reading.word(place + 1) == "that";
        hedge
            && if place < start {
                opens && !(place..start).any(|at| reading.word(at) == ";") || !parts(place, start)
            } else {
                verb && !parts(start, place)
            }
    })
}

/// "The dog does not have -> a ball": whether a denial stands before a phrase in its clause.
fn is_denied(reading: &Reading<'_>, range: &Range<usize>, start: usize) -> bool {
    (range.start..start)
        .rev()
        .take_while(|&place| !matches!(reading.word(place), "," | ";" | ":" | "but" | "while"))
        // "None of the chairs is taken": the chairs are there.
        .filter(|&place| !(place + 2 == start && is_none_of(reading, start)))
        .any(|place| DENIALS.contains(&reading.word(place)) || reading.words_at(place, &["no", "one"]))
}

/// "None of the chairs", "neither of the dogs": what is said of them is said of none.
pub(crate) fn is_none_of(reading: &Reading<'_>, start: usize) -> bool {
    reading.before(start) == "of" && start >= 2 && matches!(reading.word(start - 2), "none" | "neither")
}

/// "A photo of a dog", "This is a picture of ...", "The image shows": the picture in hand, not one inside it.
fn speaks_of_picture(reading: &Reading<'_>, range: &Range<usize>, start: usize) -> bool {
    let Some(noun) = start.checked_sub(2) else { return false };
    // A picture that hangs somewhere is one inside the picture.
    let hangs = range
        .clone()
        .any(|place| matches!(reading.word(place), "hangs" | "hang" | "hanging" | "hung" | "framed"));
    PICTURE.contains(&reading.word(noun))
        && !hangs
        && (range.start..noun).all(|place| {
            let word = reading.word(place);
            INDEFINITE.contains(&word)
                || DEFINITE.contains(&word)
                || matches!(
                    word,
                    "and"
                        | "is"
                        | "it"
                        | "close-up"
                        | "black-and-white"
                        | "beautiful"
                        | "color"
                        | "colour"
                        | "in"
                )
                || (!FUNCTION.contains(&word) && !PREPOSITIONS.contains(&word))
        })
}
