//! Boxes must have been seen. A planner that cannot see the picture and writes a box that no result holds has made
//! it up (small models copy one from a demonstration), and a measurement there would be evidence of nothing.

use lavr_types::{Quad, Rect, Size};
use serde::Deserialize;
use serde_json::Value;

/// A box overlaps a seen one by at least so much (intersection over union) ...
const OVERLAP: f64 = 0.5;
/// ... or lies inside it with at least this share of its area.
const INSIDE: f64 = 0.8;

/// The first box of the arguments that nobody has seen.
pub(crate) fn made_up<'v>(
    schema: &Value,
    arguments: &Value,
    question: &str,
    sizes: &[Size],
    results: impl Iterator<Item = &'v Value>,
) -> Option<Rect> {
    let boxes: Vec<Rect> = arguments
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| is_box(&schema["properties"][name.as_str()]))
        .filter_map(|(_, value)| Rect::deserialize(value).ok())
        .collect();
    if boxes.is_empty() {
        return None;
    }
    let mut seen = Vec::new();
    results.for_each(|value| collect(value, &mut seen));
    let asked: Vec<f64> = question
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .filter_map(|number| number.trim_matches('.').parse().ok())
        .collect();
    boxes.into_iter().find(|bounds| {
        let known =
            seen.iter().any(|seen| bounds.iou(*seen) >= OVERLAP || bounds.share_inside(*seen) >= INSIDE);
        let from_question = <[f64; 4]>::from(*bounds).iter().all(|side| asked.contains(side));
        !known && !from_question && !sizes.iter().any(|size| is_part(*bounds, *size))
    })
}

pub(crate) fn is_box(schema: &Value) -> bool {
    schema["minItems"] == 4 && schema["maxItems"] == 4
}

/// A half, a quarter or the whole of a picture needs nobody to have seen it: two of its sides or more are the
/// picture's.
fn is_part(bounds: Rect, size: Size) -> bool {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let shared = [bounds.left <= 0.0, bounds.top <= 0.0, bounds.right >= width, bounds.bottom >= height];
    shared.into_iter().filter(|shared| *shared).count() >= 2
}

fn collect(value: &Value, seen: &mut Vec<Rect>) {
    if let Ok(bounds) = Rect::deserialize(value) {
        seen.push(bounds);
    } else if let Ok(quad) = Quad::deserialize(value) {
        seen.push(quad.bounds());
    } else {
        match value {
            Value::Array(items) => items.iter().for_each(|item| collect(item, seen)),
            Value::Object(fields) => fields.values().for_each(|field| collect(field, seen)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(bounds: [f64; 4], question: &str, results: &[Value]) -> bool {
        let schema = json!({ "properties": { "region": { "minItems": 4, "maxItems": 4 } } });
        let arguments = json!({ "region": bounds });
        made_up(&schema, &arguments, question, &[Size::new(640, 480)], results.iter()).is_none()
    }

    #[test]
    fn a_box_stands_where_a_result_the_question_or_the_picture_has_it() {
        let found =
            [json!({ "objects": [{ "label": "dog", "box": [100.4, 50.0, 300.0, 250.0], "score": 0.9 }] })];
        assert!(check([100.0, 50.0, 300.0, 250.0], "", &found));
        assert!(check([150.0, 60.0, 200.0, 100.0], "", &found), "a part of it");
        assert!(!check([400.0, 300.0, 500.0, 400.0], "", &found));
        assert!(!check([100.0, 50.0, 300.0, 250.0], "", &[]));
        assert!(check([10.0, 20.0, 110.0, 220.0], "What is in [10, 20, 110, 220]?", &[]));
        assert!(check([0.0, 0.0, 320.0, 480.0], "What is on the left?", &[]));
    }
}
