//! Text to tokens and back, from the vocabulary in the file.
//!
//! Byte-pair encoding as `gpt2` files describe it, with the two ways of cutting text beforehand whose token
//! ids were found equal to llama.cpp's. Control tokens are only ever found in text that this program wrote:
//! [`Tokenizer::encode`] is told which bytes are somebody else's.

use std::{collections::HashMap, ops::Range};

use tokenizers::{
    PreTokenizerWrapper, SplitDelimiterBehavior,
    models::bpe::BPE,
    pre_tokenizers::{
        byte_level::ByteLevel,
        digits::Digits,
        sequence::Sequence,
        split::{Split, SplitPattern},
    },
};

use crate::{
    error::{Fault, corrupt, unsupported},
    gguf::Gguf,
};

/// How `qwen2` models cut text (`llama.cpp/src/llama-vocab.cpp`, `LLAMA_VOCAB_PRE_TYPE_QWEN2`).
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Kinds of tokens, as the file numbers them.
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const UNUSED: i64 = 5;

/// Texts of tokens that end a reply, whatever the file names as its end.
const ENDS: [&str; 6] = ["<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "<|end|>", "</s>"];

/// A tokenizer without control tokens, and the control tokens beside it.
pub(crate) struct Tokenizer {
    plain: tokenizers::Tokenizer,
    /// Bytes of each token. Control tokens have their name, unused ones nothing.
    bytes: Vec<Vec<u8>>,
    control: Vec<bool>,
    /// Control and user-defined tokens by their text, longest first.
    named: Vec<(String, u32)>,
    pub(crate) end: u32,
    ends: Vec<u32>,
    pub(crate) begin: Option<u32>,
    /// Whether each text begins with `begin`.
    pub(crate) adds_begin: bool,
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Tokenizer")
            .field("tokens", &self.bytes.len())
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

impl Tokenizer {
    /// `vocabulary` is how many tokens the network knows.
    pub(crate) fn load(file: &Gguf, vocabulary: usize) -> Result<Self, Fault> {
        let model = file.text("tokenizer.ggml.model").unwrap_or("");
        if model != "gpt2" {
            return Err(unsupported(format!("tokenizer `{model}`; known is `gpt2` (byte-pair encoding)")));
        }
        let cut = cutting(file.text("tokenizer.ggml.pre").unwrap_or("default"))?;
        let texts: Vec<&str> = file.strings("tokenizer.ggml.tokens")?.collect();
        if texts.is_empty() || texts.len() > vocabulary {
            return Err(corrupt(format!("{} tokens are named, the network knows {vocabulary}", texts.len())));
        }
        let mut kinds: Vec<i64> =
            file.integers("tokenizer.ggml.token_type").map_or_else(Vec::new, Iterator::collect);
        kinds.resize(texts.len(), 1);

        let letters = byte_letters();
        let control: Vec<bool> = kinds.iter().map(|kind| matches!(*kind, CONTROL | USER_DEFINED)).collect();
        let bytes = texts.iter().zip(&kinds).map(|(text, kind)| match *kind {
            CONTROL | USER_DEFINED => text.as_bytes().to_vec(),
            UNUSED => Vec::new(),
            _ => text
                .chars()
                .map(|letter| letters.get(&letter).copied())
                .collect::<Option<_>>()
                .unwrap_or_default(),
        });
        let bytes = bytes.collect();
        let mut named: Vec<(String, u32)> = texts
            .iter()
            .enumerate()
            .filter(|(id, text)| control[*id] && !text.is_empty())
            .map(|(id, text)| ((*text).to_owned(), id as u32))
            .collect();
        named.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));

        let special = |key: &str| {
            let id = file.get(key).and_then(super::gguf::Value::as_usize);
            match id {
                Some(id) if id >= texts.len() => {
                    Err(corrupt(format!("`{key}` is {id}, beyond the vocabulary")))
                }
                other => Ok(other.map(|id| id as u32)),
            }
        };
        let end = special("tokenizer.ggml.eos_token_id")?
            .ok_or_else(|| corrupt("the key `tokenizer.ggml.eos_token_id` is missing"))?;
        let begin = special("tokenizer.ggml.bos_token_id")?;
        let mut ends = vec![end];
        ends.extend(
            named.iter().filter(|(text, id)| ENDS.contains(&text.as_str()) && *id != end).map(|(_, id)| *id),
        );
        let adds_begin = file.get("tokenizer.ggml.add_bos_token") == Some(&crate::gguf::Value::Truth(true));
        let plain = plain_tokenizer(file, &texts, &control, cut)?;
        Ok(Self { plain, bytes, control, named, end, ends, begin, adds_begin })
    }

    /// How many tokens have a text.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether this token ends a reply.
    pub(crate) fn is_end(&self, token: u32) -> bool {
        self.ends.contains(&token)
    }

    /// Whether this is a control token, which no text contains.
    pub(crate) fn is_control(&self, token: u32) -> bool {
        self.control.get(token as usize).copied().unwrap_or(true)
    }

    /// The bytes that a token stands for; the name of a control token.
    pub(crate) fn bytes(&self, token: u32) -> &[u8] {
        self.bytes.get(token as usize).map_or(&[], Vec::as_slice)
    }

    /// The name of a token, such as the begin or the end.
    pub(crate) fn name(&self, token: Option<u32>) -> String {
        token.map(|token| String::from_utf8_lossy(self.bytes(token)).into_owned()).unwrap_or_default()
    }

    /// Text without control tokens to tokens.
    pub(crate) fn encode_plain(&self, text: &str) -> Vec<u32> {
        if text.is_empty() {
            return Vec::new();
        }
        // Byte-level encoding has no text that it cannot express.
        self.plain
            .encode_fast(text, false)
            .map_or_else(|_| Vec::new(), |encoding| encoding.get_ids().to_vec())
    }

    /// Text to tokens. Names of control tokens count only where they lie wholly outside of `foreign`, the
    /// stretches (ascending) that users, tools or pictures wrote.
    pub(crate) fn encode(&self, text: &str, foreign: &[Range<usize>]) -> Vec<u32> {
        let mut tokens = Vec::new();
        let mut done = 0;
        let mut at = 0;
        while at < text.len() {
            let inside = foreign.iter().find(|range| range.start < range.end && range.contains(&at));
            if let Some(range) = inside {
                at = range.end;
                continue;
            }
            let rest = &text.as_bytes()[at..];
            let found = self.named.iter().find(|(name, _)| {
                rest.starts_with(name.as_bytes())
                    && !foreign.iter().any(|range| range.start < at + name.len() && at < range.end)
            });
            match found {
                Some((name, id)) => {
                    tokens.extend(self.encode_plain(&text[done..at]));
                    tokens.push(*id);
                    at += name.len();
                    done = at;
                }
                None => at += 1,
            }
        }
        tokens.extend(self.encode_plain(&text[done..]));
        tokens
    }
}

fn cutting(name: &str) -> Result<PreTokenizerWrapper, Fault> {
    let refused = |error: tokenizers::Error| unsupported(format!("the rule for cutting text: {error}"));
    match name {
        "smollm" => {
            Ok(Sequence::new(vec![Digits::new(true).into(), ByteLevel::new(false, false, true).into()])
                .into())
        }
        "qwen2" => {
            let split =
                Split::new(SplitPattern::Regex(QWEN2.into()), SplitDelimiterBehavior::Isolated, false);
            let split = split.map_err(refused)?;
            Ok(Sequence::new(vec![split.into(), ByteLevel::new(false, false, false).into()]).into())
        }
        other => Err(unsupported(format!("text cut as `{other}`; known are `smollm` and `qwen2`"))),
    }
}

fn plain_tokenizer(
    file: &Gguf,
    texts: &[&str],
    control: &[bool],
    cut: PreTokenizerWrapper,
) -> Result<tokenizers::Tokenizer, Fault> {
    let words = texts.iter().enumerate().filter(|(id, _)| !control[*id]);
    let vocabulary: HashMap<String, u32> = words.map(|(id, text)| ((*text).to_owned(), id as u32)).collect();
    let mut merges = Vec::new();
    for merge in file.strings("tokenizer.ggml.merges")? {
        let (left, right) =
            merge.split_once(' ').ok_or_else(|| corrupt(format!("the merge {merge:?} is no pair")))?;
        merges.push((left.to_owned(), right.to_owned()));
    }
    let model = BPE::builder()
        .vocab_and_merges(vocabulary.into_iter().collect::<tokenizers::models::bpe::Vocab>(), merges)
        .build()
        .map_err(|error| corrupt(format!("its vocabulary and merges do not fit together: {error}")))?;
    let mut tokenizer = tokenizers::Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(cut));
    Ok(tokenizer)
}

/// The letters that stand for bytes in `gpt2` vocabularies: printable ones for themselves, the others moved
/// beyond 255 in order.
fn byte_letters() -> HashMap<char, u8> {
    let mut moved = 0;
    (0..=255_u8)
        .map(|byte| {
            let letter = if matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff) {
                char::from(byte)
            } else {
                moved += 1;
                char::from_u32(255 + moved).unwrap_or_default()
            };
            (letter, byte)
        })
        .collect()
}

/// Turns bytes of tokens, as they come, into whole characters.
#[derive(Debug, Default)]
pub(crate) struct Utf8Stream {
    rest: Vec<u8>,
}

impl Utf8Stream {
    /// Takes bytes in and gives the characters that are whole.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        self.rest.extend_from_slice(bytes);
        let mut text = String::new();
        loop {
            match std::str::from_utf8(&self.rest) {
                Ok(whole) => {
                    text.push_str(whole);
                    self.rest.clear();
                    return text;
                }
                Err(error) => {
                    let (whole, broken) = self.rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(whole));
                    let Some(bad) = error.error_len() else {
                        self.rest = broken.to_vec();
                        return text;
                    };
                    text.push(char::REPLACEMENT_CHARACTER);
                    self.rest = broken[bad..].to_vec();
                }
            }
        }
    }

    /// What is left at the end: a character that was never finished.
    pub(crate) fn finish(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.rest).into_owned();
        self.rest.clear();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_come_out_whole_and_broken_ones_are_marked() {
        let mut stream = Utf8Stream::default();
        let euro = "€".as_bytes();
        assert_eq!(stream.push(&euro[..2]), "");
        assert_eq!(stream.push(&[euro[2], b'a', 0xff, b'b', euro[0]]), "€a\u{fffd}b");
        assert_eq!(stream.finish(), "\u{fffd}");
        assert_eq!(stream.finish(), "");
    }

    #[test]
    fn every_byte_has_a_letter_of_its_own() {
        let letters = byte_letters();
        assert_eq!(letters.len(), 256);
        assert_eq!((letters[&'Ġ'], letters[&'Ċ'], letters[&'a']), (b' ', b'\n', b'a'));
    }
}
