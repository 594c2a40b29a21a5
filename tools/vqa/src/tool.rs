//! The tool.

use std::{fmt, sync::Arc};

use lavr_model::{
    Capabilities, ChatModel, Message, Metered, ModelError, ModelErrorKind, Part, Role, Sampling, TurnRequest,
    collect,
};
use lavr_prompt::{Library, Prompt, PromptError};
use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{
    Budget, Capability, Evidence, FailureKind, ImageId, Observation, Rect, Trust, Usage,
    perception::VisualAnswer,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::answer::normalized;

/// Room for a short sentence, and for models that think aloud a little.
const MOST_TOKENS: usize = 256;
/// The longest question, in characters.
const LONGEST_QUESTION: usize = 2000;
/// A chat model gives no measure of how sure it is: a fixed score that says so, half of a detector's best.
const SCORE: f32 = 0.5;

/// The tool `vqa`.
pub struct Vqa {
    /// Paid from the budget of the run that asks.
    model: Metered,
    prompt: Prompt,
}

impl fmt::Debug for Vqa {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Vqa").field("model", &self.model.capabilities().name).finish_non_exhaustive()
    }
}

/// Arguments of `vqa`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct VqaArgs {
    /// The image to ask about.
    pub image: ImageId,
    /// One short question about what is visible.
    #[schemars(length(min = 1, max = 2000))]
    pub question: String,
    /// The part to look at: [left, top, right, bottom] in pixels. Left out: the whole image.
    #[serde(default)]
    pub region: Option<Rect>,
}

impl Vqa {
    /// A tool that asks this model. `None` if the model sees no images: then there is no such tool. Its turns are paid from
    /// the budget of the run ([`ToolContext::budget`]) and stand in the call's record: do not meter the model yourself.
    ///
    /// # Errors
    /// When the prompt `vqa` cannot be had.
    pub fn new(model: Arc<dyn ChatModel>, prompts: &Library) -> Result<Option<Self>, PromptError> {
        let capabilities = model.capabilities();
        if !capabilities.images || capabilities.max_images == 0 {
            return Ok(None);
        }
        let model = Metered::new(model, Budget::default()).with_all_images();
        Ok(Some(Self { prompt: prompts.get("vqa")?, model }))
    }

    fn turn(&self, question: &str, image: ImageId) -> Result<TurnRequest, ToolError> {
        let rendered = self.prompt.render(&json!({ "question": question }), &[]);
        let rendered =
            rendered.map_err(|error| ToolError::failed("the prompt is faulty").caused_by(error))?;
        let mut messages: Vec<Message> = rendered.into_iter().map(Message::from).collect();
        let picture = Part::Image { image, alternative: "the picture that the question is about".to_owned() };
        match messages.iter_mut().rev().find(|message| message.role == Role::User) {
            // Models read the picture before the question.
            Some(message) => message.parts.insert(0, picture),
            None => messages.push(Message { role: Role::User, parts: vec![picture] }),
        }
        Ok(TurnRequest {
            messages,
            max_tokens: MOST_TOKENS,
            sampling: Sampling { temperature: 0.0, seed: 0 },
            ..TurnRequest::default()
        })
    }
}

impl Tool for Vqa {
    const NAME: &'static str = "vqa";
    const DESCRIPTION: &'static str = "Asks a vision model a question about an image or a box in it, for what no other tool measures \
         (actions, materials, moods, kinds). Its answers are not measured: prefer detect, ocr, color and relate \
         where they can tell.";
    const CAPABILITY: Capability = Capability::Answer;
    const ASKS_MODEL: bool = true;

    type Args = VqaArgs;
    type Output = VisualAnswer;

    async fn call(
        &self,
        args: VqaArgs,
        context: &ToolContext,
    ) -> Result<Observation<VisualAnswer>, ToolError> {
        let question = args.question.trim().to_owned();
        if question.is_empty() || question.chars().count() > LONGEST_QUESTION {
            return Err(ToolError::invalid_arguments("`question` must be one short question"));
        }
        let region = context.region(args.image, args.region)?;
        let images = Arc::clone(context.images());
        // The whole image gives itself.
        let seen = context.blocking(move || Ok(images.crop(region.image, region.pixels())?)).await?;

        let turn = self.turn(&question, seen)?;
        let Capabilities { name: model, price, .. } = self.model.capabilities().clone();
        let images = Arc::clone(context.images());
        let metered = self.model.within(context.budget().clone()).with_images(images as _);
        let asked = metered.stream_fitted(turn, context.cancellation().clone()).await;
        let (longest_side, stream) = asked.map_err(in_tool)?;
        let reply = collect(&model, stream).await.map_err(|error| {
            // Nobody said how many tokens a turn had that broke off.
            context.spent(Usage { model_calls: 1, ..Usage::default() });
            in_tool(error)
        })?;
        context.spent(reply.usage.spent(price));
        let size = context.images().size_of(seen)?;
        let shown_at = longest_side.map(|side| size.fit_within(side)).filter(|shown| *shown != size);
        let answer = normalized(&reply.text);
        if answer.is_empty() {
            return Err(ToolError::failed(
                "the vision model said nothing; ask another question, or another tool",
            ));
        }
        let evidence = Evidence {
            region,
            tool: Self::NAME.to_owned(),
            call: None,
            value: json!({ "question": question, "answer": answer }),
            score: if answer == "unknown" { 0.0 } else { SCORE },
            trust: Trust::Measured,
        };
        // The answer is free text by a model that may have read text in the picture.
        Ok(Observation::new(VisualAnswer { answer, model, shown_at })
            .with_evidence(vec![evidence])
            .untrusted())
    }
}

/// What a planner is told of a model's failure. The rest is for the operator.
fn in_tool(error: ModelError) -> ToolError {
    let told = match error.kind {
        ModelErrorKind::Cancelled => return ToolError::cancelled(),
        ModelErrorKind::RateLimited | ModelErrorKind::Transient => {
            ToolError::failed("the vision model could not be reached just now; it may work later")
        }
        ModelErrorKind::OverBudget => ToolError::new(
            FailureKind::OverBudget,
            format!("`vqa` was not run: {}; answer from what you know", error.message),
        ),
        ModelErrorKind::Unauthorized | ModelErrorKind::Weights => {
            ToolError::unavailable("the vision model is not available; use other tools")
        }
        _ => ToolError::failed("the vision model refused the question; use other tools"),
    };
    told.caused_by(error)
}
