//! How far a plan has come: worked out anew from the records each time, so that a run can stop and go on anywhere.

use std::collections::BTreeMap;

use lavr_types::{CallRecord, ImageId};
use serde_json::{Value, json};

use super::{
    CheckedPlan, PlanError,
    check::{CheckedNode, CheckedSentence, Each},
    expression::{Expression, Scope},
    schema,
    template::Template,
};
use crate::ImageNames;

/// What a plan is given: images, question, values of its inputs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Inputs {
    values: BTreeMap<String, Value>,
}

impl CheckedPlan {
    /// The inputs with these values (`--set`) in the place of their defaults. A value for a text is taken as it is
    /// written; any other is read as JSON.
    ///
    /// # Errors
    /// When the plan has no such input, or the value is of another kind than its default.
    pub fn inputs_with(&self, set: &[(String, String)]) -> Result<BTreeMap<String, Value>, PlanError> {
        let mut inputs = self.inputs.clone();
        for (name, text) in set {
            let wrong =
                |message: String| PlanError::Input { file: self.file.clone(), name: name.clone(), message };
            let known = || self.inputs.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let input = inputs.get_mut(name).ok_or_else(|| {
                wrong(format!(
                    "the plan has no such input; it has: {}",
                    if self.inputs.is_empty() { "none".into() } else { known() }
                ))
            })?;
            *input = if input.is_string() {
                Value::String(text.clone())
            } else {
                let value: Value = serde_json::from_str(text).map_err(|error| {
                    wrong(format!("`{text}` is no JSON value ({error}); the default is {input}"))
                })?;
                if let Some(why) = schema::misfit(&schema::of(&value), &schema::kind_of(input)) {
                    return Err(wrong(why));
                }
                value
            };
        }
        Ok(inputs)
    }

    /// Whether an argument of the plan is this very text.
    pub(crate) fn holds(&self, text: &str) -> bool {
        self.nodes.iter().flat_map(|node| node.written.args.values()).any(|value| holds(value, text))
    }

    /// The question of a run with these inputs.
    pub fn question(&self, inputs: &BTreeMap<String, Value>) -> String {
        let scope = Inputs { values: inputs.clone() };
        self.question
            .fill(&scope)
            .unwrap_or_else(|expression| format!("({} is not given)", expression.reference))
    }
}

/// Whether a text stands in a value as it is.
pub(crate) fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(known) => known == text,
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(fields) => fields.values().any(|field| holds(field, text)),
        _ => false,
    }
}

impl Inputs {
    pub(crate) fn new(
        inputs: &BTreeMap<String, Value>,
        question: &str,
        images: impl Iterator<Item = ImageId>,
    ) -> Self {
        let images: Vec<ImageId> = images.collect();
        let mut values = inputs.clone();
        values.extend(images.first().map(|image| ("image".to_owned(), json!(image))));
        values.insert("images".into(), json!(images));
        values.insert("question".into(), json!(question));
        Self { values }
    }
}

impl Scope for Inputs {
    fn root(&self, name: &str) -> Option<Value> {
        self.values.get(name).cloned()
    }
}

/// What became of a node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum State {
    /// Its result.
    Done(Value),
    /// Its condition does not hold, or what it hangs on was skipped: as the plan wants it.
    Skipped,
    /// Every call failed; why.
    Failed(String),
    /// It cannot run, since what it refers to is not there; why.
    Blocked(String),
    /// It has calls to make.
    Ready(Vec<(String, Value)>),
    /// Others come first.
    Waiting,
}

/// A plan and what became of each node.
pub(crate) struct Progress<'a> {
    plan: &'a CheckedPlan,
    inputs: &'a Inputs,
    states: BTreeMap<&'a str, State>,
    /// Every call of the plan that is known so far: its node, its tool, its arguments.
    calls: Vec<(&'a str, &'a str, Value)>,
}

impl Scope for Progress<'_> {
    fn root(&self, name: &str) -> Option<Value> {
        match self.states.get(name) {
            Some(State::Done(value)) => Some(value.clone()),
            Some(_) => None,
            None => self.inputs.root(name),
        }
    }
}

/// A scope with the element of an `each`.
struct WithItem<'a> {
    outer: &'a dyn Scope,
    name: &'a str,
    item: &'a Value,
}

impl Scope for WithItem<'_> {
    fn root(&self, name: &str) -> Option<Value> {
        if name == self.name { Some(self.item.clone()) } else { self.outer.root(name) }
    }
}

impl<'a> Progress<'a> {
    /// Works out what became of each node from the records of the run.
    pub(crate) fn of(
        plan: &'a CheckedPlan,
        inputs: &'a Inputs,
        names: &ImageNames,
        records: &[&CallRecord],
    ) -> Self {
        let mut progress = Self { plan, inputs, states: BTreeMap::new(), calls: Vec::new() };
        for node in &plan.nodes {
            let state = progress.state(node, names, records);
            progress.states.insert(&node.id, state);
        }
        progress
    }

    /// The calls that can be made now, each once.
    pub(crate) fn ready(&self) -> Vec<(String, Value)> {
        let mut calls: Vec<(String, Value)> = Vec::new();
        for node in &self.plan.nodes {
            if let Some(State::Ready(more)) = self.states.get(node.id.as_str()) {
                calls.extend(more.iter().filter(|call| !calls.contains(call)).cloned().collect::<Vec<_>>());
            }
        }
        calls
    }

    /// What to tell whoever watches while the calls of [`Self::ready`] run.
    pub(crate) fn says(&self) -> String {
        let ready = self.plan.nodes.iter().filter(|node| self.is_ready(node));
        let mut said = Vec::new();
        let mut silent = Vec::new();
        for node in ready {
            match node.say.as_ref().and_then(|say| say.fill(self).ok()) {
                Some(text) => said.push(text),
                None if node.id == node.tool => silent.push(node.id.clone()),
                None => silent.push(format!("{} ({})", node.id, node.tool)),
            }
        }
        if !silent.is_empty() {
            said.push(format!("Next: {}.", silent.join(", ")));
        }
        said.join(" ")
    }

    fn is_ready(&self, node: &CheckedNode) -> bool {
        matches!(self.states.get(node.id.as_str()), Some(State::Ready(_)))
    }

    /// The nodes that failed or were blocked, and why, in the order of the plan.
    pub(crate) fn missing(&self) -> impl Iterator<Item = (&str, &str)> {
        self.plan.nodes.iter().filter_map(|node| match self.states.get(node.id.as_str()) {
            Some(State::Failed(why) | State::Blocked(why)) => Some((node.id.as_str(), why.as_str())),
            _ => None,
        })
    }

    /// The nodes that a call was made for.
    pub(crate) fn owners(&self, record: &CallRecord) -> Vec<&str> {
        let made = |(_, tool, arguments): &&(&str, &str, Value)| record.answers(tool, arguments);
        let mut owners: Vec<&str> = self.calls.iter().filter(made).map(|(id, ..)| *id).collect();
        owners.dedup();
        owners
    }

    fn state(&mut self, node: &'a CheckedNode, names: &ImageNames, records: &[&CallRecord]) -> State {
        let waits =
            |need: &String| matches!(self.states.get(need.as_str()), Some(State::Ready(_) | State::Waiting));
        if node.needs.iter().any(waits) {
            return State::Waiting;
        }
        let Some(each) = &node.each else {
            return match self.call(node, self, names) {
                Ok(Some(arguments)) => {
                    self.calls.push((&node.id, &node.tool, arguments.clone()));
                    one(node, arguments, records)
                }
                Ok(None) => State::Skipped,
                Err(state) => state,
            };
        };
        let Some(list) = each.list.value(self) else { return self.unresolved(&each.list) };
        let Value::Array(items) = list else {
            return State::Blocked(format!("`{}` is no list", each.list.reference));
        };
        let mut calls = Vec::new();
        for item in items.iter().take(node.most) {
            let scope = WithItem { outer: self, name: &each.name, item };
            match self.call(node, &scope, names) {
                Ok(Some(arguments)) => calls.push((item, arguments)),
                Ok(None) => {}
                Err(state) => return state,
            }
        }
        self.calls.extend(
            calls.iter().map(|(_, arguments)| (node.id.as_str(), node.tool.as_str(), arguments.clone())),
        );
        many(node, &calls, records)
    }

    /// The arguments of a call of this node; `None` where its condition does not hold.
    fn call(
        &self,
        node: &CheckedNode,
        scope: &dyn Scope,
        names: &ImageNames,
    ) -> Result<Option<Value>, State> {
        if let Some(when) = &node.when {
            // A condition on what could not be found out is not answered by "no".
            let unknown = when.expressions().find(|(expression, needed)| {
                *needed && expression.value(scope).is_none() && self.is_broken(&expression.reference.root)
            });
            if let Some((expression, _)) = unknown {
                return Err(self.unresolved(expression));
            }
            if !when.holds(scope) {
                return Ok(None);
            }
        }
        let mut arguments = serde_json::Map::new();
        for (name, argument) in &node.args {
            let value = argument.value(scope).map_err(|expression| self.unresolved(expression))?;
            arguments.insert(name.clone(), value);
        }
        let mut arguments = Value::Object(arguments);
        names.put_ids(&node.takes, &mut arguments);
        Ok(Some(arguments))
    }

    fn is_broken(&self, root: &str) -> bool {
        matches!(self.states.get(root), Some(State::Failed(_) | State::Blocked(_)))
    }

    /// What becomes of a node whose reference has no value.
    fn unresolved(&self, expression: &Expression) -> State {
        let reference = &expression.reference;
        match self.states.get(reference.root.as_str()) {
            Some(State::Skipped) => State::Skipped,
            Some(State::Failed(_)) => State::Blocked(format!("it needs `{}`, which failed", reference.root)),
            Some(State::Blocked(_)) => {
                State::Blocked(format!("it needs `{}`, which did not run", reference.root))
            }
            _ => State::Blocked(format!("`{reference}` is not there")),
        }
    }

    /// The answer: every sentence that can be said, then what is missing.
    pub(crate) fn answer(&self) -> String {
        let mut said: Vec<String> = Vec::new();
        let mut unsaid: Vec<String> = Vec::new();
        for sentence in &self.plan.sentences {
            self.say(sentence, &mut said, &mut unsaid);
        }
        let mut reasons: Vec<String> =
            self.missing().map(|(id, why)| format!("`{id}` ({})", why.trim_end_matches('.'))).collect();
        reasons.extend(self.plan.nodes.iter().filter_map(|node| {
            let late = matches!(self.states.get(node.id.as_str()), Some(State::Ready(_) | State::Waiting));
            late.then(|| format!("`{}` (the limit of the run came first)", node.id))
        }));
        // Something was expected that is not there, though nothing failed.
        unsaid.dedup();
        reasons.extend(unsaid.iter().map(|place| format!("{place} (the results do not hold it)")));
        if !reasons.is_empty() {
            said.push(format!("Not found out: {}.", reasons.join(", ")));
        }
        if said.is_empty() {
            return "The plan has nothing to say about this picture.".to_owned();
        }
        said.join(" ")
    }

    fn say(&self, sentence: &CheckedSentence, said: &mut Vec<String>, unsaid: &mut Vec<String>) {
        let Some(Each { name, list }) = &sentence.each else {
            self.say_once(sentence, self, said, unsaid);
            return;
        };
        match list.value(self) {
            Some(Value::Array(items)) if !items.is_empty() => {
                for item in &items {
                    self.say_once(sentence, &WithItem { outer: self, name, item }, said, unsaid);
                }
            }
            Some(_) => said.extend(self.otherwise(sentence)),
            None => self.unsaid(sentence, list, said, unsaid),
        }
    }

    fn say_once(
        &self,
        sentence: &CheckedSentence,
        scope: &dyn Scope,
        said: &mut Vec<String>,
        unsaid: &mut Vec<String>,
    ) {
        if let Some(when) = &sentence.when {
            let unknown = when.expressions().find(|(expression, needed)| {
                *needed && expression.value(scope).is_none() && self.is_unknown(&expression.reference.root)
            });
            if let Some((expression, _)) = unknown {
                self.unsaid(sentence, expression, said, unsaid);
                return;
            }
            if !when.holds(scope) {
                said.extend(self.otherwise(sentence));
                return;
            }
        }
        match sentence.text.fill(scope) {
            Ok(text) => said.push(text),
            Err(expression) => self.unsaid(sentence, expression, said, unsaid),
        }
    }

    /// Whether nobody knows what a node would have given.
    fn is_unknown(&self, root: &str) -> bool {
        self.is_broken(root) || matches!(self.states.get(root), Some(State::Ready(_) | State::Waiting))
    }

    /// What could not be found out is no reason to say the opposite; what was looked for and is not there is.
    fn unsaid(
        &self,
        sentence: &CheckedSentence,
        expression: &Expression,
        said: &mut Vec<String>,
        unsaid: &mut Vec<String>,
    ) {
        let root = expression.reference.root.as_str();
        if self.is_unknown(root) {
            return;
        }
        match self.otherwise(sentence) {
            Some(text) => said.push(text),
            None if matches!(self.states.get(root), Some(State::Skipped)) => {}
            None => unsaid.push(format!("`{}`", expression.reference)),
        }
    }

    fn otherwise(&self, sentence: &CheckedSentence) -> Option<String> {
        sentence.otherwise.as_ref().and_then(|text: &Template| text.fill(self).ok())
    }
}

/// What became of this very call, if it was made. The last time counts.
fn outcome<'r>(
    node: &CheckedNode,
    arguments: &Value,
    records: &[&'r CallRecord],
) -> Option<Result<&'r Value, &'r str>> {
    let record = records.iter().rev().find(|record| record.answers(&node.tool, arguments))?;
    Some(record.outcome.as_ref().map(|seen| &seen.value).map_err(|failure| failure.message.as_str()))
}

fn one(node: &CheckedNode, arguments: Value, records: &[&CallRecord]) -> State {
    match outcome(node, &arguments, records) {
        Some(Ok(value)) => State::Done(value.clone()),
        Some(Err(why)) => State::Failed(why.to_owned()),
        None => State::Ready(vec![(node.tool.clone(), arguments)]),
    }
}

/// As [`one`] for the elements of an `each`: those that failed are left out, unless all did.
fn many(node: &CheckedNode, calls: &[(&Value, Value)], records: &[&CallRecord]) -> State {
    let mut open = Vec::new();
    let mut entries = Vec::new();
    let mut failure = None;
    for (item, arguments) in calls {
        match outcome(node, arguments, records) {
            Some(Ok(value)) => entries.push(json!({ "item": item, "result": value })),
            Some(Err(why)) => failure = failure.or(Some(why)),
            None => open.push((node.tool.clone(), arguments.clone())),
        }
    }
    if !open.is_empty() {
        return State::Ready(open);
    }
    match failure {
        Some(why) if entries.is_empty() => State::Failed(why.to_owned()),
        _ => State::Done(Value::Array(entries)),
    }
}
