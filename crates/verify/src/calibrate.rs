//! How the verifier sees, for programs that calibrate it.

use std::collections::BTreeMap;

use lavr_tool::CancellationToken;
use lavr_types::{Assertion, ImageId, Span};

use crate::{
    Scene, Thresholds, Verifier,
    check::{SIGNS, signs_of},
    scene::Breadth,
};

/// The names of the signs that a color is judged by, in the order in which [`SeenColor::places`] gives them.
pub const COLOR_SIGNS: &[&str] = &SIGNS;

/// A thing that a text gives a color, as it is seen where it may be.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenColor {
    /// The bytes of the color's words.
    pub span: Span,
    /// The thing, as the text calls it.
    pub thing: String,
    /// The basic color that the text gives it.
    pub color: String,
    /// For each place that may be meant, and each basic color, its signs. Empty where nothing was found that could be measured.
    pub places: Vec<BTreeMap<String, Vec<f32>>>,
}

impl Verifier {
    /// What is seen of the things that a text about a picture gives colors.
    pub async fn seen_colors(
        &self,
        text: &str,
        image: ImageId,
        cancel: &CancellationToken,
    ) -> Vec<SeenColor> {
        let experts = self.experts(cancel, &|_| ());
        let claims = self.extract(text, cancel).await.claims;
        let Some(size) = experts.size(image) else { return Vec::new() };
        let options = self.options();
        let mut scene =
            Scene::first_look((image, size), (text, &claims), &experts, options, Breadth::Claims).await;
        scene.second_look(&claims).await;
        let mut seen = Vec::new();
        for claim in &claims {
            if let Assertion::Color { entity, color } = &claim.assertion {
                seen.push(SeenColor {
                    span: claim.span,
                    thing: entity.surface.clone(),
                    color: color.clone(),
                    places: signs_of(claim, &scene).await,
                });
            }
        }
        seen
    }
}

/// Whether people divide two basic colors each in another way ("orange" and "red").
pub fn are_neighbors(one: &str, other: &str) -> bool {
    Thresholds::builtin().are_neighbors(one, other)
}
