use std::time::Duration;

use lavr_types::{
    CallId, Draft, Event, Fingerprint, FinishReason, ModelErrorKind, ModelFailure, Reply, ToolCall,
    TurnUsage, Usage, Verdict,
};
use serde_json::{Value, json};

use super::timeline::Kind::{Draft as Drafted, Step, Wave};
use super::*;
use crate::sample::{Sample, blank_dogs, cat_and_cup, exists};

#[path = "browser_tests.rs"]
mod browser;

/// What a picture, a model or a tool may write to break out of its place.
const HOSTILE: &str = "</script></style></pre><img src=x onerror=hacked=1><svg onload=hacked=1>\"'><!--&lt;\u{0}\u{202e}javascript:hacked=1";

fn document(sample: &Sample, name: &str) -> Document {
    Document::new(&sample.answer, &sample.store, &[(sample.root, name.to_owned())])
}

/// The page without its style, script and pictures, each element on a line of its own.
fn structure(page: &str) -> String {
    let without = |text: String, from: &str, to: &str| {
        let mut parts = text.split(from);
        let mut rest = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let after = part.split_once(to).map_or("", |(_, after)| after);
            rest.extend([from, "…", to, after]);
        }
        rest
    };
    let text = without(page.to_owned(), "<style>", "</style>");
    let text = without(text, "<script>", "</script>");
    let text = without(text, "base64,", "\"");
    let text = without(text, "'sha256-", "'");
    let text = without(text, "<pre dir=\"ltr\">", "</pre>");
    let blocks = [
        "<p", "<li", "<h", "<section", "<div", "<details", "<a ", "<figure", "<svg", "<dt", "<tr", "<summary",
    ];
    blocks.iter().fold(text, |text, block| text.replace(block, &format!("\n{block}")))
}

fn event(milliseconds: u64, event: Event) -> TraceEvent {
    TraceEvent { at_us: milliseconds * 1000, event }
}

/// The events behind the sample about dogs: two turns, a call, two side by side, then two waves of checks.
fn events(sample: &Sample, model: &str) -> Vec<TraceEvent> {
    let steps = &sample.answer.steps;
    let record = |step: usize, call: usize| steps[step].calls[call].clone();
    let started = |step, call| Event::CallStarted { call: record(step, call).call };
    let ended = |step, call| Event::CallEnded { record: record(step, call) };
    let thought = |step: usize| Event::Thought { step: step as u32 + 1, text: steps[step].thought.clone() };
    let check = |number: u32| {
        let mut record = record(0, 0);
        record.call.id = CallId(format!("check_{number}"));
        record
    };
    let check_started = |number| Event::CallStarted { call: check(number).call };
    let check_ended = |number| Event::CallEnded { record: check(number) };
    let reply = Reply {
        text: String::new(),
        reasoning: String::new(),
        calls: Vec::new(),
        tokens: Vec::new(),
        reason: FinishReason::ToolCalls,
        verbatim: None,
        usage: TurnUsage { input_tokens: 640, output_tokens: 21, ..TurnUsage::default() },
    };
    let (request, elapsed) = (Fingerprint::of(b"a request"), Duration::from_secs(1));
    let replied =
        Event::Replied { step: 1, model: model.to_owned(), request: request.clone(), reply, elapsed };
    let failure = ModelFailure {
        kind: ModelErrorKind::Transient,
        model: model.to_owned(),
        message: format!("{model} is not there"),
    };
    let failed = Event::ModelFailed { step: 2, request, failure, elapsed };
    let draft = Draft { text: sample.answer.draft.clone(), cites: Vec::new(), tokens: Vec::new() };
    vec![
        event(0, Event::Planning { step: 1 }),
        event(1000, replied),
        event(1000, thought(0)),
        event(1000, started(0, 0)),
        event(1061, ended(0, 0)),
        event(1062, Event::Planning { step: 2 }),
        event(1500, failed),
        event(1500, Event::Planning { step: 2 }),
        event(2000, thought(1)),
        event(2000, started(1, 0)),
        event(2000, started(1, 1)),
        event(2001, ended(1, 0)),
        event(2500, ended(1, 1)),
        event(2501, Event::Planning { step: 3 }),
        event(3000, Event::Drafted { draft }),
        event(3001, check_started(1)),
        event(3001, check_started(2)),
        event(3100, check_ended(2)),
        event(3200, check_ended(1)),
        event(3205, check_started(3)),
        event(3300, check_ended(3)),
        event(4217, Event::Answered { answer: sample.answer.clone() }),
    ]
}

#[test]
fn the_structure_of_a_small_page() {
    let sample = blank_dogs();
    let page = run_page(&document(&sample, "photos/dogs.jpg"), &sample.store, &events(&sample, "planner"));
    insta::assert_snapshot!(structure(&page));
}

#[test]
fn events_become_steps_a_draft_and_waves_of_checks() {
    let sample = blank_dogs();
    let timeline = timeline::Timeline::new(&document(&sample, "dogs.jpg"), &events(&sample, "planner"));
    let groups: Vec<_> = timeline.groups.iter().map(|group| (group.kind, group.rows.len())).collect();
    assert_eq!(groups, [(Step(1), 2), (Step(2), 4), (Drafted, 1), (Wave(1), 2), (Wave(2), 1)]);
    let side_by_side: Vec<_> =
        timeline.groups[3].rows.iter().map(|row| (row.start, (row.seconds * 1e3).round())).collect();
    assert_eq!(side_by_side, [(Some(3.001), 61.0), (Some(3.001), 61.0)]);
    assert_eq!(timeline.total, Some(4.217));
}

#[test]
fn a_call_that_never_ended_is_told_as_such() {
    let sample = blank_dogs();
    let call = ToolCall { id: CallId("call_1".into()), tool: "detect".into(), arguments: json!({}) };
    let events = [event(0, Event::Planning { step: 1 }), event(5, Event::CallStarted { call })];
    let page = run_page(&document(&sample, "dogs.jpg"), &sample.store, &events);
    assert!(page.contains("did not end"), "{}", structure(&page));
}

#[test]
fn smaller_pictures_and_the_turns_of_a_tools_model_are_told() {
    let sample = blank_dogs();
    let mut record = sample.answer.steps[0].calls[0].clone();
    record.models = Usage {
        model_calls: 2,
        input_tokens: 1204,
        output_tokens: 12,
        cost: Some(0.0031),
        ..Usage::default()
    };
    let events = [
        event(0, Event::PicturesShrunk { longest_side: 394, left_out: 0 }),
        event(1, Event::Planning { step: 1 }),
        event(5, Event::CallStarted { call: record.call.clone() }),
        event(9, Event::CallEnded { record }),
    ];
    let page = run_page(&document(&sample, "dogs.jpg"), &sample.store, &events);
    assert!(page.contains("pictures of at most 394 pixels a side"));
    assert!(page.contains("2 turns of a model: 1\u{202f}204 tokens read, 12 written, $0.0031"), "{page}");
}

#[test]
fn claims_and_regions_name_each_other() {
    let sample = cat_and_cup();
    let page = run_page(&document(&sample, "cat-and-cup.jpg"), &sample.store, &[]);
    // The cup: its color, its place beside the cat, that it is there.
    let region =
        page.split("<a class=\"region").find(|region| region.contains("data-claims=\"3 4 5\"")).unwrap();
    let id = region.split("id=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(region.contains("href=\"#claim-3\""), "{region}");
    for claim in [3, 4, 5] {
        let row =
            page.split(&format!("id=\"claim-{claim}\"")).nth(1).and_then(|rest| rest.split("</li>").next());
        assert!(row.unwrap().contains(&format!("href=\"#{id}\"")), "{row:?}");
    }
    for reference in page.split("href=\"#").skip(1) {
        let target = reference.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{target}\"")), "nothing is at #{target}");
    }
}

#[test]
fn every_picture_is_carried_once() {
    let sample = blank_dogs();
    let page = run_page(&document(&sample, "dogs.jpg"), &sample.store, &[]);
    assert_eq!(page.matches("data:image/").count(), 2);
    assert!(page.contains("crop 1") && page.contains("[180, 140, 460, 529]"));
}

#[test]
fn a_crop_of_a_crop_tells_the_whole_way() {
    let mut sample = blank_dogs();
    let first = sample.store.crop(sample.root, [100.0, 100.0, 500.0, 500.0].into()).unwrap();
    let second = sample.store.crop(first, [50.0, 60.0, 150.0, 160.0].into()).unwrap();
    sample.answer.steps[1].calls[0].outcome =
        Ok(lavr_types::Observation::new(json!({ "image": second })).with_images(vec![second]));
    let document = document(&sample, "dogs.jpg");
    let entry = document.images.iter().find(|image| image.id == second).unwrap();
    assert_eq!(entry.part_of.as_ref().unwrap().region, [150.0, 160.0, 250.0, 260.0].into());
    assert_eq!(entry.cut_from.as_ref().unwrap().image, first);
    let page = run_page(&document, &sample.store, &[]);
    assert!(page.contains("which was cut out of") && page.contains("[50, 60, 150, 160]"));
}

#[test]
fn a_picture_that_is_not_at_hand_keeps_its_frame_and_boxes() {
    let sample = cat_and_cup();
    let page = run_page(&document(&sample, "cat-and-cup.jpg"), &lavr_image::ImageStore::default(), &[]);
    assert!(page.contains("not at hand") && page.contains("class=\"missing\""));
    assert!(page.contains("<a class=\"region") && !page.contains("data:image"));
}

/// The document with every text in it replaced that may be any text.
fn hostile(document: &Document) -> Document {
    fn paths(value: &Value, here: &str, found: &mut Vec<String>) {
        match value {
            Value::String(_) => found.push(here.to_owned()),
            Value::Array(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(place, item)| paths(item, &format!("{here}/{place}"), found));
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(name, field)| paths(field, &format!("{here}/{name}"), found));
            }
            _ => {}
        }
    }
    let mut value = serde_json::to_value(document).unwrap();
    let mut texts = Vec::new();
    paths(&value, "", &mut texts);
    let mut replaced = 0;
    for path in texts {
        let mut tried = value.clone();
        *tried.pointer_mut(&path).unwrap() = Value::String(format!("{HOSTILE}{path}"));
        if serde_json::from_value::<Document>(tried.clone()).is_ok() {
            value = tried;
            replaced += 1;
        }
    }
    assert!(replaced > 40, "{replaced}");
    serde_json::from_value(value).unwrap()
}

/// The sample about dogs where every text is hostile, in its events too.
fn hostile_page() -> String {
    let mut sample = blank_dogs();
    let document = hostile(&document(&sample, "dogs.jpg"));
    for call in sample.answer.steps.iter_mut().flat_map(|step| &mut step.calls) {
        call.call.tool = HOSTILE.to_owned();
        call.call.arguments = json!({ (HOSTILE): HOSTILE });
        if let Ok(observation) = &mut call.outcome {
            observation.value = json!({ (HOSTILE): [HOSTILE] });
        }
    }
    sample.answer.steps.iter_mut().for_each(|step| step.thought = HOSTILE.to_owned());
    run_page(&document, &sample.store, &events(&sample, HOSTILE))
}

#[test]
fn hostile_texts_stay_texts_in_every_field() {
    let page = hostile_page();
    assert!(!page.contains("<img src=x") && !page.contains("<svg onload") && !page.contains("<!--"));
    assert!(!page.contains('\0'));
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("</script").count(), 1);
    assert_eq!(page.matches("<style").count(), 2);
    assert!(page.split("href=\"").skip(1).all(|address| address.starts_with('#')));
    assert!(page.split("src=\"").skip(1).all(|address| address.starts_with("data:image/jpeg;base64,")));
    // Told as it is, all the same.
    assert!(page.matches("&lt;img src=x onerror=hacked=1&gt;").count() > 40);
}

#[test]
fn absurd_numbers_of_a_document_from_elsewhere_break_nothing() {
    let sample = blank_dogs();
    let mut value = serde_json::to_value(document(&sample, "dogs.jpg")).unwrap();
    value["images"][0]["width"] = json!(0);
    value["images"][1]["cut_from"] =
        json!({ "image": value["images"][1]["id"], "region": [1e300, -1e300, 0, 0] });
    value["claims"][0]["span"] = json!([7, 3]);
    value["claims"][1]["span"] = json!([0, 99999]);
    value["claims"][0]["evidence"][0]["region"] = json!([-1e9, -5, 1e12, 4]);
    value["claims"][0]["confidence"] = json!(1e9);
    value["usage"]["seconds"] = json!(-4);
    value["steps"][0]["calls"][0]["seconds"] = json!(1e300);
    let document: Document = serde_json::from_value(value).unwrap();
    let page = run_page(&document, &sample.store, &[]);
    assert!(!page.contains("NaN") && !page.contains("inf"), "{}", structure(&page));
}

/// A long text with this many claims about places all over a picture.
fn many_claims(count: usize) -> Sample {
    let sentences: Vec<String> = (1..=count).map(|number| format!("Thing {number} is here.")).collect();
    let draft = sentences.join(" ");
    let mut sample = Sample::photo("dogs.jpg", &draft);
    for number in 1..=count {
        let words = format!("Thing {number} is");
        let (x, y) = (f64::from((number * 37 % 560) as u32), f64::from((number * 53 % 450) as u32));
        let (w, h) = (f64::from((20 + number * 7 % 60) as u32), f64::from((20 + number * 11 % 60) as u32));
        let (verdict, replacement) = match number % 3 {
            0 => (Verdict::Contradicted, Some(format!("Something else {number} is"))),
            1 => (Verdict::Supported, None),
            _ => (Verdict::Insufficient, None),
        };
        let name = format!("thing {number}");
        let seen = [(name.as_str(), 0.8, [x, y, x + w, y + h], "detect")];
        sample = sample.claim(
            &words,
            exists(&words, "thing"),
            verdict,
            replacement.as_deref(),
            "It was seen there.",
            &seen,
        );
    }
    sample
}

#[test]
fn two_hundred_claims_make_a_page_of_reasonable_size() {
    let sample = many_claims(200);
    let page = run_page(&document(&sample, "dogs.jpg"), &sample.store, &[]);
    assert_eq!(page.matches("<li class=\"claim ").count(), 200);
    assert!(page.len() < 1_000_000, "{}", page.len());
}

#[test]
fn a_claim_whose_words_are_cut_has_its_number_once() {
    let sample = blank_dogs();
    let page = run_page(&document(&sample, "dogs.jpg"), &sample.store, &[]);
    let prose = page.split("class=\"prose\"").nth(1).and_then(|rest| rest.split("</div>").next()).unwrap();
    assert_eq!(prose.matches("<sup>").count(), sample.answer.claims.len());
}

#[test]
fn all_that_was_said_in_a_sentence_that_went_leads_to_its_claims() {
    let sample = Sample::photo("dogs.jpg", "Dogs look. A black cat lies on a sofa.")
        .claim("black", exists("black", "black"), Verdict::Insufficient, None, "", &[])
        .claim("cat", exists("cat", "cat"), Verdict::Contradicted, Some(""), "", &[])
        .claim("on", exists("on", "on"), Verdict::Insufficient, None, "", &[])
        .claim("sofa", exists("sofa", "couch"), Verdict::Insufficient, None, "", &[]);
    let mut document = document(&sample, "dogs.jpg");
    document.text = "Dogs look.".to_owned();
    let page = run_page(&document, &sample.store, &[]);
    assert!(page.contains("href=\"#claim-2\" data-claims=\"2 1 3 4\""), "{}", structure(&page));
    assert!(page.contains("<sup>1–4</sup>"));
}
