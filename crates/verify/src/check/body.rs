//! Where on a person a shirt or a skirt is.
//!
//! By the points of the body, where these can be had: between shoulders and hips, and between hips and knees.
//!
//! Else as far as the person's box tells. Artists draw people seven and a half heads tall and some 2.2 heads wide at the
//! shoulders; the chest lies two heads down, the navel three, the crotch four (the canon of figure drawing, as Loomis, "Figure
//! Drawing for All It's Worth", 1943, gives it). A box whose person is cut off by the picture keeps its width, so that heads are
//! counted in widths, and a narrow one (seen from the side) in heights. Checked by eye on the boxes of 37 photographs of
//! people for tuning: the part for shirts lay on clothes in all but two, where hair covers them.

use lavr_types::{Rect, perception::Pose};

/// How tall people are, and how wide at the shoulders, in heads.
const TALL: f64 = 7.5;
const WIDE: f64 = 2.2;

/// Where in a person's box the chest and belly are; none where the box shows too little of them.
pub(super) fn torso_in(person: Rect) -> Option<Rect> {
    let head = (person.width() / WIDE).max(person.height() / TALL);
    let middle = person.center().x;
    let top = person.top + 1.5 * head;
    let bottom = (person.top + 3.1 * head).min(person.bottom - 0.03 * person.height());
    let half = 0.55 * head;
    let place = Rect::new((middle - half).max(person.left), top, (middle + half).min(person.right), bottom);
    // A strip of less than a third of a head shows a collar.
    (bottom - top > head / 3.0).then_some(place)
}

/// Where the chest and the belly of a person are by the points of the body, or in a portrait the shoulder; none where these do not show.
pub(super) fn torso_of(pose: &Pose) -> Option<Rect> {
    let shoulders = extent(pose, ["left shoulder", "right shoulder"])?;
    // Who stands sideways has the shoulders behind each other.
    let head = (pose.bounds.height() / TALL).min(pose.bounds.width() / WIDE);
    let wide = shoulders.width().max(head);
    let hips = extent(pose, ["left hip", "right hip"]).map(|hips| hips.bottom);
    let end = hips.filter(|hips| *hips > shoulders.bottom).unwrap_or(shoulders.bottom + 1.3 * wide);
    let end = end.min(pose.bounds.bottom);
    // The collar, hair and a beard lie over what is at the shoulders.
    let top = shoulders.bottom + 0.15 * (end - shoulders.bottom);
    let (middle, half) = (shoulders.center().x, 0.42 * wide);
    if end - top > 0.15 * wide {
        return Some(within(pose, middle - half, top, middle + half, end));
    }
    shoulder_of(pose, wide)
}

/// Below a shoulder, where a portrait shows no more: between the shoulders it shows neck and collar there. The shoulder with more
/// below it; none where that is a strip.
fn shoulder_of(pose: &Pose, wide: f64) -> Option<Rect> {
    let bounds = pose.bounds;
    let shoulders = ["left shoulder", "right shoulder"].into_iter().filter_map(|name| pose.keypoint(name));
    let highest = shoulders.map(|shoulder| shoulder.at).min_by(|one, other| one.y.total_cmp(&other.y))?;
    // Beyond the joint there is little more of the person.
    let (left, right) = if highest.x < bounds.center().x { (0.05, 0.3) } else { (0.3, 0.05) };
    let part = within(pose, highest.x - left * wide, highest.y, highest.x + right * wide, bounds.bottom);
    (part.height() > 0.12 * wide && part.width() > 0.2 * wide).then_some(part)
}

/// Where a person's thighs are by the points of the body: from the hips to the knees, or to the end of the box. None where the
/// hips do not show.
pub(super) fn thighs_of(pose: &Pose) -> Option<Rect> {
    let hips = extent(pose, ["left hip", "right hip"])?;
    let knees = extent(pose, ["left knee", "right knee"]);
    let (left, right) = knees
        .map_or((hips.left, hips.right), |knees| (hips.left.min(knees.left), hips.right.max(knees.right)));
    let end = knees.map_or(pose.bounds.bottom, |knees| knees.bottom).max(hips.bottom).min(pose.bounds.bottom);
    let margin = 0.1 * pose.bounds.width();
    (end - hips.top > margin).then(|| within(pose, left - margin, hips.top, right + margin, end))
}

/// The box of those of these points that show.
fn extent(pose: &Pose, names: [&str; 2]) -> Option<Rect> {
    let points = names.iter().filter_map(|name| pose.keypoint(name)).map(|point| point.at);
    points.map(|at| Rect::new(at.x, at.y, at.x, at.y)).reduce(|one, other| {
        Rect::new(
            one.left.min(other.left),
            one.top.min(other.top),
            one.right.max(other.right),
            one.bottom.max(other.bottom),
        )
    })
}

fn within(pose: &Pose, left: f64, top: f64, right: f64, bottom: f64) -> Rect {
    Rect::new(left.max(pose.bounds.left), top, right.min(pose.bounds.right), bottom)
}

#[cfg(test)]
mod tests {
    use lavr_types::{Point, perception::Keypoint};

    use super::*;

    fn pose(bounds: Rect, points: &[(&str, f64, f64)]) -> Pose {
        let keypoint = |&(name, x, y): &(&str, f64, f64)| Keypoint {
            name: name.to_owned(),
            at: Point::new(x, y),
            score: 0.9,
        };
        Pose { bounds, score: 0.9, keypoints: points.iter().map(keypoint).collect() }
    }

    #[test]
    fn the_torso_of_a_whole_person_lies_below_the_head() {
        // A head is 40 pixels high: the shoulders are 88 wide.
        let torso = torso_in(Rect::new(100.0, 50.0, 188.0, 350.0)).unwrap();
        assert!((torso.top - 110.0).abs() < 1.0 && (torso.bottom - 174.0).abs() < 1.0, "{torso:?}");
    }

    #[test]
    fn a_portrait_shows_some_of_it_and_a_face_none() {
        assert!(torso_in(Rect::new(0.0, 0.0, 200.0, 220.0)).is_some_and(|torso| torso.top > 110.0));
        assert_eq!(torso_in(Rect::new(0.0, 0.0, 200.0, 150.0)), None);
    }

    #[test]
    fn the_points_of_the_body_tell_where_shirts_and_trousers_are() {
        let whole = pose(
            Rect::new(100.0, 50.0, 200.0, 350.0),
            &[
                ("left shoulder", 190.0, 110.0),
                ("right shoulder", 110.0, 114.0),
                ("left hip", 175.0, 200.0),
                ("right hip", 125.0, 204.0),
                ("left knee", 178.0, 270.0),
                ("right knee", 122.0, 268.0),
            ],
        );
        let torso = torso_of(&whole).unwrap();
        assert!(
            torso.top > 114.0 && torso.bottom == 204.0 && torso.left > 110.0 && torso.right < 190.0,
            "{torso:?}"
        );
        let thighs = thighs_of(&whole).unwrap();
        assert_eq!((thighs.top, thighs.bottom, thighs.left), (200.0, 270.0, 112.0));
    }

    #[test]
    fn what_the_picture_cuts_off_does_not_show() {
        let bounds = Rect::new(0.0, 0.0, 100.0, 120.0);
        let portrait = pose(bounds, &[("left shoulder", 90.0, 80.0), ("right shoulder", 10.0, 80.0)]);
        assert_eq!(torso_of(&portrait).map(|torso| torso.bottom), Some(120.0));
        assert_eq!(thighs_of(&portrait), None);
        let face = pose(bounds, &[("nose", 50.0, 60.0)]);
        assert_eq!(torso_of(&face), None);
        // More of a shirt shows below the shoulder that is turned to us than between the two.
        let close = pose(
            bounds,
            &[("nose", 50.0, 50.0), ("left shoulder", 90.0, 106.0), ("right shoulder", 10.0, 110.0)],
        );
        let shoulder = torso_of(&close).unwrap();
        assert!(shoulder.top == 106.0 && shoulder.bottom == 120.0 && shoulder.left > 60.0, "{shoulder:?}");
        let collar = pose(bounds, &[("left shoulder", 90.0, 112.0), ("right shoulder", 10.0, 112.0)]);
        assert_eq!(torso_of(&collar), None);
    }
}
