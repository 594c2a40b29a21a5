//! Expert: describes an image in a few sentences.
//!
//! [`Describe`] is the tool. Who writes the description is a [`Captioner`], chosen where the program is put together:
//!
//! - [`Grounded`] composes it from what the other experts see, with evidence for every statement;
//! - [`BlipCaptioner`] asks the captioning network BLIP, from files of the catalogue.
//!
//! ```
//! use lavr_caption::{Describe, Grounded};
//! use lavr_tool::{Registry, RegistryError};
//!
//! fn with_captions(registry: Registry) -> Result<Registry, RegistryError> {
//!     registry.with(Describe::new(Grounded))
//! }
//! ```

mod blip;
mod captioner;
mod contrast;
mod grounded;
mod tool;

pub use blip::{Blip, BlipCaptioner, BlipConfig, BlipError, BlipFiles, Described};
pub use captioner::Captioner;
pub use contrast::{Contrast, ContrastError};
pub use grounded::Grounded;
pub use tool::{CaptionArgs, Describe};
