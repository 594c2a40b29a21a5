//! A plan as a person (TOML) or a model (JSON) writes it.

use std::{collections::BTreeMap, path::Path};

use lavr_types::Capability;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::PlanError;

/// A plan: calls that depend on each other's results, and what to say of them. `docs/plans.md` describes the language.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// The question that the plan answers; `{$name}` stands for an input. It goes into the answer, and to calls that
    /// take `$question`.
    pub question: String,
    /// What the plan is for, for those who read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The inputs with their defaults; `--set name=value` gives another value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Value>,
    /// The calls.
    #[serde(rename = "node")]
    pub nodes: Vec<Node>,
    /// What to say, sentence by sentence.
    #[serde(rename = "answer")]
    pub answers: Vec<Sentence>,
}

/// One call of a plan, or one for each element of a list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its name: others refer to its result as `$id`.
    pub id: String,
    /// The tool to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// In the place of a tool: call the first one of this capability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capability: Option<Capability>,
    /// Its arguments. A text that begins with `$` is a reference: `$image`, `$find.objects[0].box`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub args: Map<String, Value>,
    /// Run it only if this holds: `$find.objects is not empty`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Run it once for each element: `dog in $find.objects`. The result is a list of `{ item, result }`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    /// The most elements of `each` that are looked at, 8 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 64))]
    pub most: Option<u32>,
    /// What to tell whoever watches while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
}

/// One sentence of the answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sentence {
    /// The text; `{$find.objects | counted}` stands for a value.
    pub text: String,
    /// Say it only if this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What to say if it does not hold, or if there is nothing to put into the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// Say it once for each element: `one in $colors`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
}

impl PlanFile {
    /// Reads a plan file.
    ///
    /// # Errors
    /// When it cannot be read or is no plan; the message names the file and the line.
    pub fn read(path: &Path) -> Result<Self, PlanError> {
        let file = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|source| PlanError::Read { file: file.clone(), source })?;
        Self::parse(&file, &text)
    }

    /// Reads a plan from its text; `name` is what errors call it.
    ///
    /// # Errors
    /// When it is no plan.
    pub fn parse(name: &str, text: &str) -> Result<Self, PlanError> {
        toml::from_str(text)
            .map_err(|error| PlanError::Form { file: name.to_owned(), message: error.to_string() })
    }

    /// The JSON schema of plan files, for editors.
    pub fn schema() -> Value {
        let mut schema =
            SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Self>().to_value();
        schema["title"] = "lavr plan".into();
        schema
    }
}
