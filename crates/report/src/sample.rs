//! Made-up answers about the example pictures, for tests.

use std::{path::PathBuf, time::Duration};

use lavr_image::ImageStore;
use lavr_types::{
    Answer, Assertion, CallId, CallRecord, CheckedClaim, Claim, Contradiction, CountBound, Entity, Evidence,
    Failure, FailureKind, ImageId, Judgement, Observation, Rect, Region, Span, Step, ToolCall, Trust, Usage,
    Verdict, perception::SpatialRelation,
};
use serde_json::{Value, json};

/// A picture with an answer about it.
pub(crate) struct Sample {
    pub(crate) store: ImageStore,
    pub(crate) root: ImageId,
    pub(crate) answer: Answer,
}

/// What was seen: a value, its score, where, and by which tool.
pub(crate) type Seen<'a> = (&'a str, f32, [f64; 4], &'a str);

impl Sample {
    /// One of the example pictures, with a draft about it.
    pub(crate) fn photo(name: &str, draft: &str) -> Self {
        let store = ImageStore::default();
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/pictures");
        let root = store.open(&folder.join(name)).unwrap();
        Self::about(store, root, draft)
    }

    pub(crate) fn about(store: ImageStore, root: ImageId, draft: &str) -> Self {
        let answer = Answer {
            question: None,
            draft: draft.to_owned(),
            text: draft.to_owned(),
            claims: Vec::new(),
            steps: Vec::new(),
            notes: Vec::new(),
            usage: Usage::default(),
        };
        Self { store, root, answer }
    }

    /// Adds a claim about the first place where the draft has these words. A replacement is put into the text.
    pub(crate) fn claim(
        mut self,
        surface: &str,
        assertion: Assertion,
        verdict: Verdict,
        replacement: Option<&str>,
        reason: &str,
        seen: &[Seen<'_>],
    ) -> Self {
        let start = self.answer.draft.find(surface).unwrap();
        if let Some(replacement) = replacement {
            self.answer.text = self.answer.text.replacen(surface, replacement, 1);
        }
        let size = self.store.size_of(self.root).unwrap();
        let evidence = seen.iter().map(|&(value, score, bounds, tool)| Evidence {
            region: Region::in_pixels(self.root, size, bounds.into()),
            tool: tool.to_owned(),
            call: Some(CallId(format!("call_{}", if tool == "detect" { 1 } else { 2 }))),
            value: Value::String(value.to_owned()),
            score,
            trust: if tool == "read_text" { Trust::Untrusted } else { Trust::Measured },
        });
        self.answer.claims.push(CheckedClaim {
            claim: Claim {
                span: Span::new(start, start + surface.len()),
                surface: surface.to_owned(),
                assertion,
                hedged: false,
                readings: Vec::new(),
            },
            judgement: Judgement {
                verdict,
                truth: None,
                confidence: if verdict == Verdict::Insufficient { 0.0 } else { 0.9 },
                evidence: evidence.collect(),
                reason: reason.to_owned(),
            },
            replacement: replacement.map(str::to_owned),
        });
        self
    }
}

pub(crate) fn entity(surface: &str, label: &str) -> Entity {
    Entity { surface: surface.to_owned(), span: Span::new(0, 0), label: Some(label.to_owned()) }
}

pub(crate) fn exists(surface: &str, label: &str) -> Assertion {
    Assertion::Existence { entity: entity(surface, label), present: true }
}

const DOGS: &str = "Three brown dogs look out of a white house, next to a cat.";

/// Two dogs, said to be three beside a cat.
pub(crate) fn dogs() -> Sample {
    about_dogs(Sample::photo("dogs.jpg", DOGS))
}

/// The same on a blank picture: the id of a photograph may differ where its decoder rounds otherwise.
pub(crate) fn blank_dogs() -> Sample {
    let store = ImageStore::default();
    let root = store.insert(image::RgbImage::new(640, 529)).unwrap();
    about_dogs(Sample::about(store, root, DOGS))
}

fn about_dogs(sample: Sample) -> Sample {
    let upper: Seen<'_> = ("dog", 0.8312, [196.0, 161.0, 333.0, 349.0], "detect");
    let lower: Seen<'_> = ("dog", 0.7764, [301.0, 363.0, 429.0, 527.0], "detect");
    let whole = [0.0, 0.0, 640.0, 529.0];
    let count = Assertion::Count { entity: entity("dogs", "dog"), count: CountBound::Exactly(3) };
    let color = Assertion::Color { entity: entity("dogs", "dog"), color: "brown".to_owned() };
    let mut sample = sample
        .claim(
            "Three",
            count,
            Verdict::Contradicted,
            Some("Two"),
            "Two dogs were found, not three.",
            &[upper, lower],
        )
        .claim(
            "brown",
            color,
            Verdict::Supported,
            None,
            "The dogs are brown.",
            &[("brown", 0.91, upper.2, "color"), ("brown", 0.87, lower.2, "color")],
        )
        .claim("dogs", exists("dogs", "dog"), Verdict::Supported, None, "Dogs were found.", &[upper, lower])
        .claim(
            "white house",
            Assertion::Other,
            Verdict::Insufficient,
            None,
            "No expert here can tell a house.",
            &[],
        )
        .claim(
            ", next to a cat",
            exists("cat", "cat"),
            Verdict::Contradicted,
            Some(""),
            "No cat was found, neither in the whole picture nor in its parts.",
            &[("no cat", 0.97, whole, "detect")],
        );
    sample.answer.steps = steps(&sample);
    sample.answer.notes = vec!["No captioning network is installed.".to_owned()];
    sample.answer.usage = Usage {
        model_calls: 2,
        input_tokens: 1312,
        cached_tokens: 1150,
        output_tokens: 85,
        cost: Some(0.001_234),
        tool_calls: 3,
        cached_calls: 1,
        elapsed: Duration::from_millis(4217),
    };
    sample
}

fn steps(sample: &Sample) -> Vec<Step> {
    let crop = sample.store.crop(sample.root, Rect::new(180.0, 140.0, 460.0, 529.0)).unwrap();
    let call = |id: &str, tool: &str, arguments: Value| ToolCall {
        id: CallId(id.to_owned()),
        tool: tool.to_owned(),
        arguments,
    };
    let objects = json!({ "objects": [
        { "label": "dog", "box": [196, 161, 333, 349], "score": 0.8312 },
        { "label": "dog", "box": [301, 363, 429, 527], "score": 0.7764 },
    ] });
    let found = CallRecord::ran(
        call("call_1", "detect", json!({ "image": sample.root, "labels": ["dog", "cat"] })),
        Ok(Observation::new(objects)),
        Duration::from_millis(61),
    );
    let cut = CallRecord {
        cached: true,
        attempts: 0,
        ..CallRecord::ran(
            call("call_2", "crop", json!({ "image": sample.root, "region": [180, 140, 460, 529] })),
            Ok(Observation::new(json!({ "image": crop })).with_images(vec![crop])),
            Duration::from_micros(12),
        )
    };
    let failed = CallRecord::not_run(
        call("call_3", "vqa", json!({ "image": crop, "question": "Which breed?" })),
        Failure { kind: FailureKind::Unavailable, message: "No vision model is configured.".to_owned() },
    );
    vec![
        Step { thought: "I look for the animals first.".to_owned(), calls: vec![found], ..Step::default() },
        Step {
            thought: "There are three dogs. Now a closer look at them.".to_owned(),
            contradictions: vec![Contradiction {
                span: Span::new(10, 20),
                said: "three dogs".to_owned(),
                call: CallId("call_1".to_owned()),
                tool: "detect".to_owned(),
                seen: "two dogs".to_owned(),
            }],
            calls: vec![cut, failed],
        },
    ]
}

/// A cat behind a cup that is said to carry other words and another colour.
pub(crate) fn cat_and_cup() -> Sample {
    let cat: Seen<'_> = ("cat", 0.8856, [0.0, 100.0, 637.0, 440.0], "detect");
    let cup: Seen<'_> = ("cup", 0.9231, [60.0, 180.0, 304.0, 356.0], "detect");
    let draft = "A gray cat sleeps to the left of a red cup that reads \"gitlab SOCIAL CODING\". \
                 A keyboard lies at the right, perhaps beside a book.";
    let color = |of: &str, color: &str| Assertion::Color { entity: entity(of, of), color: color.to_owned() };
    let relation = Assertion::Relation {
        subject: entity("cat", "cat"),
        relation: SpatialRelation::LeftOf,
        object: Some(entity("cup", "cup")),
        second: None,
    };
    let text = Assertion::Text { text: "gitlab SOCIAL CODING".to_owned(), carrier: None };
    Sample::photo("cat-and-cup.jpg", draft)
        .claim("gray", color("cat", "gray"), Verdict::Supported, None, "", &[("gray", 0.64, cat.2, "color")])
        .claim("cat", exists("cat", "cat"), Verdict::Supported, None, "", &[cat])
        .claim(
            "to the left of",
            relation,
            Verdict::Contradicted,
            Some("to the right of"),
            "The middle of the cat lies to the right of the middle of the cup.",
            &[cat, cup],
        )
        .claim(
            "red",
            color("cup", "red"),
            Verdict::Contradicted,
            Some("white"),
            "The cup is white (81 % of it).",
            &[("white", 0.81, cup.2, "color")],
        )
        .claim("cup", exists("cup", "cup"), Verdict::Supported, None, "", &[cup])
        .claim(
            "gitlab",
            text,
            Verdict::Contradicted,
            Some("github"),
            "The cup reads “github”, read with a confidence of 0.99.",
            &[
                ("github", 0.99, [137.0, 255.0, 268.0, 316.0], "read_text"),
                ("SOCIAL CODING", 0.97, [158.0, 298.0, 270.0, 322.0], "read_text"),
            ],
        )
        .claim(
            "keyboard",
            exists("keyboard", "keyboard"),
            Verdict::Supported,
            None,
            "",
            &[("keyboard", 0.71, [528.0, 216.0, 640.0, 331.0], "detect")],
        )
        .claim(
            "book",
            exists("book", "book"),
            Verdict::Insufficient,
            None,
            "One look missed it; books this small are often missed.",
            &[("book?", 0.31, [340.0, 285.0, 520.0, 352.0], "detect")],
        )
}
