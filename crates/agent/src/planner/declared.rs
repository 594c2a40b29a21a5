//! The planner that follows a plan file: no model decides anything.

use std::collections::BTreeMap;

use lavr_model::Reply;
use lavr_prompt::PromptError;
use lavr_types::{CallRecord, ToolSpec};
use serde_json::Value;

use crate::{
    CheckedPlan, Decision, Misunderstanding, Plan, PlanError, Planner, PlannerRecord, Situation,
    plan::{Inputs, Progress, holds},
};

/// Follows a declared plan: what can run runs side by side, what hangs on a failed call is blocked, and the answer says
/// what could not be found out.
///
/// ```
/// use lavr_agent::{DeclaredPlanner, PlanFile};
/// # fn example(registry: &lavr_tool::Registry) -> Result<(), lavr_agent::PlanError> {
/// let plan = PlanFile::read("examples/plans/count.toml".as_ref())?;
/// let tools: Vec<_> = registry.specs().collect();
/// let planner = DeclaredPlanner::new(plan.check("count.toml", &tools)?, &[("label".into(), "dog".into())])?;
/// println!("{}", planner.question());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DeclaredPlanner {
    plan: CheckedPlan,
    inputs: BTreeMap<String, Value>,
}

impl DeclaredPlanner {
    /// Follows this plan with these values for its inputs.
    ///
    /// # Errors
    /// When the plan has no such input, or the value is of another kind.
    pub fn new(plan: CheckedPlan, set: &[(String, String)]) -> Result<Self, PlanError> {
        let inputs = plan.inputs_with(set)?;
        Ok(Self { plan, inputs })
    }

    /// Follows this plan with inputs that were held against it before.
    pub(crate) const fn with_inputs(plan: CheckedPlan, inputs: BTreeMap<String, Value>) -> Self {
        Self { plan, inputs }
    }

    /// The question that the plan answers with these inputs.
    pub fn question(&self) -> String {
        self.plan.question(&self.inputs)
    }
}

impl Planner for DeclaredPlanner {
    /// A person wrote the plan: a box in it needs no result that holds it.
    fn sees(&self) -> bool {
        true
    }

    fn record(&self, _: &str, _: &[&ToolSpec]) -> PlannerRecord {
        let (file, plan) = self.plan.written();
        let (file, plan) = (file.to_owned(), Box::new(plan.clone()));
        PlannerRecord::Declared { file, plan, inputs: self.inputs.clone() }
    }

    fn grants(&self, text: &str) -> bool {
        self.plan.holds(text) || self.inputs.values().any(|value| holds(value, text))
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, PromptError> {
        let images = situation.images.iter().map(|(id, _)| *id);
        let inputs = Inputs::new(&self.inputs, situation.question, images);
        let records: Vec<&CallRecord> = situation.records().collect();
        let progress = Progress::of(&self.plan, &inputs, situation.names, &records);
        let calls = progress.ready();
        Ok(Plan::Decided(if calls.is_empty() || situation.must_answer {
            let thought = "The plan is done.".to_owned();
            Decision::Answer { thought, text: progress.answer(), cites: situation.citable() }
        } else {
            Decision::Call { thought: progress.says(), calls }
        }))
    }

    fn read(&self, _: &Situation<'_>, _: &Reply) -> Result<Decision, Misunderstanding> {
        Err(Misunderstanding("A declared plan asks no model.".into()))
    }
}
