//! The tools of a run are those that it began with.

use std::collections::BTreeMap;

use lavr_types::ToolSpec;
use serde::{Deserialize, Serialize};

/// The tools that a run began with, by name and by what was said of them. Neither a list that grew meanwhile, nor a
/// tool that was exchanged under its name before the run is taken up again elsewhere, gives it another one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct ToolSet {
    /// The fingerprint of each tool's description; none before the run began.
    tools: Option<BTreeMap<String, String>>,
    /// Whether the fingerprints were compared in this process. Specifications are immutable as long as a registry
    /// lives, so once is enough.
    #[serde(skip)]
    compared: bool,
}

impl PartialEq for ToolSet {
    fn eq(&self, other: &Self) -> bool {
        self.tools == other.tools
    }
}

impl ToolSet {
    /// Takes the tools down, or, where the run began elsewhere, strikes out those that have changed.
    pub(crate) fn begin(&mut self, tools: &[&ToolSpec]) {
        if self.compared {
            return;
        }
        self.compared = true;
        let now = tools.iter().map(|spec| (spec.name.clone(), spec.fingerprint()));
        match &mut self.tools {
            None => self.tools = Some(now.collect()),
            Some(known) => {
                let now: BTreeMap<String, String> = now.collect();
                known.retain(|name, fingerprint| now.get(name).is_none_or(|other| other == fingerprint));
            }
        }
    }

    /// Whether a tool is one of them.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.tools.as_ref().is_none_or(|tools| tools.contains_key(name))
    }

    /// Those of the tools that are of the run.
    pub(crate) fn of<'t>(&self, tools: &[&'t ToolSpec]) -> Vec<&'t ToolSpec> {
        tools.iter().copied().filter(|spec| self.has(&spec.name)).collect()
    }
}
