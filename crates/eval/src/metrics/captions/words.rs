//! The words of a caption, as the tokenizer of `pycocoevalcap` (Stanford's Penn Treebank tokenizer) leaves them.
//!
//! For captions as people and models write them; of that tokenizer's rules for telephone numbers, markup and rare
//! abbreviations there are none here.

/// Abbreviations that keep their dot.
const ABBREVIATIONS: [&str; 44] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "ave", "blvd", "rd", "jr", "sr", "vs", "etc", "inc", "corp", "co",
    "ltd", "bros", "gen", "col", "capt", "lt", "sgt", "rep", "sen", "gov", "jan", "feb", "mar", "apr", "aug",
    "sept", "sep", "oct", "nov", "dec", "mon", "tues", "wed", "thurs", "fri", "mt", "ft", "no",
];

/// Ends of words that stand as words of their own.
const ENDINGS: [&str; 7] = ["n't", "'s", "'m", "'d", "'re", "'ve", "'ll"];

/// Words that are two.
const DOUBLE: [(&str, usize); 6] =
    [("cannot", 3), ("gonna", 3), ("wanna", 3), ("gotta", 3), ("gimme", 3), ("lemme", 3)];

/// The words of a caption: small letters, punctuation left out. Brackets stay as `-lrb-` and its like: the reference
/// means to leave them out, but looks for capitals after it has made small letters.
pub fn words(caption: &str) -> Vec<String> {
    let caption = caption
        .to_lowercase()
        .replace(['\u{2018}', '\u{2019}'], "'")
        .replace(['\u{201c}', '\u{201d}'], "\"")
        .replace('\u{2026}', " ... ")
        .replace(['\u{2013}', '\u{2014}'], " -- ");
    let mut words = Vec::new();
    for chunk in caption.split_whitespace() {
        if chunk.contains("://") {
            words.push(chunk.to_owned());
        } else {
            for piece in pieces(chunk) {
                split(&piece, &mut words);
            }
        }
    }
    words
}

/// Cuts a chunk at the marks that always stand alone.
fn pieces(chunk: &str) -> Vec<String> {
    let letters: Vec<char> = chunk.chars().collect();
    let digit =
        |place: Option<usize>| place.and_then(|place| letters.get(place)).is_some_and(char::is_ascii_digit);
    let (mut pieces, mut piece) = (Vec::new(), String::new());
    let mut cut = |piece: &mut String, mark: &str| {
        if !piece.is_empty() {
            pieces.push(std::mem::take(piece));
        }
        if !mark.is_empty() {
            pieces.push(mark.to_owned());
        }
    };
    for (place, letter) in letters.iter().enumerate() {
        let between_digits = digit(place.checked_sub(1)) && digit(Some(place + 1));
        let repeated = |mark: char| {
            let beside = [place.checked_sub(1), Some(place + 1)];
            beside.iter().any(|beside| beside.and_then(|place| letters.get(place)) == Some(&mark))
        };
        match letter {
            '(' => cut(&mut piece, "-lrb-"),
            ')' => cut(&mut piece, "-rrb-"),
            '[' => cut(&mut piece, "-lsb-"),
            ']' => cut(&mut piece, "-rsb-"),
            '{' => cut(&mut piece, "-lcb-"),
            '}' => cut(&mut piece, "-rcb-"),
            '"' | ';' | '!' | '?' | '`' => cut(&mut piece, ""),
            ',' | ':' if !between_digits => cut(&mut piece, ""),
            '.' if repeated('.') => cut(&mut piece, ""),
            '-' if repeated('-') => cut(&mut piece, ""),
            '$' => cut(&mut piece, "$"),
            '%' => cut(&mut piece, "%"),
            '#' => cut(&mut piece, "#"),
            '*' => cut(&mut piece, "*"),
            other => piece.push(*other),
        }
    }
    cut(&mut piece, "");
    pieces
}

/// Takes quotes and dots off a piece, and the endings apart.
fn split(piece: &str, words: &mut Vec<String>) {
    let mut word = piece;
    if let Some(quoted) = word.strip_prefix('\'')
        && !quoted.starts_with(|letter: char| letter.is_ascii_digit())
        && !ENDINGS.contains(&word)
    {
        word = quoted;
    }
    if let Some(before) = word.strip_suffix('.')
        && !ABBREVIATIONS.contains(&before)
        && !before.contains('.')
        && (before.chars().count() != 1 || !before.starts_with(char::is_alphabetic))
    {
        word = before;
    }
    word = word.strip_suffix('\'').unwrap_or(word);
    if word.is_empty() || word == "-" || word == "." {
        return;
    }
    let ending = ENDINGS.iter().find(|ending| word.len() > ending.len() && word.ends_with(**ending));
    if let Some(ending) = ending {
        let (stem, ending) = word.split_at(word.len() - ending.len());
        words.extend([stem.to_owned(), ending.to_owned()]);
    } else if let Some((_, place)) = DOUBLE.iter().find(|(double, _)| *double == word) {
        let (first, second) = word.split_at(*place);
        words.extend([first.to_owned(), second.to_owned()]);
    } else {
        words.push(word.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The right side is what the reference's tokenizer makes of the left.
    #[test]
    fn captions_fall_into_the_words_of_the_reference() {
        for (caption, expected) in [
            (
                "A dinner plate with rice & beans, and a chef's salad.",
                "a dinner plate with rice & beans and a chef 's salad",
            ),
            ("A bus (double-decker) on the street.", "a bus -lrb- double-decker -rrb- on the street"),
            (
                "It's 3.5 km; don't stop: can't, won't - they've... \"quoted\" 'single' text.",
                "it 's 3.5 km do n't stop ca n't wo n't they 've quoted single text",
            ),
            ("Army at 5 p.m. near St. Louis. The end.", "army at 5 p.m. near st. louis the end"),
            (
                "a 50% off sign at $5.00 #1 [x] {y} -- dash",
                "a 50 % off sign at $ 5.00 # 1 -lsb- x -rsb- -lcb- y -rcb- dash",
            ),
            (
                "Two dogs' bowls and a men's room, 1,000 people",
                "two dogs bowls and a men 's room 1,000 people",
            ),
            ("cannot gonna wanna http://a.b/c.html", "can not gon na wan na http://a.b/c.html"),
            (
                "A black-and-white photo of a T-shirt that says \"Hello, World!\"",
                "a black-and-white photo of a t-shirt that says hello world",
            ),
            ("Mr. Smith and Dr. Jones vs. them etc.", "mr. smith and dr. jones vs. them etc."),
            ("the 1/2 cup of 3-4 things in the 1990s, '90s", "the 1/2 cup of 3-4 things in the 1990s '90s"),
            (
                "an image\u{2026} \u{2013} and \u{201c}smart\u{201d} \u{2018}quotes\u{2019} it\u{2019}s",
                "an image and smart quotes it 's",
            ),
            ("A man is at a table.He is eating.", "a man is at a table.he is eating"),
        ] {
            assert_eq!(words(caption).join(" "), expected, "{caption}");
        }
    }
}
