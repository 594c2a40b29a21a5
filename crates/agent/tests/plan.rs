//! Declared plans over real dispatch: what runs side by side, what is blocked, what is said.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

mod common;

use std::sync::{Arc, Mutex};

use common::dispatcher;
use lavr_agent::{Agent, DeclaredPlanner, Limits, PlanFile};
use lavr_image::{ImageStore, RgbImage};
use lavr_tool::{CancellationToken, Dispatcher, Tool, ToolContext, ToolError};
use lavr_types::{
    Answer, Capability, Event, Observation, Quad, Rect, ToolSpec,
    perception::{TextLine, TextLines},
};

/// All mistakes of a plan, as a person reads them.
fn mistakes(plan: &str) -> String {
    let (dispatcher, _) = dispatcher();
    let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
    PlanFile::parse("p.toml", plan).unwrap().check("p.toml", &tools).unwrap_err().to_string()
}

struct Done {
    answer: Answer,
    thoughts: Vec<String>,
}

impl Done {
    fn waves(&self) -> Vec<Vec<&str>> {
        self.answer
            .steps
            .iter()
            .map(|step| step.calls.iter().map(|record| record.call.tool.as_str()).collect())
            .collect()
    }
}

async fn follow(plan: &str, set: &[(&str, &str)]) -> Done {
    follow_within(plan, set, Limits::default()).await
}

async fn follow_within(plan: &str, set: &[(&str, &str)], limits: Limits) -> Done {
    let (dispatcher, image) = dispatcher();
    let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
    let checked = PlanFile::parse("p.toml", plan).unwrap().check("p.toml", &tools);
    let checked = checked.unwrap_or_else(|error| panic!("{error}"));
    let set: Vec<_> = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let planner = DeclaredPlanner::new(checked, &set).unwrap();
    let question = planner.question();
    let agent = Agent::builder(dispatcher.clone()).planner(Arc::new(planner)).limits(limits).build().unwrap();
    let thoughts = Mutex::new(Vec::new());
    let observe = |event: &Event| {
        if let Event::Thought { text, .. } = event {
            thoughts.lock().unwrap().push(text.clone());
        }
    };
    let answer = agent.ask(&question, &[image], &CancellationToken::new(), &observe).await.unwrap();
    Done { answer, thoughts: thoughts.into_inner().unwrap() }
}

const COLORS: &str = r#"
question = "Which color has each {$kind}?"
[inputs]
kind = "dog"
[[node]]
id = "color"
tool = "color"
each = "one in $find.objects"
args = { image = "$image", region = "$one.box" }
[[node]]
id = "find"
capability = "detect"
args = { image = "$image", labels = ["$kind"] }
say = "I look for {$kind}."
[[answer]]
text = "There are {$find.objects | counted}."
when = "$find.objects is not empty"
otherwise = "There is no {$kind}."
[[answer]]
each = "one in $color"
text = "One {$one.item.label} is {$one.result.colors[0].name}."
"#;

#[tokio::test]
async fn nodes_wait_for_what_they_need_and_each_runs_once_for_each_element() {
    let done = follow(COLORS, &[]).await;
    assert_eq!(done.waves(), [vec!["detect"], vec!["color", "color"]]);
    assert_eq!(done.thoughts, ["I look for dog.", "Next: color."]);
    assert_eq!(done.answer.question.as_deref(), Some("Which color has each dog?"));
    // One of the two measurements failed: what the other gave stands.
    assert_eq!(done.answer.draft, "There are two dogs. One dog is brown.");
}

#[tokio::test]
async fn an_input_is_set_and_an_empty_list_needs_no_call() {
    let done = follow(COLORS, &[("kind", "cat")]).await;
    assert_eq!(done.waves(), [vec!["detect"]]);
    assert_eq!(done.answer.draft, "There is no cat.");
}

#[tokio::test]
async fn what_hangs_on_a_failed_call_is_blocked_and_the_answer_says_what_is_missing() {
    let plan = r#"
question = "What does it say?"
[[node]]
id = "find"
tool = "detect"
args = { image = "$image" }
[[node]]
id = "read"
tool = "ocr"
args = { image = "$image" }
[[node]]
id = "again"
tool = "color"
args = { image = "$image", region = "$read.lines[0].quad[0]" }
[[answer]]
text = "It reads {$read.lines[*].text | quoted}."
when = "$read.lines is not empty"
otherwise = "It says nothing."
[[answer]]
text = "There are {$find.objects | counted}."
"#;
    // `quad[0]` is a point, never a box: that is seen before anything runs.
    assert!(mistakes(plan).contains("node `again`, args.region: it takes a box"), "{}", mistakes(plan));
    let plan = plan.replace("region = \"$read.lines[0].quad[0]\"", "labels = [\"$read.lines[0].text\"]");
    let done = follow(&plan, &[]).await;
    assert_eq!(done.waves(), [vec!["detect", "ocr"]], "the blocked node made no call");
    assert_eq!(
        done.answer.draft,
        "There are two dogs. Not found out: `read` (the reader is broken), `again` (it needs `read`, which failed)."
    );
}

/// Reads what the broken reader cannot.
struct Reader;

impl Tool for Reader {
    const NAME: &'static str = "reader";
    const DESCRIPTION: &'static str = "Reads text, too.";
    const CAPABILITY: Capability = Capability::ReadText;
    type Args = common::Args;
    type Output = TextLines;

    async fn call(&self, _: common::Args, _: &ToolContext) -> Result<Observation<TextLines>, ToolError> {
        let quad = Quad::from(Rect::new(0.0, 0.0, 9.0, 9.0));
        let lines = vec![TextLine { text: "OPEN".into(), quad, score: 0.9 }];
        Ok(Observation::new(TextLines { lines }))
    }
}

#[tokio::test]
async fn a_tool_that_stands_in_gives_the_node_its_result() {
    let images = Arc::new(ImageStore::default());
    let image = images.insert(RgbImage::new(64, 64)).unwrap();
    let dispatcher = Dispatcher::new(common::registry().with(Reader).unwrap(), images);
    let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
    let plan = r#"
question = "What does it say?"
[[node]]
id = "read"
tool = "ocr"
args = { image = "$image" }
[[answer]]
text = "It reads {$read.lines[*].text | quoted}."
"#;
    let plan = PlanFile::parse("p.toml", plan).unwrap().check("p.toml", &tools).unwrap();
    let planner = DeclaredPlanner::new(plan, &[]).unwrap();
    let agent = Agent::builder(dispatcher.clone()).planner(Arc::new(planner)).build().unwrap();
    let answer = agent.ask("What does it say?", &[image], &CancellationToken::new(), &|_| ()).await.unwrap();
    assert_eq!(answer.steps[0].calls[0].call.tool, "reader");
    assert_eq!((answer.draft.as_str(), answer.steps.len()), ("It reads \"OPEN\".", 1));
}

#[tokio::test]
async fn a_plan_may_name_what_to_do_when_a_node_fails() {
    let plan = r#"
question = "What is there?"
[[node]]
id = "read"
tool = "ocr"
args = { image = "$image" }
[[node]]
id = "look"
tool = "detect"
args = { image = "$image" }
when = "$read is missing"
[[answer]]
text = "There are {$look.objects | counted}."
"#;
    let done = follow(plan, &[]).await;
    assert_eq!(done.waves(), [vec!["ocr"], vec!["detect"]]);
    assert!(done.answer.draft.starts_with("There are two dogs."), "{}", done.answer.draft);
}

#[tokio::test]
async fn a_reference_to_nothing_blocks_its_node_and_a_false_condition_skips_it() {
    let plan = r#"
question = "Which color is the first cat?"
[[node]]
id = "find"
tool = "detect"
args = { image = "$image", labels = ["cat"] }
[[node]]
id = "color"
tool = "color"
args = { image = "$image", region = "$find.objects[0].box" }
[[answer]]
text = "The cat is {$color.colors[0].name}."
"#;
    let blocked = follow(plan, &[]).await;
    assert_eq!(blocked.answer.draft, "Not found out: `color` (`$find.objects[0].box` is not there).");
    let guarded = plan.replace("id = \"color\"", "id = \"color\"\nwhen = \"$find.objects is not empty\"");
    let skipped = follow(&guarded, &[]).await;
    assert_eq!(skipped.answer.draft, "The plan has nothing to say about this picture.");
}

#[tokio::test]
async fn two_nodes_that_make_the_same_call_share_it() {
    let plan = r#"
question = "What is there?"
[[node]]
id = "one"
tool = "detect"
args = { image = "$image" }
[[node]]
id = "other"
tool = "detect"
args = { image = "$image" }
[[answer]]
text = "{$one.objects | count} and {$other.objects | count}."
"#;
    let done = follow(plan, &[]).await;
    assert_eq!((done.waves(), done.answer.draft.as_str()), (vec![vec!["detect"]], "2 and 2."));
}

#[tokio::test]
async fn at_the_limit_of_calls_the_answer_names_what_was_not_done() {
    let limits = Limits { calls: 1, ..Limits::default() };
    let done = follow_within(COLORS, &[], limits).await;
    assert_eq!(
        done.answer.draft,
        "There are two dogs. Not found out: `color` (the limit of the run came first)."
    );
    assert!(done.answer.notes.iter().any(|note| note.contains("limit of steps")), "{:?}", done.answer.notes);
}

#[test]
fn every_mistake_is_named_with_file_node_and_place() {
    let told = mistakes(
        r#"
question = "What is {$thing}?"
[inputs]
image = "dog"
[[node]]
id = "find"
tool = "detekt"
args = { image = "$image" }
[[node]]
id = "color"
tool = "color"
args = { image = "$image", region = "$fnd.objects[0].box", regoin = 3 }
[[node]]
id = "read"
tool = "ocr"
args = { image = "photo.jpg", region = "$image", labels = ["$color.colours[0].name"] }
when = "$color.quality is clear"
[[answer]]
text = "It is {$color.colors[0].label}."
"#,
    );
    for mistake in [
        "p.toml: inputs `image`: `$image` is given already",
        "p.toml: node `find`, tool: no tool is named `detekt`; there are: detect, color, ocr",
        "p.toml: node `color`, args.region: nothing is named `$fnd`",
        "p.toml: node `color`, args.regoin: `color` takes no `regoin`; it takes image, labels, region",
        "p.toml: node `read`, when: at character 19: expected `empty` or `missing` after `is`",
        "p.toml: answer 1, text: `$color.colors[0].label`: there is no field `label`; there are `name`",
    ] {
        assert!(told.contains(mistake), "{mistake}\n---\n{told}");
    }
}

#[test]
fn types_that_cannot_fit_are_found_before_anything_runs() {
    let told = mistakes(
        r#"
question = "?"
[[node]]
id = "find"
tool = "detect"
args = { image = "photo.jpg", labels = "dog" }
[[node]]
id = "color"
tool = "color"
args = { image = "$image", region = "$find.objects[0].bounds" }
[[node]]
id = "whole"
tool = "color"
args = { region = "$find.objects[0]" }
[[node]]
id = "each"
tool = "color"
each = "one in $find.objects[0].label"
args = { image = "$image" }
[[answer]]
text = "{$find.objects[0].score | counted}"
"#,
    );
    for mistake in [
        "node `find`, args.image: it takes an image, but gets \"photo.jpg\"",
        "node `find`, args.labels: it takes a list of texts, but gets \"dog\"",
        "node `color`, args.region: `$find.objects[0].bounds`: there is no field `bounds`; there are `label`, `box`, `score`",
        "node `whole`, args.region: it takes a box [left, top, right, bottom], but gets an object (label, box, score)",
        "node `whole`, args: `color` needs `image`",
        "node `each`, each: it takes a list, but gets a text",
        "answer 1, text: a filter takes a list, but `$find.objects[0].score` is a number",
    ] {
        assert!(told.contains(mistake), "{mistake}\n---\n{told}");
    }
}

#[test]
fn a_cycle_is_named_all_the_way_round() {
    let told = mistakes(
        r#"
question = "?"
[[node]]
id = "a"
tool = "detect"
args = { image = "$image", labels = ["$b.objects[0].label"] }
[[node]]
id = "b"
tool = "detect"
args = { image = "$image", labels = ["$c.objects[0].label"] }
[[node]]
id = "c"
tool = "detect"
args = { image = "$image", labels = ["$a.objects[0].label"] }
[[answer]]
text = "?"
"#,
    );
    assert_eq!(told, "p.toml: node `a`: it waits for itself: a -> b -> c -> a");
}

#[test]
fn a_file_of_another_form_is_refused_with_its_line() {
    let error = PlanFile::parse("p.toml", "question = \"?\"\n[[nod]]\nid = \"a\"\n").unwrap_err().to_string();
    assert!(error.contains("p.toml") && error.contains("line 2") && error.contains("nod"), "{error}");
}

#[test]
fn a_value_for_an_input_must_be_of_its_kind() {
    let (dispatcher, _) = dispatcher();
    let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
    let plan = PlanFile::parse("p.toml", COLORS).unwrap().check("p.toml", &tools).unwrap();
    let set = |name: &str, value: &str| {
        DeclaredPlanner::new(plan.clone(), &[(name.into(), value.into())]).unwrap_err().to_string()
    };
    assert_eq!(set("knd", "cat"), "`p.toml`: --set knd: the plan has no such input; it has: kind");
    let listed = COLORS.replace("kind = \"dog\"", "kind = \"dog\"\nlabels = [\"dog\"]");
    let plan = PlanFile::parse("p.toml", &listed).unwrap().check("p.toml", &tools).unwrap();
    let error = DeclaredPlanner::new(plan.clone(), &[("labels".into(), "3".into())]).unwrap_err().to_string();
    assert!(error.contains("it takes a list of texts, but gets 3"), "{error}");
    assert!(DeclaredPlanner::new(plan, &[("labels".into(), "[\"cat\"]".into())]).is_ok());
}

#[test]
fn the_waves_are_explained() {
    let (dispatcher, _) = dispatcher();
    let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
    let plan = PlanFile::parse("p.toml", COLORS).unwrap().check("p.toml", &tools).unwrap();
    assert_eq!(
        plan.explain(),
        "wave 1\n  find   detect(image: $image, labels: [\"$kind\"])\n\
         wave 2\n  color  color(image: $image, region: $one.box) for each one in $find.objects, at most 8  <- find\n"
    );
}
