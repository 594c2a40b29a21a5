//! Makes up scenes.

use lavr_types::{Rect, Size};

use super::{
    kinds::{KINDS, Kind, Setting},
    scene::{Background, Scene, SceneObject, SceneText},
};
use crate::Random;

/// The size of the scenes, in pixels.
pub const SIZE: Size = Size::new(640, 480);

/// Between two boxes lies at least this share of the picture's longer side, so that no relation is a matter of taste.
const GAP: f64 = 0.035;

/// How often a box is put elsewhere before the thing is left out.
const TRIES: usize = 60;

/// What signs say. The second text of a pair differs from the first by a word, and is what a careless reader makes of it.
pub(super) const SIGNS: &[[&str; 2]] = &[
    ["FRESH BREAD", "FRESH BEER"],
    ["OPEN DAILY", "OPEN MONDAY"],
    ["CITY MUSEUM", "CITY STADIUM"],
    ["GREEN GARDEN", "GREEN HARBOR"],
    ["HOTEL PARADISE", "HOTEL PALACE"],
    ["NORTH STATION", "SOUTH STATION"],
    ["COFFEE HOUSE", "COFFEE CORNER"],
    ["BOOK MARKET", "FISH MARKET"],
    ["PLEASE WAIT HERE", "PLEASE PAY HERE"],
    ["RIVER STREET", "RIVER PARK"],
    ["NO PARKING", "NO SMOKING"],
    ["SUMMER SALE", "WINTER SALE"],
    ["SILVER THEATER", "GOLDEN THEATER"],
    ["LAST EXIT", "LAST ENTRY"],
    ["WELCOME HOME", "WELCOME BACK"],
    ["BAKERY", "BREWERY"],
];

/// What carries a text, as people say it.
const CARRIERS: &[&str] = &["sign", "poster", "banner"];

/// Makes up a scene of one to six things in a common setting, some of them alike, sometimes with a sign. Equal seeds give
/// equal scenes.
///
/// Boxes keep apart, except that a small thing may lie on a piece of furniture.
pub fn random_scene(seed: u64) -> Scene {
    let mut random = Random::keyed(seed, "scene");
    let setting = *random.pick(&Setting::ALL).unwrap_or(&Setting::Street);
    let kinds: Vec<&Kind> = KINDS.iter().filter(|kind| kind.settings.contains(&setting)).collect();
    let mut boxes: Vec<Rect> = Vec::new();
    let mut scene = blank(format!("scene-{seed:04}"));
    scene.background = background(&mut random);
    let wanted = 1 + random.below(6);
    while scene.objects.len() < wanted {
        let Some(kind) = random.pick(&kinds).copied() else { break };
        if scene.count(kind.label) > 0 {
            // Kinds come once each, so that "the dog" is clear; another try finds another kind.
            if random.chance(0.2) {
                break;
            }
            continue;
        }
        let most = wanted - scene.objects.len();
        let alike = if random.chance(0.35) { 1 + random.below(most.min(3)) } else { 1 };
        let color = random.pick(kind.colors).map(|color| (*color).to_owned());
        let scale = random.between(0.85, 1.15);
        for _ in 0..alike {
            let Some(bounds) = free_box(&mut random, kind.size, scale, &boxes) else { break };
            boxes.push(bounds);
            let label = kind.label.to_owned();
            scene.objects.push(SceneObject { label, bounds, color: color.clone(), cutout: None });
        }
        if alike == 1 && kind.carries && scene.objects.len() < wanted && random.chance(0.6) {
            lay_on(&mut random, &kinds, &mut scene, &mut boxes);
        }
    }
    if random.chance(0.5) {
        sign(&mut random, &mut scene, &boxes);
    }
    scene
}

/// A scene with nothing in it.
pub(super) fn blank(id: String) -> Scene {
    let background = Background { top: [210; 3], bottom: [210; 3] };
    Scene { id, size: SIZE, background, objects: Vec::new(), texts: Vec::new() }
}

pub(super) fn background(random: &mut Random) -> Background {
    const COLORS: &[([u8; 3], [u8; 3])] = &[
        ([214, 220, 224], [196, 200, 202]),
        ([226, 222, 212], [206, 200, 188]),
        ([205, 214, 205], [190, 196, 188]),
        ([232, 232, 232], [232, 232, 232]),
        ([198, 210, 222], [208, 204, 198]),
    ];
    let (top, bottom) = *random.pick(COLORS).unwrap_or(&COLORS[0]);
    Background { top, bottom }
}

/// A box of about this size that keeps away from all others and from the edges.
pub(super) fn free_box(random: &mut Random, size: [f64; 2], scale: f64, taken: &[Rect]) -> Option<Rect> {
    let side = f64::from(SIZE.width);
    let [width, height] = size.map(|share| share * scale * side);
    (0..TRIES).find_map(|_| {
        let left = random.between(0.02 * side, f64::from(SIZE.width) - width - 0.02 * side);
        let top = random.between(0.02 * side, f64::from(SIZE.height) - height - 0.02 * side);
        let bounds = Rect::new(left.round(), top.round(), (left + width).round(), (top + height).round());
        let gap = GAP * side;
        let around = Rect::new(bounds.left - gap, bounds.top - gap, bounds.right + gap, bounds.bottom + gap);
        taken.iter().all(|other| around.intersection(*other).is_none()).then_some(bounds)
    })
}

/// Puts a small thing onto the thing that was placed last: it stands out above it and reaches into its upper half.
fn lay_on(random: &mut Random, kinds: &[&Kind], scene: &mut Scene, boxes: &mut Vec<Rect>) {
    let Some(support) = scene.objects.last().map(|object| object.bounds) else { return };
    let small: Vec<&&Kind> = kinds
        .iter()
        .filter(|kind| {
            !kind.carries && kind.size[0] <= 0.2 && kind.size[1] <= 0.18 && scene.count(kind.label) == 0
        })
        .collect();
    let Some(kind) = random.pick(&small) else { return };
    let side = f64::from(SIZE.width);
    let (width, height) = (kind.size[0] * side * 0.8, kind.size[1] * side * 0.8);
    if width > 0.7 * support.width() {
        return;
    }
    let left = random.between(support.left + 0.05 * support.width(), support.right - width);
    let bottom = support.top + 0.3 * support.height();
    let bounds = Rect::new(left.round(), (bottom - height).round(), (left + width).round(), bottom.round());
    let gap = GAP * side;
    let around = Rect::new(bounds.left - gap, bounds.top - gap, bounds.right + gap, bounds.bottom);
    let free = boxes.iter().all(|other| *other == support || around.intersection(*other).is_none());
    if bounds.top < 0.02 * side || !free {
        return;
    }
    boxes.push(bounds);
    let color = random.pick(kind.colors).map(|color| (*color).to_owned());
    scene.objects.push(SceneObject { label: kind.label.to_owned(), bounds, color, cutout: None });
}

/// Puts up a sign where there is room for one.
pub(super) fn sign(random: &mut Random, scene: &mut Scene, taken: &[Rect]) {
    let Some([text, _]) = random.pick(SIGNS) else { return };
    let letters = text.chars().count() as f64;
    let Some(bounds) = free_box(random, [0.03 + 0.021 * letters, 0.07], 1.0, taken) else { return };
    let carrier = random.pick(CARRIERS).map_or("sign", |carrier| carrier);
    scene.texts.push(SceneText { text: (*text).to_owned(), bounds, carrier: carrier.to_owned() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_scenes_and_others_do_not() {
        assert_eq!(random_scene(3), random_scene(3));
        assert_ne!(random_scene(3).objects, random_scene(4).objects);
    }

    #[test]
    fn scenes_are_varied_and_lie_within_the_picture() {
        let scenes: Vec<Scene> = (0..300).map(random_scene).collect();
        for scene in &scenes {
            assert!((1..=6).contains(&scene.objects.len()), "{scene:?}");
            for object in &scene.objects {
                assert!(object.bounds.share_inside(SIZE.bounds()) > 0.999, "{scene:?}");
            }
        }
        for size in 1..=6 {
            assert!(scenes.iter().filter(|scene| scene.objects.len() == size).count() >= 10, "{size}");
        }
        assert!(scenes.iter().filter(|scene| !scene.texts.is_empty()).count() >= 80);
        assert!(scenes.iter().filter(|scene| scene.counts().values().any(|count| *count > 1)).count() >= 60);
        let on = lavr_types::perception::SpatialRelation::On;
        let resting = |scene: &&Scene| scene.relations().iter().any(|relation| relation.relation == on);
        assert!(scenes.iter().filter(resting).count() >= 10);
    }
}
