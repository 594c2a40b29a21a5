//! Crops of a real photograph.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{path::Path, sync::Arc};

use lavr_crop::{Crop, Cropped};
use lavr_tool::{CancellationToken, Dispatcher, Registry};
use lavr_types::{CallId, CallRecord, FailureKind, ImageId, Rect, Size, ToolCall};
use serde_json::{Value, json};

fn dispatcher() -> (Dispatcher, ImageId) {
    let dispatcher = Dispatcher::new(Registry::new().with(Crop).unwrap(), Arc::default());
    let photo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/pictures/dogs.jpg");
    let id = dispatcher.images().open(&photo).unwrap();
    (dispatcher, id)
}

async fn call(dispatcher: &Dispatcher, arguments: Value) -> CallRecord {
    let call = ToolCall { id: CallId("call_1".to_owned()), tool: "crop".to_owned(), arguments };
    dispatcher.dispatch(vec![call], &CancellationToken::new()).await.remove(0)
}

#[tokio::test]
async fn a_crop_of_an_enlarged_crop_knows_its_place_on_the_photograph() {
    let (dispatcher, photo) = dispatcher();
    let first =
        call(&dispatcher, json!({ "image": photo, "region": [200, 100, 400, 300], "enlarge": 2 })).await;
    let first: Cropped = serde_json::from_value(first.outcome.unwrap().value).unwrap();
    assert_eq!(first.size, Size::new(400, 400));

    let second = call(&dispatcher, json!({ "image": first.image, "region": [100, 100, 200, 200] })).await;
    let observation = second.outcome.unwrap();
    let second: Cropped = serde_json::from_value(observation.value).unwrap();
    assert_eq!((second.root, second.region_on_root), (photo, Rect::new(250.0, 150.0, 300.0, 200.0)));
    assert_eq!(observation.show, [second.image]);
    assert_eq!(observation.evidence[0].region.pixels(), second.region_on_root);
}

#[tokio::test]
async fn a_crop_holds_the_pixels_of_its_place() {
    let (dispatcher, photo) = dispatcher();
    let record = call(&dispatcher, json!({ "image": photo, "region": [30.4, 50.0, 60.0, 80.2] })).await;
    let crop: Cropped = serde_json::from_value(record.outcome.unwrap().value).unwrap();
    assert_eq!(crop.size, Size::new(30, 31));
    let (whole, part) =
        (dispatcher.images().get(photo).unwrap(), dispatcher.images().get(crop.image).unwrap());
    assert_eq!(part.pixels.get_pixel(7, 9), whole.pixels.get_pixel(37, 59));
}

#[tokio::test]
async fn a_box_outside_the_image_is_told_with_the_images_size() {
    let (dispatcher, photo) = dispatcher();
    for region in [json!([700, 0, 800, 100]), json!([10, 10, 10, 50])] {
        let failure =
            call(&dispatcher, json!({ "image": photo, "region": region })).await.outcome.unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains("640x529"), "{}", failure.message);
    }
}
