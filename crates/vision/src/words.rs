//! Words to tokens and back, safe from control tokens in what others wrote.

use std::path::Path;

use tokenizers::Tokenizer;

use crate::{VisionError, family::Family};

pub(crate) struct Words {
    /// Knows control tokens.
    marks: Tokenizer,
    /// Takes control tokens for the letters that they are written with.
    text: Tokenizer,
    ends: Vec<u32>,
}

impl Words {
    pub(crate) fn load(path: &Path, family: Family) -> Result<Self, VisionError> {
        let fault = |what: String| VisionError::Tokenizer { path: path.to_owned(), what };
        let marks = Tokenizer::from_file(path).map_err(|error| fault(error.to_string()))?;
        let mut text = marks.clone();
        text.set_encode_special_tokens(true);
        let known = |name: &&str| marks.token_to_id(name);
        let ends: Vec<u32> = family.ends().iter().filter_map(known).collect();
        if family.ends().first().and_then(known).is_none() {
            return Err(fault(format!("it does not know {}", family.ends()[0])));
        }
        Ok(Self { marks, text, ends })
    }

    /// The tokens of a family's own marks.
    pub(crate) fn of_mark(&self, mark: &str) -> Result<Vec<u32>, String> {
        Self::encode(&self.marks, mark)
    }

    /// The tokens of what somebody said.
    pub(crate) fn of_text(&self, text: &str) -> Result<Vec<u32>, String> {
        Self::encode(&self.text, text)
    }

    fn encode(tokenizer: &Tokenizer, text: &str) -> Result<Vec<u32>, String> {
        let encoding = tokenizer.encode_fast(text, false).map_err(|error| error.to_string())?;
        Ok(encoding.get_ids().to_vec())
    }

    pub(crate) fn is_end(&self, token: u32) -> bool {
        self.ends.contains(&token)
    }

    pub(crate) fn id(&self, token: &str) -> Option<u32> {
        self.marks.token_to_id(token)
    }

    /// Puts a reply together, piece by piece; half a character waits for its other half.
    pub(crate) fn reply(&self) -> impl FnMut(u32) -> Result<Option<String>, String> + '_ {
        let mut stream = self.marks.decode_stream(true);
        move |token| stream.step(token).map_err(|error| error.to_string())
    }
}
