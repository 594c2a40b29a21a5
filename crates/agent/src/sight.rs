//! A model with eyes sees a picture as it was sent: shrunk to what its service takes. So it reads and writes places in the
//! pixels of what it was sent, everyone else in those of the image itself; [`Sight`] is the only translator between the two
//! frames.

use std::collections::HashMap;

use lavr_types::{CallRecord, ImageId, Quad, Rect, Size};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{Situation, Turn, grounding::is_box, names::is_image};

/// From a turn on, pictures are sent smaller than the model takes them: little was left of the budget of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shrunk {
    /// How many turns the run had behind it.
    pub turns: usize,
    /// The longest side of the pictures since, in pixels, at most.
    pub longest_side: u32,
    /// How many pictures of the next request do not fit even so, and are told in words.
    pub left_out: u32,
}

/// Fields of results that hold a box, as the capabilities' output types name them.
const BOXES: [&str; 3] = ["box", "region", "bounds"];

/// What a planner's model sees of the images of a run.
#[derive(Debug)]
pub(crate) struct Sight {
    /// Sent pixels per pixel along x and y, of the images that are sent smaller than they are.
    scales: HashMap<ImageId, [f64; 2]>,
}

impl Sight {
    /// Of a model that gets pictures with at most this longest side; `None` for one that gets none.
    pub(crate) fn new(longest_side: Option<u32>, situation: &Situation<'_>) -> Self {
        let mut sight = Self { scales: HashMap::new() };
        let Some(longest_side) = longest_side else { return sight };
        let mut learn = |id: ImageId, size: Size| {
            let sent = size.fit_within(longest_side.max(1));
            if sent != size {
                let ratio = |sent: u32, own: u32| f64::from(sent) / f64::from(own);
                sight.scales.insert(id, [ratio(sent.width, size.width), ratio(sent.height, size.height)]);
            }
        };
        situation.images.iter().for_each(|(id, size)| learn(*id, *size));
        let outcomes = situation.records().filter_map(|record| record.outcome.as_ref().ok());
        outcomes.for_each(|observation| sizes_in(&observation.value, &mut learn));
        sight
    }

    /// Whether every image is sent as it is.
    pub(crate) fn is_plain(&self) -> bool {
        self.scales.is_empty()
    }

    /// What has happened as the model reads it; `None` where that is how it is.
    pub(crate) fn view(&self, situation: &Situation<'_>) -> Option<View> {
        if self.is_plain() {
            return None;
        }
        let images = situation.images.iter().map(|(id, size)| (*id, self.size(*id, *size)));
        let mut turns = situation.turns.to_vec();
        for turn in &mut turns {
            if let Turn::Step { step, .. } = turn {
                step.calls
                    .iter_mut()
                    .for_each(|record| self.see(record, situation.arguments_of(&record.call.tool)));
            }
        }
        Some(View { images: images.collect(), turns })
    }

    /// Arguments of a plan that a model wrote, as [`Self::meant`], to a hundredth of a pixel: a plan is read anew at each step,
    /// and its calls are known again by their arguments, also from a file. References stay as they are: results are in the
    /// pixels of the image.
    pub(crate) fn meant_in_plan(
        &self,
        schema: &Value,
        situation: &Situation<'_>,
        written: &mut Map<String, Value>,
    ) {
        let mut arguments = Value::Object(written.clone());
        for (_, value) in arguments.as_object_mut().into_iter().flatten() {
            if let (Some((first, _)), true) = (situation.images.first(), value == "$image") {
                *value = json!(first);
            }
        }
        situation.names.put_ids(schema, &mut arguments);
        self.meant(schema, &mut arguments);
        for (name, value) in written {
            let scaled = &mut arguments[name.as_str()];
            if is_box(&schema["properties"][name.as_str()]) && scaled != value {
                for side in scaled.as_array_mut().into_iter().flatten() {
                    *side = json!((side.as_f64().unwrap_or_default() * 100.0).round() / 100.0);
                }
                *value = scaled.take();
            }
        }
    }

    /// The size that an image is sent in.
    fn size(&self, id: ImageId, size: Size) -> Size {
        let Some([x, y]) = self.scales.get(&id) else { return size };
        let scaled = |side: u32, scale: f64| (f64::from(side) * scale).round().max(1.0) as u32;
        Size::new(scaled(size.width, *x), scaled(size.height, *y))
    }

    /// Puts the places of a record into the pixels that the model sees. `schema` is that of the call's arguments.
    fn see(&self, record: &mut CallRecord, schema: Option<&Value>) {
        let image = schema.and_then(|schema| image_of(schema, &record.call.arguments));
        let scale = image.and_then(|image| self.scales.get(&image)).copied();
        if let (Some(schema), Some(scale)) = (schema, scale) {
            scale_arguments(schema, &mut record.call.arguments, scale);
        }
        if let Ok(observation) = &mut record.outcome {
            self.scale_value(&mut observation.value, scale);
        }
    }

    /// Arguments that the model wrote, with places in the pixels of the image. Images go by their ids here.
    pub(crate) fn meant(&self, schema: &Value, arguments: &mut Value) {
        let scale = image_of(schema, arguments).and_then(|image| self.scales.get(&image));
        if let Some([x, y]) = scale {
            scale_arguments(schema, arguments, [1.0 / x, 1.0 / y]);
        }
    }

    fn scale_value(&self, value: &mut Value, scale: Option<[f64; 2]>) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.scale_value(item, scale)),
            Value::Object(fields) => {
                if let Some((id, size)) = named_size(fields.get("image"), fields.get("size")) {
                    fields.insert("size".to_owned(), json!(self.size(id, size)));
                }
                for (name, field) in fields {
                    match scale {
                        Some(scale) if BOXES.contains(&name.as_str()) => scale_box(field, scale),
                        Some(scale) if name == "quad" => scale_quad(field, scale),
                        _ => self.scale_value(field, scale),
                    }
                }
            }
            _ => {}
        }
    }
}

/// The images and turns of a situation in the pixels that a model sees.
#[derive(Debug)]
pub(crate) struct View {
    images: Vec<(ImageId, Size)>,
    turns: Vec<Turn>,
}

impl View {
    /// The same situation, seen so.
    pub(crate) fn of<'a>(&'a self, situation: &Situation<'a>) -> Situation<'a> {
        Situation { images: &self.images, turns: &self.turns, ..*situation }
    }
}

/// The sizes of images that a result tells of: `{"image": ..., "size": {"width", "height"}}`.
fn sizes_in(value: &Value, learn: &mut impl FnMut(ImageId, Size)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| sizes_in(item, learn)),
        Value::Object(fields) => {
            if let Some((id, size)) = named_size(fields.get("image"), fields.get("size")) {
                learn(id, size);
            }
            fields.values().for_each(|field| sizes_in(field, learn));
        }
        _ => {}
    }
}

fn named_size(image: Option<&Value>, size: Option<&Value>) -> Option<(ImageId, Size)> {
    Some((image?.as_str()?.parse().ok()?, Size::deserialize(size?).ok()?))
}

/// The image that a call is about: the first that its arguments name.
fn image_of(schema: &Value, arguments: &Value) -> Option<ImageId> {
    let arguments = arguments.as_object()?.iter();
    let mut images = arguments.filter(|(name, _)| is_image(&schema["properties"][name.as_str()]));
    images.find_map(|(_, value)| value.as_str()?.parse().ok())
}

fn scale_arguments(schema: &Value, arguments: &mut Value, scale: [f64; 2]) {
    for (name, value) in arguments.as_object_mut().into_iter().flatten() {
        if is_box(&schema["properties"][name.as_str()]) {
            scale_box(value, scale);
        }
    }
}

fn scale_box(value: &mut Value, [x, y]: [f64; 2]) {
    if let Ok(bounds) = Rect::deserialize(&*value) {
        *value = json!([bounds.left * x, bounds.top * y, bounds.right * x, bounds.bottom * y]);
    }
}

fn scale_quad(value: &mut Value, [x, y]: [f64; 2]) {
    if let Ok(quad) = Quad::deserialize(&*value) {
        *value = json!(quad.0.map(|corner| [corner.x * x, corner.y * y]));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lavr_types::{CallId, Observation, Step, ToolCall};

    use super::*;
    use crate::{ImageNames, Limits};

    fn id(number: u32) -> ImageId {
        ImageId::of_pixels(Size::new(number, 1), &[])
    }

    fn record(arguments: Value, value: Value) -> CallRecord {
        let call = ToolCall { id: CallId("call_1".into()), tool: "t".into(), arguments };
        CallRecord::ran(call, Ok(Observation::new(value)), Duration::ZERO)
    }

    fn schema() -> Value {
        json!({ "properties": {
            "image": { "type": "string", "format": "image-id" },
            "region": { "type": "array", "minItems": 4, "maxItems": 4 },
            "weights": { "type": "array" },
        } })
    }

    /// A photograph of 2000 x 1000, and a crop of it of 1500 x 600, for a model that gets 500 pixels.
    fn sight(longest_side: Option<u32>) -> Sight {
        let cut = record(
            json!({ "image": id(1) }),
            json!({ "image": id(2), "size": { "width": 1500, "height": 600 } }),
        );
        let step = Step { thought: String::new(), contradictions: Vec::new(), calls: vec![cut] };
        let (names, limits) = (ImageNames::default(), Limits::default());
        let situation = Situation {
            question: "?",
            images: &[(id(1), Size::new(2000, 1000)), (id(3), Size::new(400, 300))],
            names: &names,
            tools: &[],
            turns: &[Turn::Step { step, said: None, verbatim: None }],
            must_answer: false,
            limits: &limits,
            shrunk: &[],
        };
        Sight::new(longest_side, &situation)
    }

    #[test]
    fn what_the_model_reads_is_in_the_pixels_that_it_sees() {
        let value = json!({
            "objects": [{ "label": "dog", "box": [200, 100, 400, 500], "score": 0.5 }],
            "lines": [{ "quad": [[200, 100], [400, 100], [400, 200], [200, 200]] }],
            "color": [1, 2, 3, 4],
        });
        let arguments = json!({ "image": id(1), "region": [0, 0, 2000, 1000], "weights": [1, 2, 3, 4] });
        let record = record(arguments, value);
        let mut seen = record;
        sight(Some(500)).see(&mut seen, Some(&schema()));
        assert_eq!(
            seen.outcome.unwrap().value,
            json!({
                "objects": [{ "label": "dog", "box": [50.0, 25.0, 100.0, 125.0], "score": 0.5 }],
                "lines": [{ "quad": [[50.0, 25.0], [100.0, 25.0], [100.0, 50.0], [50.0, 50.0]] }],
                "color": [1, 2, 3, 4],
            })
        );
        let expected = json!({ "image": id(1), "region": [0.0, 0.0, 500.0, 250.0], "weights": [1, 2, 3, 4] });
        assert_eq!(seen.call.arguments, expected);
    }

    #[test]
    fn what_the_model_writes_is_meant_in_the_pixels_of_the_image() {
        let sight = sight(Some(500));
        for (image, region, meant) in [
            (1, [50.0, 25.0, 100.0, 125.0], [200.0, 100.0, 400.0, 500.0]),
            // A crop has a frame of its own.
            (2, [50.0, 20.0, 100.0, 200.0], [150.0, 60.0, 300.0, 600.0]),
            // It is sent as it is.
            (3, [50.0, 20.0, 100.0, 200.0], [50.0, 20.0, 100.0, 200.0]),
        ] {
            let mut arguments = json!({ "image": id(image), "region": region });
            sight.meant(&schema(), &mut arguments);
            let [left, top, right, bottom] = Rect::deserialize(&arguments["region"]).unwrap().into();
            for (side, expected) in [left, top, right, bottom].into_iter().zip(meant) {
                assert!((side - expected).abs() < 1e-9, "{arguments}");
            }
        }
    }

    #[test]
    fn sizes_are_told_as_sent() {
        let sight = sight(Some(500));
        assert_eq!(sight.size(id(1), Size::new(2000, 1000)), Size::new(500, 250));
        let value = json!({ "image": id(2), "size": { "width": 1500, "height": 600 } });
        let mut cut = record(json!({ "image": id(1) }), value);
        sight.see(&mut cut, Some(&schema()));
        assert_eq!(cut.outcome.unwrap().value["size"], json!({ "width": 500, "height": 200 }));
    }

    #[test]
    fn a_model_without_eyes_reads_and_writes_the_pixels_of_the_image() {
        let sight = sight(None);
        let mut arguments = json!({ "image": id(1), "region": [1, 2, 3, 4] });
        sight.meant(&schema(), &mut arguments);
        assert_eq!(arguments["region"], json!([1, 2, 3, 4]));
        assert_eq!(sight.size(id(1), Size::new(2000, 1000)), Size::new(2000, 1000));
    }
}
