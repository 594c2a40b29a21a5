//! The words that METEOR compares: it cuts texts anew, after the tokenizer of the captions.

use std::{borrow::Cow, collections::HashSet, sync::LazyLock};

use regex::Regex;

/// Letters of the alphabets that METEOR knows, for a class of characters.
macro_rules! letters {
    () => {
        concat!(
            r"A-Za-z\x{160}\x{17d}\x{161}\x{17e}\x{178}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{17e}",
            r"\x{400}-\x{4ff}\x{500}-\x{527}\x{a640}-\x{a66e}\x{a67e}-\x{a697}\x{1d00}-\x{1d7f}"
        )
    };
}

/// Stands for a dot of an ellipsis until the end: such a dot ends no word.
const HELD_DOT: char = '\u{e000}';

/// Words that keep a dot behind them.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    /// Always ("Mr.").
    pub(super) always: HashSet<String>,
    /// Before a number ("No. 5").
    pub(super) before_number: HashSet<String>,
}

/// What is replaced, in this order.
static RULES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let rules = [
        // Most marks are words of their own.
        (concat!("[^0-9", letters!(), r"\x09-\x0d .'`,\-\x{2018}\x{2019}\x{e000}]"), " $0 "),
        // Commas stay inside of numbers only.
        ("([^0-9]),([^0-9])", "$1 , $2"),
        ("([0-9]),([^0-9])", "$1 , $2"),
        ("([^0-9]),([0-9])", "$1 , $2"),
        // Marks of quotation and dashes become plain ones; a dash inside of a word goes.
        ("[`\u{2018}\u{2019}]", "'"),
        ("\u{201c}|\u{201d}|''", " \" "),
        ("\u{2013}", "-"),
        ("--", "-"),
        (concat!("([0-9", letters!(), ".])-([0-9", letters!(), "])"), "$1 $2"),
        // An apostrophe inside of a word begins the next one; others stand alone.
        (concat!("([^", letters!(), "])'([^", letters!(), "])"), "$1 ' $2"),
        (concat!("([^0-9", letters!(), "])'([", letters!(), "])"), "$1 ' $2"),
        (concat!("([", letters!(), "])'([^", letters!(), "])"), "$1 ' $2"),
        (concat!("([", letters!(), "])'([", letters!(), "])"), "$1 '$2"),
        ("([0-9])'(s)", "$1 '$2"),
    ];
    rules.into_iter().filter_map(|(pattern, new)| Some((Regex::new(pattern).ok()?, new))).collect()
});

static LETTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(concat!("[", letters!(), "]")).ok());

/// The words of a text that is already in words, as METEOR cuts and writes them.
pub(super) fn normalized(words: &[String], prefixes: &Prefixes) -> Vec<String> {
    let mut text = hold_ellipses(&format!(" {} ", words.join(" ")));
    for (pattern, new) in RULES.iter() {
        if let Cow::Owned(changed) = pattern.replace_all(&text, *new) {
            text = changed;
        }
    }
    let pieces: Vec<&str> = text.split_ascii_whitespace().collect();
    let mut cut = String::with_capacity(text.len() + 16);
    for (place, piece) in pieces.iter().enumerate() {
        cut.push_str(&without_end(piece, pieces.get(place + 1).copied(), prefixes));
        cut.push(' ');
    }
    cut.replace(HELD_DOT, ".").to_lowercase().split_whitespace().map(str::to_owned).collect()
}

/// Two dots and more are a word.
fn hold_ellipses(text: &str) -> String {
    let mut held = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("..") {
        let (before, from) = rest.split_at(start);
        let after = from.trim_start_matches('.');
        held.push_str(before);
        held.push(' ');
        held.extend(std::iter::repeat_n(HELD_DOT, from.len() - after.len()));
        held.push(' ');
        rest = after;
    }
    held + rest
}

/// A word without the dot that ends its sentence, which becomes a word.
fn without_end(word: &str, next: Option<&str>, prefixes: &Prefixes) -> String {
    let Some(stem) = word.strip_suffix('.').filter(|stem| !stem.is_empty()) else { return word.to_owned() };
    let has_letter = || LETTER.as_ref().is_some_and(|letter| letter.is_match(stem));
    if stem.contains('.') && has_letter() {
        return word.replace('.', "");
    }
    let begins = |of: fn(&u8) -> bool| next.is_some_and(|next| next.as_bytes().first().is_some_and(of));
    let keeps = prefixes.always.contains(stem)
        || begins(u8::is_ascii_lowercase)
        || prefixes.before_number.contains(stem) && begins(u8::is_ascii_digit);
    if keeps { word.to_owned() } else { format!("{stem} .") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_as_the_reference_cuts_them() {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let prefixes = Prefixes { always: set(&["Mr"]), before_number: set(&["No"]) };
        for (text, cut) in [
            ("a dog 's bowl", "a dog ' s bowl"),
            ("a dog's bowl", "a dog 's bowl"),
            ("A double-decker bus, red.", "a double decker bus , red ."),
            ("1,000 men, 2", "1,000 men , 2"),
            ("Mr. Smith at No. 5 in the U.S. today", "mr. smith at no. 5 in the us today"),
            ("No. Not here. It", "no . not here . it"),
            ("well ... so..", "well ... so .."),
            ("rice & beans (hot)", "rice & beans ( hot )"),
            ("\u{201c}go\u{201d} \u{2013} now", "\" go \" - now"),
            ("", ""),
        ] {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            assert_eq!(normalized(&words, &prefixes).join(" "), cut, "{text}");
        }
    }
}
