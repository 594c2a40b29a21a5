//! The state machine against planners that behave and planners that do not: no model, no tool runs here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::time::Duration;

use lavr_agent::{FixedPlanner, Limits, ModelPlanner, Next, Planner, Run};
use lavr_model::{Capabilities, FinishReason, ModelError, ModelErrorKind, Reply, ResponseFormat, TurnUsage};
use lavr_prompt::Library;
use lavr_types::{
    Answer, CallId, CallRecord, Capability, Failure, FailureKind, ImageId, Observation, Size, Span,
    TokenScore, ToolCall, ToolSpec, Usage,
};
use serde_json::{Value, json};

fn capabilities(native_tools: bool) -> Capabilities {
    Capabilities {
        name: "scripted".into(),
        images: false,
        images_in_tool_results: false,
        max_images: 0,
        longest_side: 0,
        native_tools,
        schema: !native_tools,
        context_tokens: 4096,
        thought_tokens: 0,
        price: None,
    }
}

fn tool(name: &str, capability: Capability) -> ToolSpec {
    let arguments = json!({
            "type": "object",
            "properties": {
                "image": { "type": "string", "format": "image-id" },
                "labels": { "type": ["array", "null"], "items": { "type": "string" } },
                "region": {
                    "type": ["array", "null"], "items": { "type": "number" }, "minItems": 4, "maxItems": 4,
                },
            },
            "required": ["image"], "additionalProperties": false,
    });
    ToolSpec { capability, ..ToolSpec::new(name, format!("Does {name}."), arguments) }
}

fn tools() -> [ToolSpec; 3] {
    [
        tool("detect", Capability::Detect),
        tool("ocr", Capability::ReadText),
        tool("color", Capability::MeasureColor),
    ]
}

fn image() -> ImageId {
    ImageId::of_pixels(Size::new(1, 1), &[1, 2, 3])
}

fn run(limits: Limits) -> Run {
    Run::new("How many dogs are there?", vec![(image(), Size::new(640, 480))], limits).unwrap()
}

fn reply(text: impl Into<String>) -> Reply {
    Reply {
        text: text.into(),
        reasoning: String::new(),
        calls: Vec::new(),
        tokens: Vec::new(),
        reason: FinishReason::Stop,
        verbatim: None,
        usage: TurnUsage { input_tokens: 10, cached_tokens: 4, output_tokens: 5, ..TurnUsage::default() },
    }
}

fn two_dogs(call: ToolCall) -> CallRecord {
    let value = match call.tool.as_str() {
        "detect" => json!({ "objects": [
            { "label": "dog", "box": [0.0, 0.0, 9.0, 9.0], "score": 0.9 },
            { "label": "dog", "box": [20.0, 0.0, 29.0, 9.0], "score": 0.8 } ] }),
        "ocr" => json!({ "lines": [] }),
        _ => json!({ "quality": "clear", "colors": [{ "name": "brown", "share": 0.9, "hex": "#663300" }] }),
    };
    CallRecord::ran(call, Ok(Observation::new(value)), Duration::ZERO)
}

/// Drives a run with scripted replies; `say` gives the reply to the n-th request. Calls all succeed.
fn drive(mut run: Run, planner: &dyn Planner, mut say: impl FnMut(usize) -> Reply) -> (Answer, usize) {
    let specs = tools();
    let specs: Vec<&ToolSpec> = specs.iter().collect();
    let mut asked = 0;
    for _ in 0..100 {
        // A run can be written out and read back anywhere.
        run = serde_json::from_value(serde_json::to_value(&run).unwrap()).unwrap();
        match run.next(planner, &specs).unwrap() {
            Next::Ask(_) => {
                run.replied(planner, &specs, &say(asked));
                asked += 1;
            }
            Next::Call(calls) => run.called(calls.into_iter().map(two_dogs).collect()),
            Next::Verify(draft) => run.verified(draft.text, Vec::new(), Vec::new(), Usage::default()),
            Next::Done(answer) => return (*answer, asked),
        }
    }
    panic!("the run does not end");
}

fn json_planner() -> ModelPlanner {
    ModelPlanner::new(&capabilities(false), &Library::built_in()).unwrap()
}

const LOOK: &str =
    r#"{"thought":"Look.","calls":[{"tool":"detect","args":{"image":"image1","labels":["dog"]}}]}"#;

#[test]
fn a_question_takes_one_call_and_two_turns() {
    let say = |turn| match turn {
        0 => reply(LOOK),
        _ => reply(r#"{"thought":"Two.","answer":"There are two dogs.","cites":["call_1"]}"#),
    };
    let (answer, asked) = drive(run(Limits::default()), &json_planner(), say);
    assert_eq!((answer.draft.as_str(), asked), ("There are two dogs.", 2));
    assert_eq!((answer.usage.model_calls, answer.usage.cached_tokens), (2, 8));
    assert_eq!(answer.steps[0].calls[0].call.arguments["image"], json!(image()));
    assert!(answer.notes.is_empty(), "{:?}", answer.notes);
}

#[test]
fn a_thought_that_contradicts_what_was_seen_is_flagged_in_its_step_and_costs_no_call() {
    let say = |turn| match turn {
        0 => reply(LOOK),
        1 => {
            reply(r#"{"thought":"There are three dogs.","calls":[{"tool":"ocr","args":{"image":"image1"}}]}"#)
        }
        _ => reply(r#"{"thought":"There is no dog.","answer":"There are two dogs.","cites":["call_1"]}"#),
    };
    let (answer, asked) = drive(run(Limits::default()), &json_planner(), say);
    assert_eq!(asked, 3);
    assert!(answer.steps[0].contradictions.is_empty());
    let [contradiction] = &answer.steps[1].contradictions[..] else { panic!("{:?}", answer.steps[1]) };
    assert_eq!(contradiction.to_string(), "the thought says three dogs, detect saw two dogs");
    assert_eq!(contradiction.call, CallId("call_1".into()));
    assert_eq!(contradiction.span.of(&answer.steps[1].thought), Some("three dogs"));
    // The last thought ends the chain: a step without calls, and a note, since nobody can mend it any more.
    assert_eq!(answer.steps[2].contradictions[0].said, "no dog");
    assert!(answer.steps[2].calls.is_empty());
    assert_eq!(answer.notes, ["before the answer, the thought says no dog, detect saw two dogs"]);
}

#[test]
fn a_planner_is_told_in_its_next_turn_that_its_thought_contradicts_what_was_seen() {
    let specs = tools();
    let specs: Vec<&ToolSpec> = specs.iter().collect();
    let thinks_three = |native: bool| {
        let planner = ModelPlanner::new(&capabilities(native), &Library::built_in()).unwrap();
        let mut run = run(Limits::default());
        let call = |thought: &str, tool: &str| {
            let arguments = json!({ "image": "image1" });
            if native {
                let call = ToolCall { id: CallId("c".into()), tool: tool.into(), arguments };
                return Reply { calls: vec![call], ..reply(thought) };
            }
            reply(json!({ "thought": thought, "calls": [{ "tool": tool, "args": arguments }] }).to_string())
        };
        for said in [call("Look.", "detect"), call("There are three dogs.", "ocr")] {
            run.replied(&planner, &specs, &said);
            let Next::Call(calls) = run.next(&planner, &specs).unwrap() else { panic!() };
            run.called(calls.into_iter().map(two_dogs).collect());
        }
        let Next::Ask(request) = run.next(&planner, &specs).unwrap() else { panic!() };
        serde_json::to_string(&request.messages).unwrap()
    };
    for native in [false, true] {
        let told = thinks_three(native);
        assert!(
            told.contains("Mind that the thought says three dogs, detect saw two dogs. Go by what was seen."),
            "{told}"
        );
    }
}

#[test]
fn how_sure_the_model_was_of_its_answer_goes_to_the_verifier() {
    let specs = tools();
    let specs: Vec<&ToolSpec> = specs.iter().collect();
    let planner = json_planner();
    let mut run = run(Limits::default());
    run.replied(&planner, &specs, &reply(LOOK));
    let Next::Call(calls) = run.next(&planner, &specs).unwrap() else { panic!() };
    run.called(calls.into_iter().map(two_dogs).collect());
    let text = r#"{"thought":"dogs","answer":"Two dogs.","cites":["call_1"]}"#;
    let start = text.find("Two").unwrap();
    let token = |start, end, log_probability| TokenScore { span: Span::new(start, end), log_probability };
    let tokens =
        vec![token(0, start, -0.1), token(start, start + 3, -2.5), token(start + 3, text.len(), -0.2)];
    run.replied(&planner, &specs, &Reply { tokens, ..reply(text) });
    let Next::Verify(draft) = run.next(&planner, &specs).unwrap() else { panic!() };
    assert_eq!(draft.tokens, [token(0, 3, -2.5), token(3, 9, -0.2)]);
}

#[test]
fn a_citation_of_a_call_that_never_ran_is_not_accepted() {
    let say = |turn| match turn {
        0 => reply(LOOK),
        _ => reply(r#"{"thought":"Sure.","answer":"There are nine dogs.","cites":["call_7"]}"#),
    };
    let (answer, asked) = drive(run(Limits::default()), &json_planner(), say);
    assert!(!answer.draft.contains("nine"), "{}", answer.draft);
    assert!(answer.notes.iter().any(|note| note.contains("fixed plan")), "{:?}", answer.notes);
    assert_eq!(asked, 4);
}

#[test]
fn a_citation_of_a_call_that_failed_is_not_accepted() {
    let specs = tools();
    let specs: Vec<&ToolSpec> = specs.iter().collect();
    let planner = json_planner();
    let mut run = run(Limits::default());
    run.replied(&planner, &specs, &reply(LOOK));
    let Next::Call(calls) = run.next(&planner, &specs).unwrap() else { panic!() };
    let failure = Failure { kind: FailureKind::TimedOut, message: "too slow".into() };
    let records = calls.into_iter().map(|call| CallRecord::ran(call, Err(failure.clone()), Duration::ZERO));
    run.called(records.collect());
    run.replied(&planner, &specs, &reply(r#"{"answer":"Two dogs.","cites":["call_1"]}"#));
    assert!(matches!(run.next(&planner, &specs).unwrap(), Next::Ask(_)));
    let told = serde_json::to_string(run.turns()).unwrap();
    assert!(told.contains("which gave no result"), "{told}");
}

#[test]
fn a_planner_that_repeats_itself_is_refused_and_then_stopped() {
    let limits = Limits { steps: 4, ..Limits::default() };
    let (answer, asked) = drive(run(limits), &json_planner(), |_| reply(LOOK));
    let refused =
        answer.steps.iter().flat_map(|step| &step.calls).filter(|record| {
            record.outcome.as_ref().is_err_and(|failure| failure.kind == FailureKind::Refused)
        });
    assert_eq!(refused.count(), 3);
    assert_eq!(answer.steps.len(), 4);
    // At the cap an answer is asked for; the planner goes on calling and is replaced.
    assert_eq!(asked, 4 + 3);
    assert_eq!(answer.draft, "There are two dogs.");
}

#[test]
fn a_planner_that_writes_no_json_is_replaced_by_the_fixed_plan() {
    for nonsense in ["", "I think there are dogs.", "{\"thought\": 3}", "{", "[]", "{\"answer\":\"\"}"] {
        let (answer, asked) = drive(run(Limits::default()), &json_planner(), |_| reply(nonsense));
        assert_eq!((answer.draft.as_str(), asked), ("There are two dogs.", 3), "{nonsense}");
        assert!(answer.notes.iter().any(|note| note.contains("made no sense")));
    }
}

#[test]
fn json_wrapped_into_prose_is_still_read() {
    let say = |turn| match turn {
        0 => reply(format!("Sure!\n```json\n{LOOK}\n```\nDone.")),
        _ => reply("```json\n{\"answer\": \"There are two dogs.\"}\n```"),
    };
    assert_eq!(drive(run(Limits::default()), &json_planner(), say).1, 2);
}

#[test]
fn a_reply_cut_off_at_the_limit_is_not_acted_on() {
    let say = |turn| match turn {
        0 => Reply { reason: FinishReason::Length, ..reply(LOOK) },
        1 => reply(LOOK),
        _ => reply(r#"{"answer":"There are two dogs."}"#),
    };
    assert_eq!(drive(run(Limits::default()), &json_planner(), say).1, 3);
}

#[test]
fn a_measurement_in_a_box_that_nobody_saw_is_refused_and_the_seen_one_passes() {
    let look_and_guess = json!({ "calls": [
        { "tool": "detect", "args": { "image": "image1" } },
        { "tool": "color", "args": { "image": "image1", "region": [40, 310, 260, 460] } } ] });
    let measure =
        json!({ "calls": [{ "tool": "color", "args": { "image": "image1", "region": [0, 0, 9, 9] } }] });
    let say = |turn| match turn {
        0 => reply(look_and_guess.to_string()),
        1 => reply(measure.to_string()),
        _ => reply(r#"{"answer":"The dog is brown.","cites":["call_3"]}"#),
    };
    let (answer, _) = drive(run(Limits::default()), &json_planner(), say);
    let refused = answer.steps[0].calls[1].outcome.as_ref().unwrap_err();
    assert!(refused.message.contains("find the thing first"), "{}", refused.message);
    assert!(answer.steps[1].calls[0].outcome.is_ok());
}

#[test]
fn a_run_that_may_make_no_call_makes_none() {
    for limits in [Limits { steps: 0, ..Limits::default() }, Limits { calls: 0, ..Limits::default() }] {
        let (answer, _) = drive(run(limits), &FixedPlanner, |_| panic!("a fixed plan asks no model"));
        assert!(answer.steps.is_empty(), "{:?}", answer.steps);
    }
}

#[test]
fn an_answer_says_what_no_detector_knows() {
    let specs = tools();
    let specs: Vec<&ToolSpec> = specs.iter().collect();
    let mut run = run(Limits::default());
    let Next::Call(calls) = run.next(&FixedPlanner, &specs).unwrap() else { panic!() };
    let value = json!({ "objects": [], "unknown_labels": ["flower"] });
    let record = |call| CallRecord::ran(call, Ok(Observation::new(value.clone())), Duration::ZERO);
    run.called(calls.into_iter().take(1).map(record).collect());
    assert_eq!(run.notes(), ["`detect` does not know \"flower\": whether it is there was not seen"]);
}

#[test]
fn an_answer_says_which_tool_was_not_to_be_had() {
    let specs = tools();
    let specs: Vec<&ToolSpec> = specs.iter().collect();
    let mut run = run(Limits::default());
    let Next::Call(calls) = run.next(&FixedPlanner, &specs).unwrap() else { panic!() };
    let failure = Failure { kind: FailureKind::Unavailable, message: "its network is not here".into() };
    let records = calls.into_iter().map(|call| match call.tool.as_str() {
        "ocr" => CallRecord::ran(call, Err(failure.clone()), Duration::ZERO),
        _ => two_dogs(call),
    });
    run.called(records.collect());
    assert_eq!(run.notes(), ["`ocr` could not help: its network is not here"]);
}

#[test]
fn an_image_that_is_not_there_is_refused_with_the_names_of_those_that_are() {
    let say = |turn| match turn {
        0 => reply(r#"{"calls":[{"tool":"detect","args":{"image":"image9"}}]}"#),
        _ => reply(r#"{"answer":"There are two dogs."}"#),
    };
    let (answer, _) = drive(run(Limits::default()), &json_planner(), say);
    let refused = answer.steps[0].calls[0].outcome.as_ref().unwrap_err();
    assert_eq!(refused.message, "no image is named `image9`; there are: image1");
}

#[test]
fn of_calls_over_the_limit_some_are_refused_one_by_one_and_the_rest_is_left_out() {
    let many: Vec<Value> = (0..30)
        .map(|n| json!({ "tool": "detect", "args": { "image": "image1", "labels": [n.to_string()] } }))
        .collect();
    let flood = json!({ "thought": "all", "calls": many }).to_string();
    let say = |turn| match turn {
        0 => reply(flood.clone()),
        _ => reply(r#"{"answer":"There are two dogs."}"#),
    };
    let (answer, _) = drive(run(Limits { calls: 16, ..Limits::default() }), &json_planner(), say);
    let ran = answer.steps[0].calls.iter().filter(|record| record.outcome.is_ok()).count();
    assert_eq!((answer.steps[0].calls.len(), ran), (20, 16));
    assert_eq!(answer.notes[0], "a step asked for 30 calls; 10 of them were left out");
}

#[test]
fn without_its_model_the_run_still_answers_and_says_so() {
    let specs = tools();
    let specs: Vec<&ToolSpec> = specs.iter().collect();
    let planner = json_planner();
    let mut run = run(Limits::default());
    assert!(matches!(run.next(&planner, &specs).unwrap(), Next::Ask(_)));
    run.model_failed(&ModelError::new(ModelErrorKind::Transient, "remote", "no route"));
    let (answer, asked) = drive(run, &planner, |_| panic!("asked again"));
    assert_eq!((answer.draft.as_str(), asked), ("There are two dogs.", 0));
    assert!(answer.notes[0].contains("no route"));
}

#[test]
fn out_of_time_the_run_answers_from_what_it_has() {
    let specs = tools();
    let specs: Vec<&ToolSpec> = specs.iter().collect();
    let planner = json_planner();
    let mut run = run(Limits::default());
    run.out_of_time();
    assert!(matches!(run.next(&planner, &specs).unwrap(), Next::Verify(_)));
}

#[test]
fn the_fixed_plan_looks_reads_measures_and_answers() {
    let (answer, _) = drive(run(Limits::default()), &FixedPlanner, |_| panic!("a fixed plan asks no model"));
    let called: Vec<Vec<&str>> = answer
        .steps
        .iter()
        .map(|step| step.calls.iter().map(|record| record.call.tool.as_str()).collect())
        .collect();
    assert_eq!(called, [vec!["detect", "ocr"], vec!["color", "color"]]);
    assert_eq!(answer.draft, "There are two dogs.");
}

#[test]
fn a_question_in_any_script_is_a_question_and_an_empty_one_is_none() {
    let images = || vec![(image(), Size::new(1, 1))];
    assert!(Run::new("图里有几只狗？", images(), Limits::default()).is_ok());
    let error = Run::new("  \n", images(), Limits::default()).unwrap_err();
    assert!(error.to_string().contains("question is empty"), "{error}");
    assert!(Run::new("What?", Vec::new(), Limits::default()).is_err());
}

#[test]
fn the_first_step_must_look_and_citations_are_an_enum_of_real_calls() {
    let specs = tools();
    let specs: Vec<&ToolSpec> = specs.iter().collect();
    let planner = json_planner();
    let mut run = run(Limits::default());
    let schema = |next: Next| match next {
        Next::Ask(request) => match request.format {
            ResponseFormat::Schema { schema, .. } => schema,
            ResponseFormat::Text => panic!("no schema"),
        },
        other => panic!("{other:?}"),
    };
    let first = schema(run.next(&planner, &specs).unwrap());
    assert!(first["properties"].get("answer").is_none(), "{first}");
    run.replied(&planner, &specs, &reply(LOOK));
    let Next::Call(calls) = run.next(&planner, &specs).unwrap() else { panic!() };
    run.called(calls.into_iter().map(two_dogs).collect());
    let second = schema(run.next(&planner, &specs).unwrap());
    assert_eq!(second["anyOf"][1]["properties"]["cites"]["items"]["enum"], json!([CallId("call_1".into())]));
}

#[test]
fn the_conversation_with_a_json_planner() {
    let specs = tools();
    let specs: Vec<&ToolSpec> = specs.iter().collect();
    let planner = json_planner();
    let mut run = run(Limits::default());
    run.replied(&planner, &specs, &reply(LOOK));
    let Next::Call(calls) = run.next(&planner, &specs).unwrap() else { panic!() };
    run.called(calls.into_iter().map(two_dogs).collect());
    let Next::Ask(request) = run.next(&planner, &specs).unwrap() else { panic!() };
    insta::assert_json_snapshot!(request.messages);
}

#[test]
fn the_conversation_with_a_planner_that_has_its_own_tool_calls() {
    let specs = tools();
    let specs: Vec<&ToolSpec> = specs.iter().collect();
    let planner = ModelPlanner::new(&capabilities(true), &Library::built_in()).unwrap();
    let mut run = run(Limits::default());
    let call = ToolCall {
        id: CallId("provider-17".into()),
        tool: "detect".into(),
        arguments: json!({ "image": "image1" }),
    };
    run.replied(&planner, &specs, &Reply { calls: vec![call], ..reply("I look first.") });
    let Next::Call(calls) = run.next(&planner, &specs).unwrap() else { panic!() };
    run.called(calls.into_iter().map(two_dogs).collect());
    let Next::Ask(request) = run.next(&planner, &specs).unwrap() else { panic!() };
    insta::assert_json_snapshot!((request.messages, request.tools));
}

#[test]
fn a_model_with_eyes_talks_of_the_picture_that_it_got_and_the_tools_of_the_whole_one() {
    let eyes = Capabilities { images: true, max_images: 4, longest_side: 160, ..capabilities(true) };
    let planner = ModelPlanner::new(&eyes, &Library::built_in()).unwrap();
    let specs = tools();
    let specs: Vec<&ToolSpec> = specs.iter().collect();
    let mut run = run(Limits::default());
    let Next::Ask(request) = run.next(&planner, &specs).unwrap() else { panic!() };
    // 640 x 480 is sent as 160 x 120.
    let told = serde_json::to_string(&request.messages).unwrap();
    assert!(told.contains("image1 is 160x120.") && !told.contains("640"), "{told}");

    let arguments = json!({ "image": "image1", "region": [10, 20, 30, 40] });
    let call = ToolCall { id: CallId("theirs".into()), tool: "color".into(), arguments };
    let verbatim = lavr_model::Verbatim { service: "s".into(), value: json!(["signed"]) };
    let said = Reply { calls: vec![call], verbatim: Some(verbatim.clone()), ..reply("I look.") };
    run.replied(&planner, &specs, &said);
    let Next::Call(calls) = run.next(&planner, &specs).unwrap() else { panic!() };
    assert_eq!(calls[0].arguments, json!({ "image": image(), "region": [40.0, 80.0, 120.0, 160.0] }));

    let value = json!({ "objects": [{ "label": "dog", "box": [40.0, 80.0, 80.0, 160.0], "score": 0.9 }] });
    let record = CallRecord::ran(calls[0].clone(), Ok(Observation::new(value)), Duration::ZERO);
    run.called(vec![record]);
    let Next::Ask(request) = run.next(&planner, &specs).unwrap() else { panic!() };
    let told = serde_json::to_string(&request.messages).unwrap();
    assert!(told.contains(r#"\"box\":[10,20,20,40]"#), "{told}");
    // What the service wants back goes before the same in neutral parts.
    let assistant = &request.messages[request.messages.len() - 2];
    assert_eq!(assistant.parts[0], lavr_model::Part::Verbatim { verbatim });
    let lavr_model::Part::ToolCall { call } = &assistant.parts[2] else { panic!("{assistant:?}") };
    assert_eq!(call.arguments["region"], json!([10.0, 20.0, 30.0, 40.0]));
}
