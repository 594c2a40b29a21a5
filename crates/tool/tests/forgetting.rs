//! A dispatcher over a store that forgets.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::sync::Arc;

use lavr_image::{ImageStore, Rgb, RgbImage};
use lavr_tool::{CancellationToken, Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_types::{CallId, CallRecord, FailureKind, ImageId, Observation, Rect, ToolCall};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Deserialize, JsonSchema)]
struct Args {
    /// The image to cut.
    image: ImageId,
}

#[derive(Serialize, JsonSchema)]
struct Part {
    part: ImageId,
}

/// Cuts the first pixels out.
struct Cut;

impl Tool for Cut {
    const NAME: &'static str = "cut";
    const DESCRIPTION: &'static str = "For tests.";
    type Args = Args;
    type Output = Part;

    async fn call(&self, args: Args, context: &ToolContext) -> Result<Observation<Part>, ToolError> {
        let part = context.images().crop(args.image, Rect::new(0.0, 0.0, 2.0, 2.0))?;
        Ok(Observation::new(Part { part }).with_images(vec![part]))
    }
}

fn picture(level: u8) -> RgbImage {
    RgbImage::from_pixel(20, 10, Rgb([level; 3]))
}

/// Over a store with room for two pictures and a part.
fn dispatcher() -> Dispatcher {
    let images = ImageStore::default().keeping_at_most(2 * 20 * 10 * 3 + 12);
    Dispatcher::new(Registry::new().with(Cut).unwrap(), Arc::new(images))
}

async fn cut(dispatcher: &Dispatcher, image: ImageId) -> CallRecord {
    let call =
        ToolCall { id: CallId("call_1".into()), tool: "cut".into(), arguments: json!({ "image": image }) };
    dispatcher.dispatch(vec![call], &CancellationToken::new()).await.remove(0)
}

#[tokio::test]
async fn what_a_call_made_and_the_store_forgot_is_made_again() {
    let dispatcher = dispatcher();
    let images = dispatcher.images();
    let photo = images.insert(picture(1)).unwrap();
    let part = cut(&dispatcher, photo).await.outcome.unwrap().show[0];
    assert!(cut(&dispatcher, photo).await.cached);
    for level in 2..5 {
        images.insert(picture(level)).unwrap();
    }
    assert!(!images.has(part) && !images.has(photo));

    assert_eq!(images.insert(picture(1)).unwrap(), photo);
    let again = cut(&dispatcher, photo).await;
    assert!(!again.cached, "{again:?}");
    assert_eq!(again.outcome.unwrap().show, [part]);
    assert!(images.has(part));
    assert!(cut(&dispatcher, photo).await.cached);
}

#[tokio::test]
async fn a_call_of_what_was_forgotten_is_told_what_to_do() {
    let dispatcher = dispatcher();
    let photo = dispatcher.images().insert(picture(1)).unwrap();
    for level in 2..5 {
        dispatcher.images().insert(picture(level)).unwrap();
    }
    let failure = cut(&dispatcher, photo).await.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidArguments);
    assert!(failure.message.contains("give the picture again"), "{}", failure.message);
}
