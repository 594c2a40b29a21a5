//! Texts as vectors.

use crate::ModelError;

/// Makes a vector of a text, such that texts that are alike lie close together.
pub trait TextEmbedder: Send + Sync {
    /// Its name, for people and traces.
    fn name(&self) -> &str;

    /// One vector of unit length a text, all of one dimension. Equal texts give equal vectors.
    ///
    /// # Errors
    /// When the network behind it fails.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ModelError>;
}

/// How alike two texts are by their vectors, -1 to 1; 0 where the vectors are of different dimensions.
pub fn cosine(one: &[f32], other: &[f32]) -> f32 {
    if one.len() != other.len() {
        return 0.0;
    }
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let length = (dot(one, one) * dot(other, other)).sqrt();
    if length > 0.0 { dot(one, other) / length } else { 0.0 }
}

/// Compares spelling, not meaning: counts of words and of groups of three letters, hashed into a fixed number of places.
///
/// "dog" and "dogs" are alike to it, "dog" and "puppy" are not. It needs no weights and takes microseconds, so it stands
/// in wherever no network is at hand.
#[derive(Debug, Clone, Copy, Default)]
pub struct LexicalEmbedder;

/// Enough that a question's words and trigrams (about 50) rarely share a place.
const PLACES: usize = 1024;
/// A word says more than one of its parts.
const WORD_WEIGHT: f32 = 2.0;
/// Words that every question has tell nothing of what it asks.
const COMMON: [&str; 24] = [
    "a", "an", "and", "are", "at", "do", "does", "here", "in", "is", "it", "me", "of", "on", "or", "picture",
    "image", "photo", "the", "there", "this", "to", "you", "with",
];

impl TextEmbedder for LexicalEmbedder {
    fn name(&self) -> &'static str {
        "lexical"
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ModelError> {
        Ok(texts.iter().map(|text| embed(text)).collect())
    }
}

fn embed(text: &str) -> Vec<f32> {
    let mut counts = vec![0.0_f32; PLACES];
    for word in text.to_lowercase().split(|letter: char| !letter.is_alphanumeric()) {
        if word.is_empty() || COMMON.contains(&word) {
            continue;
        }
        counts[place(word)] += WORD_WEIGHT;
        let letters: Vec<char> = format!("^{word}$").chars().collect();
        for group in letters.windows(3) {
            counts[place(&group.iter().collect::<String>())] += 1.0;
        }
    }
    // A word said twice is not twice as telling.
    counts.iter_mut().for_each(|count| *count = count.sqrt());
    let length = counts.iter().map(|count| count * count).sum::<f32>().sqrt();
    if length > 0.0 {
        counts.iter_mut().for_each(|count| *count /= length);
    }
    counts
}

/// FNV-1a: the same on every machine and in every version, unlike the standard hasher.
fn place(word: &str) -> usize {
    let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash % PLACES as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_spelled_alike_lie_closer_than_others() {
        let texts =
            ["How many dogs are there?", "Count the dog.", "What does the sign say?", "", "那里有几只狗？"];
        let vectors = LexicalEmbedder.embed(&texts).unwrap();
        let alike = cosine(&vectors[0], &vectors[1]);
        assert!(alike > cosine(&vectors[0], &vectors[2]) + 0.1, "{alike}");
        assert!((cosine(&vectors[4], &vectors[4]) - 1.0).abs() < 1e-6);
        assert_eq!(cosine(&vectors[0], &vectors[3]), 0.0, "nothing is like no text");
        assert_eq!(cosine(&vectors[0], &[1.0]), 0.0);
    }
}
