//! The planner as the command line asks: how it plans, what it is shown first.

use std::{path::Path, sync::Arc};

use lavr_agent::{
    AgentBuilder, DemonstrationSet, Demonstrations, ModelPlanner, PickBy, PlanFirstPlanner, Planner,
};
use lavr_embed::{SentenceEmbedder, SentenceFiles};
use lavr_model::{ChatModel, LexicalEmbedder, TextEmbedder};
use lavr_prompt::Library;
use lavr_tool::Dispatcher;
use lavr_types::ToolSpec;

use crate::{
    arguments::{PickForm, PlanForm, Planning},
    setup::{PlannerModel, Setup},
};

/// A planner with its model, or the fixed plan.
pub(crate) enum ChosenPlanner {
    Model(Arc<dyn ChatModel>, Arc<dyn Planner>),
    Fixed,
}

impl ChosenPlanner {
    /// Puts the planner into an agent.
    pub(crate) fn install(self, builder: AgentBuilder) -> AgentBuilder {
        match self {
            Self::Model(model, planner) => builder.model(model).planner(planner),
            Self::Fixed => builder,
        }
    }

    /// Its name, for tables.
    pub(crate) fn name(&self, planning: &Planning) -> String {
        let Self::Model(model, _) = self else { return "fixed plan".to_owned() };
        let mut parts = vec![model.capabilities().name.clone()];
        if planning.plan == PlanForm::First {
            parts.push("plan first".to_owned());
        }
        let shown = planning.demonstrations.as_deref().unwrap_or("built-in");
        match planning.demonstrations_by {
            PickForm::Embedding => parts.push(format!("demonstrations {shown} by embedding")),
            PickForm::Tools => parts.push(format!("demonstrations {shown} by tools")),
            PickForm::None => {
                parts.extend(planning.demonstrations.as_ref().map(|shown| format!("demonstrations {shown}")));
            }
        }
        parts.join(", ")
    }
}

/// The planner that was chosen for this model, with a note where something could not be had.
pub(crate) async fn planner(
    setup: &Setup,
    planning: &Planning,
    model: PlannerModel,
    dispatcher: &Dispatcher,
    prompts: &Library,
) -> anyhow::Result<(ChosenPlanner, Option<String>)> {
    let model = match model {
        PlannerModel::Model(model) => model,
        PlannerModel::Fixed => return Ok((ChosenPlanner::Fixed, None)),
        PlannerModel::Unavailable(why) => {
            let note =
                format!("no planner model could be had, so a fixed plan looks, reads and measures ({why})");
            return Ok((ChosenPlanner::Fixed, Some(note)));
        }
    };
    let (demonstrations, note) = demonstrations(setup, planning, dispatcher).await?;
    let capabilities = model.capabilities();
    let planner: Arc<dyn Planner> = match planning.plan {
        PlanForm::Steps => {
            let planner = ModelPlanner::new(capabilities, prompts)?;
            Arc::new(match demonstrations {
                Some(demonstrations) => planner.with_demonstrations(demonstrations),
                None => planner,
            })
        }
        PlanForm::First => {
            let planner = PlanFirstPlanner::new(capabilities, prompts)?;
            Arc::new(match demonstrations {
                Some(demonstrations) => planner.with_demonstrations(demonstrations),
                None => planner,
            })
        }
    };
    Ok((ChosenPlanner::Model(model, planner), note))
}

/// The demonstrations that were chosen; `None` leaves the planner its own.
async fn demonstrations(
    setup: &Setup,
    planning: &Planning,
    dispatcher: &Dispatcher,
) -> anyhow::Result<(Option<Demonstrations>, Option<String>)> {
    let set = match planning.demonstrations.as_deref() {
        None if planning.demonstrations_by == PickForm::None => return Ok((None, None)),
        Some("none") => return Ok((Some(Demonstrations::none()), None)),
        None | Some("built-in") => DemonstrationSet::built_in()?,
        Some(folder) => {
            anyhow::ensure!(
                Path::new(folder).is_dir(),
                "no folder with demonstrations is at `{folder}`: check the path, or give built-in or none"
            );
            DemonstrationSet::read(folder.as_ref(), &setup.images)?
        }
    };
    let tools: Vec<&ToolSpec> = dispatcher.registry().specs().collect();
    let set = set.for_tools(&tools)?;
    let mut note = None;
    let by = match planning.demonstrations_by {
        PickForm::None => PickBy::Order,
        PickForm::Tools => PickBy::Tools,
        PickForm::Embedding => {
            let embedder: Arc<dyn TextEmbedder> = match sentence_embedder(setup).await {
                Ok(embedder) => Arc::new(embedder),
                Err(error) => {
                    note = Some(format!(
                        "no text embedding network could be had, so demonstrations are picked by spelling ({error:#})"
                    ));
                    Arc::new(LexicalEmbedder)
                }
            };
            PickBy::Embedding(embedder)
        }
    };
    Ok((Some(Demonstrations::new(set, by, planning.demonstrations_count)?), note))
}

async fn sentence_embedder(setup: &Setup) -> anyhow::Result<SentenceEmbedder> {
    let name = SentenceEmbedder::MODEL;
    let files = SentenceFiles {
        weights: setup.store.file(name, "model.safetensors").await?,
        tokenizer: setup.store.file(name, "tokenizer.json").await?,
        config: setup.store.file(name, "config.json").await?,
    };
    Ok(tokio::task::spawn_blocking(move || SentenceEmbedder::load(name, &files)).await??)
}
