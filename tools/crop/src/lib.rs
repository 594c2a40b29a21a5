//! Expert: zooms into a region. The crop is a new image that knows its place on the picture it was cut from, so that
//! whatever is found in it maps back.
//!
//! ```
//! use lavr_tool::{Dispatcher, Registry};
//! use lavr_types::{CallId, ToolCall};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dispatcher = Dispatcher::new(Registry::new().with(lavr_crop::Crop)?, Default::default());
//! let photo = dispatcher.images().insert(lavr_image::RgbImage::new(400, 300))?;
//! let call = ToolCall {
//!     id: CallId("call_1".into()),
//!     tool: "crop".into(),
//!     arguments: serde_json::json!({ "image": photo, "region": [100, 50, 200, 150] }),
//! };
//! let records = dispatcher.dispatch(vec![call], &Default::default()).await;
//! let crop = records[0].outcome.as_ref().unwrap();
//! assert_eq!(crop.value["size"], serde_json::json!({ "width": 100, "height": 100 }));
//! # Ok(())
//! # }
//! ```

mod tool;

pub use tool::{Crop, CropArgs, Cropped};
