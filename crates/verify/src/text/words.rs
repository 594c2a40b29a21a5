//! The closed word classes of English that a shallow reading leans on.

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
    "appearing",
    "seeming",
    "unclear",
    "whether",
    "potentially",
    "resembling",
    "resembles",
];

/// What makes a thing an imitation: a plastic dog is no dog. Of furniture and the like they name the material.
pub(crate) const IMITATIONS: &[&str] = &[
    "toy",
    "fake",
    "plastic",
    "inflatable",
    "painted",
    "stuffed",
    "plush",
    "model",
    "miniature",
    "ceramic",
    "stone",
    "bronze",
    "marble",
    "lego",
    "origami",
    "cartoon",
    "animated",
    "drawn",
    "sculpted",
    "carved",
    "paper",
    "porcelain",
    "wax",
    "wooden",
    "clay",
    "snow",
    "sand",
    "balloon",
    "virtual",
    "imaginary",
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
    "wreck",
    "wreckage",
    "remains",
    "skeleton",
];

/// Words for the picture itself.
pub(crate) const PICTURE: &[&str] = &[
    "image",
    "picture",
    "photo",
    "photograph",
    "frame",
    "scene",
    "shot",
    "photograph's",
    "close-up",
    "closeup",
];

/// Whether a word means the picture and no thing in it: not the "frame" of a bicycle.
pub(crate) fn is_whole_picture(word: &str) -> bool {
    PICTURE.contains(&word) && !matches!(word, "frame" | "scene" | "shot")
}

/// What is spoken of as if it were there, and is nothing to look for.
pub(crate) const ABSTRACT: &[&str] = &[
    "sense", "mood", "feeling", "answer", "question", "style", "setting", "vibe", "touch", "focus",
    "activity", "event", "pose", "manner", "contrast", "moment", "position", "height", "size", "shape",
    "fact", "case", "idea", "theme", "level", "effect", "impact", "aura", "charm", "tone", "purpose",
    "reason", "example", "rest", "sort", "doubt", "number", "amount", "presence", "ambience", "ambiance",
    "addition", "majority",
];

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
    "close-up",
    "closeup",
    "atmosphere",
    "description",
    "environment",
];

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
    "corner", "island", "cap", "leash", "cook", "duck", "bark", "bat", "bowl", "match", "pet", "saddle",
    "paint", "coach", "host", "tower",
];

/// Of those, the ones that need no object: behind a subject they end a clause.
pub(crate) const INTRANSITIVE: &[&str] = &[
    "wave", "watch", "stand", "swing", "ski", "skate", "surf", "sail", "rest", "drink", "paddle", "fish",
    "shop", "bark", "cook",
];

/// Words that stand behind a noun and are neither a part of its name nor a verb: "a dog outside".
pub(crate) const AFTER_NOUNS: &[&str] = &[
    "able", "aboard", "about", "afloat", "after", "again", "ahead", "airborne", "alike", "all", "alone",
    "already", "although", "amongst", "ashore", "asleep", "awake", "aware", "away", "back", "before",
    "began", "bent", "besides", "big", "both", "built", "came", "caught", "close", "cut", "drank", "drawn",
    "drove", "due", "dug", "each", "either", "etc", "even", "except", "facing", "fed", "fell", "first",
    "flew", "forward", "free", "full", "gave", "good", "got", "grew", "half", "head", "here", "high",
    "however", "hung", "indoors", "inside", "instead", "just", "kept", "laid", "large", "led", "left", "lit",
    "long", "lost", "low", "made", "met", "mid-air", "midair", "nearby", "now", "once", "one", "ones",
    "online", "open", "opposite", "outdoors", "outside", "overhead", "per", "plus", "present", "put",
    "ready", "right", "said", "sat", "saw", "set", "shone", "shot", "side", "sideways", "since", "slid",
    "small", "spread", "spun", "still", "stood", "sunk", "swam", "tall", "there", "though", "thrown", "tied",
    "today", "together", "told", "too", "took", "top", "twice", "until", "upright", "upside", "upstairs",
    "versus", "very", "via", "visible", "vs", "went", "where", "whether", "whom", "wide", "won", "worth",
    "wound",
];

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
