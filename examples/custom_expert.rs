//! An expert of one's own that the verifier uses because of its capability, with no other change.
//!
//!     cargo run --release --example custom_expert -- examples/pictures/dogs.jpg "Two brown dogs look out of a house at night."
//!
//! The built-in experts have no answer to "is it night?". [`Daylight`] has one for this single question and says of every
//! other that it cannot tell; what it denies in both ways of asking is taken out of the text.

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use lavr::{
    prelude::*,
    types::{Capability, perception::VisualAnswer},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// Tells day from night by the share of dark pixels.
struct Daylight;

#[derive(Deserialize, JsonSchema)]
struct DaylightArgs {
    /// The image to look at.
    image: ImageId,
    /// A question about day or night.
    question: String,
}

impl Tool for Daylight {
    const NAME: &'static str = "daylight";
    const DESCRIPTION: &'static str = "Answers whether an image was taken at night.";
    // What the verifier goes by: it asks whoever can answer questions, and reads `VisualAnswer`.
    const CAPABILITY: Capability = Capability::Answer;

    type Args = DaylightArgs;
    type Output = VisualAnswer;

    async fn call(
        &self,
        args: DaylightArgs,
        context: &ToolContext,
    ) -> Result<Observation<VisualAnswer>, ToolError> {
        let pixels = context.image(args.image)?.pixels;
        let dark = pixels.pixels().filter(|pixel| pixel.0.iter().all(|byte| *byte < 60)).count();
        let share = dark as f64 / (f64::from(pixels.width()) * f64::from(pixels.height())).max(1.0);
        let is_night = match share {
            0.0..0.35 => Some(false),
            0.75.. => Some(true),
            _ => None,
        };
        let asks_for_mistake = args.question.contains("mistake");
        let answer = match is_night.filter(|_| args.question.contains("night")) {
            None => "I cannot tell.",
            Some(is_night) if is_night != asks_for_mistake => "Yes.",
            Some(_) => "No.",
        };
        Ok(Observation::new(VisualAnswer {
            answer: answer.to_owned(),
            model: Self::NAME.to_owned(),
            shown_at: None,
        }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let picture = arguments.next().unwrap_or_else(|| "examples/pictures/dogs.jpg".into());
    let text = arguments.next().unwrap_or_else(|| "Two brown dogs look out of a house at night.".into());

    let images = Arc::new(ImageStore::default());
    let photo = images.open(picture.as_ref())?;
    let registry = Experts::open()?.registry()?.with(Daylight)?;
    let verifier = Verifier::new(Dispatcher::new(registry, images), VerifierOptions::default());
    let checked = verifier.verify(&text, &[photo], &CancellationToken::new(), &|_| ()).await;
    for claim in &checked.claims {
        println!("{:<14} {:?}: {}", claim.claim.surface, claim.judgement.verdict, claim.judgement.reason);
    }
    println!("{}", checked.text);
    Ok(())
}
