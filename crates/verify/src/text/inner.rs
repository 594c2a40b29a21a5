//! Words for what no picture shows: who someone is, what they feel, what they want.

/// What kind of inner thing a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inner {
    /// "Named Anna", "Barack Obama".
    Identity,
    /// "Happy", "tired".
    Feeling,
    /// "Wants to jump", "waiting for a friend".
    Intent,
}

impl Inner {
    /// Why nothing is said of it.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Identity => "who someone is does not show: no detector supports or contradicts a name",
            Self::Feeling => "what someone feels does not show: a face or a posture is no proof of it",
            Self::Intent => "what someone means to do or thinks does not show in a picture",
        }
    }
}

/// Adjectives of feeling and temper, of people and animals.
const FEELINGS: &[&str] = &[
    "afraid",
    "agitated",
    "amazed",
    "amused",
    "angry",
    "annoyed",
    "anxious",
    "ashamed",
    "bewildered",
    "bored",
    "calm",
    "carefree",
    "cautious",
    "cheerful",
    "confident",
    "confused",
    "content",
    "contented",
    "curious",
    "dejected",
    "delighted",
    "depressed",
    "determined",
    "disappointed",
    "disgusted",
    "distressed",
    "eager",
    "ecstatic",
    "embarrassed",
    "enthusiastic",
    "excited",
    "fearful",
    "friendly",
    "frightened",
    "frustrated",
    "furious",
    "gloomy",
    "grateful",
    "grumpy",
    "guilty",
    "happy",
    "hungry",
    "impressed",
    "indifferent",
    "interested",
    "irritated",
    "jealous",
    "joyful",
    "lonely",
    "mad",
    "melancholic",
    "melancholy",
    "miserable",
    "nervous",
    "nostalgic",
    "overjoyed",
    "pensive",
    "playful",
    "pleased",
    "proud",
    "puzzled",
    "relaxed",
    "relieved",
    "sad",
    "satisfied",
    "scared",
    "serene",
    "shocked",
    "shy",
    "sleepy",
    "sorrowful",
    "stressed",
    "surprised",
    "tense",
    "terrified",
    "thirsty",
    "thoughtful",
    "thrilled",
    "tired",
    "uncomfortable",
    "uneasy",
    "unhappy",
    "upset",
    "weary",
    "worried",
];

/// Verbs of wanting and thinking, in the forms that captions use.
const INTENTS: &[&str] = &[
    "want",
    "wants",
    "wanting",
    "hope",
    "hopes",
    "hoping",
    "intend",
    "intends",
    "intending",
    "plan",
    "plans",
    "planning",
    "wish",
    "wishes",
    "wishing",
    "desire",
    "desires",
    "think",
    "thinks",
    "thinking",
    "believe",
    "believes",
    "dream",
    "dreams",
    "dreaming",
    "remember",
    "remembers",
    "imagine",
    "imagines",
    "wonder",
    "wonders",
    "wondering",
    "decide",
    "decides",
    "deciding",
    "contemplate",
    "contemplates",
    "contemplating",
    "anticipate",
    "anticipates",
    "anticipating",
    "try",
    "tries",
    "trying",
    "attempt",
    "attempts",
    "attempting",
    "love",
    "loves",
    "hate",
    "hates",
    "enjoy",
    "enjoys",
    "enjoying",
    "waiting",
    "wait",
    "waits",
    "about",
    "going",
];

/// What of the inner life a statement about someone is, by its first words; `None` for what can show.
pub(crate) fn inner(statement: &str) -> Option<Inner> {
    let lower = statement.to_lowercase();
    let mut words = lower.split_whitespace();
    let first = words.next()?;
    let second = words.next().unwrap_or_default();
    if matches!(first, "named" | "called") {
        return Some(Inner::Identity);
    }
    if is_feeling(first) || (matches!(first, "feeling" | "feels" | "feel") && second != "the") {
        return Some(Inner::Feeling);
    }
    // "Waiting" shows, what for does not; "going to jump" is meant, "going home" is done.
    let meant = match first {
        "waiting" | "wait" | "waits" => second == "for" || second == "to",
        "about" | "going" => second == "to",
        "love" | "loves" | "hate" | "hates" | "enjoy" | "enjoys" | "enjoying" => true,
        _ => INTENTS.contains(&first),
    };
    meant.then_some(Inner::Intent)
}

/// Whether the word says what someone feels.
pub(crate) fn is_feeling(word: &str) -> bool {
    FEELINGS.contains(&word)
}

/// Whether the word begins a statement of what someone means or thinks, given the word behind it.
pub(crate) fn is_intent(word: &str, next: &str) -> bool {
    INTENTS.contains(&word) && inner(&format!("{word} {next}")) == Some(Inner::Intent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_show_is_told_from_what_does() {
        for (statement, kind) in [
            ("happy", Some(Inner::Feeling)),
            ("Tired and hungry", Some(Inner::Feeling)),
            ("feeling sad", Some(Inner::Feeling)),
            ("wants to catch the ball", Some(Inner::Intent)),
            ("waiting for a bus", Some(Inner::Intent)),
            ("about to jump", Some(Inner::Intent)),
            ("named Anna", Some(Inner::Identity)),
            ("waiting", None),
            ("going home", None),
            ("riding a horse", None),
            ("large", None),
            ("smiling", None),
            ("", None),
        ] {
            assert_eq!(inner(statement), kind, "{statement}");
        }
    }
}
