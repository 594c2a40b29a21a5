//! Words and marks of a caption, as NLTK's `word_tokenize` (3.10) cuts an English text in small letters.
//!
//! A dot ends a word only at the end of a sentence, so sentences are found first, by the rules of Kiss and Strunk,
//! "Unsupervised multilingual sentence boundary detection", 2006, with the abbreviations of NLTK's English model. Where
//! that model knows how single words are written after a number or an initial, it is taken that no sentence ends there:
//! that touches the number's own dot, and no object.

use std::sync::LazyLock;

use regex::Regex;

/// Abbreviations of NLTK's English model (Apache 2.0): a dot after one ends no sentence.
const ABBREVIATIONS: &str = "ct m.j t a.c n.h ms p.a.m dr pa p.m u.k st dec u.s.a lt g.k adm p h.m ga tenn yr sen n.c j.j \
d.h s.g inc vs s.p.a a.t n feb sr jan s.a.y n.y col g.f c.o.m.b d ft va r.k e.f chg r.i a.g minn a.h k n.j m l.f f.j gen \
i.m.s s.a aug j.p okla m.d.c ltd oct s vt r.a j.c ariz w.w b.v ore h w.r e.h mrs cie corp w n.v a.d r.j ok e.m w.c ill \
nov u.s prof conn u.s.s.r mg f.g ph.d g calif messrs h.f wash tues sw bros u.n l wis mr sep d.c ave e.l co s.s reps c \
r.t h.c r wed a.s v fla jr r.h c.v m.b.a rep a.a e c.i.t l.a b.f j.b d.w j.k ala f w.va sept mich n.m j.r l.p s.c colo \
fri a.m g.d kan maj ky a.m.e n.d t.j cos nev";

/// Marks that may follow a sentence's end without a blank between.
const MARKS: [char; 13] = [')', '"', ';', '}', ']', '*', ':', '@', '\'', '(', '{', '[', '!'];

/// What may close a sentence after its dot.
const CLOSING: [char; 5] = ['"', '\'', ')', ']', '}'];

/// A pattern with what takes its place, one after another.
type Step = (Regex, &'static str);

/// Cuts a caption into words and marks. Opening quotes become two backquotes and closing ones two apostrophes.
pub(super) fn tokens(caption: &str) -> Vec<String> {
    sentences(caption).iter().flat_map(|sentence| sentence_tokens(sentence)).collect()
}

/// The sentences of a text.
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    for (place, mark) in text.char_indices().filter(|(_, mark)| matches!(mark, '.' | '?' | '!')) {
        let end = place + mark.len_utf8();
        if place < start {
            continue;
        }
        let after = &text[end..];
        let Some(follows) = after.chars().next() else { break };
        let next = after.trim_start();
        let blank = follows.is_whitespace();
        if !blank && !MARKS.contains(&follows) && follows != '?' || blank && next.is_empty() {
            continue;
        }
        if !ends_a_sentence(&text[start..end], mark, if blank { next } else { after }) {
            continue;
        }
        // Quotes and brackets that close belong to what they close.
        let closing = after.trim_start_matches(CLOSING);
        let closed = after.len() - closing.len();
        let closes = closed > 0 && (closing.is_empty() || closing.starts_with(char::is_whitespace));
        let cut = if closes { end + closed } else { end };
        sentences.push(&text[start..cut]);
        start = text.len() - text[cut..].trim_start().len();
    }
    sentences.push(&text[start..]);
    sentences
}

/// Whether a sentence ends with the mark at the end of `before`.
fn ends_a_sentence(before: &str, mark: char, next: &str) -> bool {
    if mark != '.' {
        return true;
    }
    let separators = |letter: char| {
        letter.is_whitespace()
            || matches!(
                letter,
                '(' | ')'
                    | '"'
                    | '`'
                    | '{'
                    | '}'
                    | '['
                    | ']'
                    | ':'
                    | ';'
                    | '&'
                    | '#'
                    | '*'
                    | '@'
                    | '!'
                    | '?'
                    | ','
            )
    };
    let word = before.rsplit(separators).next().unwrap_or_default();
    // Dots of an ellipsis end nothing where small letters follow, and here all letters are small.
    if word == "." {
        return true;
    }
    if word.ends_with("..") {
        return false;
    }
    let word = &word[..word.len() - 1];
    let known = |word: &str| ABBREVIATIONS.split(' ').any(|abbreviation| abbreviation == word);
    if known(word) || word.rsplit('-').next().is_some_and(known) {
        return false;
    }
    let initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    let number = word.trim_start_matches('-').replace([',', '.', '-'], "");
    let number = !number.is_empty() && number.chars().all(|letter| letter.is_ascii_digit());
    !((initial || number)
        && next.starts_with(|letter: char| letter.is_lowercase() || ";:,.!?".contains(letter)))
}

/// What is done to a sentence before its single apostrophes are seen to.
static QUOTES: LazyLock<Vec<Step>> = LazyLock::new(|| {
    compiled(&[
        ("([«“‘„]|[`]+)", " $1 "),
        ("^\"", "``"),
        ("(``)", " $1 "),
        (r#"([ (\[{<])("|'{2})"#, "$1 `` "),
    ])
});

/// What is done after.
static MARKED: LazyLock<Vec<Step>> = LazyLock::new(|| {
    compiled(&[
        (r#"([^.])(\.)([\])}>"' »”’]*)\s*$"#, "$1 $2 $3 "),
        ("([:,])([^\\d])", " $1 $2"),
        ("([:,])$", " $1 "),
        (r"\.{2,}", " $0 "),
        ("[;@#$%&]", " $0 "),
        (r"[\u{2012}-\u{2015}]", " $0 "),
        (r#"([^.])(\.)([\])}>"']*)\s*$"#, "$1 $2$3 "),
        ("[?!]", " $0 "),
        ("([^'])' ", "$1 ' "),
        (r"[*]", " $0 "),
        (r"[\]\[(){}<>]", " $0 "),
        ("--", " -- "),
        ("^", " "),
        ("$", " "),
        ("([»”’])", " $1 "),
        ("''", " '' "),
        ("\"", " '' "),
        (r"\s+", " "),
        (r"([^' ])('[sS]|'[mM]|'[dD]|') ", "$1 $2 "),
        (r"([^' ])('ll|'re|'ve|n't) ", "$1 $2 "),
        (r"\b(can)(not)\b", " $1 $2 "),
        (r"\b(d)('ye)\b", " $1 $2 "),
        (r"\b(gim|lem)(me)\b", " $1 $2 "),
        (r"\b(gon)(na)\b", " $1 $2 "),
        (r"\b(got)(ta)\b", " $1 $2 "),
        (r"\b(more)('n)\b", " $1 $2 "),
        (r"\b(wan)(na)(\s)", " $1 $2 $3"),
        (r" ('t)(is|was)\b", " $1 $2 "),
    ])
});

/// An apostrophe that opens a word, with the word.
static OPENING: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"'(\w+)").ok());

fn compiled(steps: &[(&str, &'static str)]) -> Vec<Step> {
    let compiled = steps.iter().map(|(pattern, instead)| Some((Regex::new(pattern).ok()?, *instead)));
    compiled.flatten().collect()
}

fn sentence_tokens(sentence: &str) -> Vec<String> {
    let run = |text: String, steps: &[Step]| {
        steps.iter().fold(text, |text, (rule, instead)| rule.replace_all(&text, *instead).into_owned())
    };
    let text = run(sentence.to_owned(), &QUOTES);
    let text = run(opening_apostrophes(&text), &MARKED);
    text.split_whitespace().map(str::to_owned).collect()
}

/// Takes an apostrophe off the word it opens, unless it is a contraction.
fn opening_apostrophes(text: &str) -> String {
    let Some(opening) = OPENING.as_ref() else { return text.to_owned() };
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for found in opening.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        let inside_a_word = text[..whole.start()]
            .chars()
            .next_back()
            .is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
        if inside_a_word || matches!(&found[1], "re" | "ve" | "ll" | "m" | "t" | "s" | "d" | "n") {
            continue;
        }
        out.push_str(&text[done..whole.start()]);
        out.push_str("' ");
        done = whole.start() + 1;
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_can_be_used() {
        assert_eq!((QUOTES.len(), MARKED.len()), (4, 28));
        assert!(OPENING.is_some());
    }

    #[test]
    fn a_dot_leaves_its_word_at_the_end_of_a_sentence_alone() {
        let cut = |text: &str| tokens(text).join("|");
        assert_eq!(cut("at 3 p.m. a man. he sat..."), "at|3|p.m.|a|man|.|he|sat|...");
        assert_eq!(cut("a dog.a cat. \"yes.\" no"), "a|dog.a|cat|.|``|yes|.|''|no");
        assert_eq!(cut("it's the dogs' 1,000 can't: 'tis"), "it|'s|the|dogs|'|1,000|ca|n't|:|'|tis");
    }
}
