//! The tool's side of the conversation, with scripted models.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

use std::sync::Arc;

use lavr_image::{ImageStore, RgbImage};
use lavr_model::{ChatModel, ModelErrorKind, Part, Role};
use lavr_prompt::Library;
use lavr_testkit::{ScriptedModel, ScriptedReply};
use lavr_tool::{CancellationToken, Dispatcher, Registry};
use lavr_types::{CallId, CallRecord, FailureKind, ImageId, Rect, Size, ToolCall, Trust};
use lavr_vqa::Vqa;
use serde_json::{Value, json};

struct Scene {
    model: Arc<ScriptedModel>,
    dispatcher: Dispatcher,
    photo: ImageId,
}

fn scene(model: ScriptedModel) -> Scene {
    let (model, images) = (Arc::new(model), Arc::new(ImageStore::default()));
    let photo = images.insert(RgbImage::new(200, 100)).unwrap();
    let vqa = Vqa::new(model.clone(), &Library::built_in()).unwrap().unwrap();
    let dispatcher = Dispatcher::new(Registry::new().with(vqa).unwrap(), images);
    Scene { model, dispatcher, photo }
}

impl Scene {
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
        let failure =
            scene.call(json!({ "image": scene.photo, "question": "What?" })).await.outcome.unwrap_err();
        assert_eq!(failure.kind, kind, "{reply:?}: {failure:?}");
        assert!(!failure.message.contains("sk-1"), "{failure:?}");
    }
}
