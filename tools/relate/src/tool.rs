//! The tool.

use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{Capability, Evidence, ImageId, Observation, Rect, Trust, perception::RelationReport};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{place, relate};

/// The tool `relate`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Relate;

/// Arguments of `relate`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct RelateArgs {
    /// The image that the boxes lie in.
    pub image: ImageId,
    /// Box of the thing asked about, as `detect` gave it: [left, top, right, bottom] in pixels.
    pub subject: Rect,
    /// Box of the other thing. Leave out to get the subject's place in the picture.
    #[serde(default)]
    pub object: Option<Rect>,
}

impl Tool for Relate {
    const NAME: &'static str = "relate";
    const DESCRIPTION: &'static str = "Tells how one box lies relative to another (left, right, above, below, on, inside, near), or where a box lies in the picture. Call `detect` first to get the boxes.";
    const CAPABILITY: Capability = Capability::Relate;

    type Args = RelateArgs;
    type Output = RelationReport;

    async fn call(
        &self,
        args: RelateArgs,
        context: &ToolContext,
    ) -> Result<Observation<RelationReport>, ToolError> {
        let subject = context.region(args.image, Some(args.subject))?;
        let object = args.object.map(|object| context.region(args.image, Some(object))).transpose()?;
        let report = match object {
            Some(object) => relate(subject.pixels(), object.pixels(), subject.size),
            None => place(subject.pixels(), subject.size),
        };
        let fact = |role: &str, region| Evidence {
            region,
            tool: Self::NAME.to_owned(),
            call: None,
            value: json!({ "role": role, "holds": report.holds }),
            score: 1.0,
            trust: Trust::Measured,
        };
        let evidence: Vec<_> = [Some(fact("subject", subject)), object.map(|object| fact("object", object))]
            .into_iter()
            .flatten()
            .collect();
        Ok(Observation::new(report).with_evidence(evidence))
    }
}
