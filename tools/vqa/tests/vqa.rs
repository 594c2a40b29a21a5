//! The tool's side of the conversation, with scripted models.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

use std::sync::Arc;

use lavr_image::{ImageStore, RgbImage};
use lavr_model::{ChatModel, ModelErrorKind, Part, Role};
use lavr_prompt::Library;
use lavr_testkit::{ScriptedModel, ScriptedReply};
use lavr_tool::{CancellationToken, Dispatcher, Registry};
use lavr_types::{
    Budget, BudgetLimits, CallId, CallRecord, FailureKind, ImageId, Price, Rect, Size, ToolCall, Trust, Usage,
};
use lavr_vqa::Vqa;
use serde_json::{Value, json};

struct Scene {
    model: Arc<ScriptedModel>,
    dispatcher: Dispatcher,
    photo: ImageId,
}

fn scene(model: ScriptedModel) -> Scene {
    scene_within(Budget::default(), model)
}

fn scene_within(budget: Budget, model: ScriptedModel) -> Scene {
    let (model, images) = (Arc::new(model), Arc::new(ImageStore::default()));
    let photo = images.insert(RgbImage::new(200, 100)).unwrap();
    let vqa = Vqa::new(model.clone(), &Library::built_in()).unwrap().unwrap();
    let dispatcher = Dispatcher::new(Registry::new().with(vqa).unwrap(), images).within(budget);
    Scene { model, dispatcher, photo }
}

fn pixels(pixels: u64) -> Budget {
    Budget::new(BudgetLimits { pixels: Some(pixels), ..BudgetLimits::default() })
}

impl Scene {
    /// The same with a photograph of 400 x 300.
    fn with_a_larger_photo(self) -> Self {
        let photo = self.dispatcher.images().insert(RgbImage::new(400, 300)).unwrap();
        Self { photo, ..self }
    }

    async fn ask(&self, question: &str) -> CallRecord {
        self.call(json!({ "image": self.photo, "question": question })).await
    }

    async fn call(&self, arguments: Value) -> CallRecord {
        let call = ToolCall { id: CallId("call_1".into()), tool: "vqa".into(), arguments };
        self.dispatcher.dispatch(vec![call], &CancellationToken::new()).await.remove(0)
    }
}

#[tokio::test]
async fn the_picture_and_the_question_are_sent_and_the_answer_comes_back() {
    let scene = scene(ScriptedModel::texts(["**A red bus.**"]));
    let record = scene.call(json!({ "image": scene.photo, "question": " What is it? " })).await;
    let observation = record.outcome.unwrap();
    assert_eq!(observation.value, json!({ "answer": "A red bus", "model": "scripted" }));
    assert_eq!(observation.trust, Trust::Untrusted);
    let evidence = &observation.evidence[0];
    assert_eq!(evidence.region.pixels(), Rect::new(0.0, 0.0, 200.0, 100.0));
    assert_eq!(evidence.value, json!({ "question": "What is it?", "answer": "A red bus" }));
    assert_eq!(evidence.call, Some(CallId("call_1".into())));

    let turn = scene.model.requests().remove(0);
    assert_eq!(turn.sampling.temperature, 0.0);
    let roles: Vec<_> = turn.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::User]);
    let [Part::Image { image, .. }, Part::Text { text }] = &turn.messages[1].parts[..] else {
        panic!("{turn:?}")
    };
    assert_eq!((*image, text.as_str()), (scene.photo, "What is it?"));
}

#[tokio::test]
async fn a_region_is_cropped_and_the_evidence_knows_its_place() {
    let scene = scene(ScriptedModel::texts(["unknown"]));
    let region = json!([50, 20, 90, 70]);
    let record = scene.call(json!({ "image": scene.photo, "question": "What?", "region": region })).await;
    let observation = record.outcome.unwrap();
    let evidence = &observation.evidence[0];
    assert_eq!(
        (evidence.region.image, evidence.region.pixels()),
        (scene.photo, Rect::new(50.0, 20.0, 90.0, 70.0))
    );
    assert_eq!(evidence.score, 0.0, "unknown is no evidence");

    let turn = scene.model.requests().remove(0);
    let Part::Image { image, .. } = &turn.messages[1].parts[0] else { panic!("{turn:?}") };
    let images = scene.dispatcher.images();
    assert_eq!(images.size_of(*image).unwrap(), Size::new(40, 50));
    assert_eq!(images.to_root(&images.whole(*image).unwrap()).unwrap().image, scene.photo);
}

#[test]
fn a_model_without_eyes_makes_no_tool() {
    let blind = ScriptedModel::texts(["?"]).with_capabilities(|capabilities| capabilities.images = false);
    assert!(!blind.capabilities().images);
    assert!(Vqa::new(Arc::new(blind), &Library::built_in()).unwrap().is_none());
}

#[tokio::test]
async fn arguments_that_make_no_sense_are_told_and_nothing_is_sent() {
    let scene = scene(ScriptedModel::texts(["?"]));
    let unknown = ImageId::of_pixels(Size::new(9, 9), &[]);
    for arguments in [
        json!({ "image": scene.photo, "question": "" }),
        json!({ "image": scene.photo, "question": "  " }),
        json!({ "image": scene.photo, "question": "x".repeat(2001) }),
        json!({ "image": scene.photo }),
        json!({ "image": unknown, "question": "What?" }),
        json!({ "image": scene.photo, "question": "What?", "region": [500, 500, 600, 600] }),
        json!({ "image": scene.photo, "question": "What?", "place": "left" }),
    ] {
        let failure = scene.call(arguments.clone()).await.outcome.unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments, "{arguments}: {failure:?}");
    }
    assert!(scene.model.requests().is_empty());
}

#[tokio::test]
async fn a_models_failure_is_told_to_the_planner_without_its_details() {
    for (reply, kind) in [
        (
            ScriptedReply::Fails(ModelErrorKind::Unauthorized, "key sk-1 refused".into()),
            FailureKind::Unavailable,
        ),
        (ScriptedReply::Fails(ModelErrorKind::RateLimited, "sk-1 is too fast".into()), FailureKind::Failed),
        (ScriptedReply::Fails(ModelErrorKind::Cancelled, String::new()), FailureKind::Cancelled),
        (ScriptedReply::BreaksOff("half".into()), FailureKind::Failed),
        (ScriptedReply::Text("  ".into()), FailureKind::Failed),
    ] {
        let scene = scene(ScriptedModel::replies([reply.clone()]));
        let record = scene.call(json!({ "image": scene.photo, "question": "What?" })).await;
        let failure = record.outcome.unwrap_err();
        assert_eq!(failure.kind, kind, "{reply:?}: {failure:?}");
        // A turn that began is told, whether it ended or not.
        let began = !matches!(reply, ScriptedReply::Fails(..));
        assert_eq!(record.models.model_calls, u32::from(began), "{reply:?}");
        assert!(!failure.message.contains("sk-1"), "{failure:?}");
    }
}

#[tokio::test]
async fn its_models_turns_are_paid_from_the_budget_of_the_run_and_stand_in_the_record() {
    let model = ScriptedModel::texts(["a red bus", "  "]).with_capabilities(|can| {
        can.price = Some(Price::new(1e6, 0.0));
    });
    let limits = BudgetLimits { usd: Some(5000.0), ..BudgetLimits::default() };
    let scene = scene_within(Budget::new(limits), model);
    let record = scene.ask("What is it?").await;
    // The scripted model reads one token, at a dollar each, and writes one a word.
    let paid =
        Usage { model_calls: 1, input_tokens: 1, output_tokens: 3, cost: Some(1.0), ..Usage::default() };
    assert_eq!(record.models, paid);
    let spent = scene.dispatcher.budget().spent();
    assert_eq!((spent.turns, spent.tokens, spent.usd, spent.calls), (1, 4, 1.0, 1));

    let known = scene.ask("What is it?").await;
    assert!(known.cached && known.models.is_nothing(), "{known:?}");
    // A turn that nothing came of was paid as well.
    let silent = scene.ask("Where is it?").await;
    assert!(silent.outcome.is_err());
    assert_eq!(silent.models.model_calls, 1);
    assert_eq!((scene.dispatcher.budget().spent().turns, scene.model.requests().len()), (2, 2));
}

#[tokio::test]
async fn a_turn_that_the_budget_has_no_room_for_is_not_asked() {
    let limits = BudgetLimits { tokens: Some(100), ..BudgetLimits::default() };
    let scene = scene_within(Budget::new(limits), ScriptedModel::texts(["?"]));
    let failure = scene.ask("What is it?").await.outcome.unwrap_err();
    assert_eq!(failure.kind, FailureKind::OverBudget);
    assert!(failure.message.contains("the budget of 100 tokens"), "{}", failure.message);
    assert!(scene.model.requests().is_empty());
}

#[tokio::test]
async fn a_picture_for_which_too_few_pixels_are_left_is_shown_smaller_and_the_answer_says_so() {
    let scene = scene_within(pixels(120_000), ScriptedModel::texts(["a bus", "blue"])).with_a_larger_photo();
    let whole = scene.ask("What is it?").await;
    assert_eq!(whole.outcome.unwrap().value, json!({ "answer": "a bus", "model": "scripted" }));
    assert_eq!(scene.model.requests()[0].longest_side, None);

    let scene = scene_within(pixels(100_000), ScriptedModel::texts(["a bus"])).with_a_larger_photo();
    let observation = scene.ask("What is it?").await.outcome.unwrap();
    // Half of what is left: 258 x 193.
    let shown_at = json!({ "width": 258, "height": 193 });
    let said = json!({ "answer": "a bus", "model": "scripted", "shown_at": shown_at });
    assert_eq!(observation.value, said);
    assert_eq!(scene.model.requests()[0].longest_side, Some(258));
    assert_eq!(scene.dispatcher.budget().spent().pixels, 258 * 193);
    // What was seen was seen in the photograph.
    assert_eq!(observation.evidence[0].region.pixels(), Rect::new(0.0, 0.0, 400.0, 300.0));
}

#[tokio::test]
async fn questions_side_by_side_share_the_pixels_and_none_is_asked_about_a_picture_too_small_to_be_seen() {
    let scene = scene_within(pixels(200_000), ScriptedModel::texts(vec!["yes"; 4])).with_a_larger_photo();
    let call = |number: u32| ToolCall {
        id: CallId(format!("call_{number}")),
        tool: "vqa".into(),
        arguments: json!({ "image": scene.photo, "question": format!("Is it {number}?") }),
    };
    let calls = (1..=4).map(call).collect();
    let records = scene.dispatcher.dispatch(calls, &CancellationToken::new()).await;
    let failures: Vec<_> = records.iter().filter_map(|record| record.outcome.as_ref().err()).collect();
    // One sees the whole, one half of what is left then, one it as small as it gets; the last would see nothing.
    assert_eq!(scene.model.requests().len(), 3);
    let [failure] = failures.as_slice() else { panic!("{failures:?}") };
    assert_eq!(failure.kind, FailureKind::OverBudget);
    assert!(failure.message.contains("pixels"), "{}", failure.message);
    assert!(scene.dispatcher.budget().spent().pixels <= 200_000);
}
