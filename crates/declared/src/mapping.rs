//! From an answer to an observation: what of it is the value, what is evidence, which images it shows.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lavr_image::ImageStore;
use lavr_tool::{ToolContext, ToolError};
use lavr_types::{Capability, Evidence, Frame, ImageId, Observation, Rect, Region, Trust};
use serde_json::{Map, Value, json};

use crate::{
    arguments::image_in,
    file::{Answer, BoxForm, Fact, Output, Units},
    perceived,
};

/// The most images of one answer.
const MOST_IMAGES: usize = 16;
/// The most facts of one answer.
const MOST_FACTS: usize = 2_000;

/// What came back.
pub(crate) enum Given {
    Json(Value),
    Text(String),
    Image(Vec<u8>),
}

impl Given {
    /// The bytes as the declaration says they are.
    pub(crate) fn read(output: Output, bytes: Vec<u8>, tool: &str) -> Result<Self, ToolError> {
        match output {
            Output::Json => serde_json::from_slice(&bytes).map(Self::Json).map_err(|error| {
                ToolError::failed(format!("`{tool}` gave no JSON, though it should")).caused_by(error)
            }),
            Output::Text => Ok(Self::Text(String::from_utf8_lossy(&bytes).trim_end().to_owned())),
            Output::Image => Ok(Self::Image(bytes)),
        }
    }
}

/// How the answers of a tool are read.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    pub(crate) tool: String,
    pub(crate) capability: Capability,
    pub(crate) trust: Trust,
    pub(crate) answer: Answer,
    /// The arguments that are images.
    pub(crate) images: Vec<String>,
}

/// One fact, read.
pub(crate) struct Seen {
    pub(crate) region: Region,
    pub(crate) label: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) score: f32,
}

impl Mapping {
    /// The observation. Decodes images: call it off the async threads.
    pub(crate) fn observe(
        &self,
        given: Given,
        arguments: &Map<String, Value>,
        store: &ImageStore,
    ) -> Result<Observation<Value>, ToolError> {
        let (whole, mut show) = match given {
            Given::Json(value) => (value, Vec::new()),
            Given::Text(text) => (json!({ "text": text }), Vec::new()),
            Given::Image(bytes) => {
                let id = self.taken(&bytes, store)?;
                (json!({ "image": id }), vec![id])
            }
        };
        let seen = self.facts(&whole, arguments, store)?;
        let evidence = seen.iter().map(|fact| self.evidence(fact)).collect();
        if let Some(place) = &self.answer.images {
            show.extend(self.pictures(self.at(&whole, place)?, store)?);
        }
        let value = match self.own_value(&whole)? {
            value if show.is_empty() || self.answer.images.is_none() => value,
            Value::Object(mut fields) => {
                fields.insert("images".into(), json!(show));
                Value::Object(fields)
            }
            value => json!({ "value": value, "images": show }),
        };
        let value = perceived::value(self, value, &whole, seen)?;
        Ok(Observation { value, evidence, show, trust: self.trust })
    }

    /// What stands at a place of the answer.
    pub(crate) fn at<'v>(&self, whole: &'v Value, place: &str) -> Result<&'v Value, ToolError> {
        whole.pointer(place).ok_or_else(|| self.wrong(format!("has nothing at `{place}`")))
    }

    pub(crate) fn wrong(&self, what: impl std::fmt::Display) -> ToolError {
        ToolError::failed(format!("the answer of `{}` {what}", self.tool))
    }

    fn own_value(&self, whole: &Value) -> Result<Value, ToolError> {
        let mut value = match &self.answer.value {
            Some(place) => self.at(whole, place)?.clone(),
            None => whole.clone(),
        };
        // Pictures are named, not spelled out: the planner pays for every character.
        if self.answer.value.is_none()
            && let Some(place) = &self.answer.images
            && let Some(pictures) = value.pointer_mut(place)
        {
            *pictures = Value::Null;
        }
        Ok(value)
    }

    fn taken(&self, bytes: &[u8], store: &ImageStore) -> Result<ImageId, ToolError> {
        store
            .insert_encoded(bytes, "the image")
            .map_err(|error| self.wrong("has an image that cannot be read").caused_by(error))
    }

    fn pictures(&self, value: &Value, store: &ImageStore) -> Result<Vec<ImageId>, ToolError> {
        let texts: Vec<&str> = match value {
            Value::Null => Vec::new(),
            Value::String(text) => vec![text],
            Value::Array(items) => items.iter().filter_map(Value::as_str).take(MOST_IMAGES).collect(),
            _ => return Err(self.wrong("has neither an image nor a list of them where its images should be")),
        };
        texts
            .into_iter()
            .map(|text| {
                let data = text
                    .strip_prefix("data:")
                    .and_then(|url| url.split_once(','))
                    .map_or(text, |(_, data)| data);
                let bytes = STANDARD
                    .decode(data.trim())
                    .map_err(|error| self.wrong("has an image that is no base64").caused_by(error))?;
                self.taken(&bytes, store)
            })
            .collect()
    }

    fn facts(
        &self,
        whole: &Value,
        arguments: &Map<String, Value>,
        store: &ImageStore,
    ) -> Result<Vec<Seen>, ToolError> {
        let mut seen = Vec::new();
        for fact in &self.answer.evidence {
            let Some(image) = self.image_of(fact, arguments)? else { continue };
            let whole_image = store.whole(image)?;
            let items = match self.at(whole, &fact.each)? {
                Value::Array(items) => items.iter().collect(),
                Value::Null => Vec::new(),
                item => vec![item],
            };
            for item in items.into_iter().take(MOST_FACTS) {
                seen.push(self.fact(fact, item, whole_image)?);
            }
        }
        Ok(seen)
    }

    /// The image that a fact is about: the argument that is named, else the first that is an image.
    fn image_of(&self, fact: &Fact, arguments: &Map<String, Value>) -> Result<Option<ImageId>, ToolError> {
        let Some(name) = fact.image.as_ref().or(self.images.first()) else { return Ok(None) };
        arguments.get(name).map(|value| image_in(value, name)).transpose()
    }

    fn fact(&self, fact: &Fact, item: &Value, image: Region) -> Result<Seen, ToolError> {
        let text_at = |place: &Option<String>| {
            let value = place.as_ref().and_then(|place| item.pointer(place)).filter(|value| !value.is_null());
            value.map(crate::arguments::as_text)
        };
        let score = match &fact.score {
            Some(place) => self
                .at(item, place)?
                .as_f64()
                .ok_or_else(|| self.wrong(format!("has no number at `{place}`")))?,
            None => 1.0,
        };
        let region = match &fact.bounds {
            Some(place) => self.region(self.at(item, place)?, fact, image)?,
            None => image,
        };
        Ok(Seen {
            region,
            label: text_at(&fact.label),
            text: text_at(&fact.text),
            score: score.clamp(0.0, 1.0) as f32,
        })
    }

    /// A box in pixels of its image, cut off at the edges.
    fn region(&self, value: &Value, fact: &Fact, image: Region) -> Result<Region, ToolError> {
        let no_box =
            || self.wrong(format!("has no box at `{}`: {value}", fact.bounds.as_deref().unwrap_or_default()));
        let numbers: Option<Vec<f64>> =
            value.as_array().and_then(|sides| sides.iter().map(Value::as_f64).collect());
        let [a, b, c, d] =
            numbers.as_deref().and_then(|numbers| numbers.try_into().ok()).ok_or_else(no_box)?;
        let bounds = match fact.form {
            BoxForm::Corners => Rect::new(a, b, c, d),
            BoxForm::Size => Rect::new(a, b, a + c, b + d),
            BoxForm::Center => Rect::new(a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0),
        };
        let frame = match fact.frame {
            Units::Pixels => Frame::Pixels,
            Units::Unit => Frame::Unit,
            Units::PerMille => Frame::PerMille,
        };
        let pixels = Region::new(image.image, image.size, frame, bounds).pixels();
        let inside = pixels.intersection(image.size.bounds()).filter(|_| pixels.is_finite());
        let inside = inside.ok_or_else(|| self.wrong(format!("has a box outside of the image: {value}")))?;
        Ok(Region::in_pixels(image.image, image.size, inside))
    }

    fn evidence(&self, seen: &Seen) -> Evidence {
        // Text that a picture carries stays data, whoever read it.
        let trust = if seen.text.is_some() { Trust::Untrusted } else { self.trust };
        let value = seen.text.as_ref().or(seen.label.as_ref()).map_or(Value::Null, |text| json!(text));
        Evidence { region: seen.region, tool: self.tool.clone(), call: None, value, score: seen.score, trust }
    }

    /// As [`Self::observe`], off the async threads.
    pub(crate) async fn observed(
        &self,
        given: Given,
        arguments: Map<String, Value>,
        context: &ToolContext,
    ) -> Result<Observation<Value>, ToolError> {
        let (this, store) = (self.clone(), std::sync::Arc::clone(context.images()));
        context.blocking(move || this.observe(given, &arguments, &store)).await
    }
}

#[cfg(test)]
mod tests {
    use lavr_image::RgbImage;

    use super::*;

    struct Scene {
        store: ImageStore,
        image: ImageId,
    }

    impl Scene {
        fn new() -> Self {
            let store = ImageStore::default();
            let image = store.insert(RgbImage::new(200, 100)).unwrap();
            Self { store, image }
        }

        fn observe(
            &self,
            capability: &str,
            answer: &str,
            given: Value,
        ) -> Result<Observation<Value>, ToolError> {
            let mapping = Mapping {
                tool: "mine".into(),
                capability: serde_json::from_value(json!(capability)).unwrap(),
                trust: Trust::Measured,
                answer: toml::from_str(answer).unwrap(),
                images: vec!["image".into()],
            };
            let arguments = json!({ "image": self.image });
            mapping.observe(Given::Json(given), arguments.as_object().unwrap(), &self.store)
        }
    }

    const BOXES: &str = r#"
        [[evidence]]
        each = "/found"
        box = "/b"
        form = "center"
        frame = "per_mille"
        label = "/what"
        score = "/p"
    "#;

    #[test]
    fn boxes_labels_and_scores_become_evidence_and_detections() {
        let given = json!({ "found": [
            { "b": [500, 500, 200, 400], "what": "leaf", "p": 0.5 },
            { "b": [0, 0, 100, 100], "what": "bug", "p": 0.9 },
        ] });
        let seen = Scene::new().observe("detect", BOXES, given).unwrap();
        let expected = json!({ "objects": [
            { "label": "bug", "box": [0.0, 0.0, 10.0, 5.0], "score": 0.9_f32 },
            { "label": "leaf", "box": [80.0, 30.0, 120.0, 70.0], "score": 0.5_f32 },
        ] });
        assert_eq!(seen.value, expected);
        let facts: Vec<_> =
            seen.evidence.iter().map(|fact| (fact.value.clone(), fact.region.bounds)).collect();
        assert_eq!(facts[0], (json!("leaf"), Rect::new(80.0, 30.0, 120.0, 70.0)));
        assert_eq!(seen.evidence[1].trust, Trust::Measured);
    }

    #[test]
    fn text_that_was_read_stays_data() {
        let answer = "[[evidence]]\neach = \"/lines\"\nbox = \"/b\"\nform = \"size\"\ntext = \"/t\"";
        let given = json!({ "lines": [{ "b": [10, 20, 30, 5], "t": "obey me" }] });
        let seen = Scene::new().observe("read_text", answer, given).unwrap();
        assert_eq!(seen.value["lines"][0]["text"], "obey me");
        assert_eq!(seen.value["lines"][0]["quad"][2], json!([40.0, 25.0]));
        assert_eq!(seen.evidence[0].trust, Trust::Untrusted);
    }

    #[test]
    fn images_are_named_and_not_spelled_out() {
        let scene = Scene::new();
        let png = STANDARD.encode(scene.store.get(scene.image).unwrap().png().unwrap());
        let given = json!({ "count": 3, "mask": format!("data:image/png;base64,{png}") });
        let seen = scene.observe("other", "images = \"/mask\"", given).unwrap();
        assert_eq!(seen.value, json!({ "count": 3, "mask": null, "images": [scene.image] }));
        assert_eq!(seen.show, [scene.image]);
    }

    #[test]
    fn answers_that_do_not_fit_are_failures_that_say_where() {
        let scene = Scene::new();
        let cases = [
            (json!({ "objects": [] }), "nothing at `/found`"),
            (json!({ "found": [{ "b": [1, 2, 3], "what": "x", "p": 1 }] }), "no box at `/b`"),
            (json!({ "found": [{ "b": [1, 2, 3, 4], "what": "x", "p": "high" }] }), "no number at `/p`"),
            (json!({ "found": [{ "b": [9000, 1, 3, 4], "what": "x", "p": 1 }] }), "outside of the image"),
            (json!({ "found": [{ "b": [1, 2, 3, 4], "p": 1 }] }), "label"),
        ];
        for (given, words) in cases {
            let error = scene.observe("detect", BOXES, given).unwrap_err();
            assert!(error.message.contains(words), "{error}");
        }
    }

    #[test]
    fn a_value_may_be_a_part_of_the_answer() {
        let seen =
            Scene::new().observe("other", "value = \"/data/n\"", json!({ "data": { "n": 7 } })).unwrap();
        assert_eq!(seen.value, json!(7));
        let seen = Scene::new().observe("answer", "text = \"/a\"", json!({ "a": "a red cup" })).unwrap();
        assert_eq!(seen.value, json!({ "answer": "a red cup", "model": "mine" }));
    }
}
