//! The other side of an isolated tool: runs in the child, until its standard input ends.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
};

use async_trait::async_trait;
use lavr_image::ImageStore;
use lavr_tool::{Caller, CancellationToken, DynTool, ToolContext, ToolError, named};
use lavr_types::{Budget, Capability, Failure, FailureKind, Observation, Usage};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, Lines},
    sync::{mpsc, oneshot},
};

use crate::protocol::{HandOver, Outcome, ToParent, ToWorker, hand_over, line, message, named_by, take_over};

/// The connection to the parent broke.
#[derive(Debug, thiserror::Error)]
#[error("the connection to the parent process broke")]
pub struct WorkerError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl WorkerError {
    fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// A question to another tool, and where its answer goes.
struct Ask {
    capability: Capability,
    arguments: Value,
    answer: oneshot::Sender<Outcome>,
}

/// Calls of the tool's to other tools: they run in the parent, in its registry, with its cache.
struct Asking(mpsc::UnboundedSender<Ask>);

#[async_trait]
impl Caller for Asking {
    async fn call(&self, capability: Capability, arguments: Value) -> Result<Observation<Value>, Failure> {
        let (answer, answered) = oneshot::channel();
        let gone = || Failure { kind: FailureKind::Cancelled, message: "the call was cancelled".to_owned() };
        self.0.send(Ask { capability, arguments, answer }).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// Runs calls of a tool that come from an [`crate::Isolated`], one after the other, until `input` ends. Nothing that is
/// printed to `output` meanwhile disturbs it.
///
/// # Errors
/// When the connection breaks.
pub async fn serve_worker(
    tool: Arc<dyn DynTool>,
    images: Arc<ImageStore>,
    input: impl AsyncRead + Unpin + Send,
    output: impl AsyncWrite + Unpin + Send,
) -> Result<(), WorkerError> {
    let lines = BufReader::new(input).lines();
    let mut worker = Worker { tool, images, folder: PathBuf::new(), known: HashSet::new(), lines, output };
    while let Some(order) = worker.hear().await? {
        match order {
            ToWorker::Begin { folder } => worker.folder = folder,
            ToWorker::Call { arguments, images, forget, budget } => {
                worker.forget(&forget);
                let budget = Budget::new(budget);
                let (outcome, models) =
                    match take_over(&worker.images, &images, &mut worker.known, &worker.folder) {
                        Ok(()) => worker.run(arguments, budget.clone()).await?,
                        Err(error) => (Err(not_handed_over(&error)), Usage::default()),
                    };
                let spent = budget.spent();
                let images = worker.hand_over(named_by(&outcome));
                let (outcome, images) = images
                    .map_or_else(|error| (Err(not_handed_over(&error)), vec![]), |images| (outcome, images));
                worker.tell(&ToParent::Ended { outcome, images, models, spent }).await?;
            }
            // To a question of a call that ended before.
            ToWorker::Answer { .. } => {}
        }
    }
    Ok(())
}

fn not_handed_over(error: &HandOver) -> Failure {
    ToolError::failed(format!("the process of the tool could not exchange images: {error}")).failure()
}

fn panicked() -> Failure {
    let message = "the tool crashed on this input; try another tool or another region";
    Failure { kind: FailureKind::Panicked, message: message.to_owned() }
}

struct Worker<I, O> {
    tool: Arc<dyn DynTool>,
    images: Arc<ImageStore>,
    folder: PathBuf,
    /// Images that both sides have.
    known: HashSet<lavr_types::ImageId>,
    lines: Lines<BufReader<I>>,
    output: O,
}

impl<I: AsyncRead + Unpin, O: AsyncWrite + Unpin> Worker<I, O> {
    async fn hear(&mut self) -> Result<Option<ToWorker>, WorkerError> {
        while let Some(line) = self.lines.next_line().await.map_err(WorkerError::new)? {
            if let Some(message) = message(&line) {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    async fn tell(&mut self, message: &ToParent) -> Result<(), WorkerError> {
        let line = line(message).map_err(WorkerError::new)?;
        self.output.write_all(line.as_bytes()).await.map_err(WorkerError::new)?;
        self.output.flush().await.map_err(WorkerError::new)
    }

    fn forget(&mut self, ids: &[lavr_types::ImageId]) {
        ids.iter().for_each(|id| self.images.forget(*id));
        self.known.retain(|id| self.images.has(*id));
    }

    fn hand_over(
        &mut self,
        ids: impl IntoIterator<Item = lavr_types::ImageId>,
    ) -> Result<Vec<crate::protocol::ImageFile>, HandOver> {
        hand_over(&self.images, ids, &mut self.known, &self.folder)
    }

    /// Runs the tool, and passes on what it asks of others. With what its chat models cost.
    async fn run(&mut self, arguments: Value, budget: Budget) -> Result<(Outcome, Usage), WorkerError> {
        let (asking, mut asked) = mpsc::unbounded_channel();
        // Whoever gives a call up ends this process.
        let context = ToolContext::new(
            Arc::clone(&self.images),
            CancellationToken::new(),
            Arc::new(Asking(asking)),
            budget,
        );
        let (tool, spent) = (Arc::clone(&self.tool), context.clone());
        let mut running = tokio::spawn(async move { tool.call(arguments, &context).await });
        let (mut open, mut number) = (HashMap::new(), 0);
        loop {
            tokio::select! {
                ended = &mut running => {
                    let outcome = match ended {
                        Ok(outcome) => outcome.map_err(|error| error.failure()),
                        Err(_) => Err(panicked()),
                    };
                    return Ok((outcome, spent.models()));
                }
                Some(Ask { capability, arguments, answer }) = asked.recv() => {
                    number += 1;
                    match self.hand_over(named(&arguments)) {
                        Ok(images) => {
                            open.insert(number, answer);
                            self.tell(&ToParent::Ask { question: number, capability, arguments, images }).await?;
                        }
                        Err(error) => _ = answer.send(Err(not_handed_over(&error))),
                    }
                }
                line = self.lines.next_line() => match line.map_err(WorkerError::new)? {
                    None => return Err(WorkerError::new("the parent is gone")),
                    Some(line) => {
                        let Some(ToWorker::Answer { question, outcome, images }) = message(&line) else { continue };
                        let taken = take_over(&self.images, &images, &mut self.known, &self.folder);
                        let outcome = taken.map_or_else(|error| Err(not_handed_over(&error)), |()| outcome);
                        if let Some(answer) = open.remove(&question) {
                            _ = answer.send(outcome);
                        }
                    }
                },
            }
        }
    }
}
