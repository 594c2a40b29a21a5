//! The planner that asks a chat model, step by step.
//!
//! Two forms: a model with tool calls of its own uses them; any other writes one JSON object a step, held to
//! its schema where the model's decoder can do that.

use lavr_model::{
    Capabilities, FinishReason, Message, Part, Reply, ResponseFormat, Role, Sampling, ToolDeclaration,
    TurnRequest,
};
use lavr_prompt::{Library, Prompt, PromptError};
use lavr_types::{CallId, CallRecord, ImageId, Step, ToolSpec};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    AgentError, Decision, Demonstrations, ImageNames, Misunderstanding, Plan, Planner, PlannerRecord,
    Situation, Turn,
    demonstration::{as_native, as_steps},
    observation_text, render,
    schema::{StepChoices, lowered, step_schema},
    sight::Sight,
    signature,
};

/// Pictures that results may show, kept free of demonstrations.
const ROOM_FOR_RESULTS: usize = 4;

/// What a model is told behind its last words of larger pictures: a place copied from them would be another.
pub(super) const SMALLER_NOW: &str = "The pictures are smaller now than when you wrote the above. Do not copy places from \
     your own words: write them anew in the sizes told above. Places in results are in these sizes already.";

/// Asks a chat model for each step.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModelPlanner {
    prompt: Prompt,
    native: bool,
    schema: bool,
    sees: bool,
    max_images: usize,
    /// The longest side of the pictures that the model gets, in pixels; 0 where it is not known.
    #[serde(default)]
    longest_side: u32,
    demonstrations: Demonstrations,
}

impl ModelPlanner {
    /// A planner for a model with these capabilities, with the prompts of this library. A model that writes JSON is shown
    /// the built-in demonstrations, one with tool calls of its own none.
    ///
    /// # Errors
    /// When a prompt of the user's is faulty.
    pub fn new(capabilities: &Capabilities, prompts: &Library) -> Result<Self, AgentError> {
        let native = capabilities.native_tools;
        let demonstrations = if native { Demonstrations::none() } else { Demonstrations::built_in()? };
        Ok(Self {
            demonstrations,
            prompt: prompts.get(if native { "planner_native" } else { "planner" })?,
            native,
            schema: capabilities.schema,
            sees: capabilities.images,
            max_images: capabilities.max_images,
            longest_side: capabilities.longest_side,
        })
    }

    /// Shows these demonstrations instead.
    #[must_use]
    pub fn with_demonstrations(mut self, demonstrations: Demonstrations) -> Self {
        self.demonstrations = demonstrations;
        self
    }

    /// With those demonstrations alone that a question is shown.
    pub(super) fn shown(&self, question: &str, tools: &[&ToolSpec]) -> Self {
        Self { demonstrations: self.demonstrations.picked(question, tools), ..self.clone() }
    }

    /// The longest side of the pictures that the model takes; `None` where it is not known, or it takes none.
    pub(super) fn own_side(&self) -> Option<u32> {
        (self.sees && self.longest_side > 0).then_some(self.longest_side)
    }

    pub(super) fn sight(&self, situation: &Situation<'_>) -> Sight {
        Sight::new(situation.longest_side(self.own_side()).filter(|_| self.sees), situation)
    }

    /// The longest side of the pictures of a request, where that is less than the model takes.
    pub(super) fn shrunk_side(&self, situation: &Situation<'_>) -> Option<u32> {
        let side = situation.longest_side(None).filter(|_| self.sees);
        side.filter(|side| self.own_side().is_none_or(|own| *side < own))
    }

    /// The last turn that the model wrote when it saw larger pictures than now, if there is one: its words stay as they are,
    /// with places in pixels that are not those of the pictures any more.
    pub(super) fn last_of_larger_pictures(&self, situation: &Situation<'_>) -> Option<usize> {
        if self.sight(situation).is_plain() {
            return None;
        }
        (0..situation.turns.len()).rev().find(|turn| self.sight_changed(situation, *turn))
    }

    /// `larger` is the last turn of larger pictures ([`Self::last_of_larger_pictures`]).
    fn request(&self, situation: &Situation<'_>, larger: Option<usize>) -> Result<TurnRequest, PromptError> {
        let tool_names: Vec<&str> = situation.tools.iter().map(|tool| tool.name.as_str()).collect();
        let signatures: Vec<String> = situation.tools.iter().map(|tool| signature(tool)).collect();
        let rendered = self.prompt.render(&json!({ "tools": signatures.join("\n") }), &tool_names)?;
        let mut messages: Vec<Message> = rendered.into_iter().map(Message::from).collect();
        let mut stable_messages = messages.len();
        let room = if self.sees { self.max_images } else { 0 };
        // The pictures that are asked about come before those of demonstrations.
        let mut shown_images = room.saturating_sub(situation.images.len() + ROOM_FOR_RESULTS);
        let picked = self.demonstrations.pick(situation.question, situation.tools);
        for (index, demonstration) in picked.into_iter().enumerate() {
            messages.extend(if self.native {
                as_native(demonstration, index + 1, &mut shown_images)
            } else {
                as_steps(demonstration, &mut shown_images)
            });
        }
        // Of too many, the model's adapter shows the latest, and tells the others by their names.
        let mut images_left = if self.sees { usize::MAX } else { 0 };
        if self.demonstrations.are_stable() {
            stable_messages = messages.len();
        }
        let mut names = situation.names.clone();
        messages.push(question_message(situation, &mut names, &mut images_left));
        for (index, turn) in situation.turns.iter().enumerate() {
            // What the model wrote of larger pictures would not fit what it sees now.
            let as_seen_now = self.sight_changed(situation, index);
            let note = (larger == Some(index)).then_some(SMALLER_NOW);
            self.push_turn(&mut messages, turn, (as_seen_now, note), &mut names, &mut images_left);
        }
        if situation.must_answer {
            push_text(&mut messages, "No more calls are possible. Answer now from what you know.");
        }
        let (tools, format) = self.choices(situation);
        Ok(TurnRequest {
            messages,
            stable_messages,
            tools,
            format,
            max_tokens: situation.limits.reply_tokens,
            longest_side: self.shrunk_side(situation),
            sampling: Sampling::default(),
        })
    }

    /// What a model decided, with its places in the pixels of the images.
    pub(super) fn meant(&self, situation: &Situation<'_>, mut decision: Decision) -> Decision {
        if let Decision::Call { calls, .. } = &mut decision {
            let sight = self.sight(situation);
            for (tool, written) in calls {
                let Some(schema) = situation.arguments_of(tool) else { continue };
                situation.names.put_ids(schema, written);
                sight.meant(schema, written);
            }
        }
        decision
    }

    /// Whether the model saw pictures in another size when it wrote a turn.
    fn sight_changed(&self, situation: &Situation<'_>, turn: usize) -> bool {
        let own = self.own_side();
        self.sees && situation.longest_side_at(turn, own) != situation.longest_side(own)
    }

    fn choices(&self, situation: &Situation<'_>) -> (Vec<ToolDeclaration>, ResponseFormat) {
        let images = situation.names.names();
        let tools = if situation.must_answer { &[] } else { situation.tools };
        if self.native {
            let declarations = tools.iter().map(|tool| ToolDeclaration {
                name: tool.name.clone(),
                description: render::visible(&tool.description),
                arguments: named_images(&tool.arguments, &images),
            });
            return (declarations.collect(), ResponseFormat::Text);
        }
        if !self.schema {
            return (Vec::new(), ResponseFormat::Text);
        }
        let citable = situation.citable();
        let choices = StepChoices {
            tools,
            images: &images,
            calls: situation.limits.calls_per_step,
            // A planner that cannot see has nothing to answer from before it has looked.
            may_answer: self.sees || tools.is_empty() || situation.records().next().is_some(),
            citable: &citable,
        };
        let schema = step_schema(&choices);
        (Vec::new(), ResponseFormat::Schema { name: "step".into(), schema })
    }

    fn push_turn(
        &self,
        messages: &mut Vec<Message>,
        turn: &Turn,
        (as_seen_now, note): (bool, Option<&str>),
        names: &mut ImageNames,
        images_left: &mut usize,
    ) {
        let (step, said, verbatim) = match turn {
            Turn::Feedback { said, message } => {
                // An empty reply would be refused by some providers as a message.
                let said = if said.trim().is_empty() { "(no reply)" } else { said };
                messages.push(Message::text(Role::Assistant, said));
                messages.push(Message::text(Role::User, message));
                push_text(messages, note.unwrap_or_default());
                return;
            }
            Turn::Step { step, said, verbatim } => (step, said, verbatim),
        };
        let mut pictures = |record: &CallRecord, names: &mut ImageNames| -> Vec<Part> {
            let images = record.outcome.iter().flat_map(|observation| &observation.show);
            let told = images.filter_map(|&image| {
                let line = format!("{} was made by {}.", names.name(image), record.call.id);
                picture(image, &line, images_left)
            });
            told.collect()
        };
        if self.native {
            let mut parts = Vec::new();
            parts.extend(verbatim.clone().map(|verbatim| Part::Verbatim { verbatim }));
            if !step.thought.is_empty() {
                parts.push(Part::Text { text: step.thought.clone() });
            }
            let mut results = Vec::new();
            // Every provider takes text inside a result; beside it, not every one does.
            let reminders: Vec<String> = reminder(step).into_iter().chain(note.map(str::to_owned)).collect();
            let mut reminder = Some(reminders.join("\n")).filter(|text| !text.is_empty());
            for (index, record) in step.calls.iter().enumerate() {
                let mut call = record.call.clone();
                names.put_names(&mut call.arguments);
                parts.push(Part::ToolCall { call });
                let mut text = observation_text(record, names);
                if let Some(reminder) = reminder.take_if(|_| index + 1 == step.calls.len()) {
                    text = format!("{text}\n{reminder}");
                }
                results.push(Part::ToolResult {
                    call: record.call.id.clone(),
                    value: Value::String(text),
                    failed: record.outcome.is_err(),
                });
                // A picture belongs to the result before it.
                results.extend(pictures(record, names));
            }
            messages.push(Message { role: Role::Assistant, parts });
            messages.push(Message { role: Role::Tool, parts: results });
            return;
        }
        // The model's own words where it had any: the same tokens keep the cached state of the prefix valid.
        let seen_now = || {
            let calls: Vec<Value> = step
                .calls
                .iter()
                .map(|record| {
                    let mut args = record.call.arguments.clone();
                    names.put_names(&mut args);
                    render::round(&mut args);
                    json!({ "tool": record.call.tool, "args": args })
                })
                .collect();
            json!({ "thought": step.thought, "calls": calls }).to_string()
        };
        let said = said.as_deref().filter(|_| !as_seen_now);
        let said = said.map_or_else(seen_now, |said| acted_on(said).to_owned());
        messages.push(Message::text(Role::Assistant, said));
        let mut observations: Vec<String> =
            step.calls.iter().map(|record| observation_text(record, names)).collect();
        observations.extend(reminder(step));
        observations.extend(note.map(str::to_owned));
        let mut parts: Vec<Part> = Vec::new();
        step.calls.iter().for_each(|record| parts.extend(pictures(record, names)));
        parts.push(Part::Text { text: observations.join("\n") });
        messages.push(Message { role: Role::User, parts });
    }
}

/// The question with its images, each with its name and size.
pub(super) fn question_message(
    situation: &Situation<'_>,
    names: &mut ImageNames,
    images_left: &mut usize,
) -> Message {
    let mut parts = Vec::new();
    let mut text = String::new();
    for (id, size) in situation.images {
        let line = format!("{} is {}x{}.", names.name(*id), size.width, size.height);
        parts.extend(picture(*id, &line, images_left));
        text.push_str(&line);
        text.push('\n');
    }
    text.push_str("Question: ");
    text.push_str(situation.question);
    parts.push(Part::Text { text });
    Message { role: Role::User, parts }
}

fn picture(image: ImageId, alternative: &str, images_left: &mut usize) -> Option<Part> {
    if *images_left == 0 {
        return None;
    }
    *images_left -= 1;
    Some(Part::Image { image, alternative: alternative.to_owned() })
}

/// What a planner is told of a thought that its own results contradict.
pub(super) fn reminder(step: &Step) -> Option<String> {
    let wrong = step.contradictions.iter().map(|contradiction| render::visible(&contradiction.to_string()));
    let wrong: Vec<String> = wrong.collect();
    (!wrong.is_empty()).then(|| format!("Mind that {}. Go by what was seen.", wrong.join("; ")))
}

impl Planner for ModelPlanner {
    fn sees(&self) -> bool {
        self.sees
    }

    fn record(&self, question: &str, tools: &[&ToolSpec]) -> PlannerRecord {
        PlannerRecord::Model(Box::new(self.shown(question, tools)))
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, PromptError> {
        let sight = self.sight(situation);
        let view = sight.view(situation);
        let larger = self.last_of_larger_pictures(situation);
        let request = match &view {
            Some(view) => self.request(&view.of(situation), larger)?,
            None => self.request(situation, larger)?,
        };
        Ok(Plan::Ask(Box::new(request)))
    }

    fn read(&self, situation: &Situation<'_>, reply: &Reply) -> Result<Decision, Misunderstanding> {
        if reply.reason == FinishReason::Length {
            return Err(Misunderstanding("Your reply was cut off: it was too long. Be brief.".into()));
        }
        let decision = if self.native { read_native(reply) } else { read_step(situation, &reply.text) }?;
        Ok(self.meant(situation, decision))
    }
}

fn read_native(reply: &Reply) -> Result<Decision, Misunderstanding> {
    let thought = if reply.reasoning.is_empty() { &reply.text } else { &reply.reasoning };
    if !reply.calls.is_empty() {
        let calls = reply.calls.iter().map(|call| (call.tool.clone(), call.arguments.clone())).collect();
        return Ok(Decision::Call { thought: thought.trim().to_owned(), calls });
    }
    let text = reply.text.trim().to_owned();
    if text.is_empty() {
        return Err(Misunderstanding("Your reply was empty. Call a tool or answer the question.".into()));
    }
    Ok(Decision::Answer { thought: reply.reasoning.trim().to_owned(), text, cites: Vec::new() })
}

#[derive(Deserialize)]
struct JsonStep {
    #[serde(default)]
    thought: String,
    #[serde(default)]
    calls: Vec<JsonCall>,
    answer: Option<String>,
    #[serde(default)]
    cites: Vec<CallId>,
}

#[derive(Deserialize)]
struct JsonCall {
    tool: String,
    #[serde(default = "no_arguments")]
    args: Value,
}

fn no_arguments() -> Value {
    json!({})
}

/// The first JSON object of a text: models without a grammar like to wrap it into prose or a code fence.
pub(super) fn json_object<T: DeserializeOwned>(text: &str) -> Option<serde_json::Result<T>> {
    let start = text.find('{')?;
    serde_json::Deserializer::from_str(&text[start..]).into_iter().next()
}

/// Reads a step written as JSON.
pub(super) fn read_step(situation: &Situation<'_>, text: &str) -> Result<Decision, Misunderstanding> {
    let form = if situation.must_answer {
        "{\"thought\": \"...\", \"answer\": \"...\"}"
    } else {
        "{\"thought\": \"...\", \"calls\": [{\"tool\": \"...\", \"args\": {...}}]} or \
         {\"thought\": \"...\", \"answer\": \"...\"}"
    };
    let wrong = |what: &str| Misunderstanding(format!("{what} Reply with one JSON object: {form}."));
    let step: JsonStep = match json_object(text) {
        Some(Ok(step)) => step,
        Some(Err(error)) => return Err(wrong(&format!("Your reply is not the JSON expected: {error}."))),
        None => return Err(wrong("Your reply held no JSON object.")),
    };
    let thought = step.thought.trim().to_owned();
    match step.answer {
        Some(text) if step.calls.is_empty() => {
            let text = text.trim().to_owned();
            if text.is_empty() {
                return Err(wrong("Your answer was empty."));
            }
            Ok(Decision::Answer { thought, text, cites: step.cites })
        }
        // Calls win over an answer given in the same breath: it cannot rest on their results.
        _ if !step.calls.is_empty() => {
            let calls = step.calls.into_iter().map(|call| (call.tool, call.args)).collect();
            Ok(Decision::Call { thought, calls })
        }
        _ => Err(wrong("Your reply had neither calls nor an answer.")),
    }
}

/// A reply up to the end of its JSON object. What a model makes up behind its calls (results of them, an answer from
/// those) would otherwise stand in the conversation as if it had happened.
fn acted_on(said: &str) -> &str {
    let Some(start) = said.find('{') else { return said };
    let mut objects = serde_json::Deserializer::from_str(&said[start..]).into_iter::<serde::de::IgnoredAny>();
    match objects.next() {
        Some(Ok(_)) => &said[..start + objects.byte_offset()],
        _ => said,
    }
}

/// Adds text to the last message where the user speaks, else as a message of its own.
pub(super) fn push_text(messages: &mut Vec<Message>, text: &str) {
    if text.is_empty() {
        return;
    }
    let text = text.to_owned();
    match messages.last_mut() {
        Some(last) if last.role == Role::User => {
            if let Some(Part::Text { text: before }) = last.parts.last_mut() {
                before.push('\n');
                before.push_str(&text);
            } else {
                last.parts.push(Part::Text { text });
            }
        }
        _ => messages.push(Message::text(Role::User, text)),
    }
}

/// A schema for a provider: as the tool has it, but for images, which go by their names.
fn named_images(schema: &Value, images: &[String]) -> Value {
    let mut schema = lavr_tool::inlined(schema);
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for property in properties.values_mut() {
            let holds_image = crate::names::is_image(property) || crate::names::is_image(&property["items"]);
            if holds_image {
                *property = lowered(property, images);
            }
        }
    }
    make_visible(&mut schema);
    schema
}

/// Descriptions of outside tools are shown to a model as a person would see them.
fn make_visible(schema: &mut Value) {
    match schema {
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| match value {
            Value::String(text) if key == "description" => *text = render::visible(text),
            value => make_visible(value),
        }),
        Value::Array(items) => items.iter_mut().for_each(make_visible),
        _ => {}
    }
}
