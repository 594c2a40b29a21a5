//! A tool that somebody has to approve: the run waits, is put away into a file, and goes on from there, here or in another
//! process.
//!
//!     cargo run --release --example approval -- examples/pictures/dogs.jpg
//!
//! (`lavr ask --ask-before TOOL --save RUN.json` and `lavr resume RUN.json` do the same from the command line.)

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use lavr::{
    agent::{AgentError, PutAway, SavedRun},
    prelude::*,
    tool::{Approval, Approver},
    types::{Capability, ToolCall, ToolSpec},
};

/// Asks before the colors are measured. Decides by what it is told; until then, nobody has decided.
struct Clerk(Option<Approval>);

#[async_trait::async_trait]
impl Approver for Clerk {
    // A tool of your own says `const NEEDS_APPROVAL: bool = true` instead.
    fn asks_about(&self, spec: &ToolSpec) -> bool {
        spec.capability == Capability::MeasureColor
    }

    async fn approve(&self, _: &ToolCall, _: &ToolSpec) -> Approval {
        self.0.clone().unwrap_or(Approval::NotNow)
    }
}

fn agent(images: &Arc<ImageStore>, decision: Option<Approval>) -> Result<Agent, Box<dyn std::error::Error>> {
    let dispatcher = Dispatcher::new(Experts::open()?.registry()?, Arc::clone(images));
    let dispatcher = dispatcher.with_approver(Arc::new(Clerk(decision)));
    let verifier = Verifier::new(dispatcher.clone(), VerifierOptions::default());
    Ok(Agent::builder(dispatcher).verifier(verifier).build()?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let picture = std::env::args().nth(1).unwrap_or_else(|| "examples/pictures/dogs.jpg".into());
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("run.json");
    let cancel = CancellationToken::new();

    let images = Arc::new(ImageStore::default());
    let photo = images.open(picture.as_ref())?;
    let asked = agent(&images, None)?.ask("What color are the dogs?", &[photo], &cancel, &|_| ()).await;
    match asked {
        Err(AgentError::Suspended(run)) => {
            for call in run.awaiting() {
                println!("{} waits: {} {}", call.id, call.tool, call.arguments);
            }
            SavedRun::write(&file, &run, &images, &[(photo, picture.into())], PutAway::default())?;
        }
        other => {
            println!("nothing had to be approved: {}", other?.text);
            return Ok(());
        }
    }

    // Days later, in another process: a store that knows nothing yet, and somebody who has decided.
    let images = Arc::new(ImageStore::default());
    let saved = SavedRun::read(&file, &images)?;
    let agent = agent(&images, Some(Approval::Approved))?;
    let answer = agent.resume(saved.run, &cancel, &|_| ()).await?;
    println!("{}", answer.text);
    Ok(())
}
