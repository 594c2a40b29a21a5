//! What experts see: the value that every tool of a capability gives, whichever network stands behind it.
//!
//! The verifier and the agent read these types; they know no tool by name.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Point, Quad, Rect, Size};

/// One object found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Detection {
    /// Its label, a word of the detector's own list.
    pub label: String,
    /// Its box in pixels of the image that was asked about.
    #[serde(rename = "box")]
    pub bounds: Rect,
    /// The detector's score, 0 to 1.
    pub score: f32,
}

/// The objects that a detector found, best first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Detections {
    /// The objects.
    pub objects: Vec<Detection>,
    /// What was asked for and lost its place to an object of another label that the detector is surer of, best first:
    /// no find, but a reason not to call it absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<Detection>,
    /// What was asked for, was not found in this place, and is seen there by another network that was asked too: no find, but
    /// a reason not to call it absent. Its scores are that network's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Detection>,
    /// Words that were asked for and that this detector has no label for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_labels: Vec<String>,
}

/// Which pixels of an image show a thing, as run lengths (COCO's uncompressed form: `pycocotools` reads it).
///
/// ```
/// use lavr_types::{Rect, Size, perception::Mask};
///
/// let mask = Mask::of(Size::new(4, 3), Rect::new(1.0, 1.0, 4.0, 3.0), |x, _| x == 2);
/// assert_eq!((mask.size, mask.counts.as_slice()), ([3, 4], [7, 2, 3].as_slice()));
/// assert_eq!(mask.bitmap().map(|bitmap| bitmap.shows(2, 1)), Some(true));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mask {
    /// Height and width of the image.
    pub size: [u32; 2],
    /// Lengths of the runs of pixels, column by column, those that do not show the thing first, then in turn.
    pub counts: Vec<u32>,
}

impl Mask {
    /// The mask of the pixels whose middles lie in a box, in pixels of the image, and for which this is true.
    pub fn of(size: Size, bounds: Rect, shows: impl Fn(u32, u32) -> bool) -> Self {
        let Size { width, height } = size;
        // The pixels along a side whose middles lie between two places.
        let along = |start: f64, end: f64, length: u32| {
            let first = |at: f64| (at - 0.5).ceil().clamp(0.0, f64::from(length)) as u32;
            (first(start), first(end).max(first(start)))
        };
        let (left, right) = along(bounds.left, bounds.right, width);
        let (top, bottom) = along(bounds.top, bounds.bottom, height);
        let mut counts = vec![left.saturating_mul(height)];
        let mut add = |is_shown: bool, length: u32| {
            if length > 0 && is_shown != counts.len().is_multiple_of(2) {
                counts.push(0);
            }
            if let Some(run) = counts.last_mut() {
                *run = run.saturating_add(length);
            }
        };
        for x in left..right {
            add(false, top);
            (top..bottom).for_each(|y| add(shows(x, y), 1));
            add(false, height - bottom);
        }
        add(false, (width - right).saturating_mul(height));
        Self { size: [height, width], counts }
    }

    /// The number of pixels that show the thing.
    pub fn area(&self) -> u64 {
        self.counts.iter().skip(1).step_by(2).map(|run| u64::from(*run)).sum()
    }

    /// The mask as something that can be asked for each pixel; none where the runs are not as long as the image has pixels.
    ///
    /// It takes as much memory as the runs do, however large the image is.
    pub fn bitmap(&self) -> Option<Bitmap> {
        let [height, width] = self.size;
        let mut ends = Vec::with_capacity(self.counts.len());
        let mut end = 0u64;
        for run in &self.counts {
            end += u64::from(*run);
            ends.push(end);
        }
        (end == u64::from(height) * u64::from(width)).then_some(Bitmap { height, width, ends })
    }
}

/// A mask that each pixel can be asked of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitmap {
    height: u32,
    width: u32,
    /// Where each run ends, column by column: the runs that do not show the thing first, then in turn.
    ends: Vec<u64>,
}

impl Bitmap {
    /// Whether this pixel shows the thing; none outside of the image does.
    pub fn shows(&self, x: u32, y: u32) -> bool {
        let place = u64::from(x) * u64::from(self.height) + u64::from(y);
        x < self.width && y < self.height && self.ends.partition_point(|end| *end <= place) % 2 == 1
    }

    /// The size of the image.
    pub const fn size(&self) -> Size {
        Size { width: self.width, height: self.height }
    }
}

/// One object found, and where in its box it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Instance {
    /// Its label, a word of the expert's own list.
    pub label: String,
    /// Its box in pixels of the image that was asked about.
    #[serde(rename = "box")]
    pub bounds: Rect,
    /// The expert's score, 0 to 1.
    pub score: f32,
    /// The number of pixels that show it.
    pub area: u64,
    /// Which they are, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Mask>,
}

/// The objects that an expert cut out, best first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Instances {
    /// The objects.
    pub objects: Vec<Instance>,
    /// Words that were asked for and that this expert has no label for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_labels: Vec<String>,
}

/// A point of a body: a joint, an eye, an ear or the nose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Keypoint {
    /// Its name, of [`KEYPOINTS`] where the expert knows these: left and right are the person's own.
    pub name: String,
    /// Where it is, in pixels of the image that was asked about.
    pub at: Point,
    /// How surely it shows, 0 to 1.
    pub score: f32,
}

/// The seventeen points of a body that the COCO data names, in its order.
pub const KEYPOINTS: [&str; 17] = [
    "nose",
    "left eye",
    "right eye",
    "left ear",
    "right ear",
    "left shoulder",
    "right shoulder",
    "left elbow",
    "right elbow",
    "left wrist",
    "right wrist",
    "left hip",
    "right hip",
    "left knee",
    "right knee",
    "left ankle",
    "right ankle",
];

/// One person and where the parts of the body are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pose {
    /// The person's box in pixels of the image that was asked about.
    #[serde(rename = "box")]
    pub bounds: Rect,
    /// The expert's score, 0 to 1.
    pub score: f32,
    /// The points that show.
    pub keypoints: Vec<Keypoint>,
}

impl Pose {
    /// The point of this name, if it shows.
    pub fn keypoint(&self, name: &str) -> Option<&Keypoint> {
        self.keypoints.iter().find(|point| point.name == name)
    }
}

/// The people in an image and how they hold themselves, best first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Poses {
    /// The people.
    pub people: Vec<Pose>,
}

/// One line of text read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TextLine {
    /// The text.
    pub text: String,
    /// Its corners in pixels of the image that was asked about.
    pub quad: Quad,
    /// Mean probability of its characters, 0 to 1.
    pub score: f32,
}

/// The lines of text in an image, in reading order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TextLines {
    /// The lines.
    pub lines: Vec<TextLine>,
}

/// A colour and how much of the region has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ColorShare {
    /// A basic colour term: black, white, gray, red, orange, yellow, green, blue, purple, pink, brown.
    pub name: String,
    /// Share of the measured pixels, 0 to 1.
    pub share: f32,
    /// The middle of the cluster as `#rrggbb`.
    pub hex: String,
}

/// Whether the measured colour can be put in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColorQuality {
    /// One colour dominates.
    Clear,
    /// Several colours share the region.
    Mixed,
    /// Too dark to tell colours apart.
    TooDark,
    /// Too few pixels to measure.
    TooSmall,
}

/// The colours of a region, largest share first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ColorReport {
    /// Whether one word says it.
    pub quality: ColorQuality,
    /// The colours.
    pub colors: Vec<ColorShare>,
    /// For each basic colour term the share of all that the region shows which may be called so in other light. What has none
    /// of a term does not have that colour. Without an entry nothing is known of a term.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tints: BTreeMap<String, f32>,
    /// Of a part of a person that was told from all around it: the share that may be skin or hair. `tints` then tell of the rest,
    /// the clothes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bare: Option<f32>,
}

impl ColorReport {
    /// A report that tells nothing of tints.
    pub const fn new(quality: ColorQuality, colors: Vec<ColorShare>) -> Self {
        Self { quality, colors, tints: BTreeMap::new(), bare: None }
    }
}

/// A spatial relation, as seen in the image plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SpatialRelation {
    /// Its centre lies further left.
    LeftOf,
    /// Its centre lies further right.
    RightOf,
    /// Its centre lies higher.
    Above,
    /// Its centre lies lower.
    Below,
    /// It lies within the other's box.
    Inside,
    /// The other lies within its box.
    Contains,
    /// It rests on the other: it overlaps or touches the other's upper part.
    On,
    /// It is close to the other.
    Near,
    /// In the middle of the picture.
    Center,
    /// It has one thing on one side and another on the opposite side.
    Between,
    /// It is nearer to the viewer than the other, before it.
    InFrontOf,
    /// It is farther from the viewer than the other, hidden in part.
    Behind,
}

impl SpatialRelation {
    /// The relation seen from the other side, where there is one.
    pub const fn inverse(self) -> Option<Self> {
        match self {
            Self::LeftOf => Some(Self::RightOf),
            Self::RightOf => Some(Self::LeftOf),
            Self::Above => Some(Self::Below),
            Self::Below => Some(Self::Above),
            Self::Inside => Some(Self::Contains),
            Self::Contains => Some(Self::Inside),
            Self::Near => Some(Self::Near),
            Self::InFrontOf => Some(Self::Behind),
            Self::Behind => Some(Self::InFrontOf),
            Self::On | Self::Center | Self::Between => None,
        }
    }
}

impl std::fmt::Display for SpatialRelation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::LeftOf => "left of",
            Self::RightOf => "right of",
            Self::Above => "above",
            Self::Below => "below",
            Self::Inside => "inside",
            Self::Contains => "around",
            Self::On => "on",
            Self::Near => "near",
            Self::Center => "in the middle",
            Self::Between => "between",
            Self::InFrontOf => "in front of",
            Self::Behind => "behind",
        })
    }
}

/// How one region lies relative to another (or to the picture).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RelationReport {
    /// What holds.
    pub holds: Vec<SpatialRelation>,
    /// What is too close to call: inside the dead zone.
    pub unclear: Vec<SpatialRelation>,
    /// From the object's centre to the subject's, in units of the picture's width and height.
    pub offset: [f64; 2],
}

/// A description of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Caption {
    /// The text.
    pub text: String,
    /// Who wrote it: a network's name, or `grounded` for a description composed from expert findings.
    pub source: String,
    /// What could not be looked at, and why, one sentence each; empty where everything was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
}

/// An answer to a question about an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VisualAnswer {
    /// The answer.
    pub answer: String,
    /// The model that gave it.
    pub model: String,
    /// The size in which the model was shown the picture, where the budget of the run had no room for what it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_at: Option<Size>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(value: serde_json::Value) -> Mask {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn runs_go_down_the_columns_and_begin_with_what_is_not_the_thing() {
        let whole = Rect::new(0.0, 0.0, 3.0, 2.0);
        let ring = Mask::of(Size::new(3, 2), whole, |x, _| x != 1);
        assert_eq!(serde_json::to_value(&ring).unwrap(), json!({ "size": [2, 3], "counts": [0, 2, 2, 2] }));
        assert_eq!(ring.area(), 4);
    }

    #[test]
    fn only_pixels_whose_middles_lie_in_the_box_are_asked_about() {
        let mask = Mask::of(Size::new(4, 4), Rect::new(0.6, 1.4, 2.5, 2.6), |_, _| true);
        let bitmap = mask.bitmap().unwrap();
        let shown: Vec<_> =
            (0..4).flat_map(|y| (0..4).map(move |x| (x, y))).filter(|(x, y)| bitmap.shows(*x, *y)).collect();
        assert_eq!(shown, [(1, 1), (1, 2)]);
    }

    #[test]
    fn a_box_outside_or_without_extent_shows_nothing() {
        let boxes = [
            Rect::new(9.0, 9.0, 20.0, 20.0),
            Rect::new(-9.0, -9.0, -1.0, -1.0),
            Rect::new(2.0, 2.0, 2.0, 2.0),
            Rect::new(f64::NAN, 0.0, f64::NAN, 4.0),
        ];
        for bounds in boxes {
            let mask = Mask::of(Size::new(4, 3), bounds, |_, _| true);
            assert_eq!((mask.area(), mask.counts.as_slice()), (0, [12].as_slice()), "{bounds:?}");
        }
        let none = Mask::of(Size::new(0, 7), Rect::new(0.0, 0.0, 1.0, 1.0), |_, _| true);
        assert_eq!(none.bitmap().map(|bitmap| bitmap.shows(0, 0)), Some(false));
    }

    #[test]
    fn runs_that_do_not_add_up_are_no_mask() {
        for counts in [json!([]), json!([5]), json!([5, 2]), json!([4_294_967_295_u32, 4_294_967_295_u32])] {
            let mask = read(json!({ "size": [2, 3], "counts": counts }));
            assert_eq!(mask.bitmap(), None, "{counts}");
        }
        let negative = json!({ "size": [2, 3], "counts": [-6] });
        assert!(serde_json::from_value::<Mask>(negative).is_err());
    }

    #[test]
    fn a_huge_image_takes_no_more_memory_than_its_runs() {
        let most = u32::MAX;
        assert_eq!(read(json!({ "size": [most, most], "counts": [most, most] })).bitmap(), None);
        let column = read(json!({ "size": [most, 2], "counts": [most, most] })).bitmap().unwrap();
        assert_eq!((column.shows(0, most - 1), column.shows(1, 0)), (false, true));
        assert_eq!(column.size(), Size::new(2, most));
    }

    #[test]
    fn an_image_of_more_pixels_than_a_run_can_count_has_no_mask() {
        let size = Size::new(70_000, 70_000);
        let mask = Mask::of(size, Rect::new(0.0, 0.0, 1.0, 1.0), |_, _| true);
        assert_eq!((mask.area(), mask.bitmap()), (1, None));
    }

    proptest! {
        /// Each pixel of an image of any size comes back as it went in, and the runs add up.
        #[test]
        fn a_mask_shows_what_it_was_made_of(
            (width, height, pixels) in (0u32..12, 0u32..12).prop_flat_map(|(width, height)| {
                (Just(width), Just(height), prop::collection::vec(any::<bool>(), (width * height) as usize))
            }),
            sides in prop::array::uniform4(-3.0..15.0f64),
        ) {
            let size = Size::new(width, height);
            let bounds = Rect::from(sides);
            let is_in = |x: u32, y: u32| {
                let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
                (bounds.left..bounds.right).contains(&x) && (bounds.top..bounds.bottom).contains(&y)
            };
            let shown = |x: u32, y: u32| pixels[(y * width + x) as usize];
            let mask = Mask::of(size, bounds, shown);
            prop_assert_eq!(mask.counts.iter().sum::<u32>(), width * height);
            prop_assert!(mask.counts.iter().skip(1).all(|run| *run > 0), "{:?}", mask);
            let mask: Mask = serde_json::from_value(serde_json::to_value(&mask).unwrap()).unwrap();
            let bitmap = mask.bitmap().unwrap();
            let mut area = 0;
            for (x, y) in (0..width).flat_map(|x| (0..height).map(move |y| (x, y))) {
                prop_assert_eq!(bitmap.shows(x, y), is_in(x, y) && shown(x, y), "{} {}", x, y);
                area += u64::from(bitmap.shows(x, y));
            }
            prop_assert_eq!(mask.area(), area);
            prop_assert!(!bitmap.shows(width, 0) && !bitmap.shows(0, height));
        }

        /// Any runs are a mask or none, and never a panic.
        #[test]
        fn any_runs_are_read(size in any::<[u32; 2]>(), counts in prop::collection::vec(any::<u32>(), 0..8), at in any::<[u32; 2]>()) {
            let mask = Mask { size, counts };
            prop_assert!(mask.bitmap().is_none_or(|bitmap| !bitmap.shows(size[1], at[1])));
        }
    }
}
