//! Singular and plural of English nouns: a table of irregular ones, then spelling rules.

use super::Vocabulary;

impl Vocabulary {
    /// The singular of an English noun or noun phrase (its last word is inflected): "wine glasses" gives
    /// "wine glass". A word that is singular already, or no noun, comes back as it is, in lower case.
    pub fn singular(&self, phrase: &str) -> String {
        let phrase = phrase.to_lowercase();
        if self.terms.contains_key(&phrase) {
            return phrase;
        }
        if let Some(singular) = self.singulars.get(&phrase) {
            return singular.clone();
        }
        let (before, last) = split_last(&phrase);
        let candidates: Vec<String> =
            singular_candidates(last).iter().map(|word| join(before, word)).collect();
        if let Some(known) = candidates.iter().find(|name| self.terms.contains_key(*name)) {
            return known.clone();
        }
        if let Some(singular) = self.singulars.get(last) {
            return join(before, singular);
        }
        // "Bus", "tennis" and "grass" are no plurals.
        if ["ss", "us", "is"].iter().any(|ending| last.ends_with(ending)) {
            return phrase;
        }
        candidates.into_iter().next().unwrap_or(phrase)
    }

    /// The plural of an English noun or noun phrase given in the singular: "wine glass" gives "wine glasses".
    pub fn plural(&self, phrase: &str) -> String {
        let phrase = phrase.to_lowercase();
        if let Some(plural) = self.plurals.get(&phrase) {
            return plural.clone();
        }
        let (before, last) = split_last(&phrase);
        match self.plurals.get(last) {
            Some(plural) => join(before, plural),
            None => join(before, &regular_plural(last)),
        }
    }
}

fn split_last(phrase: &str) -> (&str, &str) {
    phrase.rsplit_once(' ').unwrap_or(("", phrase))
}

fn join(before: &str, last: &str) -> String {
    if before.is_empty() { last.to_owned() } else { format!("{before} {last}") }
}

/// What a word may be the plural of, likeliest first; empty where it does not look like a plural.
fn singular_candidates(word: &str) -> Vec<String> {
    let without = |ending: &str| word.strip_suffix(ending).filter(|stem| stem.chars().count() > 1);
    let mut candidates = Vec::new();
    if let Some(stem) = without("ies") {
        candidates.push(format!("{stem}y"));
    }
    if let Some(stem) = without("es")
        && ["s", "x", "z", "ch", "sh", "o"].iter().any(|ending| stem.ends_with(ending))
    {
        candidates.push(stem.to_owned());
    }
    if let Some(stem) = without("s") {
        candidates.push(stem.to_owned());
    }
    candidates
}

fn regular_plural(word: &str) -> String {
    if ["s", "x", "z", "ch", "sh"].iter().any(|ending| word.ends_with(ending)) {
        return format!("{word}es");
    }
    match word.strip_suffix('y') {
        Some(stem) if stem.ends_with(|last: char| !"aeiou".contains(last)) => format!("{stem}ies"),
        _ => format!("{word}s"),
    }
}
