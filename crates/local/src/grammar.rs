//! Replies held to a JSON schema.

use std::sync::Arc;

use lavr_model::{ModelError, ModelErrorKind};
use llguidance::{Matcher, ParserFactory, api::TopLevelGrammar};
use serde_json::{Value, json};
use toktrie::{InferenceCapabilities, SimpleVob, TokRxInfo, TokTrie, TokenizerEnv};

use crate::tokenizer::Tokenizer;

/// The vocabulary, as the grammar engine wants it.
struct Vocabulary {
    trie: TokTrie,
    tokenizer: Arc<Tokenizer>,
}

impl TokenizerEnv for Vocabulary {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<u32> {
        self.trie.tokenize_with_greedy_fallback(bytes, |text| self.tokenizer.encode_plain(text))
    }
}

/// Makes grammars of schemas. Costs some tenths of a second once.
pub(crate) struct Grammars {
    factory: ParserFactory,
}

impl Grammars {
    pub(crate) fn new(tokenizer: &Arc<Tokenizer>) -> Result<Self, String> {
        let words: Vec<Vec<u8>> = (0..tokenizer.len() as u32)
            .map(|token| {
                let bytes = tokenizer.bytes(token);
                if tokenizer.is_control(token) {
                    // No text has this byte: so a control token never fits into a JSON string.
                    [&[TokTrie::SPECIAL_TOKEN_MARKER], bytes].concat()
                } else {
                    bytes.to_vec()
                }
            })
            .collect();
        let trie = TokTrie::from(&TokRxInfo::new(words.len() as u32, tokenizer.end), &words);
        let environment: toktrie::TokEnv = Arc::new(Vocabulary { trie, tokenizer: Arc::clone(tokenizer) });
        let abilities = InferenceCapabilities { ff_tokens: true, ..InferenceCapabilities::default() };
        let slices = llguidance::earley::SlicedBiasComputer::general_slices();
        let mut factory =
            ParserFactory::new(&environment, abilities, &slices).map_err(|error| error.to_string())?;
        factory.quiet();
        factory.limits_mut().verbose_errors = false;
        Ok(Self { factory })
    }

    /// The grammar of a schema, at its beginning.
    pub(crate) fn start(&self, name: &str, model: &str, schema: &Value) -> Result<Constraint, ModelError> {
        let mut schema = schema.clone();
        if let Some(object) = schema.as_object_mut() {
            // One way of spacing, as most JSON in training data has it: what is forced need not be computed.
            object.entry("x-guidance").or_insert_with(
                || json!({"whitespace_flexible": false, "item_separator": ", ", "key_separator": ": "}),
            );
        }
        let parser = self.factory.create_parser(TopLevelGrammar::from_json_schema(schema));
        let mut matcher = Matcher::new(parser);
        if let Some(error) = matcher.get_error() {
            let first = error.lines().next().unwrap_or_default();
            return Err(ModelError::new(
                ModelErrorKind::InvalidRequest,
                model,
                format!(
                    "the schema `{name}` cannot be followed: {first}; leave out the keyword that it names"
                ),
            ));
        }
        for warning in matcher.grammar_warnings() {
            tracing::warn!(schema = name, %warning, "part of a schema is not enforced");
        }
        Ok(Constraint { matcher, model: model.to_owned() })
    }
}

impl std::fmt::Debug for Grammars {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Grammars")
    }
}

/// Where a reply stands in its grammar.
pub(crate) struct Constraint {
    matcher: Matcher,
    model: String,
}

impl Constraint {
    fn failed(&self, error: &dyn std::fmt::Display) -> ModelError {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        ModelError::new(
            ModelErrorKind::Other,
            &self.model,
            format!("the grammar of the reply failed: {first}"),
        )
    }

    /// Tokens that have no alternative here. They count as said.
    pub(crate) fn forced(&mut self) -> Result<Vec<u32>, ModelError> {
        if self.matcher.is_stopped() {
            return Ok(Vec::new());
        }
        let tokens = self.matcher.consume_ff_tokens();
        match self.matcher.get_error() {
            Some(error) => Err(self.failed(&error)),
            None => Ok(tokens),
        }
    }

    /// Which tokens may come next.
    pub(crate) fn allowed(&mut self) -> Result<SimpleVob, ModelError> {
        self.matcher.compute_mask_or_eos().map_err(|error| self.failed(&error))
    }

    /// Takes a token in.
    pub(crate) fn take(&mut self, token: u32) -> Result<(), ModelError> {
        self.matcher.consume_token(token).map_err(|error| self.failed(&error))
    }

    /// Whether the document is whole and nothing may follow.
    pub(crate) fn is_done(&self) -> bool {
        self.matcher.is_stopped() && !self.matcher.is_error()
    }
}
