//! The planner that has the model write its whole plan first.
//!
//! After `HuggingGPT` (<https://arxiv.org/abs/2303.17580>) and `VisProg` (<https://arxiv.org/abs/2211.11559>): one turn for the
//! plan, calls wave by wave with references followed by code, one turn for the answer. Where nodes fail, the model is asked
//! for other ones; what succeeded stays. Everything is found again in the turns: the plans in the model's own words, their
//! progress in the records.

use lavr_model::{
    Capabilities, FinishReason, Message, Part, Reply, ResponseFormat, Role, Sampling, TurnRequest,
};
use lavr_prompt::{Library, Prompt, PromptError};
use lavr_types::{CallRecord, Step, ToolSpec};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::model::{SMALLER_NOW, json_object, push_text, question_message, read_step};
use crate::{
    AgentError, Decision, Demonstrations, ImageNames, Misunderstanding, ModelPlanner, Node, Plan, PlanError,
    PlanFile, Planner, PlannerRecord, Situation, Turn,
    demonstration::as_plan,
    observation_text,
    plan::{Inputs, Progress},
    render::{signature_with_result, visible},
    schema::{StepChoices, plan_schema, step_schema},
    sight::Sight,
};

/// Plans that make no sense before the planner goes on step by step.
const MOST_WRONG_PLANS: usize = 2;

/// Asks a model for the whole plan, then for the answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlanFirstPlanner {
    prompt: Prompt,
    steps: ModelPlanner,
    demonstrations: Demonstrations,
    sees: bool,
    max_images: usize,
    schema: bool,
    repairs: usize,
}

/// What the planner does next, by the turns so far.
enum Mode {
    /// Ask for the plan.
    Write,
    /// Make the calls that can be made.
    Follow(Decision),
    /// Ask for other nodes in the place of those that failed, or for an answer.
    Repair,
    /// Ask for the answer.
    Answer,
    /// Plans have failed: go step by step.
    Steps,
}

/// What has been planned and what came of it.
struct Story {
    /// All nodes so far; a later one takes the place of an earlier one with its id.
    plan: Option<PlanFile>,
    /// The nodes of the latest plan: what failed of earlier ones was replaced, or given up.
    latest: Vec<String>,
    plans: usize,
    wrong: usize,
}

#[derive(Deserialize)]
struct PlanReply {
    #[serde(default)]
    thought: String,
    #[serde(default)]
    plan: Vec<Node>,
}

impl PlanFirstPlanner {
    /// A planner for a model with these capabilities, with the prompts of this library and the built-in demonstrations.
    ///
    /// # Errors
    /// When a prompt of the user's is faulty.
    pub fn new(capabilities: &Capabilities, prompts: &Library) -> Result<Self, AgentError> {
        Ok(Self {
            prompt: prompts.get("planner_first")?,
            steps: ModelPlanner::new(capabilities, prompts)?,
            demonstrations: Demonstrations::built_in()?,
            sees: capabilities.images,
            max_images: capabilities.max_images,
            schema: capabilities.schema,
            repairs: 2,
        })
    }

    /// Asks at most so many times for other nodes where some failed, 2 where this is not called; after that it goes on
    /// step by step.
    #[must_use]
    pub fn with_repairs(mut self, repairs: usize) -> Self {
        self.repairs = repairs;
        self
    }

    /// Shows these demonstrations instead of the built-in ones.
    #[must_use]
    pub fn with_demonstrations(mut self, demonstrations: Demonstrations) -> Self {
        self.steps = self.steps.with_demonstrations(demonstrations.clone());
        self.demonstrations = demonstrations;
        self
    }

    fn mode(&self, situation: &Situation<'_>) -> Mode {
        let story = self.story(situation, situation.turns);
        let Some(plan) = &story.plan else {
            return if story.wrong >= MOST_WRONG_PLANS { Mode::Steps } else { Mode::Write };
        };
        let outcome = following(plan, situation, |progress| {
            let calls = progress.ready();
            (
                calls,
                progress.says(),
                progress.missing().any(|(id, _)| story.latest.iter().any(|known| known == id)),
            )
        });
        match outcome {
            // A plan that was followed fits; where the tools changed since, it does not.
            Err(_) => Mode::Steps,
            Ok((calls, thought, _)) if !calls.is_empty() && !situation.must_answer => {
                Mode::Follow(Decision::Call { thought, calls })
            }
            Ok((_, _, true)) if !situation.must_answer => {
                if story.plans + story.wrong > self.repairs {
                    Mode::Steps
                } else {
                    Mode::Repair
                }
            }
            Ok(_) => Mode::Answer,
        }
    }

    /// Where things stand, as the plan goes by it, and `seen`: the same with places in the pixels that the model sees.
    fn request(
        &self,
        situation: &Situation<'_>,
        seen: &Situation<'_>,
        mode: &Mode,
    ) -> Result<TurnRequest, PromptError> {
        let names: Vec<&str> = situation.tools.iter().map(|tool| tool.name.as_str()).collect();
        let signatures: Vec<String> =
            situation.tools.iter().map(|tool| signature_with_result(tool)).collect();
        let inputs = json!({ "tools": signatures.join("\n") });
        let mut messages: Vec<Message> =
            self.prompt.render(&inputs, &names)?.into_iter().map(Message::from).collect();
        let mut stable_messages = messages.len();
        // A demonstration's pictures would take the place of those asked about.
        let mut pictures = 0;
        for demonstration in self.demonstrations.pick(situation.question, situation.tools) {
            messages.extend(as_plan(demonstration, &mut pictures));
        }
        if self.demonstrations.are_stable() {
            stable_messages = messages.len();
        }
        let mut image_names = situation.names.clone();
        let mut images_left = if self.sees { self.max_images } else { 0 };
        messages.push(question_message(seen, &mut image_names, &mut images_left));
        self.tell(situation, seen, &mut messages, &mut image_names, &mut images_left);
        match mode {
            Mode::Repair => push_text(&mut messages, &self.shortfall(situation, situation.turns)),
            Mode::Answer if situation.must_answer => {
                push_text(&mut messages, "No more calls are possible. Answer now from what you know.");
            }
            _ => {}
        }
        Ok(TurnRequest {
            messages,
            stable_messages,
            tools: Vec::new(),
            format: self.format(situation, mode),
            max_tokens: situation.limits.reply_tokens,
            longest_side: self.steps.shrunk_side(situation),
            sampling: Sampling::default(),
        })
    }

    fn format(&self, situation: &Situation<'_>, mode: &Mode) -> ResponseFormat {
        if !self.schema {
            return ResponseFormat::Text;
        }
        let citable = situation.citable();
        let images = situation.names.names();
        let choices = |tools, may_answer| StepChoices {
            tools,
            images: &images,
            calls: situation.limits.calls_per_step,
            citable: &citable,
            may_answer,
        };
        let schema = match mode {
            Mode::Answer => step_schema(&choices(&[], true)),
            Mode::Repair => plan_schema(&choices(situation.tools, true)),
            _ => plan_schema(&choices(situation.tools, self.sees)),
        };
        ResponseFormat::Schema { name: "plan".into(), schema }
    }

    /// The turns as a conversation: plans in the model's own words, then what their calls gave.
    fn tell(
        &self,
        situation: &Situation<'_>,
        seen: &Situation<'_>,
        messages: &mut Vec<Message>,
        names: &mut ImageNames,
        images_left: &mut usize,
    ) {
        let larger = self.steps.last_of_larger_pictures(situation);
        for (index, turn) in seen.turns.iter().enumerate() {
            match turn {
                Turn::Feedback { said, message } => {
                    let said = if said.trim().is_empty() { "(no reply)" } else { said };
                    messages.push(Message::text(Role::Assistant, said));
                    push_text(messages, message);
                }
                Turn::Step { step, said, .. } => {
                    if let Some(said) = said {
                        if index > 0 {
                            push_text(messages, &self.shortfall(situation, &situation.turns[..index]));
                        }
                        messages.push(Message::text(Role::Assistant, said));
                    }
                    let mut show = Vec::new();
                    for image in shown(step).filter(|_| self.sees) {
                        if *images_left > 0 {
                            *images_left -= 1;
                            let alternative = format!("{} was made by a call.", names.name(image));
                            show.push(Part::Image { image, alternative });
                        }
                    }
                    if !show.is_empty() {
                        messages.push(Message { role: Role::User, parts: show });
                    }
                    push_text(messages, &self.results(situation, index, step, names));
                }
            }
            if larger == Some(index) {
                push_text(messages, SMALLER_NOW);
            }
        }
    }

    /// What the calls of a step gave, each under the name of its node. `seen` is the step as the model sees it.
    fn results(
        &self,
        situation: &Situation<'_>,
        index: usize,
        seen: &Step,
        names: &mut ImageNames,
    ) -> String {
        let turns = &situation.turns[..=index];
        let plan = self.story(situation, turns).plan.unwrap_or_default();
        let owners = following(&plan, &Situation { turns, ..*situation }, |progress| {
            let records = situation.turns[index].records().iter();
            records.map(|record| progress.owners(record).join(", ")).collect::<Vec<_>>()
        })
        .unwrap_or_default();
        let mut lines = Vec::new();
        for (index, record) in seen.calls.iter().enumerate() {
            let text = observation_text(record, names);
            lines.push(match owners.get(index).filter(|owners| !owners.is_empty()) {
                Some(owners) => format!("{owners}: {text}"),
                None => text,
            });
        }
        lines.extend(super::model::reminder(seen));
        lines.join("\n")
    }

    /// What failed, what hangs on it, and how to go on.
    fn shortfall(&self, situation: &Situation<'_>, turns: &[Turn]) -> String {
        let story = self.story(situation, turns);
        let Some(plan) = story.plan else { return String::new() };
        let then = Situation { turns, ..*situation };
        let missing = following(&plan, &then, |progress| {
            let latest = progress.missing().filter(|(id, _)| story.latest.iter().any(|known| known == id));
            latest.map(|(id, why)| format!("{id}: {}", visible(why))).collect::<Vec<_>>()
        });
        let missing = missing.unwrap_or_default();
        if missing.is_empty() {
            return String::new();
        }
        format!(
            "These did not work:\n{}\nWhat worked is kept. Write a plan with other calls for what is still needed, or answer.",
            missing.join("\n")
        )
    }

    /// What has been planned in these turns, with places in the pixels of the images.
    fn story(&self, situation: &Situation<'_>, turns: &[Turn]) -> Story {
        let mut story = Story { plan: None, latest: Vec::new(), plans: 0, wrong: 0 };
        for (index, turn) in turns.iter().enumerate() {
            match turn {
                Turn::Step { said: Some(said), .. } => {
                    if let Some(reply) = plan_in(said) {
                        story.add(self.meant(situation, index, reply.plan));
                    }
                }
                Turn::Step { said: None, .. } => {}
                Turn::Feedback { .. } => story.wrong += 1,
            }
        }
        story
    }

    /// The nodes that the model wrote in the turn of this number, with their places in the pixels of the images.
    fn meant(&self, situation: &Situation<'_>, turn: usize, mut nodes: Vec<Node>) -> Vec<Node> {
        let side = situation.longest_side_at(turn, self.steps.own_side()).filter(|_| self.sees);
        let sight = Sight::new(side, situation);
        for node in &mut nodes {
            let tool = situation.tools.iter().find(|spec| {
                node.tool.as_ref().map_or(node.capability == Some(spec.capability), |name| *name == spec.name)
            });
            if let Some(spec) = tool {
                sight.meant_in_plan(&spec.arguments, situation, &mut node.args);
            }
        }
        nodes
    }
}

fn shown(step: &Step) -> impl Iterator<Item = lavr_types::ImageId> {
    let observations = step.calls.iter().flat_map(|record: &CallRecord| &record.outcome);
    observations.flat_map(|observation| observation.show.iter().copied())
}

/// Works out how far a plan has come.
fn following<T>(
    plan: &PlanFile,
    situation: &Situation<'_>,
    read: impl FnOnce(&Progress<'_>) -> T,
) -> Result<T, PlanError> {
    let checked = plan.check("your plan", situation.tools)?;
    let images = situation.images.iter().map(|(id, _)| *id);
    let inputs = Inputs::new(&plan.inputs, situation.question, images);
    let records: Vec<&CallRecord> = situation.records().collect();
    Ok(read(&Progress::of(&checked, &inputs, situation.names, &records)))
}

impl Story {
    fn add(&mut self, nodes: Vec<Node>) {
        self.plans += 1;
        self.latest = nodes.iter().map(|node| node.id.clone()).collect();
        let plan = self.plan.get_or_insert_default();
        for node in nodes {
            match plan.nodes.iter_mut().find(|known| known.id == node.id) {
                Some(known) => *known = node,
                None => plan.nodes.push(node),
            }
        }
    }
}

/// The plan in a reply, if it is one.
fn plan_in(text: &str) -> Option<PlanReply> {
    json_object::<PlanReply>(text)?.ok().filter(|reply| !reply.plan.is_empty())
}

impl PlanFirstPlanner {
    fn read_plan(&self, situation: &Situation<'_>, text: &str) -> Result<Decision, Misunderstanding> {
        const FORM: &str =
            "{\"thought\": \"...\", \"plan\": [{\"id\": \"...\", \"tool\": \"...\", \"args\": {...}}]}";
        let reply = match json_object::<PlanReply>(text) {
            Some(Ok(reply)) if !reply.plan.is_empty() => reply,
            Some(Err(error)) => {
                return Err(Misunderstanding(format!(
                    "Your reply is not the plan expected: {error}. Reply with one JSON object: {FORM}."
                )));
            }
            _ if situation.records().next().is_some() || self.sees => {
                return Ok(self.steps.meant(situation, read_step(situation, text)?));
            }
            _ => {
                return Err(Misunderstanding(format!(
                    "Your reply had no plan. Reply with one JSON object: {FORM}."
                )));
            }
        };
        let mut story = self.story(situation, situation.turns);
        story.add(self.meant(situation, situation.turns.len(), reply.plan));
        let plan = story.plan.unwrap_or_default();
        let outcome = following(&plan, situation, |progress| {
            let missing: Vec<String> = progress.missing().map(|(id, why)| format!("{id}: {why}")).collect();
            (progress.ready(), missing)
        });
        match outcome {
            Err(error) => Err(Misunderstanding(format!("{error}\nMend the plan."))),
            Ok((calls, missing)) if calls.is_empty() => Err(Misunderstanding(format!(
                "This plan makes no new call ({}). Plan other calls, or answer.",
                missing.join("; ")
            ))),
            Ok((calls, _)) => Ok(Decision::Call { thought: reply.thought.trim().to_owned(), calls }),
        }
    }
}

/// The turns as a planner that goes step by step may read them: plans as the calls that they made, without those that made
/// none.
fn as_step_turns(turns: &[Turn]) -> Vec<Turn> {
    let planned = |said: &Option<String>| said.as_deref().is_some_and(|said| plan_in(said).is_some());
    turns
        .iter()
        .filter_map(|turn| match turn {
            Turn::Step { step, said, .. } if planned(said) => {
                Some(Turn::Step { step: step.clone(), said: None, verbatim: None })
            }
            Turn::Feedback { said, .. } if said.contains("\"plan\"") => None,
            other => Some(other.clone()),
        })
        .collect()
}

impl Planner for PlanFirstPlanner {
    fn sees(&self) -> bool {
        self.sees
    }

    fn record(&self, question: &str, tools: &[&ToolSpec]) -> PlannerRecord {
        PlannerRecord::PlanFirst(Box::new(Self {
            steps: self.steps.shown(question, tools),
            demonstrations: self.demonstrations.picked(question, tools),
            ..self.clone()
        }))
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, PromptError> {
        Ok(match self.mode(situation) {
            Mode::Follow(decision) => Plan::Decided(decision),
            Mode::Steps => {
                let turns = as_step_turns(situation.turns);
                self.steps.plan(&Situation { turns: &turns, ..*situation })?
            }
            mode => {
                let view = self.steps.sight(situation).view(situation);
                let seen = view.as_ref().map_or(*situation, |view| view.of(situation));
                Plan::Ask(Box::new(self.request(situation, &seen, &mode)?))
            }
        })
    }

    fn read(&self, situation: &Situation<'_>, reply: &Reply) -> Result<Decision, Misunderstanding> {
        if reply.reason == FinishReason::Length {
            return Err(Misunderstanding("Your reply was cut off: it was too long. Be brief.".into()));
        }
        match self.mode(situation) {
            Mode::Steps => {
                let turns = as_step_turns(situation.turns);
                self.steps.read(&Situation { turns: &turns, ..*situation }, reply)
            }
            Mode::Answer => {
                let answering = Situation { must_answer: true, ..*situation };
                read_step(&answering, &reply.text)
            }
            _ => self.read_plan(situation, &reply.text),
        }
    }
}
