//! What the command line decides about calls that need approval.

use async_trait::async_trait;
use lavr_tool::{Approval, Approver, Registry};
use lavr_types::{ToolCall, ToolSpec};

/// Decisions by the name of the call. About any other call, nobody has decided yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Decisions {
    /// Tools whose calls are to be approved although they do not ask for it.
    pub(crate) ask_before: Vec<String>,
    approved: Vec<String>,
    /// With why.
    refused: Vec<(String, String)>,
}

impl Decisions {
    /// Nothing is decided yet. Calls of these tools wait, too.
    pub(crate) fn before(ask_before: Vec<String>) -> Self {
        Self { ask_before, ..Self::default() }
    }

    /// As the command line says it, about calls that wait.
    pub(crate) fn new(
        ask_before: Vec<String>,
        approve: &[String],
        refuse: &[String],
        waiting: &[&ToolCall],
    ) -> anyhow::Result<Self> {
        let waits = |name: &str| waiting.iter().any(|call| call.id.0 == name);
        let known = |name: &str| -> anyhow::Result<()> {
            let names = waiting.iter().map(|call| call.id.0.as_str()).collect::<Vec<_>>().join(", ");
            anyhow::ensure!(waits(name), "no call named `{name}` waits for approval; there are: {names}");
            Ok(())
        };
        let mut decisions = Self::before(ask_before);
        for name in approve {
            if name == "all" {
                decisions.approved.extend(waiting.iter().map(|call| call.id.0.clone()));
            } else {
                known(name)?;
                decisions.approved.push(name.clone());
            }
        }
        for text in refuse {
            let (name, why) = text.split_once('=').unwrap_or((text, "the user refused it"));
            known(name)?;
            decisions.refused.push((name.to_owned(), why.to_owned()));
        }
        Ok(decisions)
    }

    /// A slip of the pen in a tool's name would let its calls run unasked.
    pub(crate) fn check(&self, tools: &Registry) -> anyhow::Result<()> {
        for name in &self.ask_before {
            anyhow::ensure!(
                tools.spec(name).is_some(),
                "--ask-before: no tool is named `{name}` (`lavr tools list`)"
            );
        }
        Ok(())
    }
}

#[async_trait]
impl Approver for Decisions {
    fn asks_about(&self, spec: &ToolSpec) -> bool {
        self.ask_before.contains(&spec.name)
    }

    async fn approve(&self, call: &ToolCall, _: &ToolSpec) -> Approval {
        let name = &call.id.0;
        if let Some((_, why)) = self.refused.iter().find(|(refused, _)| refused == name) {
            return Approval::Refused(why.clone());
        }
        if self.approved.contains(name) { Approval::Approved } else { Approval::NotNow }
    }
}
