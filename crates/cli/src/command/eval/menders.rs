//! The verifier, with changes taken back, and the baseline that it is measured against.

use std::sync::Arc;

use clap::ValueEnum as _;
use lavr_eval::{EvalError, MakeMender, Mender};
use lavr_prompt::Library;
use lavr_tool::Dispatcher;
use lavr_verify::{
    Ablation, Ablations, ConceptExtractor, PassageRewriter, Quirk, Thresholds, VerifierOptions, Woodpecker,
    WoodpeckerOptions,
};

use super::{chat_model, verifier_name};
use crate::{
    arguments::{AblationChoice, Eval, SubjectChoice},
    setup::{PlannerModel, Setup},
};

/// Whether it is the verifier or the baseline.
pub(super) const fn is_mender(choice: SubjectChoice) -> bool {
    matches!(
        choice,
        SubjectChoice::Verifier | SubjectChoice::Woodpecker | SubjectChoice::WoodpeckerAsReleased
    )
}

/// What makes the subject over the experts of a dispatcher, and its name.
pub(super) async fn maker(
    choice: SubjectChoice,
    eval: &Eval,
    prompts: &Library,
    checking_model: Option<PlannerModel>,
    dispatcher: &Dispatcher,
    setup: &Setup,
) -> anyhow::Result<(String, Box<MakeMender>)> {
    if choice == SubjectChoice::Verifier {
        return verifier(eval, prompts, checking_model, setup).await;
    }
    let mut options = WoodpeckerOptions::default();
    for change in &eval.ablate {
        anyhow::ensure!(
            *change == AblationChoice::Colors,
            "of the changes to take back, Woodpecker has only `colors`; the others are the verifier's"
        );
        options.colors = false;
    }
    let released = choice == SubjectChoice::WoodpeckerAsReleased;
    if released {
        options.quirks = Quirk::ALL.into();
    }
    let model = chat_model(&eval.models, setup).await?;
    let name = format!(
        "woodpecker{}{} ({})",
        if released { " as released" } else { "" },
        if options.colors { "" } else { " without colors" },
        model.capabilities().name
    );
    let baseline = Woodpecker::new(dispatcher.clone(), model, prompts, options)?;
    Ok((name, Box::new(move |dispatcher, _| Ok(Box::new(baseline.over(dispatcher))))))
}

async fn verifier(
    eval: &Eval,
    prompts: &Library,
    checking_model: Option<PlannerModel>,
    setup: &Setup,
) -> anyhow::Result<(String, Box<MakeMender>)> {
    let asks = |change: &AblationChoice| matches!(change, AblationChoice::Extraction | AblationChoice::Edits);
    let model =
        if eval.ablate.iter().any(asks) { Some(chat_model(&eval.models, setup).await?) } else { None };
    let (mut extractor, mut rewriter) = (None, None);
    let mut without = Ablations::new();
    let mut name = verifier_name(&eval.checking);
    for change in &eval.ablate {
        match (change, &model) {
            (AblationChoice::Extraction, Some(model)) => {
                extractor = Some(ConceptExtractor::new(Arc::clone(model), prompts)?);
            }
            (AblationChoice::Edits, Some(model)) => {
                rewriter = Some(PassageRewriter::new(Arc::clone(model), prompts)?);
            }
            _ => without.extend(of_verifier(*change)),
        }
        let change = change.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        name.push_str(if name.contains("without") { ", " } else { " without " });
        name.push_str(&change);
    }
    if let Some(model) = &model {
        name = format!("{name} ({})", model.capabilities().name);
    }
    let (checking, prompts) = (eval.checking, prompts.clone());
    let make = move |dispatcher, thresholds: &Thresholds| -> Result<Box<dyn Mender>, EvalError> {
        let options = VerifierOptions {
            calls: checking.check_budget,
            time: checking.check_time,
            thresholds: Arc::new(thresholds.clone()),
            without: without.clone(),
            ..VerifierOptions::default()
        };
        let mut verifier =
            Setup::verifier_with(&dispatcher, options, &checking, checking_model.as_ref(), &prompts)
                .map_err(|error| EvalError::Unfit(format!("{error:#}")))?;
        if let Some(extractor) = &extractor {
            verifier = verifier.with_extractor(extractor.clone());
        }
        if let Some(rewriter) = &rewriter {
            verifier = verifier.with_corrector(rewriter.clone());
        }
        Ok(Box::new(verifier))
    };
    Ok((name, Box::new(make)))
}

/// The change as the verifier itself knows it; none where another part stands in for one of the verifier's.
const fn of_verifier(change: AblationChoice) -> Option<Ablation> {
    match change {
        AblationChoice::Extraction | AblationChoice::Edits => None,
        AblationChoice::Table => Some(Ablation::SentenceTables),
        AblationChoice::SecondLook => Some(Ablation::OneLook),
        AblationChoice::Interval => Some(Ablation::ExactCounts),
        AblationChoice::Verdicts => Some(Ablation::DetectorVerdicts),
        AblationChoice::Colors => Some(Ablation::NoColors),
    }
}
