//! The closed word classes of English that a shallow reading leans on, and the inflection of verbs.

pub(crate) const INDEFINITE: &[&str] = &["a", "an", "another"];
pub(crate) const DEFINITE: &[&str] = &["the", "this", "that", "these", "those", "each", "every", "either"];
pub(crate) const POSSESSIVE: &[&str] = &["his", "her", "its", "their", "my", "your", "our"];
pub(crate) const COPULAS: &[&str] = &["is", "are", "was", "were"];

/// Words that say "more than one" and no number.
pub(crate) const SEVERAL: &[&str] =
    &["several", "many", "multiple", "various", "numerous", "few", "some", "different", "countless"];

/// Prepositions: words that put the noun phrase behind them into a place or role.
pub(crate) const PREPOSITIONS: &[&str] = &[
    "on",
    "in",
    "at",
    "with",
    "of",
    "by",
    "near",
    "beside",
    "under",
    "beneath",
    "underneath",
    "below",
    "above",
    "over",
    "behind",
    "inside",
    "within",
    "between",
    "among",
    "against",
    "along",
    "alongside",
    "around",
    "across",
    "through",
    "into",
    "onto",
    "toward",
    "towards",
    "from",
    "for",
    "to",
    "outside",
    "off",
    "atop",
    "upon",
    "without",
    "during",
    "past",
    "beyond",
    "as",
    "like",
    "about",
    "amid",
    "amidst",
    "up",
    "down",
    "next",
    "close",
    "adjacent",
    "front",
];

/// Words that no noun phrase contains.
pub(crate) const FUNCTION: &[&str] = &[
    "and",
    "or",
    "but",
    "nor",
    "is",
    "are",
    "was",
    "were",
    "be",
    "been",
    "being",
    "am",
    "has",
    "have",
    "had",
    "do",
    "does",
    "did",
    "can",
    "could",
    "may",
    "might",
    "must",
    "shall",
    "should",
    "will",
    "would",
    "there",
    "here",
    "it",
    "he",
    "she",
    "they",
    "we",
    "you",
    "i",
    "him",
    "them",
    "us",
    "me",
    "who",
    "which",
    "what",
    "where",
    "when",
    "while",
    "whose",
    "that",
    "if",
    "because",
    "so",
    "then",
    "than",
    "not",
    "also",
    "too",
    "isn't",
    "aren't",
    "wasn't",
    "weren't",
    "don't",
    "doesn't",
    "didn't",
    "it's",
    "there's",
    "they're",
    "he's",
    "she's",
    "that's",
    "itself",
    "themselves",
    "himself",
    "herself",
    "another",
    "as",
    "however",
    "both",
    "only",
    "just",
    "visible",
    "seen",
    "shown",
    "together",
    "nearby",
    "apart",
    "away",
    "else",
];

pub(crate) const HEDGES: &[&str] = &[
    "seems",
    "seem",
    "appears",
    "appear",
    "seemingly",
    "apparently",
    "possibly",
    "perhaps",
    "maybe",
    "might",
    "may",
    "could",
    "probably",
    "likely",
    "presumably",
    "suggests",
    "suggesting",
    "perhaps",
];

/// What a noun phrase behind "of" or "like" is a picture of, not the thing itself.
pub(crate) const DEPICTIONS: &[&str] = &[
    "statue",
    "sculpture",
    "painting",
    "drawing",
    "sketch",
    "cartoon",
    "figurine",
    "figure",
    "logo",
    "poster",
    "shape",
    "silhouette",
    "reflection",
    "shadow",
    "model",
    "replica",
    "image",
    "picture",
    "photo",
    "photograph",
    "print",
    "mural",
    "illustration",
    "toy",
];

/// Words for the picture itself.
pub(crate) const PICTURE: &[&str] =
    &["image", "picture", "photo", "photograph", "frame", "scene", "shot", "photograph's"];

/// Places within the picture: never entities.
pub(crate) const PLACES: &[&str] = &[
    "left",
    "right",
    "middle",
    "center",
    "centre",
    "top",
    "bottom",
    "front",
    "back",
    "background",
    "foreground",
    "side",
    "edge",
    "corner",
    "end",
    "distance",
    "rear",
    "image",
    "picture",
    "photo",
    "photograph",
    "frame",
    "scene",
    "shot",
    "view",
    "half",
    "part",
    "portion",
    "area",
    "lot",
    "bit",
    "kind",
    "type",
    "way",
    "time",
    "other",
    "others",
    "total",
    "rest",
    "day",
    "night",
    "moment",
];

/// Words that make a following colour darker or lighter; they go with the colour when it is replaced.
pub(crate) const INTENSITIES: &[&str] =
    &["dark", "light", "bright", "deep", "pale", "vivid", "vibrant", "pastel", "neon", "solid", "hot"];

/// Words that turn what follows them in their clause into something that is not there.
pub(crate) const DENIALS: &[&str] = &[
    "not", "never", "nobody", "none", "nothing", "neither", "nor", "cannot", "can't", "isn't", "aren't",
    "wasn't", "weren't", "don't", "doesn't", "didn't", "won't", "hasn't", "haven't", "couldn't", "lacks",
    "lack", "lacking", "missing", "absence", "instead", "rather", "except", "unlike", "lacked",
];

/// Nouns of the vocabulary that are as often verbs; behind a noun and before an object or a place they are.
pub(crate) const VERB_NOUNS: &[&str] = &[
    "book", "park", "train", "bear", "tie", "watch", "ski", "sink", "clock", "board", "fish", "light",
    "step", "stand", "ring", "track", "wave", "water", "picture", "fire", "face", "head", "hand", "eye",
    "shop", "rock", "sail", "post", "plant", "fence", "dock", "log", "stick", "frame", "drink", "swing",
    "shower", "rain", "snow", "shade", "cover", "seat", "house", "bank", "box", "fan", "pack", "pool",
    "screen", "skate", "surf", "cycle", "dress", "button", "remote", "paddle", "wire", "wind", "mirror",
    "corner", "island", "cap", "leash", "cook",
];

/// Verbs of captions, in the base form.
const VERBS: &[&str] = &[
    "add", "approach", "ask", "bark", "bask", "bathe", "bend", "bite", "blow", "board", "bounce", "brush",
    "carry", "cast", "catch", "chase", "chat", "check", "chew", "climb", "compete", "contain", "cook",
    "cover", "cross", "crouch", "cuddle", "cut", "cycle", "dance", "dig", "display", "dive", "drag", "drink",
    "drive", "eat", "enjoy", "enter", "examine", "face", "fall", "feature", "feed", "fill", "fish", "float",
    "flow", "fly", "follow", "gallop", "gather", "gaze", "get", "give", "glow", "graze", "grow", "hang",
    "head", "help", "hit", "hold", "huddle", "hug", "include", "jog", "jump", "keep", "kick", "kiss",
    "kneel", "laugh", "lay", "lead", "lean", "leap", "leave", "lick", "lie", "lift", "line", "listen",
    "look", "make", "march", "meet", "move", "nap", "open", "operate", "paddle", "paint", "park", "pass",
    "perch", "perform", "pet", "play", "point", "pose", "pour", "prepare", "pull", "push", "race", "reach",
    "read", "relax", "rest", "ride", "roam", "roll", "row", "run", "rush", "sail", "say", "serve", "share",
    "shine", "show", "sing", "sit", "skate", "ski", "sleep", "slide", "smell", "smile", "sniff", "snooze",
    "soar", "speak", "splash", "spread", "stand", "stare", "stay", "steer", "step", "stop", "stretch",
    "stroll", "surf", "surround", "swim", "swing", "take", "talk", "throw", "touch", "travel", "turn",
    "type", "use", "wait", "wag", "walk", "wander", "wash", "watch", "wave", "wear", "work", "write",
    "dominate", "occupy", "belong", "want", "need", "like", "try",
];

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
        _ if VERBS.contains(&word) || ["seem", "appear"].contains(&word) => Some(Agreement::Plural),
        _ => {
            let base = base_form(word)?;
            (VERBS.contains(&base.as_str()) || ["seem", "appear"].contains(&base.as_str()))
                .then_some(Agreement::Singular)
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

/// `a` or `an`, by the sound that a word begins with.
pub(crate) fn article_for(word: &str) -> &'static str {
    let word = word.to_lowercase();
    let vowel = word.starts_with(['a', 'e', 'i', 'o', 'u']);
    let sounds_consonant =
        ["uni", "use", "eu", "one", "ukulele", "ufo"].iter().any(|start| word.starts_with(start))
            && !["unin", "unim"].iter().any(|start| word.starts_with(start));
    let silent_h = ["hour", "honest", "heir"].iter().any(|start| word.starts_with(start));
    let number = word.starts_with('8') || word == "11" || word == "18";
    if (vowel && !sounds_consonant) || silent_h || number { "an" } else { "a" }
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

    #[test]
    fn articles_go_by_sound() {
        for (article, word) in [
            ("an", "umbrella"),
            ("a", "uniform"),
            ("an", "orange"),
            ("an", "hour"),
            ("a", "dog"),
            ("a", "one"),
        ] {
            assert_eq!(article_for(word), article, "{word}");
        }
    }
}
