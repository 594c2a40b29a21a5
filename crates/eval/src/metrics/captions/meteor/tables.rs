//! The word lists of METEOR as its authors released them: function words, synonyms (WordNet), paraphrases.

use std::{
    collections::{HashMap, HashSet},
    io::{BufRead, BufReader, Cursor, Read},
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use rust_stemmers::{Algorithm, Stemmer};
use zip::ZipArchive;

use super::normal::Prefixes;
use crate::{Archive, EvalError, data::fault};

/// The authors' program, an archive itself.
const PROGRAM: &str = "pycocoevalcap/meteor/meteor-1.5.jar";
const PARAPHRASES: &str = "pycocoevalcap/meteor/data/paraphrase-en.gz";

/// The most bytes of a list, unpacked.
const MOST_BYTES: u64 = 64 << 20;

/// Endings of inflected words with what the base has in their place, tried in this order.
const ENDINGS: [(&str, &str); 20] = [
    ("s", ""),
    ("ses", "s"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("men", "man"),
    ("ies", "y"),
    ("s", ""),
    ("ies", "y"),
    ("es", "e"),
    ("es", ""),
    ("ed", "e"),
    ("ed", ""),
    ("ing", "e"),
    ("ing", ""),
    ("er", ""),
    ("est", ""),
    ("er", "e"),
    ("est", "e"),
];

/// METEOR's word lists.
pub(super) struct Tables {
    package: PathBuf,
    pub(super) prefixes: Prefixes,
    function_words: HashSet<String>,
    /// The sets of synonyms that a word is in.
    synonyms: HashMap<String, Vec<u32>>,
    /// The bases of irregular words.
    bases: HashMap<String, Vec<String>>,
    stemmer: Stemmer,
    /// Numbers of the words that stand in paraphrases.
    numbers: HashMap<String, u32>,
    /// Phrases with what they can be said as.
    paraphrases: HashMap<Vec<u32>, Vec<Vec<u32>>>,
    /// The words of the longest phrase.
    longest: usize,
}

impl std::fmt::Debug for Tables {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tables").field("package", &self.package).finish_non_exhaustive()
    }
}

impl Tables {
    /// Reads all lists but the paraphrases.
    pub(super) fn open(package: &Path) -> Result<Self, EvalError> {
        let program = Archive::open(package)?.read(PROGRAM)?;
        let mut program =
            ZipArchive::new(Cursor::new(program)).map_err(|error| broken(package, PROGRAM, error))?;
        let mut list = |name: &str| -> Result<String, EvalError> {
            let bytes = member(&mut program, name, package)?;
            String::from_utf8(bytes).map_err(|error| broken(package, name, error))
        };
        let function_words = list("function/english.words")?.lines().map(str::to_owned).collect();
        let prefixes = prefixes(&list("nonbreaking/english.prefixes")?);
        let mut bases: HashMap<String, Vec<String>> = HashMap::new();
        for (base, inflected) in pairs(&list("synonym/english.exceptions")?) {
            for word in inflected.split_ascii_whitespace() {
                bases.entry(word.to_owned()).or_default().push(base.to_owned());
            }
        }
        let sets = |sets: &str| {
            let numbers = sets.split_ascii_whitespace().map(str::parse).collect::<Result<Vec<u32>, _>>();
            numbers.map_err(|error| broken(package, "synonym/english.synsets", error))
        };
        let synonyms = pairs(&list("synonym/english.synsets")?)
            .map(|(word, listed)| Ok((word.to_owned(), sets(listed)?)))
            .collect::<Result<_, EvalError>>()?;
        Ok(Self {
            package: package.to_owned(),
            prefixes,
            function_words,
            synonyms,
            bases,
            stemmer: Stemmer::create(Algorithm::English),
            numbers: HashMap::new(),
            paraphrases: HashMap::new(),
            longest: 0,
        })
    }

    /// Reads the paraphrases of which one side is all in words that the references have.
    pub(super) fn read_paraphrases(&mut self, known: &HashSet<String>) -> Result<(), EvalError> {
        let packed = Archive::open(&self.package)?.read(PARAPHRASES)?;
        let mut lines = BufReader::new(GzDecoder::new(packed.as_slice()));
        let [mut likely, mut phrase, mut other] = [const { String::new() }; 3];
        loop {
            for line in [&mut likely, &mut phrase, &mut other] {
                line.clear();
                lines.read_line(line).map_err(|error| broken(&self.package, PARAPHRASES, error))?;
            }
            if likely.is_empty() {
                return Ok(());
            }
            let all_known = |phrase: &str| phrase.split_ascii_whitespace().all(|word| known.contains(word));
            if all_known(&phrase) || all_known(&other) {
                let (phrase, other) = (self.number(&phrase), self.number(&other));
                self.longest = self.longest.max(phrase.len());
                self.paraphrases.entry(phrase).or_default().push(other);
            }
        }
    }

    fn number(&mut self, phrase: &str) -> Vec<u32> {
        let mut number = |word: &str| {
            let next = self.numbers.len() as u32;
            self.numbers.get(word).copied().unwrap_or_else(|| {
                self.numbers.insert(word.to_owned(), next);
                next
            })
        };
        phrase.split_ascii_whitespace().map(&mut number).collect()
    }

    /// The words of a text as numbers, for [`Self::paraphrases`]; what stands in no paraphrase has none.
    pub(super) fn numbers(&self, words: &[String]) -> Vec<Option<u32>> {
        words.iter().map(|word| self.numbers.get(word).copied()).collect()
    }

    /// What the phrases that begin at a place can be said as, each with the length of its phrase; shorter phrases first.
    pub(super) fn paraphrases<'t>(
        &'t self,
        words: &'t [Option<u32>],
        start: usize,
    ) -> impl Iterator<Item = (usize, &'t [u32])> {
        let known = words.iter().skip(start).map_while(|word| *word).take(self.longest);
        let mut phrase = Vec::new();
        let phrases = known.filter_map(move |word| {
            phrase.push(word);
            Some((phrase.len(), self.paraphrases.get(&phrase)?))
        });
        phrases.flat_map(|(length, others)| others.iter().map(move |other| (length, other.as_slice())))
    }

    pub(super) fn is_function_word(&self, word: &str) -> bool {
        self.function_words.contains(word)
    }

    pub(super) fn stem<'w>(&self, word: &'w str) -> std::borrow::Cow<'w, str> {
        self.stemmer.stem(word)
    }

    /// The sets of synonyms that a word or its base is in.
    pub(super) fn senses(&self, word: &str) -> HashSet<u32> {
        let of = |word: &str| self.synonyms.get(word).map(Vec::as_slice).unwrap_or_default();
        let mut senses: HashSet<u32> = of(word).iter().copied().collect();
        match self.bases.get(word) {
            Some(bases) => senses.extend(bases.iter().flat_map(|base| of(base))),
            None => senses.extend(self.base(word).iter().flat_map(|base| of(base))),
        }
        senses
    }

    /// The base of a regular word, where it is known.
    fn base(&self, word: &str) -> Option<String> {
        if word.ends_with("ss") || word.encode_utf16().count() <= 2 {
            return Some(word.to_owned());
        }
        let bases =
            ENDINGS.iter().filter_map(|(ending, base)| Some(word.strip_suffix(ending)?.to_owned() + base));
        bases.into_iter().find(|base| self.synonyms.contains_key(base))
    }
}

fn broken(package: &Path, member: &str, error: impl std::fmt::Display) -> EvalError {
    fault(package, None, format!("`{member}` in it can't be read ({error}); expected pycocoevalcap's wheel"))
}

/// A list inside of the program.
fn member(
    program: &mut ZipArchive<Cursor<Vec<u8>>>,
    name: &str,
    package: &Path,
) -> Result<Vec<u8>, EvalError> {
    let entry = program.by_name(name).map_err(|error| broken(package, name, error))?;
    let mut bytes = Vec::new();
    entry.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| broken(package, name, error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(broken(package, name, format!("more than {MOST_BYTES} bytes")));
    }
    Ok(bytes)
}

/// A list in which every other line belongs to the line before it.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut lines = text.lines();
    std::iter::from_fn(move || Some((lines.next()?, lines.next()?)))
}

fn prefixes(text: &str) -> Prefixes {
    let mut prefixes = Prefixes::default();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let Some(word) = words.next().filter(|word| !word.starts_with('#')) else { continue };
        match words.next() {
            Some("#NUMERIC_ONLY#") => prefixes.before_number.insert(word.to_owned()),
            _ => prefixes.always.insert(word.to_owned()),
        };
    }
    prefixes
}
