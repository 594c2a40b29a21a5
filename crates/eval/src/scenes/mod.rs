//! Controlled scenes: pictures known down to the last thing in them, captions with errors planted, and experts that
//! read the truth and err at set rates.
//!
//! A [`Scene`] says what is where, in which color and with which text; [`random_scene`] makes one up. [`compose`]
//! writes a caption from what is true of it, once as it is and once with errors planted, as a record of the verifier bench.
//! [`oracle::Oracle`] gives experts that know the scene, for a verifier or an agent to ask;
//! [`render::Studio`] draws a scene of cut-outs for the real experts.

mod caption;
mod generate;
mod kinds;
pub mod oracle;
mod phrase;
mod piece;
pub mod render;
mod scene;
mod sentence;

pub use caption::compose;
pub use generate::{SIZE, random_scene};
pub use kinds::{KINDS, Kind, Manner, Setting, are_kin, kind_of, other_colors};
pub use scene::{Background, Scene, SceneObject, SceneText, TrueRelation};
