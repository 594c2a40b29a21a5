//! Verbs of captions and their inflection.

use std::{collections::HashSet, sync::OnceLock};

use super::words::{FUNCTION, PREPOSITIONS};

/// Whether a word is the base form of a verb that captions use.
fn is_verb(word: &str) -> bool {
    static VERBS: OnceLock<HashSet<&str>> = OnceLock::new();
    let read = || {
        let lines = include_str!("verbs.txt").lines().filter(|line| !line.starts_with('#'));
        lines.flat_map(str::split_whitespace).collect()
    };
    VERBS.get_or_init(read).contains(word)
}

/// What a finite verb says of its subject's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agreement {
    Singular,
    Plural,
    /// "ran", "can": the form is the same for both.
    Any,
}

/// Whether a word, standing right behind a subject, is its finite verb.
pub(crate) fn finite_verb(word: &str) -> Option<Agreement> {
    match word {
        "is" | "was" | "has" | "does" | "isn't" | "wasn't" | "doesn't" | "hasn't" => {
            Some(Agreement::Singular)
        }
        "are" | "were" | "have" | "do" | "aren't" | "weren't" | "don't" | "haven't" => {
            Some(Agreement::Plural)
        }
        "can" | "could" | "may" | "might" | "must" | "will" | "would" | "had" | "did" | "sat" | "stood"
        | "lay" | "ran" | "slept" | "ate" | "rode" | "held" | "wore" => Some(Agreement::Any),
        _ if is_verb(word) => Some(Agreement::Plural),
        _ => {
            let base = base_form(word)?;
            is_verb(&base).then_some(Agreement::Singular)
        }
    }
}

/// As [`finite_verb`]; a word that nobody knows and that ends in -s is one too, where it stands right behind a
/// singular subject: "a person repairs".
pub(crate) fn finite_verb_behind_singular(word: &str) -> Option<Agreement> {
    finite_verb(word).or_else(|| {
        let verb = word.len() > 4
            && word.ends_with('s')
            && !word.ends_with("ss")
            && !word.ends_with("wards")
            && word.chars().all(char::is_alphabetic)
            && !FUNCTION.contains(&word)
            && !PREPOSITIONS.contains(&word)
            && ![
                "always",
                "perhaps",
                "sometimes",
                "besides",
                "outdoors",
                "indoors",
                "upstairs",
                "downstairs",
                "across",
            ]
            .contains(&word);
        verb.then_some(Agreement::Singular)
    })
}

/// Whether a word is the -ing form of something, and not a noun or preposition that ends like one.
pub(crate) fn is_participle(word: &str) -> bool {
    word.len() > 4
        && word.ends_with("ing")
        && ![
            "building", "ceiling", "railing", "clothing", "morning", "evening", "wing", "ring", "string",
            "during", "painting", "awning", "king",
        ]
        .contains(&word)
}

/// The base form of a verb of captions: "rides", "riding" and "ride" give "ride". `None` for other words.
pub(crate) fn base_of(word: &str) -> Option<String> {
    const PAST: &[(&str, &str)] = &[
        ("sat", "sit"),
        ("stood", "stand"),
        ("ran", "run"),
        ("slept", "sleep"),
        ("ate", "eat"),
        ("rode", "ride"),
        ("held", "hold"),
        ("wore", "wear"),
    ];
    if is_verb(word) {
        return Some(word.to_owned());
    }
    if let Some((_, base)) = PAST.iter().find(|(past, _)| *past == word) {
        return Some((*base).to_owned());
    }
    let known = |base: String| is_verb(&base).then_some(base);
    if let Some(stem) = word.strip_suffix("ing") {
        // "Walking", "riding", "running", "lying".
        let doubled =
            stem.char_indices().next_back().and_then(|(last, _)| stem.get(..last)).unwrap_or_default();
        let from_y = stem.strip_suffix('y').map(|stem| format!("{stem}ie")).unwrap_or_default();
        return known(stem.to_owned())
            .or_else(|| known(format!("{stem}e")))
            .or_else(|| known(doubled.to_owned()))
            .or_else(|| known(from_y));
    }
    base_form(word).and_then(known)
}

/// The base form behind a verb in -s: "watches" gives "watch".
fn base_form(word: &str) -> Option<String> {
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return Some(format!("{stem}y"));
    }
    if let Some(stem) = word.strip_suffix("es")
        && ["ss", "x", "z", "ch", "sh", "o"].iter().any(|ending| stem.ends_with(ending))
    {
        return Some(stem.to_owned());
    }
    word.strip_suffix('s').filter(|stem| stem.len() > 1 && !stem.ends_with('s')).map(str::to_owned)
}

/// A finite verb in the form for a singular or plural subject.
pub(crate) fn agreeing(verb: &str, plural: bool) -> Option<String> {
    let pairs = [
        ("is", "are"),
        ("was", "were"),
        ("has", "have"),
        ("does", "do"),
        ("isn't", "aren't"),
        ("wasn't", "weren't"),
        ("doesn't", "don't"),
        ("hasn't", "haven't"),
        ("goes", "go"),
        ("there's", "there are"),
    ];
    for (one, many) in pairs {
        if verb == one || verb == many {
            return Some(if plural { many } else { one }.to_owned());
        }
    }
    match (finite_verb(verb)?, plural) {
        (Agreement::Singular, true) => base_form(verb),
        (Agreement::Plural, false) => Some(third_person(verb)),
        _ => Some(verb.to_owned()),
    }
}

fn third_person(base: &str) -> String {
    if ["s", "x", "z", "ch", "sh", "o"].iter().any(|ending| base.ends_with(ending)) {
        return format!("{base}es");
    }
    match base.strip_suffix('y') {
        Some(stem) if stem.ends_with(|last: char| !"aeiou".contains(last)) => format!("{stem}ies"),
        _ => format!("{base}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_agree_with_their_subject() {
        for (one, many) in [
            ("is", "are"),
            ("sits", "sit"),
            ("watches", "watch"),
            ("carries", "carry"),
            ("has", "have"),
            ("plays", "play"),
        ] {
            assert_eq!(agreeing(one, true).as_deref(), Some(many));
            assert_eq!(agreeing(many, false).as_deref(), Some(one));
            assert_eq!(agreeing(one, false).as_deref(), Some(one));
        }
        assert_eq!(agreeing("quickly", true), None);
    }
}
