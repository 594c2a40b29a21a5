//! Descriptions composed from what the experts see.

mod compose;
mod scene;
mod words;

use async_trait::async_trait;
use lavr_tool::{ToolContext, ToolError};
use lavr_types::{Observation, Region, Trust, perception::Caption};

use crate::Captioner;
use compose::compose;
use scene::Scene;

/// Describes what the detector, the text reader, the colour meter and the rules of relations say of an image. It knows
/// none of them by name and does with those that are there.
///
/// Every statement rests on evidence. What was found with little confidence is said to be doubtful, and that nothing was
/// found is said, too.
#[derive(Debug, Clone, Copy, Default)]
pub struct Grounded;

impl Grounded {
    /// Its name in [`Caption::source`].
    pub const SOURCE: &'static str = "grounded";
}

#[async_trait]
impl Captioner for Grounded {
    async fn caption(
        &self,
        region: Region,
        context: &ToolContext,
    ) -> Result<Observation<Caption>, ToolError> {
        let scene = Scene::look(region, context).await?;
        let statements = compose(&scene);
        let text = statements.iter().map(|statement| statement.text.as_str()).collect::<Vec<_>>().join(" ");
        let evidence: Vec<_> = statements.into_iter().flat_map(|statement| statement.evidence).collect();
        let quotes = evidence.iter().any(|evidence| evidence.trust == Trust::Untrusted);
        let caption = Caption { text, source: Self::SOURCE.to_owned(), unseen: scene.unseen };
        let observation = Observation::new(caption).with_evidence(evidence);
        Ok(if quotes { observation.untrusted() } else { observation })
    }
}
