//! Expert: names the colours of a region with the eleven basic colour terms, the background left out.
//!
//! [`MeasureColor`] is the tool, [`measure`] works on pixels alone, [`name`] names one colour. How colours are named and
//! the object is told from its background is explained in `README.md`.
//!
//! ```
//! let shares = lavr_color::name([210, 105, 30]);
//! assert_eq!(shares[0].0, "orange");
//! assert_eq!(lavr_color::name([92, 51, 23])[0].0, "brown");
//! ```

mod cluster;
mod foreground;
mod lab;
mod measure;
mod naming;
mod sample;
mod tint;
mod tool;

pub use measure::{MeasureOptions, measure};
pub use naming::name;
pub use tool::{ColorArgs, MeasureColor};
