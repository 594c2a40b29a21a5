//! What an [`Answer`](lavr_types::Answer) looks like outside of the program.
//!
//! | for | module |
//! | --- | --- |
//! | programs | [`Document`]: the versioned JSON that `lavr ask`, `caption` and `verify` print with `--json` |
//! | eyes | [`annotate()`]: boxes, labels, verdicts and the corrected text drawn on the picture |
//! | people | [`run_page()`]: one HTML file with all of it, linked both ways, without anything loaded from elsewhere |
//! | displays of one's own | [`pieces()`]: the corrected text cut into what was kept and what was changed |
//!
//! ```
//! use lavr_image::ImageStore;
//! use lavr_report::{Document, Piece, annotate, pieces};
//! use lavr_types::{Answer, Usage};
//!
//! let store = ImageStore::default();
//! let picture = store.insert(image::RgbImage::new(64, 48))?;
//! let answer = Answer {
//!     question: None,
//!     draft: "A dark square.".to_owned(),
//!     text: "A dark square.".to_owned(),
//!     claims: Vec::new(),
//!     steps: Vec::new(),
//!     notes: Vec::new(),
//!     usage: Usage::default(),
//! };
//! let document = Document::new(&answer, &store, &[(picture, "square.png".to_owned())]);
//! assert!(serde_json::to_string(&document)?.contains(r#""name":"square.png""#));
//! assert_eq!(pieces(&answer), [Piece::Kept("A dark square.")]);
//! assert!(annotate(&answer, picture, &store)?.height() > 48);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod annotate;
pub mod document;
pub mod export;
pub mod inline;
pub mod page;
mod places;
pub mod spans;
pub mod words;

#[cfg(test)]
mod sample;

pub use annotate::{ReportError, annotate};
pub use document::Document;
pub use export::Export;
pub use inline::inline_boxes;
pub use page::run_page;
pub use spans::{Piece, pieces, pieces_of_document};
