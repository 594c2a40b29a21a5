//! What a model says, in a form that can be compared.

/// The longest answer, in characters.
const LONGEST: usize = 300;

/// The answer without what models wrap around it: one line, no quotes, no emphasis, no stop after a single sentence;
/// `yes`, `no` and `unknown` in one spelling. Empty if nothing was said.
pub(crate) fn normalized(said: &str) -> String {
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.replace("**", "").replace("__", "");
    let mut answer = line.trim();
    for label in ["answer:", "a:"] {
        if let Some(start) = answer.get(..label.len())
            && start.eq_ignore_ascii_case(label)
        {
            answer = answer[label.len()..].trim_start();
        }
    }
    for (open, close) in [('"', '"'), ('\'', '\''), ('“', '”'), ('`', '`')] {
        // Quotes around the whole; a quotation inside stays.
        if let Some(inner) =
            answer.strip_prefix(open).and_then(|rest| rest.trim_end_matches('.').strip_suffix(close))
            && !inner.contains([open, close])
        {
            answer = inner.trim();
        }
    }
    let bare = answer.trim_end_matches(['.', '!']);
    if bare.is_empty() {
        return String::new();
    }
    // Where there are several sentences, all of them keep their stops.
    if !bare.contains(['.', '!', '?']) {
        answer = bare;
    }
    for fixed in ["yes", "no", "unknown"] {
        if answer.eq_ignore_ascii_case(fixed) {
            return fixed.to_owned();
        }
    }
    match answer.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} ...", answer[..end].trim_end()),
        None => answer.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_models_wrap_around_an_answer_is_taken_off() {
        for (said, answer) in [
            ("Yes.", "yes"),
            ("  NO!\n", "no"),
            ("**Answer:** Unknown", "unknown"),
            ("\"a red bus\".", "a red bus"),
            ("“Grüße”", "Grüße"),
            ("A: 3", "3"),
            ("3.5", "3.5"),
            ("The sign says \"STOP\".", "The sign says \"STOP\""),
            ("\"A\" and \"B\"", "\"A\" and \"B\""),
            ("Yes, there is\n a dog.", "Yes, there is a dog"),
            ("It is red. It is large.", "It is red. It is large."),
            ("...", ""),
            ("", ""),
        ] {
            assert_eq!(normalized(said), answer, "{said}");
        }
    }

    #[test]
    fn a_lecture_is_cut_short() {
        let said = "wörd ".repeat(500);
        let answer = normalized(&said);
        assert!(answer.chars().count() <= LONGEST + 4 && answer.ends_with(" ..."), "{answer}");
    }
}
