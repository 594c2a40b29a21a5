//! Text embeddings in this process: a sentence as a vector, so that sentences of like meaning lie close together.
//!
//! [`SentenceEmbedder`] runs a BERT network with mean pooling, as sentence-transformers packages them (all-MiniLM-L6-v2
//! and its kin). The trait, and an embedder that needs no weights, are in `lavr-model`.
//!
//! ```no_run
//! use lavr_embed::{SentenceEmbedder, SentenceFiles};
//! use lavr_model::{TextEmbedder, cosine};
//!
//! # fn example() -> Result<(), lavr_model::ModelError> {
//! let files = SentenceFiles {
//!     weights: "model.safetensors".into(),
//!     tokenizer: "tokenizer.json".into(),
//!     config: "config.json".into(),
//! };
//! let embedder = SentenceEmbedder::load("all-minilm-l6-v2", &files)?;
//! let vectors = embedder.embed(&["How many dogs?", "Count the puppies."])?;
//! println!("{}", cosine(&vectors[0], &vectors[1]));
//! # Ok(())
//! # }
//! ```

mod sentence;

pub use sentence::{SentenceEmbedder, SentenceFiles};
