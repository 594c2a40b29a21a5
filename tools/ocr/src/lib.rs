//! Expert: reads text lines, with the networks of PP-OCRv6. The model card is `README.md`.
//!
//! The tool is [`Ocr`]; [`Reader`] is the same without a registry. The steps are plain functions:
//!
//! | step | where |
//! | --- | --- |
//! | pixels to the detector's input, tile by tile | [`preprocess`] |
//! | the detector's map to boxes around lines | [`postprocess`], [`geometry`] |
//! | a box to an upright line | [`straighten`] |
//! | a line to its text | [`recognize`] |
//! | lines to reading order | [`order`] |
//!
//! ```no_run
//! use lavr_infer::{EngineChoice, FileSessions, Loader};
//! use lavr_ocr::{DETECTOR, RECOGNIZER, Reader};
//!
//! # async fn run(picture: lavr_image::RgbImage) -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = FileSessions::new(Loader::new(EngineChoice::Auto, None)?)
//!     .with(DETECTOR, "PP-OCRv6_det_small.onnx")
//!     .with(RECOGNIZER, "PP-OCRv6_rec_small.onnx");
//! let reader = Reader::load(&sessions).await?;
//! for line in reader.read(&picture, &Default::default())? {
//!     println!("{:.2} {} {:?}", line.score, line.text, line.quad.bounds());
//! }
//! # Ok(()) }
//! ```

mod error;
pub mod geometry;
pub mod order;
pub mod postprocess;
pub mod preprocess;
mod reader;
pub mod recognize;
pub mod straighten;
mod tool;

pub use error::OcrError;
pub use reader::{DETECTOR, RECOGNIZER, Reader};
pub use recognize::{Characters, Reading};
pub use tool::{Ocr, OcrArgs};
