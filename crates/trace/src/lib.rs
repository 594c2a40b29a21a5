//! Runs as events: recorded while they happen, stored, compared, replayed, exported.
//!
//! A [`Trace`] is a header, events and images. On disk it is a folder: `trace.jsonl` (the header, then one event a
//! line) and `images/`; see `docs/trace.md`. A [`RunStore`] keeps many of them in one embedded database, and a
//! [`Recorder`] puts a run into it while it happens. [`replay`] drives a recorded run again, without a model or a tool,
//! and holds what comes out against what was recorded, byte by byte.
//!
//! ```
//! use lavr_image::{ImageStore, RgbImage};
//! use lavr_trace::{Given, Retention, RunStore};
//! use lavr_types::{Event, Task};
//!
//! # let folder = tempfile::tempdir()?;
//! let images = std::sync::Arc::new(ImageStore::default());
//! let photo = images.insert(RgbImage::new(8, 8))?;
//!
//! let runs = RunStore::open(&folder.path().join("runs.sqlite"), Retention::default())?;
//! let given = [Given { image: photo, name: "photo.png".into() }];
//! let recorder = runs.record(Task::Ask, Some("What is that?"), &given, images)?;
//! recorder.tell(&Event::Note { text: "an agent's observer hands its events on like this".into() });
//! let id = recorder.finish()?;
//!
//! let trace = runs.trace(&id)?;
//! assert_eq!((trace.header.images[0].id, trace.events.len()), (photo, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod cassette;
mod diff;
mod error;
mod images;
mod recorder;
mod replay;
mod secrets;
mod store;
mod telemetry;
mod trace;

pub use diff::{Comparison, Parting, diff};
pub use error::TraceError;
pub use recorder::{Given, Recorder};
pub use replay::{Difference, Replayed, replay};
pub use store::{Retention, RunStore, RunSummary, State};
pub use telemetry::{Collector, Texts, spans};
pub use trace::{ImageFile, Trace};
