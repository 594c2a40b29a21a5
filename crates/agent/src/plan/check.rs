//! Holds a plan against the tools before anything runs.

use std::collections::{BTreeMap, BTreeSet};

use lavr_tool::inlined;
use lavr_types::ToolSpec;
use serde_json::{Value, json};

use super::{
    Node, PlanError, PlanFile, PlanMistake, Sentence,
    argument::Argument,
    expression::{Condition, Expression},
    order, schema,
    template::Template,
    text::{Cursor, SyntaxError},
};

/// The most elements of an `each` that are looked at, where the plan does not say.
const MOST: u32 = 8;
/// Names that a plan cannot give away.
pub(super) const GIVEN: [&str; 3] = ["image", "images", "question"];

/// A plan that fits together and fits its tools.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedPlan {
    pub(super) file: String,
    /// As it was written.
    pub(super) plan: PlanFile,
    pub(super) question: Template,
    pub(super) inputs: BTreeMap<String, Value>,
    /// In an order in which each node comes after what it needs.
    pub(super) nodes: Vec<CheckedNode>,
    pub(super) sentences: Vec<CheckedSentence>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct CheckedNode {
    pub(super) id: String,
    pub(super) tool: String,
    /// As it was written.
    pub(super) written: Node,
    /// The schema of the tool's arguments.
    pub(super) takes: Value,
    pub(super) args: Vec<(String, Argument)>,
    pub(super) when: Option<Condition>,
    pub(super) each: Option<Each>,
    pub(super) most: usize,
    pub(super) say: Option<Template>,
    /// The nodes that it waits for.
    pub(super) needs: Vec<String>,
    /// From 1: one more than the latest of those that it waits for.
    pub(super) wave: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Each {
    pub(super) name: String,
    pub(super) list: Expression,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct CheckedSentence {
    pub(super) text: Template,
    pub(super) when: Option<Condition>,
    pub(super) otherwise: Option<Template>,
    pub(super) each: Option<Each>,
}

impl PlanFile {
    /// Holds the plan against the tools; `file` is what errors call it.
    ///
    /// # Errors
    /// When something does not fit: all mistakes at once, each with its node and its place there.
    pub fn check(&self, file: &str, tools: &[&ToolSpec]) -> Result<CheckedPlan, PlanError> {
        let mut checker = Checker::default();
        checker.names(self);
        let question = checker.read("question", Template::parse(&self.question));
        let nodes: Vec<CheckedNode> =
            self.nodes.iter().filter_map(|node| checker.node(node, tools)).collect();
        let nodes = order::in_order(nodes).unwrap_or_else(|cycle| {
            let place = format!("node `{}`", cycle[0]);
            checker.mistake(place, format!("it waits for itself: {}", cycle.join(" -> ")));
            Vec::new()
        });
        let whole = nodes.len() == self.nodes.len();
        for node in &nodes {
            checker.types(node, tools);
        }
        let sentences = self.answers.iter().enumerate();
        let sentences: Vec<_> =
            sentences.filter_map(|(index, sentence)| checker.sentence(index, sentence, whole)).collect();
        if let Some(question) = &question {
            checker.expressions("question", question.expressions(), whole);
        }
        match question {
            Some(question) if checker.mistakes.is_empty() => Ok(CheckedPlan {
                file: file.to_owned(),
                plan: self.clone(),
                question,
                inputs: self.inputs.clone(),
                nodes,
                sentences,
            }),
            _ => Err(PlanError::Mistakes { file: file.to_owned(), mistakes: checker.mistakes }),
        }
    }
}

impl CheckedPlan {
    /// What errors call the plan, and the plan as it was written.
    pub(crate) fn written(&self) -> (&str, &PlanFile) {
        (&self.file, &self.plan)
    }
}

/// What the checker has found so far.
#[derive(Default)]
struct Checker {
    mistakes: Vec<PlanMistake>,
    /// The schema of everything that has a name; nothing is known of a node before its turn.
    kinds: BTreeMap<String, Value>,
    nodes: BTreeSet<String>,
}

/// A part could not be read, and that was told.
struct Told;

impl Checker {
    fn mistake(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.mistakes.push(PlanMistake { place: place.into(), message: message.into() });
    }

    fn read<T>(&mut self, place: &str, parsed: Result<T, SyntaxError>) -> Option<T> {
        parsed.map_err(|error| self.mistake(place, error.to_string())).ok()
    }

    /// Reads a part that may be left out.
    fn part<T>(
        &mut self,
        place: &str,
        text: Option<&str>,
        parse: impl Fn(&str) -> Result<T, SyntaxError>,
    ) -> Result<Option<T>, Told> {
        text.map(parse).transpose().map_err(|error| {
            self.mistake(place, error.to_string());
            Told
        })
    }

    /// Every name once, and none that is taken.
    fn names(&mut self, plan: &PlanFile) {
        let image = json!({ "type": "string", "format": "image-id" });
        self.kinds.insert("image".into(), image.clone());
        self.kinds.insert("images".into(), json!({ "type": "array", "items": image }));
        self.kinds.insert("question".into(), json!({ "type": "string" }));
        let inputs = plan.inputs.iter().map(|(name, value)| ("inputs", name, schema::kind_of(value)));
        let nodes = plan.nodes.iter().map(|node| ("node", &node.id, json!({})));
        for (place, name, kind) in inputs.chain(nodes) {
            let place = format!("{place} `{name}`");
            let mut cursor = Cursor::new(name);
            if cursor.name("").is_err() || cursor.end().is_err() {
                self.mistake(place, "names are letters, digits and `_`, and do not begin with a digit");
            } else if GIVEN.contains(&name.as_str()) {
                self.mistake(place, format!("`${name}` is given already; choose another name"));
            } else if self.kinds.insert(name.clone(), kind).is_some() {
                self.mistake(place, format!("`{name}` is there twice; choose another name"));
            }
        }
        self.nodes = plan.nodes.iter().map(|node| node.id.clone()).collect();
        if plan.nodes.is_empty() {
            self.mistake("node", "the plan has no node: begin one with [[node]]");
        }
    }

    fn node(&mut self, node: &Node, tools: &[&ToolSpec]) -> Option<CheckedNode> {
        let place = format!("node `{}`", node.id);
        let spec = self.tool(&place, node, tools);
        let mut args = Vec::new();
        for (name, value) in &node.args {
            match Argument::parse(value) {
                Ok(argument) => args.push((name.clone(), argument)),
                Err((inside, error)) => {
                    self.mistake(format!("{place}, args.{name}{inside}"), error.to_string());
                }
            }
        }
        let when = self.part(&format!("{place}, when"), node.when.as_deref(), Condition::parse);
        let each = self.part(&format!("{place}, each"), node.each.as_deref(), Each::parse);
        let say = self.part(&format!("{place}, say"), node.say.as_deref(), Template::parse);
        let (when, each, say) = (when.ok()?, each.ok()?, say.ok()?);
        let most = node.most.unwrap_or(MOST);
        if !(1..=64).contains(&most) {
            self.mistake(format!("{place}, most"), "give 1 to 64");
        }
        let spec = spec?;
        let node = CheckedNode {
            id: node.id.clone(),
            tool: spec.name.clone(),
            written: node.clone(),
            takes: inlined(&spec.arguments),
            args,
            when,
            each,
            most: most as usize,
            say,
            needs: Vec::new(),
            wave: 0,
        };
        let needs = self.needs(&place, &node);
        Some(CheckedNode { needs, ..node })
    }

    fn tool<'t>(&mut self, place: &str, node: &Node, tools: &[&'t ToolSpec]) -> Option<&'t ToolSpec> {
        let names = || tools.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>().join(", ");
        match (&node.tool, node.capability) {
            (Some(name), None) => {
                let found = tools.iter().find(|spec| spec.name == *name).copied();
                if found.is_none() {
                    let message = format!("no tool is named `{name}`; there are: {}", names());
                    self.mistake(format!("{place}, tool"), message);
                }
                found
            }
            (None, Some(capability)) => {
                let found = tools.iter().find(|spec| spec.capability == capability).copied();
                if found.is_none() {
                    let message =
                        format!("no tool here has the capability {capability:?}; tools: {}", names());
                    self.mistake(format!("{place}, capability"), message);
                }
                found
            }
            _ => {
                self.mistake(place, "give `tool` or `capability`, one of the two");
                None
            }
        }
    }

    /// The nodes that a node waits for; names that nothing has are mistakes.
    fn needs(&mut self, place: &str, node: &CheckedNode) -> Vec<String> {
        let own = node.each.as_ref().map(|each| each.name.as_str());
        let mut named: Vec<(String, String)> = Vec::new();
        let roots = |expressions: Vec<&Expression>| {
            expressions.into_iter().map(|expression| expression.reference.root.clone()).collect::<Vec<_>>()
        };
        for (name, argument) in &node.args {
            let roots = roots(argument.expressions());
            named.extend(roots.into_iter().map(|root| (format!("args.{name}"), root)));
        }
        if let Some(when) = &node.when {
            let roots = roots(when.expressions().map(|(expression, _)| expression).collect());
            named.extend(roots.into_iter().map(|root| ("when".to_owned(), root)));
        }
        if let Some(say) = &node.say {
            let roots = roots(say.expressions().collect());
            named.extend(roots.into_iter().map(|root| ("say".to_owned(), root)));
        }
        named.retain(|(_, root)| own != Some(root.as_str()));
        if let Some(each) = &node.each {
            named.push(("each".to_owned(), each.list.reference.root.clone()));
            if self.kinds.contains_key(&each.name) {
                self.mistake(
                    format!("{place}, each"),
                    format!("`{}` is taken; choose another name", each.name),
                );
            }
        }
        let mut needs = Vec::new();
        for (inside, root) in named {
            if !self.kinds.contains_key(&root) {
                let message = format!("nothing is named `${root}`; there are: {}", self.known());
                self.mistake(format!("{place}, {inside}"), message);
            } else if self.nodes.contains(&root) && !needs.contains(&root) {
                needs.push(root);
            }
        }
        needs
    }

    fn known(&self) -> String {
        self.kinds.keys().map(|name| format!("${name}")).collect::<Vec<_>>().join(", ")
    }

    /// Whether the arguments of a node fit its tool; then, what the node itself gives.
    fn types(&mut self, node: &CheckedNode, tools: &[&ToolSpec]) {
        let place = format!("node `{}`", node.id);
        let Some(spec) = tools.iter().find(|spec| spec.name == node.tool) else { return };
        let item = node.each.as_ref().map(|each| {
            let list = self.kind(&format!("{place}, each"), &each.list);
            if list["type"].as_str().is_some_and(|kind| kind != "array") {
                self.mistake(
                    format!("{place}, each"),
                    format!("it takes a list, but gets {}", schema::called(&list)),
                );
            }
            (each.name.clone(), list.get("items").cloned().unwrap_or(json!({})))
        });
        if let Some((name, kind)) = &item {
            self.kinds.insert(name.clone(), kind.clone());
        }
        let mut given = Vec::new();
        for (name, argument) in &node.args {
            let kind = self.argument(&format!("{place}, args.{name}"), argument);
            given.push((name.clone(), kind));
        }
        for (name, why) in misfits(spec, &given) {
            let inside = if name.is_empty() { "args".to_owned() } else { format!("args.{name}") };
            self.mistake(format!("{place}, {inside}"), why);
        }
        if let Some(when) = &node.when {
            self.expressions(&format!("{place}, when"), when.expressions().map(|(it, _)| it), false);
        }
        if let Some(say) = &node.say {
            self.expressions(&format!("{place}, say"), say.expressions(), false);
        }
        let gives = match item {
            Some((name, kind)) => {
                self.kinds.remove(&name);
                let entry = json!({ "item": kind, "result": inlined(&spec.output) });
                json!({ "type": "array", "items": { "type": "object", "properties": entry } })
            }
            None => inlined(&spec.output),
        };
        self.kinds.insert(node.id.clone(), gives);
    }

    fn argument(&mut self, place: &str, argument: &Argument) -> Value {
        match argument {
            Argument::Fixed(value) => schema::of(value),
            Argument::Reference(expression) => self.kind(place, expression),
            Argument::Text(template) => {
                self.expressions(place, template.expressions(), false);
                json!({ "type": "string" })
            }
            Argument::List(items) => {
                let kinds: Vec<Value> = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.argument(&format!("{place}[{index}]"), item))
                    .collect();
                schema::list_of(&kinds)
            }
            Argument::Object(fields) => {
                let fields: serde_json::Map<String, Value> = fields
                    .iter()
                    .map(|(name, field)| (name.clone(), self.argument(&format!("{place}.{name}"), field)))
                    .collect();
                json!({ "type": "object", "properties": fields })
            }
        }
    }

    /// The schema of an expression's value; anything where the expression is a mistake.
    fn kind(&mut self, place: &str, expression: &Expression) -> Value {
        let reference = &expression.reference;
        // A name that nothing has was told already.
        let Some(root) = self.kinds.get(&reference.root) else { return json!({}) };
        let kind = schema::at(root, &reference.steps).map_err(|why| format!("`{reference}`: {why}"));
        let kind = kind.and_then(|kind| {
            expression.filters.iter().try_fold(kind, |kind, filter| {
                let misfit = |wanted| {
                    format!("a filter takes {wanted}, but `{reference}` is {}", schema::called(&kind))
                };
                filter.schema(&kind).map_err(misfit)
            })
        });
        kind.unwrap_or_else(|message| {
            self.mistake(place, message);
            json!({})
        })
    }

    /// The schema of an element of a list.
    fn item(&self, list: &Expression) -> Value {
        let root = self.kinds.get(&list.reference.root);
        let kind = root.and_then(|root| schema::at(root, &list.reference.steps).ok());
        kind.and_then(|kind| kind.get("items").cloned()).unwrap_or(json!({}))
    }

    /// Whether expressions name what is there. `whole`: all nodes were read, so that a name that nothing has is a mistake.
    fn expressions<'e>(
        &mut self,
        place: &str,
        expressions: impl Iterator<Item = &'e Expression>,
        whole: bool,
    ) {
        for expression in expressions {
            let root = &expression.reference.root;
            if self.kinds.contains_key(root) {
                self.kind(place, expression);
            } else if whole {
                let message = format!("nothing is named `${root}`; there are: {}", self.known());
                self.mistake(place, message);
            }
        }
    }

    fn sentence(&mut self, index: usize, sentence: &Sentence, whole: bool) -> Option<CheckedSentence> {
        let place = |inside: &str| format!("answer {}, {inside}", index + 1);
        let text = self.read(&place("text"), Template::parse(&sentence.text));
        let when = self.part(&place("when"), sentence.when.as_deref(), Condition::parse);
        let otherwise = self.part(&place("otherwise"), sentence.otherwise.as_deref(), Template::parse);
        let each = self.part(&place("each"), sentence.each.as_deref(), Each::parse);
        let (text, when, otherwise, each) = (text?, when.ok()?, otherwise.ok()?, each.ok()?);
        if let Some(each) = &each {
            self.expressions(&place("each"), [&each.list].into_iter(), whole);
            let item = self.item(&each.list);
            if self.kinds.insert(each.name.clone(), item).is_some() {
                self.mistake(place("each"), format!("`{}` is taken; choose another name", each.name));
            }
        }
        self.expressions(&place("text"), text.expressions(), whole);
        if let Some(when) = &when {
            self.expressions(&place("when"), when.expressions().map(|(it, _)| it), whole);
        }
        if let Some(each) = &each {
            self.kinds.remove(&each.name);
        }
        if let Some(otherwise) = &otherwise {
            self.expressions(&place("otherwise"), otherwise.expressions(), whole);
        }
        Some(CheckedSentence { text, when, otherwise, each })
    }
}

/// What of these fixed arguments can never fit the tool.
pub(crate) fn argument_misfits(spec: &ToolSpec, args: &Value) -> Vec<String> {
    let Some(args) = args.as_object() else { return vec!["the arguments are no object".to_owned()] };
    let args = args.iter().map(|(name, value)| (name.clone(), schema::of(value))).collect::<Vec<_>>();
    misfits(spec, &args).into_iter().map(|(name, why)| format!("`{name}`: {why}")).collect()
}

/// Each argument that does not fit, and why. The name is empty where one is missing.
fn misfits(spec: &ToolSpec, args: &[(String, Value)]) -> Vec<(String, String)> {
    let takes = inlined(&spec.arguments);
    let known = takes["properties"].as_object();
    let mut misfits = Vec::new();
    for (name, given) in args {
        let why = match known.and_then(|known| known.get(name)) {
            Some(taken) => schema::misfit(given, taken),
            None if takes["additionalProperties"] == false => {
                let known = known.into_iter().flatten().map(|(name, _)| name.as_str());
                let known = known.collect::<Vec<_>>().join(", ");
                Some(format!("`{}` takes no `{name}`; it takes {known}", spec.name))
            }
            None => None,
        };
        misfits.extend(why.map(|why| (name.clone(), why)));
    }
    for name in takes["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !args.iter().any(|(given, _)| given == name) {
            misfits.push((String::new(), format!("`{}` needs `{name}`", spec.name)));
        }
    }
    misfits
}

impl Each {
    fn parse(text: &str) -> Result<Self, SyntaxError> {
        let mut cursor = Cursor::new(text);
        cursor.skip_space();
        let name = cursor.name("NAME in $LIST, such as `dog in $find.objects`")?;
        cursor.skip_space();
        if !cursor.word("in") {
            return Err(cursor.wrong("`in` after the name"));
        }
        cursor.skip_space();
        let list = Expression::read(&mut cursor)?;
        cursor.end()?;
        Ok(Self { name, list })
    }
}
