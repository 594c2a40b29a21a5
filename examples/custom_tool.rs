//! An agent with a tool of one's own beside the built-in experts.
//!
//!     cargo run --release --example custom_tool -- examples/pictures/dogs.jpg "How sharp is this picture?"

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use lavr::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Measures how sharp an image is.
struct Sharpness;

#[derive(Deserialize, JsonSchema)]
struct SharpnessArgs {
    /// The image to measure.
    image: ImageId,
}

#[derive(Serialize, JsonSchema)]
struct SharpnessOutput {
    /// Mean absolute difference of neighbouring pixels, 0 to 255: below 4 is blurred.
    sharpness: f64,
}

impl Tool for Sharpness {
    const NAME: &'static str = "sharpness";
    const DESCRIPTION: &'static str = "Measures how sharp or blurred an image is.";
    type Args = SharpnessArgs;
    type Output = SharpnessOutput;

    async fn call(
        &self,
        args: SharpnessArgs,
        context: &ToolContext,
    ) -> Result<Observation<SharpnessOutput>, ToolError> {
        let pixels = context.image(args.image)?.pixels;
        let differences = pixels.rows().flat_map(|row| {
            let greens: Vec<f64> = row.map(|pixel| f64::from(pixel.0[1])).collect();
            greens.windows(2).map(|pair| (pair[0] - pair[1]).abs()).collect::<Vec<_>>()
        });
        let (sum, count) = differences.fold((0.0, 0.0), |(sum, count), next| (sum + next, count + 1.0));
        Ok(Observation::new(SharpnessOutput { sharpness: if count > 0.0 { sum / count } else { 0.0 } }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let picture = arguments.next().unwrap_or_else(|| "examples/pictures/dogs.jpg".into());
    let question = arguments.next().unwrap_or_else(|| "How sharp is this picture?".into());

    let images = Arc::new(ImageStore::default());
    let photo = images.open(picture.as_ref())?;
    let registry = Experts::open()?.registry()?.with(Sharpness)?;
    let dispatcher = Dispatcher::new(registry, images);
    let planner = Store::open_default()?.only_file("qwen2.5-coder-1.5b-instruct").await?;
    let agent = Agent::builder(dispatcher.clone())
        .model(Arc::new(LocalModel::load(planner, LocalOptions::default())?))
        .verifier(Verifier::new(dispatcher, VerifierOptions::default()))
        .build()?;
    let answer = agent.ask(&question, &[photo], &CancellationToken::new(), &|_| ()).await?;
    println!("{}", answer.text);
    Ok(())
}
