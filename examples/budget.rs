//! A question within a budget: what each turn and each call may cost is reserved before it is made, and at the limit the
//! run answers from what it has.
//!
//!     cargo run --release --example budget -- examples/pictures/dogs.jpg "How many dogs are there?"
//!
//! With a model of your own (`LAVR_BASE_URL`, `LAVR_MODEL`), its turns are paid from the same budget; without one, a fixed plan looks.

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use lavr::{
    model::Metered,
    prelude::*,
    types::{Budget, BudgetLimits},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let picture = arguments.next().unwrap_or_else(|| "examples/pictures/dogs.jpg".into());
    let question = arguments.next().unwrap_or_else(|| "How many dogs are there?".into());

    // One budget for one run: two tool calls, four turns of a model, one cent.
    let limits = BudgetLimits { calls: Some(2), turns: Some(4), usd: Some(0.01), ..BudgetLimits::default() };
    let budget = Budget::new(limits);

    let images = Arc::new(ImageStore::default());
    let photo = images.open(picture.as_ref())?;
    // Planner and verifier call tools through dispatchers that share it.
    let dispatcher =
        Dispatcher::new(Experts::open()?.registry()?, Arc::clone(&images)).within(budget.clone());
    let verifier = Verifier::new(dispatcher.clone(), VerifierOptions::default());
    let mut agent = Agent::builder(dispatcher).verifier(verifier);
    if let Some(config) = RemoteConfig::from_environment()? {
        let model = Arc::new(RemoteModel::new(config, Arc::clone(&images) as _)?);
        agent = agent.model(Arc::new(Metered::new(model, budget.clone()).with_images(images)));
    }
    let tell = |event: &Event| {
        if let Event::Spent { spending } = event {
            println!("spent: {spending}");
        }
    };
    let answer = agent.build()?.ask(&question, &[photo], &CancellationToken::new(), &tell).await?;

    println!("{}", answer.text);
    for note in &answer.notes {
        println!("note: {note}");
    }
    println!("in the end: {budget}");
    Ok(())
}
