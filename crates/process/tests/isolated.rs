//! A tool in a process of its own. This test program is that process, too: it starts itself again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::{sync::Arc, time::Duration};

use lavr_image::{ImageStore, Rgb, RgbImage};
use lavr_process::{Isolated, Program, serve_worker};
use lavr_tool::{CancellationToken, Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_types::{
    Amounts, Budget, BudgetLimits, CallId, CallRecord, Capability, Evidence, FailureKind, ImageId,
    Observation, Rect, Region, Secret, ToolCall, Trust, Usage,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Set where this program is the worker.
const WORKER: &str = "LAVR_TEST_WORKER";

/// Does what its argument says.
struct Frail;

#[derive(Deserialize, JsonSchema)]
struct Args {
    /// An image.
    image: ImageId,
    /// What to do.
    how: How,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum How {
    Work,
    Print,
    Abort,
    Memory,
    Panic,
    Hang,
    Complain,
    Think,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    process: u32,
    crop: ImageId,
    brightness: Value,
}

impl Tool for Frail {
    const NAME: &'static str = "frail";
    const DESCRIPTION: &'static str = "Works, or does not.";
    const CACHEABLE: bool = false;
    const TIMEOUT: Duration = Duration::from_secs(60);

    type Args = Args;
    type Output = Output;

    async fn call(&self, args: Args, context: &ToolContext) -> Result<Observation<Output>, ToolError> {
        match args.how {
            How::Work => {}
            #[allow(clippy::print_stdout, reason = "what a careless library does")]
            How::Print => print!("loading weights: 50 % "),
            How::Abort => std::process::abort(),
            How::Memory => drop(std::hint::black_box(vec![1_u8; isize::MAX as usize])),
            How::Panic => panic!("on purpose"),
            How::Hang => tokio::time::sleep(Duration::from_secs(3600)).await,
            How::Think => {
                let left = context.budget().limits().turns;
                context.budget().charge(Amounts { turns: 1, tokens: 10, ..Amounts::default() });
                context.spent(Usage { model_calls: 1, input_tokens: 10, ..Usage::default() });
                if left.is_some_and(|left| left == 0) {
                    return Err(ToolError::failed("no turn is left"));
                }
            }
            How::Complain => return Err(ToolError::invalid_arguments("`image` is upside down")),
        }
        let crop = context.images().crop(args.image, Rect::new(2.0, 2.0, 12.0, 10.0))?;
        let brightness = context.call(Capability::MeasureColor, json!({ "image": crop })).await?.value;
        let size = context.images().size_of(crop)?;
        let evidence = Evidence {
            region: Region::in_pixels(crop, size, Rect::new(0.0, 0.0, 4.0, 4.0)),
            tool: Self::NAME.into(),
            call: None,
            value: "corner".into(),
            score: 0.5,
            trust: Trust::Measured,
        };
        let output = Output { process: std::process::id(), crop, brightness };
        Ok(Observation::new(output).with_evidence(vec![evidence]).with_images(vec![crop]))
    }
}

/// Lives in the parent.
struct Brightness;

#[derive(Deserialize, JsonSchema)]
struct OneImage {
    /// An image.
    image: ImageId,
}

impl Tool for Brightness {
    const NAME: &'static str = "brightness";
    const DESCRIPTION: &'static str = "Measures the brightest value.";
    const CAPABILITY: Capability = Capability::MeasureColor;

    type Args = OneImage;
    type Output = Value;

    async fn call(&self, args: OneImage, context: &ToolContext) -> Result<Observation<Value>, ToolError> {
        let pixels = context.image(args.image)?.pixels;
        let brightest = pixels.as_raw().iter().max().copied();
        Ok(Observation::new(json!({ "process": std::process::id(), "brightest": brightest })))
    }
}

#[tokio::test]
async fn the_worker() {
    if std::env::var_os(WORKER).is_some() {
        let tool = Registry::new().with(Frail).unwrap().get("frail").unwrap().clone();
        serve_worker(tool, Arc::default(), tokio::io::stdin(), tokio::io::stdout()).await.unwrap();
    }
}

fn picture() -> RgbImage {
    RgbImage::from_fn(20, 16, |x, y| Rgb([x as u8, y as u8, 9]))
}

struct Scene {
    dispatcher: Dispatcher,
    image: ImageId,
}

impl Scene {
    fn new() -> Self {
        let mut program = Program::new(
            std::env::current_exe().unwrap().to_str().unwrap(),
            ["--exact", "the_worker", "--nocapture"],
        );
        program.environment.insert(WORKER.into(), Secret::new("1"));
        let frail = Registry::new().with(Frail).unwrap();
        let isolated = Isolated::new(frail.spec("frail").unwrap().clone(), program);
        let registry = Registry::new().with(Brightness).unwrap().with_dyn(Arc::new(isolated)).unwrap();
        let images = Arc::new(ImageStore::default());
        let image = images.insert(picture()).unwrap();
        Self { dispatcher: Dispatcher::new(registry, images), image }
    }

    fn call(&self, number: usize, how: How) -> ToolCall {
        let arguments = json!({ "image": self.image, "how": how });
        ToolCall { id: CallId(format!("call_{number}")), tool: "frail".into(), arguments }
    }

    async fn records<const N: usize>(&self, how: [How; N]) -> Vec<CallRecord> {
        let calls = how.into_iter().enumerate().map(|(number, how)| self.call(number, how)).collect();
        self.dispatcher.dispatch(calls, &CancellationToken::new()).await
    }

    async fn record(&self, how: How) -> CallRecord {
        self.records([how]).await.remove(0)
    }
}

#[tokio::test]
async fn it_sees_the_images_asks_the_others_and_its_evidence_survives() {
    let scene = Scene::new();
    let record = scene.record(How::Work).await;
    let observation = record.outcome.unwrap();
    let here = std::process::id();
    assert_ne!(observation.value["process"], here);
    // The crop came over with its id and its way back; the other tool ran here, on it.
    let crop = observation.show[0];
    assert_eq!(observation.value["crop"], json!(crop));
    assert_eq!(observation.value["brightness"], json!({ "process": here, "brightest": 11 }));
    let region = scene.dispatcher.images().to_root(&observation.evidence[0].region).unwrap();
    assert_eq!((region.image, region.bounds), (scene.image, Rect::new(2.0, 2.0, 6.0, 6.0)));
    assert_eq!(observation.evidence[0].call, Some(record.call.id));
}

#[tokio::test]
async fn a_process_that_lives_is_used_again() {
    let scene = Scene::new();
    let records = scene.records([How::Work, How::Print, How::Complain, How::Work]).await;
    let process = |index: usize| records[index].outcome.as_ref().unwrap().value["process"].clone();
    assert_eq!((process(0), process(0)), (process(1), process(3)));
    let complaint = records[2].outcome.as_ref().unwrap_err();
    assert_eq!(
        (complaint.kind, complaint.message.as_str()),
        (FailureKind::InvalidArguments, "`image` is upside down")
    );
}

#[tokio::test]
async fn what_was_forgotten_here_is_forgotten_there_and_handed_over_anew() {
    let scene = Scene::new();
    let images = scene.dispatcher.images();
    let before = scene.record(How::Work).await.outcome.unwrap();
    images.forget(scene.image);
    assert!(!images.has(before.show[0]));
    images.insert(picture()).unwrap();
    let after = scene.record(How::Work).await.outcome.unwrap();
    assert_eq!((&after.value["process"], &after.show), (&before.value["process"], &before.show));
    assert!(images.has(after.show[0]), "what it made came over again");
}

#[tokio::test]
async fn an_abort_and_a_lack_of_memory_cost_one_record_each() {
    let scene = Scene::new();
    let records = scene.records([How::Work, How::Abort, How::Work, How::Memory, How::Work]).await;
    for index in [0, 2, 4] {
        assert!(records[index].outcome.is_ok(), "{:?}", records[index].outcome);
    }
    for index in [1, 3] {
        let failure = records[index].outcome.as_ref().unwrap_err();
        assert_eq!(failure.kind, FailureKind::Panicked);
        assert!(failure.message.contains("`frail` crashed on this input"), "{}", failure.message);
    }
}

#[tokio::test]
async fn what_its_chat_models_cost_over_there_is_paid_here() {
    let scene = Scene::new();
    let budget = Budget::new(BudgetLimits { turns: Some(1), ..BudgetLimits::default() });
    let scene = Scene { dispatcher: scene.dispatcher.within(budget.clone()), ..scene };
    let [first, second] = scene.records([How::Think, How::Think]).await.try_into().unwrap();
    assert_eq!((first.models.model_calls, first.models.input_tokens), (1, 10));
    assert!(first.outcome.is_ok(), "{:?}", first.outcome);
    // It knows how much is left, though the budget is here.
    assert_eq!(second.outcome.unwrap_err().message, "no turn is left");
    assert_eq!((budget.spent().turns, budget.spent().tokens), (2, 20));
}

#[tokio::test]
async fn a_panic_costs_one_record_and_not_the_process() {
    let records = Scene::new().records([How::Work, How::Panic, How::Work]).await;
    assert_eq!(records[1].outcome.as_ref().unwrap_err().kind, FailureKind::Panicked);
    assert_eq!(
        records[0].outcome.as_ref().unwrap().value["process"],
        records[2].outcome.as_ref().unwrap().value["process"]
    );
}

#[tokio::test]
async fn a_call_that_is_given_up_ends_its_process() {
    let scene = Scene::new();
    let process = scene.record(How::Work).await.outcome.unwrap().value["process"].as_u64().unwrap();
    let cancel = CancellationToken::new();
    let (records, ()) =
        tokio::join!(scene.dispatcher.dispatch(vec![scene.call(1, How::Hang)], &cancel), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            cancel.cancel();
        });
    assert_eq!(records[0].outcome.as_ref().unwrap_err().kind, FailureKind::Cancelled);
    let next = scene.record(How::Work).await.outcome.unwrap().value["process"].as_u64().unwrap();
    assert_ne!(next, process);
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_told() {
    let frail = Registry::new().with(Frail).unwrap();
    let isolated =
        Isolated::new(frail.spec("frail").unwrap().clone(), Program::new("no-such-program", [""; 0]));
    let scene = Scene {
        dispatcher: Dispatcher::new(Registry::new().with_dyn(Arc::new(isolated)).unwrap(), Arc::default()),
        ..Scene::new()
    };
    let failure = scene.record(How::Work).await.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.message.contains("no process to run in"), "{}", failure.message);
}
