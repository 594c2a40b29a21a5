//! Whether a thing is nowhere in the picture.

use lavr_types::{Entity, vocabulary::MatchKind};

use super::WEARER;
use crate::{Ablation, Scene};

/// Whether two looks agree that nothing of these labels is there; else why that cannot be said.
pub(super) fn absence(entity: &Entity, labels: &[String], scene: &Scene<'_>) -> Result<f32, String> {
    let limits = &scene.thresholds().existence;
    let name = scene.name_of(entity);
    let found = scene.find(entity, limits.asked, true);
    if scene.size().width.min(scene.size().height) < limits.smallest_side {
        return Err("the picture is too small to call anything absent".to_owned());
    }
    if !found.looked {
        return Err(format!("the detector was not asked for {name}"));
    }
    let best = found.best[0].max(found.best[1]);
    if !scene.thresholds().is_missed(found.best) {
        return Err(format!("found what may be {name}, too unsure to tell (score {best:.2})"));
    }
    // Those who fill the rows of a stadium leave no trace.
    if labels.iter().any(|label| label == WEARER) && scene.told().are_several(entity) {
        return Err(format!("{name} far away are too small to be found"));
    }
    if !found.looked_twice && !scene.does_without(Ablation::OneLook) {
        return Err(format!("{name} was missed in one look; absence takes two"));
    }
    if let Some((MatchKind::Broader, false)) = scene.match_kind(entity) {
        return Err(format!("\"{name}\" means more than the detector's labels"));
    }
    if let Some((rival, winner)) = scene.rival_of(labels, &[]) {
        let score = rival.score;
        return Err(format!("what may be {name} (score {score:.2}) was rather taken for {winner}"));
    }
    let traces = scene.traces(labels, &[]);
    scene.thresholds().absence(labels, traces).ok_or_else(|| {
        if traces.doubt > 0.0 {
            return format!("another network sees what may be {name} (score {:.2})", traces.doubt);
        }
        let sure =
            |label: &&String| scene.thresholds().absence(std::slice::from_ref(*label), traces).is_some();
        let missed = labels.iter().find(|label| !sure(label)).map_or(name, String::as_str);
        format!("the detector misses {missed} too often to call it absent")
    })
}
