//! Colours measured within what another expert cut out.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use lavr_color::MeasureColor;
use lavr_image::{Rgb, RgbImage};
use lavr_tool::{CancellationToken, Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_types::{
    CallId, Capability, ImageId, Observation, Rect, Size, ToolCall,
    perception::{ColorReport, Instance, Instances, Mask},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// Arguments of the scripted expert.
#[derive(Deserialize, JsonSchema)]
struct Args {
    image: ImageId,
    threshold: f32,
    masks: bool,
}

/// Cuts out what the script says, and counts how often it was asked.
struct Segment {
    things: Vec<(Rect, Mask)>,
    asked: Arc<AtomicUsize>,
}

impl Tool for Segment {
    const NAME: &'static str = "segment";
    const DESCRIPTION: &'static str = "Cuts out what the script says.";
    const CAPABILITY: Capability = Capability::Segment;
    type Args = Args;
    type Output = Instances;

    async fn call(&self, args: Args, context: &ToolContext) -> Result<Observation<Instances>, ToolError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        context.image(args.image)?;
        assert!(args.masks && args.threshold < 0.4, "faint things, with their masks");
        let objects = self.things.iter().map(|(bounds, mask)| Instance {
            label: "person".to_owned(),
            bounds: *bounds,
            score: 0.2,
            area: mask.area(),
            mask: Some(mask.clone()),
        });
        Ok(Observation::new(Instances { objects: objects.collect(), unknown_labels: Vec::new() }))
    }
}

const SIZE: Size = Size::new(200, 120);
const LEFT: Rect = Rect { left: 10.0, top: 10.0, right: 90.0, bottom: 110.0 };
const RIGHT: Rect = Rect { left: 110.0, top: 10.0, right: 190.0, bottom: 110.0 };

/// A red thing and a blue one, as ragged as a comb, on green that fills as much of their boxes as they do.
fn shows(x: u32, y: u32) -> bool {
    x % 20 < 10 && (10..110).contains(&y)
}

fn picture() -> RgbImage {
    RgbImage::from_fn(SIZE.width, SIZE.height, |x, y| match (shows(x, y), x < 100) {
        (false, _) => Rgb([40, 150, 50]),
        (true, true) => Rgb([200, 30, 30]),
        (true, false) => Rgb([30, 60, 190]),
    })
}

fn mask(size: Size, bounds: Rect) -> Mask {
    Mask::of(size, bounds, shows)
}

fn cut_out() -> Vec<(Rect, Mask)> {
    vec![(LEFT, mask(SIZE, LEFT)), (RIGHT, mask(SIZE, RIGHT))]
}

/// Who measures colours beside an expert that cuts these things out, a picture, and how often the expert was asked.
fn dispatcher(things: Vec<(Rect, Mask)>) -> (Dispatcher, ImageId, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let registry = Registry::new()
        .with(MeasureColor)
        .unwrap()
        .with(Segment { things, asked: Arc::clone(&asked) })
        .unwrap();
    let dispatcher = Dispatcher::new(registry, Arc::default());
    let image = dispatcher.images().insert(picture()).unwrap();
    (dispatcher, image, asked)
}

/// The share of a colour in what is measured with these arguments.
async fn share(dispatcher: &Dispatcher, arguments: Value, name: &str) -> f32 {
    let call = ToolCall { id: CallId("call_1".to_owned()), tool: "color".to_owned(), arguments };
    let record = dispatcher.dispatch(vec![call], &CancellationToken::new()).await.remove(0);
    let report: ColorReport = serde_json::from_value(record.outcome.unwrap().value).unwrap();
    report.colors.iter().find(|color| color.name == name).map_or(0.0, |color| color.share)
}

#[tokio::test]
async fn two_things_are_measured_within_their_masks_and_cut_out_once() {
    let (dispatcher, image, asked) = dispatcher(cut_out());
    let red = share(&dispatcher, json!({ "image": image, "region": LEFT, "of": LEFT }), "red").await;
    let blue = share(&dispatcher, json!({ "image": image, "region": RIGHT, "of": RIGHT }), "blue").await;
    assert!(red > 0.9 && blue > 0.9, "{red} {blue}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_part_is_measured_within_the_mask_of_its_thing() {
    let (dispatcher, image, asked) = dispatcher(cut_out());
    let chest = json!([15, 40, 85, 70]);
    let part = json!({ "image": image, "region": chest, "of": LEFT, "patch": true });
    let red = share(&dispatcher, part, "red").await;
    assert!(red > 0.9, "{red}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    // A patch by itself is measured whole, and nobody is asked whose it is.
    let patch = json!({ "image": image, "region": chest, "patch": true });
    let (red, green) =
        (share(&dispatcher, patch.clone(), "red").await, share(&dispatcher, patch, "green").await);
    assert!(red > 0.3 && green > 0.3, "{red} {green}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_mask_of_another_place_or_picture_is_not_taken() {
    let without = {
        let dispatcher = Dispatcher::new(Registry::new().with(MeasureColor).unwrap(), Arc::default());
        let image = dispatcher.images().insert(picture()).unwrap();
        share(&dispatcher, json!({ "image": image, "region": LEFT }), "red").await
    };
    assert!(without < 0.8, "{without}: the mask would make no difference");
    let broken = Mask { size: [SIZE.height, SIZE.width], counts: vec![5, 7] };
    let cases = [
        vec![],
        // The box of another thing, that overlaps too little.
        vec![(Rect::new(40.0, 10.0, 120.0, 110.0), mask(SIZE, SIZE.bounds()))],
        vec![(LEFT, broken)],
        vec![(LEFT, mask(Size::new(300, 200), LEFT))],
    ];
    for things in cases {
        let (dispatcher, image, asked) = dispatcher(things);
        let red = share(&dispatcher, json!({ "image": image, "region": LEFT, "of": LEFT }), "red").await;
        assert_eq!((red, asked.load(Ordering::SeqCst)), (without, 1));
    }
}
