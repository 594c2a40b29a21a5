//! A model within a budget.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use lavr_types::{Amounts, Budget, ImageId, ImageSource, ModelErrorKind, Reservation, TurnUsage};

use crate::{
    CancellationToken, Capabilities, ChatModel, Fit, LEAST_SIDE, ModelError, Part, StreamEvent, TurnRequest,
    TurnStream, pictures::pixels_of,
};

/// Tokens for each byte of a request, before the model has told its own: English has one in four, JSON one in three.
const TOKENS_PER_BYTE: f64 = 0.4;
/// Tokens for an image, an upper middle of what providers count.
const TOKENS_PER_IMAGE: u64 = 1_200;
/// A reply shorter than this says nothing.
const SHORTEST_REPLY: u64 = 48;

/// A model whose turns are paid from a budget: what a turn may cost at most is reserved before it is asked, and settled with
/// what it came to. A turn for which too little is left is not asked ([`ModelErrorKind::OverBudget`]).
///
/// How many tokens a request has is estimated from its bytes: at first as for English and JSON, then by the most that this
/// model has counted. The reply is cut to what is left. Money is counted where the model's price is known.
#[derive(Clone)]
pub struct Metered {
    model: Arc<dyn ChatModel>,
    budget: Budget,
    images: Option<Arc<dyn ImageSource>>,
    /// Whether a turn is asked without images for which there are too few pixels.
    leaves_out: bool,
    tokens_per_byte: Arc<Mutex<f64>>,
    /// Held from looking at what is left to having reserved it, so that turns side by side share it.
    reserving: Arc<Mutex<()>>,
}

impl Metered {
    /// The model, paid from this budget.
    pub fn new(model: Arc<dyn ChatModel>, budget: Budget) -> Self {
        let tokens_per_byte = Arc::new(Mutex::new(TOKENS_PER_BYTE));
        Self { model, budget, images: None, leaves_out: true, tokens_per_byte, reserving: Arc::default() }
    }

    /// Counting the pixels that it is shown. Images for which too few are left are shown smaller ([`Fit`]), unless the turn
    /// settles their size ([`TurnRequest::longest_side`]); those that are too many even so are told in words.
    #[must_use]
    pub fn with_images(mut self, images: Arc<dyn ImageSource>) -> Self {
        self.images = Some(images);
        self
    }

    /// A turn that cannot show all its images is not asked.
    #[must_use]
    pub fn with_all_images(mut self) -> Self {
        self.leaves_out = false;
        self
    }

    /// The same model, paid from another budget. What it has told of its tokens is known there, too.
    #[must_use]
    pub fn within(&self, budget: Budget) -> Self {
        Self { budget, ..self.clone() }
    }

    /// What a turn may cost at most, after its images and its reply were cut to what is left.
    fn worst(&self, turn: &mut TurnRequest) -> Amounts {
        let pixels = self.fit_images(turn);
        let input_tokens = self.input_tokens(turn);
        let left = self.budget.tokens_left().map(|left| left.saturating_sub(input_tokens));
        if let Some(left) = left.filter(|left| *left >= SHORTEST_REPLY) {
            turn.max_tokens = turn.max_tokens.min(usize::try_from(left).unwrap_or(usize::MAX));
        }
        let usage = TurnUsage { input_tokens, output_tokens: turn.max_tokens as u64, ..TurnUsage::default() };
        self.amounts(&usage, pixels)
    }

    fn amounts(&self, usage: &TurnUsage, pixels: u64) -> Amounts {
        let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
        Amounts { turns: 1, tokens, usd: price(&self.model, usage), pixels, ..Amounts::default() }
    }

    fn input_tokens(&self, turn: &TurnRequest) -> u64 {
        let rate = *self.tokens_per_byte.lock().unwrap_or_else(PoisonError::into_inner);
        let images = turn.shown(self.model.capabilities()).len() as u64;
        (bytes(turn) as f64 * rate).ceil() as u64 + images * TOKENS_PER_IMAGE
    }

    /// Makes the images smaller, or leaves out the oldest, where they are too large for the pixels that are left; gives the
    /// pixels of those that stay.
    fn fit_images(&self, turn: &mut TurnRequest) -> u64 {
        let Some(images) = &self.images else { return 0 };
        let capabilities = self.model.capabilities();
        let size = |image: ImageId| Some((image, images.size(image).ok()?));
        let shown: Vec<_> = turn.shown(capabilities).into_iter().filter_map(size).collect();
        let left = self.budget.pixels_left().unwrap_or(u64::MAX);
        let fit = match turn.longest_side {
            Some(side) => Fit::at(&shown, capabilities.shown_side(side), left),
            None => Fit::new(&shown, capabilities.longest_side, left),
        };
        turn.longest_side = fit.longest_side.or(turn.longest_side);
        if fit.left_out.is_empty() {
            return fit.pixels;
        }
        if !self.leaves_out {
            // More than is left: the reservation tells how much more.
            let side = turn.longest_side.map_or(LEAST_SIDE, |side| capabilities.shown_side(side));
            turn.longest_side = Some(side);
            return pixels_of(&shown, side);
        }
        for part in turn.messages.iter_mut().flat_map(|message| &mut message.parts) {
            if let Part::Image { image, alternative } = part
                && fit.left_out.contains(image)
            {
                let text = format!("(a picture that the budget of pixels leaves out: {alternative})");
                *part = Part::Text { text };
            }
        }
        fit.pixels
    }
}

fn price(model: &Arc<dyn ChatModel>, usage: &TurnUsage) -> f64 {
    model.capabilities().price.map_or(0.0, |price| price.of(usage))
}

/// The bytes of a request that a model reads as text.
fn bytes(turn: &TurnRequest) -> usize {
    let parts = turn.messages.iter().flat_map(|message| &message.parts).map(|part| match part {
        Part::Text { text } => text.len(),
        Part::ToolCall { call } => call.tool.len() + call.arguments.to_string().len(),
        Part::ToolResult { value, .. } => value.to_string().len(),
        Part::Verbatim { verbatim } => verbatim.value.to_string().len(),
        Part::Image { .. } => 0,
    });
    let tools = turn
        .tools
        .iter()
        .map(|tool| tool.name.len() + tool.description.len() + tool.arguments.to_string().len());
    parts.sum::<usize>() + tools.sum::<usize>()
}

#[async_trait]
impl ChatModel for Metered {
    fn capabilities(&self) -> &Capabilities {
        self.model.capabilities()
    }

    async fn stream(&self, turn: TurnRequest, cancel: CancellationToken) -> Result<TurnStream, ModelError> {
        self.stream_fitted(turn, cancel).await.map(|(_, stream)| stream)
    }
}

impl Metered {
    /// As [`ChatModel::stream`], and tells to which longest side in pixels the images were shrunk for want of pixels.
    ///
    /// # Errors
    /// As [`ChatModel::stream`].
    pub async fn stream_fitted(
        &self,
        mut turn: TurnRequest,
        cancel: CancellationToken,
    ) -> Result<(Option<u32>, TurnStream), ModelError> {
        let (worst, reserved) = {
            let _alone = self.reserving.lock().unwrap_or_else(PoisonError::into_inner);
            let worst = self.worst(&mut turn);
            (worst, self.budget.reserve(worst))
        };
        let written = bytes(&turn);
        let reserved = reserved.map_err(|over| {
            let name = &self.model.capabilities().name;
            ModelError::new(ModelErrorKind::OverBudget, name, over.to_string())
        })?;
        let longest_side = turn.longest_side;
        match self.model.stream(turn, cancel).await {
            Ok(stream) => {
                let mut open = Some(reserved);
                let (model, rate) = (Arc::clone(&self.model), Arc::clone(&self.tokens_per_byte));
                let settle = move |reserved: Reservation, usage: &TurnUsage| {
                    let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
                    reserved.settle(Amounts { tokens, usd: price(&model, usage), ..worst });
                    if worst.pixels == 0 && written > 0 {
                        let mut rate = rate.lock().unwrap_or_else(PoisonError::into_inner);
                        *rate = rate.max(usage.input_tokens as f64 / written as f64);
                    }
                };
                let stream = stream
                    .map(move |event| {
                        if let Ok(StreamEvent::Finished { usage, .. }) = &event
                            && let Some(reserved) = open.take()
                        {
                            settle(reserved, usage);
                        }
                        event
                    })
                    .boxed();
                Ok((longest_side, stream))
            }
            // Nothing was answered, and so nothing is charged but the attempt.
            Err(error) => {
                reserved.settle(Amounts { turns: 1, ..Amounts::default() });
                Err(error)
            }
        }
    }
}
