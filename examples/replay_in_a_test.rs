//! What an agent does, held in a test that needs neither its model nor its experts: for a CI of your own.
//!
//! Record once, where the models are:
//!
//!     cargo run --release --example replay_in_a_test -- record
//!
//! and test anywhere, offline, in milliseconds:
//!
//!     cargo test --release --example replay_in_a_test
//!
//! On the cassette (`examples/cassettes/dogs`) is what the model and the tools said. Your prompts, your planner, the
//! verifier and everything else run anew; when one of them asks something else than it did, the test fails and says what
//! differs. Then look at the change, remove the cassette and record again.

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::path::Path;

use lavr::{
    prelude::*,
    trace::cassette::{Player, Recorder},
};

const CASSETTE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/cassettes/dogs");
const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pictures/dogs.jpg");

/// The agent that is tested: the same code with a live model and live tools, and with recorded ones.
async fn count_dogs(
    model: Arc<dyn ChatModel>,
    tools: Registry,
) -> Result<Answer, Box<dyn std::error::Error>> {
    let images = Arc::new(ImageStore::default());
    let photo = images.open(PICTURE.as_ref())?;
    let dispatcher = Dispatcher::new(tools, images);
    let agent = Agent::builder(dispatcher.clone())
        .model(model)
        .verifier(Verifier::new(dispatcher, VerifierOptions::default()))
        .build()?;
    Ok(agent.ask("How many dogs look out?", &[photo], &CancellationToken::new(), &|_| ()).await?)
}

async fn record() -> Result<Answer, Box<dyn std::error::Error>> {
    let weights = Store::open_default()?.only_file("qwen2.5-coder-1.5b-instruct").await?;
    let model = Arc::new(LocalModel::load(weights, LocalOptions::default())?);
    let recorder = Recorder::create(Path::new(CASSETTE))?;
    let tools = recorder.tools(Experts::open()?.registry()?)?;
    let answer = count_dogs(recorder.model("planner", model), tools).await?;
    recorder.finish()?;
    Ok(answer)
}

async fn replay() -> Result<Answer, Box<dyn std::error::Error>> {
    let player = Player::open(Path::new(CASSETTE))?;
    let answer = count_dogs(player.model("planner")?, player.tools()?).await?;
    // An agent goes on without a model that fails. Only this tells that nothing was missing.
    player.finish()?;
    Ok(answer)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let answer =
        if std::env::args().any(|word| word == "record") { record().await? } else { replay().await? };
    println!("{}", answer.text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_dogs_are_counted_by_looking() {
        let answer = replay().await.unwrap();
        assert_eq!(answer.steps[0].calls[0].call.tool, "detect");
        assert!(answer.text.to_lowercase().contains("two"), "{}", answer.text);
        assert!(answer.claims.iter().all(|claim| claim.judgement.verdict != Verdict::Contradicted));
    }
}
