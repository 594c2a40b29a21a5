//! What colour a picture itself has.

use lavr_types::{
    Assertion, Claim, Entity, Judgement, Trust,
    perception::{ColorQuality, ColorShare},
};
use serde_json::Value;

use super::super::{insufficient, supported};
use crate::{
    Scene,
    text::words::{PICTURE, is_whole_picture},
};

/// What of a picture itself a color is said of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// "The picture is green."
    Picture,
    /// "The main colors of the picture are green and blue."
    MainColors,
}

/// Whether a claim of a color is about the picture itself, no thing in it, and about what of it.
pub(super) fn of_picture(entity: &Entity) -> Option<Of> {
    let surface = entity.surface.to_lowercase();
    let words: Vec<&str> = surface.split_whitespace().collect();
    let (picture, before) = words.split_last()?;
    if entity.label.is_some() || !is_whole_picture(picture) {
        return None;
    }
    match before {
        [] => Some(Of::Picture),
        [.., colors, "of" | "in", _] if colors.starts_with("color") || colors.starts_with("colour") => {
            Some(Of::MainColors)
        }
        _ => None,
    }
}

/// "The picture is dark."
pub(super) fn says_dark(claim: &Claim) -> bool {
    matches!(&claim.assertion, Assertion::Attribute { entity, attribute } if entity.label.is_none()
        && attribute == "dark"
        && PICTURE.contains(&entity.surface.to_lowercase().as_str()))
}

/// Measures the whole picture: whether these colours have such a share of it, or, without any, whether it is too dark for
/// colours.
/// What is most of a picture is for people to say: nothing is contradicted.
pub(super) async fn whole(colors: Option<(&[String], f32)>, scene: &Scene<'_>) -> Judgement {
    let bounds = scene.size().bounds();
    let seen = match scene.experts().color(scene.image(), bounds, false).await {
        Ok(seen) => seen,
        Err(unseen) => return Judgement::insufficient(unseen.to_string()),
    };
    let measured = &seen.value;
    let names: Vec<&str> = measured.colors.iter().take(3).map(|color| color.name.as_str()).collect();
    let (share, enough) = match colors {
        None => (f32::from(measured.quality == ColorQuality::TooDark), 1.0),
        Some((colors, enough)) => {
            let of = |color: &&ColorShare| colors.contains(&color.name);
            (measured.colors.iter().filter(of).map(|color| color.share).sum(), enough)
        }
    };
    let value = Value::String(names.join(", "));
    let evidence = vec![seen.evidence(scene.region(bounds), value, share.min(1.0), Trust::Measured)];
    let said = if colors.is_some() { names.join(", ") } else { "its light".to_owned() };
    if share >= enough {
        supported(share.min(1.0), evidence, format!("measured {said}"))
    } else {
        insufficient(evidence, format!("measured {said}, which does not tell"))
    }
}
