//! VQA: short answers, compared after normalisation, with the answers that people gave.
//!
//! Antol et al., "VQA: visual question answering", ICCV 2015, with the normalisation of its evaluation script; relaxed
//! correctness is of Masry et al., "ChartQA", 2022.

use std::{collections::HashMap, sync::LazyLock};

use regex::{Captures, Regex};

/// The marks that normalisation takes out, in its order.
const MARKS: [char; 21] = [
    ';', '/', '[', ']', '"', '{', '}', '(', ')', '=', '+', '\\', '_', '-', '>', '<', '@', '`', ',', '?', '!',
];

/// The script passes a flag (32) where the most replacements belong.
const MOST_DOTS: usize = 32;

/// How far a number may be off and still be right, as a part of the right one.
const RELAXED: f64 = 0.05;

/// Contractions as they are written; the script mends a word that lacks one of its apostrophes.
const CONTRACTIONS: &str = "ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't \
haven't he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't must've \
needn't not've o'clock oughtn't 'ow's'at shan't she'd've should've shouldn't shouldn't've somebody'd've somebody'll \
somebody's someone'd someone'd've someone'll someone's something'd something'd've something'll that's there'd there'd've \
there're there's they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't what'll what're what's \
what've when's where'd where's where've who'd who'd've who'll who's who've why'll why're why's won't would've wouldn't \
wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're you've";

static MENDED: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let mut mended = HashMap::new();
    for word in CONTRACTIONS.split(' ') {
        for (place, _) in word.match_indices('\'') {
            let lacking = format!("{}{}", &word[..place], &word[place + 1..]);
            mended.insert(lacking, word.to_owned());
        }
    }
    // The one entry of the script that goes the other way.
    mended.insert("somebody'd".into(), "somebodyd".into());
    mended
});

/// A dot, with the digit after it where there is one.
static DOT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\.(\d?)").ok());

/// A comma between digits.
static COMMA: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\d,\d").ok());

/// Takes marks out of an answer. A mark beside a blank, and any mark in a text with a number such as 1,000, goes without
/// a trace; others leave a blank. Dots go unless a digit follows, 32 of them at most.
pub fn without_marks(answer: &str) -> String {
    let grouped = COMMA.as_ref().is_some_and(|comma| comma.is_match(answer));
    let mut out = answer.to_owned();
    for mark in MARKS {
        let beside_a_blank = answer.contains(&format!("{mark} ")) || answer.contains(&format!(" {mark}"));
        out = out.replace(mark, if beside_a_blank || grouped { "" } else { " " });
    }
    let mut removed = 0;
    if let Some(dot) = DOT.as_ref() {
        out = dot
            .replace_all(&out, |found: &Captures<'_>| {
                if found[1].is_empty() && removed < MOST_DOTS {
                    removed += 1;
                    String::new()
                } else {
                    found[0].to_owned()
                }
            })
            .into_owned();
    }
    out.to_lowercase()
}

/// An answer as it is compared: without marks and articles, numbers up to ten as digits ("none" is 0), contractions with
/// their apostrophes.
pub fn normalised(answer: &str) -> String {
    let answer = without_marks(answer.replace(['\n', '\t'], " ").trim());
    let words = answer.split_whitespace().map(digit).filter(|word| !matches!(*word, "a" | "an" | "the"));
    let words: Vec<&str> = words.map(|word| MENDED.get(word).map_or(word, String::as_str)).collect();
    words.join(" ")
}

fn digit(word: &str) -> &str {
    match word {
        "none" | "zero" => "0",
        "one" => "1",
        "two" => "2",
        "three" => "3",
        "four" => "4",
        "five" => "5",
        "six" => "6",
        "seven" => "7",
        "eight" => "8",
        "nine" => "9",
        "ten" => "10",
        other => other,
    }
}

/// What an answer is worth, 0 to 1, given what people answered: each of them is left out once, and three of the others
/// who say the same make it right. 0 where nobody answered.
pub fn accuracy(people: &[impl AsRef<str>], answer: &str) -> f64 {
    if people.is_empty() {
        return 0.0;
    }
    let answer = normalised(answer);
    let same: Vec<bool> = people.iter().map(|person| normalised(person.as_ref()) == answer).collect();
    let all = same.iter().filter(|same| **same).count();
    let scores = same.iter().map(|own| ((all - usize::from(*own)) as f64 / 3.0).min(1.0));
    scores.sum::<f64>() / people.len() as f64
}

/// Whether an answer is one of the right ones after normalisation.
pub fn exact(right: &[impl AsRef<str>], answer: &str) -> bool {
    let answer = normalised(answer);
    right.iter().any(|right| normalised(right.as_ref()) == answer)
}

/// Whether an answer is right within 5 % where both are numbers, else letter for letter without regard to capitals. A
/// percentage is its hundredth part; nothing is within 5 % of zero but the same text.
pub fn relaxed(right: &str, answer: &str) -> bool {
    match (number(answer), number(right)) {
        (Some(answer), Some(right)) if right != 0.0 => (answer - right).abs() / right.abs() <= RELAXED,
        _ => answer.to_lowercase() == right.to_lowercase(),
    }
}

/// A number as the script's language reads one.
fn number(text: &str) -> Option<f64> {
    let (digits, unit) = match text.strip_suffix('%') {
        Some(_) => (text.trim_end_matches('%'), 100.0),
        None => (text, 1.0),
    };
    let digits = digits.trim();
    // A low line may stand between digits.
    let between_digits = |place: usize| {
        let beside = |place: Option<usize>| place.and_then(|place| digits.as_bytes().get(place));
        [beside(place.checked_sub(1)), beside(Some(place + 1))]
            .iter()
            .all(|beside| beside.is_some_and(u8::is_ascii_digit))
    };
    if digits.match_indices('_').any(|(place, _)| !between_digits(place)) {
        return None;
    }
    digits.replace('_', "").parse().ok().map(|number: f64| number / unit)
}
