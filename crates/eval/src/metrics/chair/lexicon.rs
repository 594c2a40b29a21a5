//! The objects that a caption names.

use std::{collections::HashMap, sync::LazyLock};

use regex::Regex;

use super::{Extraction, singular::singular, tokens::tokens};

/// Two words that are looked at as one.
const DOUBLE: [&str; 27] = [
    "motor bike",
    "motor cycle",
    "air plane",
    "traffic light",
    "street light",
    "traffic signal",
    "stop light",
    "fire hydrant",
    "stop sign",
    "parking meter",
    "suit case",
    "sports ball",
    "baseball bat",
    "baseball glove",
    "tennis racket",
    "wine glass",
    "hot dog",
    "cell phone",
    "mobile phone",
    "teddy bear",
    "hair drier",
    "potted plant",
    "bow tie",
    "laptop computer",
    "stove top oven",
    "home plate",
    "train track",
];

/// Animals whose young and grown ones are no persons.
const ANIMALS: [&str; 12] =
    ["bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "animal", "cub"];

/// Vehicles for passengers who are not mentioned.
const VEHICLES: [&str; 2] = ["jet", "train"];

/// An object that a caption names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The word, in the singular.
    pub word: String,
    /// The class of COCO it stands for.
    pub class: String,
    /// The place of the word that the script gives: off by one after a seat that belongs to a toilet.
    pub place: usize,
}

/// What is found in a caption.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    /// The objects, in the order of the caption.
    pub objects: Vec<Mention>,
    /// All words and marks as they were compared.
    pub tokens: Vec<String>,
}

/// The classes of COCO with the words for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lexicon {
    /// Words as the script reads them, some with a blank before.
    raw: HashMap<String, String>,
    /// The same without blanks, in small letters.
    clean: HashMap<String, String>,
}

static COCO: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::of(include_str!("../../../data/chair/synonyms.txt")));

static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("[a-z0-9]+(?:['-][a-z0-9]+)*").ok());

impl Lexicon {
    /// The benchmark's own list.
    pub fn coco() -> &'static Self {
        &COCO
    }

    /// Reads a list: a line for each class, first its name, then other words for it, with `, ` between.
    pub fn of(text: &str) -> Self {
        let (mut raw, mut clean) = (HashMap::new(), HashMap::new());
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let class = line.split(", ").next().unwrap_or_default();
            for word in line.split(", ") {
                raw.insert(word.to_owned(), class.to_owned());
            }
            for word in line.split(',').map(str::trim).filter(|word| !word.is_empty()) {
                clean.insert(word.to_lowercase(), class.trim().to_lowercase());
            }
        }
        Self { raw, clean }
    }

    /// How many words it has.
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// The class that a word stands for.
    pub fn class(&self, word: &str) -> Option<&str> {
        self.raw.get(word).map(String::as_str)
    }

    /// The objects that a caption names.
    pub fn mentions(&self, caption: &str, extraction: Extraction) -> Mentions {
        let lower = caption.to_lowercase();
        let (tokens, places, terms) = match extraction {
            Extraction::Reference => {
                let singulars: Vec<String> = tokens(&lower).iter().map(|token| singular(token)).collect();
                let (tokens, places) = joined(&singulars, reference_double);
                (tokens, places, &self.raw)
            }
            Extraction::Mitigv => {
                let words = WORD.as_ref().map(|word| word.find_iter(&lower));
                let singulars: Vec<String> =
                    words.into_iter().flatten().map(|word| plain_singular(word.as_str())).collect();
                let (tokens, places) = joined(&singulars, mitigv_double);
                (tokens, places, &self.clean)
            }
        };
        // The seat of a toilet is no chair. The script forgets the place of what it takes out.
        let toilet = tokens.iter().any(|token| token == "toilet");
        let left = tokens.iter().filter(|token| !(toilet && *token == "seat"));
        let objects = left.zip(&places).filter_map(|(token, place)| {
            let class = terms.get(token)?.clone();
            Some(Mention { word: token.clone(), class, place: *place })
        });
        let objects = objects.collect();
        Mentions { objects, tokens }
    }
}

/// What a run of words is looked at as: how many words it takes, and the word, if any.
type Double = fn(&[String]) -> Option<(usize, Option<String>)>;

/// Puts words together that are looked at as one; with each word its place among the words before.
fn joined(words: &[String], double: Double) -> (Vec<String>, Vec<usize>) {
    let (mut out, mut places) = (Vec::new(), Vec::new());
    let mut place = 0;
    while place < words.len() {
        let (taken, word) = double(&words[place..]).unwrap_or_else(|| (1, Some(words[place].clone())));
        if let Some(word) = word {
            out.push(word);
            places.push(place);
        }
        place += taken;
    }
    (out, places)
}

fn pair(words: &[String]) -> Option<String> {
    words.get(..2).map(|pair| pair.join(" "))
}

fn reference_double(words: &[String]) -> Option<(usize, Option<String>)> {
    let pair = pair(words)?;
    let word = match pair.as_str() {
        "bow tie" => "tie",
        "toilet seat" => "toilet",
        "wine glas" => "wine glass",
        known if DOUBLE.contains(&known) => known,
        _ => {
            let (first, second) = (words.first()?.as_str(), words.get(1)?.as_str());
            let animal = matches!(first, "baby" | "adult") && ANIMALS.contains(&second);
            let vehicle = first == "passenger" && VEHICLES.contains(&second);
            if !animal && !vehicle {
                return None;
            }
            second
        }
    };
    Some((2, Some(word.to_owned())))
}

fn mitigv_double(words: &[String]) -> Option<(usize, Option<String>)> {
    if words.get(..3).is_some_and(|three| three.join(" ") == "stove top oven") {
        return Some((3, Some("oven".to_owned())));
    }
    let pair = pair(words)?;
    Some(match pair.as_str() {
        "home plate" | "train track" => (2, None),
        "bow tie" => (2, Some("tie".to_owned())),
        "toilet seat" => (2, Some("toilet".to_owned())),
        "wine glas" => (2, Some("wine glass".to_owned())),
        known if DOUBLE.contains(&known) => (2, Some(pair)),
        _ => return None,
    })
}

/// The singular as `mitigv` has it.
fn plain_singular(word: &str) -> String {
    let irregular = match word {
        "people" => "person",
        "children" => "child",
        "men" => "man",
        "women" => "woman",
        "geese" => "goose",
        "mice" => "mouse",
        "teeth" => "tooth",
        "feet" => "foot",
        "oxen" => "ox",
        "knives" => "knife",
        "skis" => "ski",
        _ => "",
    };
    if !irregular.is_empty() {
        return irregular.to_owned();
    }
    let (long, longer) = (word.len() > 3, word.len() > 4);
    let stem = |ending: &str| word.strip_suffix(ending);
    if let (true, Some(stem)) = (longer, stem("ies")) {
        format!("{stem}y")
    } else if let (true, Some(stem)) = (longer, stem("ves")) {
        format!("{stem}f")
    } else if let (true, Some(stem)) = (long, stem("ses")) {
        format!("{stem}s")
    } else if let (true, false, Some(stem)) = (long, word.ends_with("ss"), stem("s")) {
        stem.to_owned()
    } else {
        word.to_owned()
    }
}
