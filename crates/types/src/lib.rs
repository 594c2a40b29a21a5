//! The words of lavr, and nothing else: no I/O, no engine, no network.
//!
//! | word | type |
//! | --- | --- |
//! | image | [`ImageId`], [`Size`] |
//! | frame | [`Frame`]: the coordinate space that a box is written in |
//! | region | [`Region`]: a box that knows its image and its frame |
//! | tool | [`ToolSpec`], [`ToolCall`], [`CallRecord`] |
//! | observation | [`Observation`]: what a tool gave back, for three readers |
//! | evidence | [`Evidence`]: one fact seen in one region of one image by one call |
//! | step | [`Step`]: one thought of the planner, its calls and what came back |
//! | claim | [`Claim`]: one checkable statement, tied to a byte span of its text |
//! | verdict | [`Verdict`], [`Judgement`] |
//! | answer | [`Answer`] |
//! | trace | [`TraceHeader`], [`TraceEvent`], [`Event`] |
//!
//! ```
//! use lavr_types::{Frame, ImageId, Rect, Region, Size};
//!
//! let image = ImageId::of_pixels(Size::new(200, 100), &[0; 200 * 100 * 3]);
//! let region = Region::new(image, Size::new(200, 100), Frame::PerMille, Rect::new(0.0, 500.0, 250.0, 1000.0));
//! assert_eq!(region.pixels(), Rect::new(0.0, 50.0, 50.0, 100.0));
//! ```

mod answer;
mod budget;
mod claim;
mod evidence;
mod geometry;
mod image_id;
mod image_source;
pub mod perception;
mod record;
mod region;
mod reply;
mod secret;
mod tool;
mod trace;
mod trace_header;
pub mod vocabulary;

pub use answer::{Answer, CheckedClaim, Contradiction, Draft, Step, TokenScore, Usage};
pub use budget::{Amounts, Budget, BudgetLimits, OverBudget, Reservation, Spending};
pub use claim::{Assertion, Claim, ClaimKind, CountBound, Entity, Judgement, Span, Verdict};
pub use evidence::{Evidence, Observation, Trust};
pub use geometry::{Affine, Point, Quad, Rect, Size};
pub use image_id::{ImageId, ParseImageIdError};
pub use image_source::{EncodedImage, ImageSource, ImageSourceError};
pub use record::{CallRecord, Repair};
pub use region::{Frame, Region};
pub use reply::{Fingerprint, FinishReason, ModelErrorKind, ModelFailure, Price, Reply, TurnUsage, Verbatim};
pub use secret::Secret;
pub use tool::{CallId, Capability, Concurrency, Failure, FailureKind, ToolCall, ToolSpec};
pub use trace::{Event, TraceEvent};
pub use trace_header::{
    ImageOrigin, ParseRunIdError, ParseTimestampError, RunId, TRACE_FORMAT, Task, Timestamp, TraceHeader,
    TraceImage,
};
pub use vocabulary::Vocabulary;
