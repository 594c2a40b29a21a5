//! A tool in a process of its own, as the registry sees it.

use std::{
    collections::HashSet,
    process::ExitStatus,
    sync::{Arc, Mutex as StdMutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures::{StreamExt as _, stream::FuturesUnordered};
use lavr_image::ImageStore;
use lavr_tool::{DynTool, ToolContext, ToolError, named};
use lavr_types::{Capability, Concurrency, FailureKind, ImageId, Observation, ToolSpec};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{ChildStderr, ChildStdin, ChildStdout},
    sync::Mutex,
};

use crate::{
    Child, Program,
    protocol::{
        ImageFile, Outcome, ToParent, ToWorker, hand_over, let_go, line, message, named_by, take_over,
    },
};

/// A worker that was given more pixels than this is replaced: it holds them all.
const MOST_PIXELS: u64 = 400_000_000;
/// How long a process that broke off may take to end.
const GRACE: Duration = Duration::from_secs(2);

/// A tool that runs in a child process: an abort, a segmentation fault or a lack of memory there costs one record, a
/// call that is given up ends the process, and the next call starts another. Images go through files, each once, and
/// keep their ids; calls to other tools come back to this process, with its cache. One call at a time.
pub struct Isolated {
    spec: ToolSpec,
    program: Program,
    worker: Mutex<Option<Worker>>,
}

impl Isolated {
    /// A tool with this spec, which `program` serves ([`crate::serve_worker`] on its standard input and output). Nothing
    /// is started before the first call.
    pub fn new(mut spec: ToolSpec, program: Program) -> Self {
        spec.concurrency = Concurrency::Exclusive;
        Self { spec, program, worker: Mutex::default() }
    }

    async fn start(&self) -> Result<Worker, ToolError> {
        Worker::start(&self.program).await.map_err(|error| {
            ToolError::unavailable(format!("`{}` has no process to run in; use another tool", self.spec.name))
                .caused_by(error)
        })
    }

    /// What the end of the process means.
    async fn ended(&self, mut worker: Worker) -> ToolError {
        drop(worker.input);
        // One that closed its output and goes on is ended when it is dropped.
        let how = match tokio::time::timeout(GRACE, worker.child.wait()).await {
            Ok(Ok(status)) => how(status),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it closed its output".to_owned(),
        };
        let error = std::io::Error::other(format!("the process ended ({how}): {}", worker.last_words.get()));
        let message =
            format!("`{}` crashed on this input; try another tool or another region", self.spec.name);
        ToolError::new(FailureKind::Panicked, message).caused_by(error)
    }
}

#[async_trait]
impl DynTool for Isolated {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: Value, context: &ToolContext) -> Result<Observation<Value>, ToolError> {
        let mut slot = self.worker.lock().await;
        // Taken out: if this call is given up on the way, the process goes with it.
        let mut worker = match slot.take().filter(|worker| worker.pixels < MOST_PIXELS) {
            Some(worker) => worker,
            None => self.start().await?,
        };
        match worker.call(arguments, context).await {
            Ok(outcome) => {
                *slot = Some(worker);
                Ok(outcome?)
            }
            Err(Broken::Gone) => Err(self.ended(worker).await),
            Err(Broken::Images(error)) => {
                Err(ToolError::failed("the process of the tool could not exchange images").caused_by(error))
            }
        }
    }
}

fn how(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    status.to_string()
}

/// Why a worker is of no use any more.
enum Broken {
    Gone,
    Images(Box<dyn std::error::Error + Send + Sync>),
}

impl From<std::io::Error> for Broken {
    fn from(_: std::io::Error) -> Self {
        Self::Gone
    }
}

struct Worker {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    last_words: LastWords,
    folder: Arc<TempDir>,
    /// Images that both sides have.
    known: Arc<StdMutex<HashSet<ImageId>>>,
    pixels: u64,
}

impl Worker {
    async fn start(program: &Program) -> std::io::Result<Self> {
        let mut child = program.start()?;
        let streams = (child.child.stdin().take(), child.child.stdout().take(), child.child.stderr().take());
        let (Some(input), Some(output), Some(error)) = streams else {
            return Err(std::io::Error::other("a standard stream is missing"));
        };
        let folder = Arc::new(tempfile::Builder::new().prefix("lavr-worker-").tempdir()?);
        let lines = BufReader::new(output).lines();
        let last_words = LastWords::listen(error);
        let (known, pixels) = (Arc::default(), 0);
        let mut worker = Self { child, input, lines, last_words, folder, known, pixels };
        let begin = ToWorker::Begin { folder: worker.folder.path().to_owned() };
        worker.tell(&begin).await?;
        Ok(worker)
    }

    async fn tell(&mut self, message: &ToWorker) -> std::io::Result<()> {
        self.input.write_all(line(message)?.as_bytes()).await?;
        self.input.flush().await
    }

    async fn hear(&mut self) -> std::io::Result<ToParent> {
        loop {
            match self.lines.next_line().await? {
                None => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                Some(line) => match message(&line) {
                    Some(message) => return Ok(message),
                    None if line.trim().is_empty() => {}
                    None => tracing::debug!("a worker printed: {line}"),
                },
            }
        }
    }

    async fn call(
        &mut self,
        arguments: Value,
        context: &ToolContext,
    ) -> Result<Result<Observation<Value>, ToolError>, Broken> {
        let forget = let_go(context.images(), &mut self.known.lock().unwrap_or_else(PoisonError::into_inner));
        let images = self.hand_over(named(&arguments), context.images()).await?;
        let budget = context.budget().left();
        self.tell(&ToWorker::Call { arguments, images, forget, budget }).await?;
        let mut answers = FuturesUnordered::new();
        loop {
            tokio::select! {
                heard = self.hear() => match heard? {
                    ToParent::Ended { outcome, images, models, spent } => {
                        context.budget().charge(spent);
                        context.spent(models);
                        self.take_over(images, context.images()).await?;
                        return Ok(outcome.map_err(ToolError::from));
                    }
                    ToParent::Ask { question, capability, arguments, images } => {
                        self.take_over(images, context.images()).await?;
                        answers.push(ask(context, question, capability, arguments));
                    }
                },
                Some((question, outcome)) = answers.next() => {
                    let images = self.hand_over(named_by(&outcome), context.images()).await?;
                    self.tell(&ToWorker::Answer { question, outcome, images }).await?;
                }
            }
        }
    }

    /// Writing pixels keeps a disk busy: off the async threads.
    async fn hand_over(
        &mut self,
        ids: Vec<ImageId>,
        store: &Arc<ImageStore>,
    ) -> Result<Vec<ImageFile>, Broken> {
        let (store, known, folder) = (Arc::clone(store), Arc::clone(&self.known), Arc::clone(&self.folder));
        let work = move || {
            hand_over(&store, ids, &mut known.lock().unwrap_or_else(PoisonError::into_inner), folder.path())
        };
        let images = off_thread(work).await?;
        self.pixels += images.iter().map(ImageFile::pixels).sum::<u64>();
        Ok(images)
    }

    async fn take_over(&mut self, images: Vec<ImageFile>, store: &Arc<ImageStore>) -> Result<(), Broken> {
        self.pixels += images.iter().map(ImageFile::pixels).sum::<u64>();
        let (store, known, folder) = (Arc::clone(store), Arc::clone(&self.known), Arc::clone(&self.folder));
        off_thread(move || {
            take_over(
                &store,
                &images,
                &mut known.lock().unwrap_or_else(PoisonError::into_inner),
                folder.path(),
            )
        })
        .await
    }
}

async fn off_thread<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Broken>
where
    T: Send + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| Broken::Images(error.into())),
        Err(error) => Err(Broken::Images(error.into())),
    }
}

async fn ask(
    context: &ToolContext,
    question: u32,
    capability: Capability,
    arguments: Value,
) -> (u32, Outcome) {
    (question, context.call(capability, arguments).await.map_err(|error| error.failure()))
}

/// The last line that the worker wrote to its standard error.
struct LastWords(Arc<StdMutex<String>>);

impl LastWords {
    fn listen(stderr: ChildStderr) -> Self {
        let last = Arc::new(StdMutex::new(String::new()));
        let kept = Arc::clone(&last);
        tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                tracing::debug!("a worker said: {line}");
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = line;
            }
        });
        Self(last)
    }

    fn get(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
