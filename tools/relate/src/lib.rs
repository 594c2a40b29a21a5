//! Expert: tells from geometry how two boxes lie relative to each other, or where a box lies in its picture.
//!
//! [`Relate`] is the tool; [`relate`] and [`place`] are the rules, which `README.md` explains.
//!
//! ```
//! use lavr_types::{Rect, Size, perception::SpatialRelation};
//!
//! let cup = Rect::new(50.0, 100.0, 120.0, 180.0);
//! let cat = Rect::new(200.0, 80.0, 400.0, 300.0);
//! let report = lavr_relate::relate(cup, cat, Size::new(640, 480));
//! assert!(report.holds.contains(&SpatialRelation::LeftOf));
//! ```

mod rules;
mod tool;

pub use rules::{place, relate};
pub use tool::{Relate, RelateArgs};
