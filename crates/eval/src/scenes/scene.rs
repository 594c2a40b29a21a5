//! What is in a scene, and everything that is therefore true of it.

use std::collections::BTreeMap;

use lavr_types::{Rect, Size, perception::SpatialRelation};
use serde::{Deserialize, Serialize};

/// Centres must lie at least this share of the picture's side apart for one thing to be left of or above another.
const CLEAR_DISTANCE: f64 = 0.2;

/// ... and between the boxes there must be this share of the picture's side, so that a box that is a little off
/// changes nothing.
const CLEAR_GAP: f64 = 0.03;

/// A thing is on one side of the picture where its centre lies at least this far from the picture's middle, as a
/// share of the side.
const CLEAR_PLACE: f64 = 0.2;

/// A picture that is known down to the last thing in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// Its name: unique within a set.
    pub id: String,
    /// Its size in pixels.
    pub size: Size,
    /// What lies behind everything.
    pub background: Background,
    /// The things in it, in the order in which they are drawn: later ones lie in front.
    pub objects: Vec<SceneObject>,
    /// The texts in it.
    pub texts: Vec<SceneText>,
}

/// What lies behind everything. Colors are sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Background {
    /// The color at the upper edge.
    pub top: [u8; 3],
    /// The color at the lower edge; in between it changes evenly.
    pub bottom: [u8; 3],
}

/// A thing in a scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SceneObject {
    /// Its label, one of the vocabulary's.
    pub label: String,
    /// Its box in pixels.
    #[serde(rename = "box")]
    pub bounds: Rect,
    /// Its color, a basic term; none where one word does not say it.
    pub color: Option<String>,
    /// The picture of it, where the scene is drawn: the name of a cut-out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutout: Option<String>,
}

/// A text in a scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SceneText {
    /// What it says.
    pub text: String,
    /// Its box in pixels.
    #[serde(rename = "box")]
    pub bounds: Rect,
    /// What carries it, as people say it: "sign".
    pub carrier: String,
}

/// One thing stands to another as said, with a margin that leaves no doubt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrueRelation {
    /// The label of the thing that is placed; there is one of it.
    pub subject: String,
    /// How it stands.
    pub relation: SpatialRelation,
    /// The label of the thing that it is placed by, of which there is one; none for a place in the picture.
    pub object: Option<String>,
}

impl Scene {
    /// How many things of each label there are.
    pub fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for object in &self.objects {
            *counts.entry(object.label.as_str()).or_default() += 1;
        }
        counts
    }

    /// How many things of a label there are.
    pub fn count(&self, label: &str) -> usize {
        self.objects.iter().filter(|object| object.label == label).count()
    }

    /// The color that all things of a label share, where one word says it.
    pub fn color_of(&self, label: &str) -> Option<&str> {
        let mut colors = self.of(label).map(|object| object.color.as_deref());
        let first = colors.next()??;
        colors.all(|color| color == Some(first)).then_some(first)
    }

    /// What stands where beyond doubt, among things of which there is one: left and right, above and below, and what
    /// lies on what.
    pub fn relations(&self) -> Vec<TrueRelation> {
        let single: Vec<&SceneObject> =
            self.objects.iter().filter(|object| self.count(&object.label) == 1).collect();
        let mut relations = Vec::new();
        for subject in &single {
            for object in single.iter().filter(|object| object.label != subject.label) {
                let holds = clear_relations(subject.bounds, object.bounds, self.size);
                relations.extend(holds.into_iter().map(|relation| TrueRelation {
                    subject: subject.label.clone(),
                    relation,
                    object: Some(object.label.clone()),
                }));
            }
        }
        relations
    }

    /// Which things, of which there is one, lie on the left or right, at the top or bottom of the picture.
    pub fn places(&self) -> Vec<TrueRelation> {
        self.objects
            .iter()
            .filter(|object| self.count(&object.label) == 1)
            .flat_map(|object| {
                clear_places(object.bounds, self.size).into_iter().map(|relation| TrueRelation {
                    subject: object.label.clone(),
                    relation,
                    object: None,
                })
            })
            .collect()
    }

    fn of(&self, label: &str) -> impl Iterator<Item = &SceneObject> {
        self.objects.iter().filter(move |object| object.label == label)
    }
}

/// The sides on which a box lies of another, and whether it rests on it. The expert's own rules must agree, so that
/// what is called true here is never in its dead zone.
fn clear_relations(subject: Rect, object: Rect, size: Size) -> Vec<SpatialRelation> {
    let report = lavr_relate::relate(subject, object, size);
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let gaps = [
        (SpatialRelation::LeftOf, (object.left - subject.right) / width, -report.offset[0]),
        (SpatialRelation::RightOf, (subject.left - object.right) / width, report.offset[0]),
        (SpatialRelation::Above, (object.top - subject.bottom) / height, -report.offset[1]),
        (SpatialRelation::Below, (subject.top - object.bottom) / height, report.offset[1]),
    ];
    let mut clear: Vec<SpatialRelation> = gaps
        .into_iter()
        .filter(|(relation, gap, distance)| {
            *gap >= CLEAR_GAP && *distance >= CLEAR_DISTANCE && report.holds.contains(relation)
        })
        .map(|(relation, ..)| relation)
        .collect();
    if report.holds.contains(&SpatialRelation::On) && subject.intersection(object).is_some() {
        clear.push(SpatialRelation::On);
    }
    clear
}

fn clear_places(bounds: Rect, size: Size) -> Vec<SpatialRelation> {
    let report = lavr_relate::place(bounds, size);
    let sides = [
        (SpatialRelation::LeftOf, -report.offset[0]),
        (SpatialRelation::RightOf, report.offset[0]),
        (SpatialRelation::Above, -report.offset[1]),
        (SpatialRelation::Below, report.offset[1]),
    ];
    sides
        .into_iter()
        .filter(|(side, away)| *away >= CLEAR_PLACE && report.holds.contains(side))
        .map(|(side, _)| side)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(label: &str, bounds: [f64; 4], color: &str) -> SceneObject {
        let color = (!color.is_empty()).then(|| color.to_owned());
        SceneObject { label: label.into(), bounds: Rect::from(bounds), color, cutout: None }
    }

    fn scene(objects: Vec<SceneObject>) -> Scene {
        let background = Background { top: [200; 3], bottom: [180; 3] };
        Scene { id: "s".into(), size: Size::new(640, 480), background, objects, texts: vec![] }
    }

    #[test]
    fn relations_are_told_only_with_a_margin() {
        let scene = scene(vec![
            object("car", [20.0, 200.0, 180.0, 300.0], "red"),
            object("bus", [400.0, 180.0, 620.0, 320.0], "yellow"),
            object("dog", [150.0, 220.0, 230.0, 300.0], "black"),
        ]);
        let told: Vec<(String, SpatialRelation, Option<String>)> = scene
            .relations()
            .into_iter()
            .map(|relation| (relation.subject, relation.relation, relation.object))
            .collect();
        let is = |a: &str, relation, b: &str| told.contains(&(a.into(), relation, Some(b.into())));
        assert!(is("car", SpatialRelation::LeftOf, "bus") && is("bus", SpatialRelation::RightOf, "dog"));
        assert!(!told.iter().any(|(a, _, b)| a == "dog" && b.as_deref() == Some("car")), "{told:?}");
    }

    #[test]
    fn things_of_which_there_are_two_are_not_placed() {
        let scene = scene(vec![
            object("car", [20.0, 200.0, 180.0, 300.0], "red"),
            object("car", [400.0, 180.0, 620.0, 320.0], "red"),
        ]);
        assert!(scene.relations().is_empty() && scene.places().is_empty());
        assert_eq!((scene.count("car"), scene.color_of("car")), (2, Some("red")));
    }

    #[test]
    fn things_that_differ_have_no_color_in_common() {
        let scene = scene(vec![
            object("car", [0.0, 0.0, 9.0, 9.0], "red"),
            object("car", [50.0, 0.0, 59.0, 9.0], "blue"),
        ]);
        assert_eq!(scene.color_of("car"), None);
    }
}
