//! Where tools are kept.

use std::{collections::HashMap, sync::Arc};

use jsonschema::Validator;
use lavr_types::{Capability, ToolSpec};
use tokio::sync::Semaphore;

use crate::{DynTool, SchemaError, Tool, breaker::Circuit, schema, tool::Typed};

/// A tool could not be registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Another tool has this name.
    #[error("two tools are named `{0}`: rename one of them")]
    DuplicateName(String),
    /// The name has other characters than allowed.
    #[error(
        "`{0}` cannot name a tool: use 1 to 64 lower case letters, digits and `_`, beginning with a letter"
    )]
    InvalidName(String),
    /// The schema of the arguments is no usable JSON schema.
    #[error("the argument schema of `{tool}` is not usable, {reason}")]
    InvalidSchema {
        /// The tool.
        tool: String,
        /// Where and why.
        reason: SchemaError,
    },
}

pub(crate) struct Entry {
    pub(crate) tool: Arc<dyn DynTool>,
    pub(crate) validator: Validator,
    /// Checks what comes back, where no Rust type does.
    pub(crate) output: Option<Validator>,
    /// A place for each call that may run at once, of a tool that bounds them.
    pub(crate) places: Option<Semaphore>,
    pub(crate) circuit: Circuit,
}

/// The tools of an agent, in the order in which they were added.
#[derive(Default)]
pub struct Registry {
    entries: Vec<Entry>,
    by_name: HashMap<String, usize>,
}

impl Registry {
    /// No tools.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more tool.
    ///
    /// # Errors
    /// When its name is taken or not allowed, or its schema is not usable.
    pub fn with(self, tool: impl Tool) -> Result<Self, RegistryError> {
        self.add(Arc::new(Typed::new(tool)), false)
    }

    /// With one more tool whose schema is known only at run time. What it gives is held against its output schema.
    ///
    /// # Errors
    /// When its name is taken or not allowed, or its schema is not usable.
    pub fn with_dyn(self, tool: Arc<dyn DynTool>) -> Result<Self, RegistryError> {
        self.add(tool, true)
    }

    fn add(mut self, tool: Arc<dyn DynTool>, check_output: bool) -> Result<Self, RegistryError> {
        let spec = tool.spec();
        let name = spec.name.clone();
        if !is_name(&name) {
            return Err(RegistryError::InvalidName(name));
        }
        if self.by_name.contains_key(&name) {
            return Err(RegistryError::DuplicateName(name));
        }
        let validator = schema::validator(&spec.arguments)
            .map_err(|reason| RegistryError::InvalidSchema { tool: name.clone(), reason })?;
        self.by_name.insert(name, self.entries.len());
        let output = if check_output { output_validator(spec) } else { None };
        let places = spec.concurrency.limit().map(|places| Semaphore::new(places as usize));
        self.entries.push(Entry { tool, validator, output, places, circuit: Circuit::new() });
        Ok(self)
    }

    /// With each tool replaced by what `wrap` makes of it: something that records it, say.
    ///
    /// # Errors
    /// When a wrapped tool has a name or a schema that is not allowed, or two have the same name.
    pub fn wrapped(
        self,
        mut wrap: impl FnMut(Arc<dyn DynTool>) -> Arc<dyn DynTool>,
    ) -> Result<Self, RegistryError> {
        self.entries.into_iter().try_fold(Self::new(), |registry, entry| registry.with_dyn(wrap(entry.tool)))
    }

    /// What is known of every tool, in order.
    pub fn specs(&self) -> impl Iterator<Item = &ToolSpec> {
        self.entries.iter().map(|entry| entry.tool.spec())
    }

    /// What is known of one tool.
    pub fn spec(&self, name: &str) -> Option<&ToolSpec> {
        self.entry(name).map(|entry| entry.tool.spec())
    }

    /// The tools of a capability, in order: the first is asked first.
    pub fn with_capability(&self, capability: Capability) -> impl Iterator<Item = &ToolSpec> {
        self.specs().filter(move |spec| spec.capability == capability)
    }

    /// The other tools that answer the same question as this one, in order; none for tools that are of their own kind.
    pub(crate) fn stand_ins<'r>(&'r self, spec: &'r ToolSpec) -> impl Iterator<Item = &'r Entry> {
        let own_kind = matches!(spec.capability, Capability::Other | Capability::Transform);
        self.entries.iter().filter(move |entry| {
            let other = entry.tool.spec();
            !own_kind && other.capability == spec.capability && other.name != spec.name
        })
    }

    /// With one more tool before all others, so that it is the first of its capability.
    ///
    /// # Errors
    /// As [`Self::with_dyn`].
    pub fn with_first(self, tool: Arc<dyn DynTool>) -> Result<Self, RegistryError> {
        let mut registry = self.with_dyn(tool)?;
        registry.entries.rotate_right(1);
        registry.index();
        Ok(registry)
    }

    /// With this tool in the place of the one of its name.
    ///
    /// # Errors
    /// As [`Self::with_dyn`], but for the name.
    pub fn replaced(mut self, tool: Arc<dyn DynTool>) -> Result<Self, RegistryError> {
        let Some(&place) = self.by_name.get(&tool.spec().name) else { return self.with_dyn(tool) };
        self.entries.remove(place);
        self.index();
        let mut registry = self.with_dyn(tool)?;
        registry.entries[place..].rotate_right(1);
        registry.index();
        Ok(registry)
    }

    fn index(&mut self) {
        let names = self.entries.iter().map(|entry| entry.tool.spec().name.clone());
        self.by_name = names.enumerate().map(|(place, name)| (name, place)).collect();
    }

    /// A tool by its name, to be run without a dispatcher.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn DynTool>> {
        self.entry(name).map(|entry| &entry.tool)
    }

    pub(crate) fn entry(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name).map(|&index| &self.entries[index])
    }

    /// The name nearest to one that is not there, if any is near.
    pub(crate) fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.entries.iter().map(|entry| entry.tool.spec().name.as_str()))
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.specs().map(|spec| &spec.name)).finish()
    }
}

/// A schema of somebody else's output that is not usable costs the check, not the tool.
fn output_validator(spec: &ToolSpec) -> Option<Validator> {
    if spec.output.as_object().is_none_or(serde_json::Map::is_empty) {
        return None;
    }
    schema::validator(&spec.output)
        .inspect_err(|error| {
            tracing::warn!("what `{}` gives is not checked: its output schema: {error}", spec.name);
        })
        .ok()
}

fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use lavr_types::Observation;
    use serde_json::Value;

    use super::*;
    use crate::{ToolContext, ToolError};

    struct Named<const N: char>;

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Nothing {}

    macro_rules! named {
        ($letter:literal, $name:literal) => {
            impl Tool for Named<$letter> {
                const NAME: &'static str = $name;
                const DESCRIPTION: &'static str = "Does nothing.";
                type Args = Nothing;
                type Output = Value;

                async fn call(&self, _: Nothing, _: &ToolContext) -> Result<Observation<Value>, ToolError> {
                    Ok(Observation::new(Value::Null))
                }
            }
        };
    }
    named!('a', "a");
    named!('b', "b");
    named!('c', "c");

    fn names(registry: &Registry) -> Vec<&str> {
        registry.specs().map(|spec| spec.name.as_str()).collect()
    }

    #[test]
    fn a_tool_may_come_first_or_take_a_place() {
        let registry = Registry::new().with(Named::<'a'>).unwrap().with(Named::<'b'>).unwrap();
        let registry = registry.with_first(Arc::new(Typed::new(Named::<'c'>))).unwrap();
        assert_eq!(names(&registry), ["c", "a", "b"]);
        let another: Arc<dyn DynTool> = Arc::new(Typed::new(Named::<'a'>));
        let registry = registry.replaced(Arc::clone(&another)).unwrap();
        assert_eq!(names(&registry), ["c", "a", "b"]);
        assert!(Arc::ptr_eq(registry.get("a").unwrap(), &another));
        assert!(["a", "b", "c"].iter().all(|name| registry.spec(name).unwrap().name == *name));
    }
}
