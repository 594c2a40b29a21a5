//! Post-correction: extract claims, check them against the pixels, rewrite what is wrong.
//!
//! A [`Verifier`] takes a text and pictures. Its [`Extractor`] finds the claims, each tied to its bytes; its
//! [`Checker`]s hold them against the [`Scene`] that the experts of a dispatcher see, by capability; its
//! [`Corrector`] edits only what is contradicted. To support takes one good look, to contradict much more:
//! a wrong correction is worse than a missed one. Where nothing is contradicted the text comes back byte for byte.
//!
//! ```
//! # async fn example(dispatcher: lavr_tool::Dispatcher, image: lavr_types::ImageId) {
//! use lavr_verify::{Verifier, VerifierOptions};
//!
//! let verifier = Verifier::new(dispatcher, VerifierOptions::default());
//! let result = verifier.verify("Two dogs on a red sofa.", &[image], &Default::default(), &|_| ()).await;
//! for claim in &result.claims {
//!     println!("{:?}: {:?} ({})", claim.claim.surface, claim.judgement.verdict, claim.judgement.reason);
//! }
//! println!("{}", result.text);
//! # }
//! ```

mod ablation;
pub mod calibrate;
mod check;
mod company;
mod correct;
mod exchange;
mod experts;
mod extract;
mod judge;
mod language;
mod named;
mod risk;
mod scene;
mod spot;
mod stream;
mod text;
mod thought;
mod thresholds;
mod told;
mod verifier;
mod woodpecker;

pub use ablation::{Ablation, Ablations};
pub use check::{
    AnswerChecker, Checker, ColorChecker, CountChecker, ExistenceChecker, InnerChecker, RelationChecker,
    SizeChecker, TextChecker, standard_checkers,
};
pub use correct::{Correction, Corrector, Edit, ModelCorrector, Policy, RuleCorrector};
pub use experts::Listener;
pub use extract::{CombinedExtractor, Extraction, Extractor, LexicalExtractor, ModelExtractor};
pub use risk::{CheckOrder, Priors, PriorsError};
pub use scene::Scene;
pub use stream::{Streamed, VerifiedSentence};
pub use thought::contradictions;
pub use thresholds::{Thresholds, ThresholdsError};
pub use verifier::{Verification, Verifier, VerifierOptions};
pub use woodpecker::{ConceptExtractor, PassageRewriter, Quirk, Woodpecker, WoodpeckerOptions};
