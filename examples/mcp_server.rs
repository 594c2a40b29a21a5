//! A tool of one's own for any MCP client.
//!
//!     cargo run --release --example mcp_server              # what an MCP client starts; `--example mcp_client` does
//!
//! In the configuration of a client, the command is the built program, `target/release/examples/mcp_server`.

use lavr::{image::AllowedFolders, mcp::Server, prelude::*};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Finds the brightest quarter of an image.
struct Brightest;

/// The doc comments are what the model on the other side reads.
#[derive(Deserialize, JsonSchema)]
struct Args {
    /// The image to look at.
    image: ImageId,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    /// Its box: [left, top, right, bottom] in pixels.
    region: Rect,
    /// Mean of its pixels and channels, 0 (black) to 255 (white).
    mean: f64,
    /// The quarter as an image of its own, for the next call.
    crop: ImageId,
}

impl Tool for Brightest {
    const NAME: &'static str = "brightest";
    const DESCRIPTION: &'static str = "Finds the brightest quarter of an image.";
    type Args = Args;
    type Output = Output;

    async fn call(&self, args: Args, context: &ToolContext) -> Result<Observation<Output>, ToolError> {
        let images = context.images();
        let size = images.size_of(args.image)?;
        let (width, height) = (f64::from(size.width) / 2.0, f64::from(size.height) / 2.0);
        let mut best: Option<Output> = None;
        for (column, row) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
            let (left, top) = (column * width, row * height);
            let region = Rect::new(left, top, left + width, top + height);
            let crop = images.crop(args.image, region)?;
            let pixels = images.get(crop)?.pixels;
            let sum: u64 = pixels.as_raw().iter().copied().map(u64::from).sum();
            let mean = sum as f64 / pixels.as_raw().len() as f64;
            if best.as_ref().is_none_or(|best| mean > best.mean) {
                best = Some(Output { region, mean, crop });
            }
        }
        let best = best.ok_or_else(|| ToolError::invalid_arguments("the image is too small to be cut"))?;
        // What is shown goes to the client as a picture; the crop knows its place in the image it was cut from.
        let crop = best.crop;
        Ok(Observation::new(best).with_images(vec![crop]))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Any registry will do: `Experts::open()?.registry()?` would offer all experts.
    let registry = Registry::new().with(Brightest)?;
    // It runs as long as the client wants: past 1 GiB of pictures, those that were not used for longest are forgotten.
    let images = Arc::new(ImageStore::default().keeping_at_most(1 << 30));
    let dispatcher = Dispatcher::new(registry, images);
    // Clients give pictures as paths, and only these folders are read.
    let folders = AllowedFolders::new(["."])?;
    // Standard output belongs to the protocol from here on.
    Server::new(dispatcher, folders).serve_stdio(&CancellationToken::new()).await?;
    Ok(())
}
