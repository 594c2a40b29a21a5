//! A checked plan in words: what runs when.

use std::fmt::Write as _;

use super::{CheckedPlan, check::CheckedNode};

impl CheckedPlan {
    /// The calls wave by wave: those of one wave run side by side, each wave waits for what it needs.
    pub fn explain(&self) -> String {
        let mut text = String::new();
        let waves = self.nodes.iter().map(|node| node.wave).max().unwrap_or(0);
        let width = self.nodes.iter().map(|node| node.id.len()).max().unwrap_or(0);
        for wave in 1..=waves {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "wave {wave}");
            for node in self.nodes.iter().filter(|node| node.wave == wave) {
                let _ = writeln!(text, "  {:width$}  {}", node.id, described(node));
            }
        }
        text
    }
}

fn described(node: &CheckedNode) -> String {
    let args = node.written.args.iter().map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name}: {text}"),
        None => format!("{name}: {value}"),
    });
    let mut text = format!("{}({})", node.tool, args.collect::<Vec<_>>().join(", "));
    if let Some(each) = &node.written.each {
        let _ = write!(text, " for each {each}, at most {}", node.most);
    }
    if let Some(when) = &node.written.when {
        let _ = write!(text, " when {when}");
    }
    if !node.needs.is_empty() {
        let _ = write!(text, "  <- {}", node.needs.join(", "));
    }
    text
}
