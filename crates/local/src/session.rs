//! One model at work: takes requests in turn, and keeps what it knows from one to the next.

use std::{sync::Arc, time::Duration, time::Instant};

use lavr_model::{
    CancellationToken, FinishReason, ModelError, ModelErrorKind, ResponseFormat, StreamEvent, TurnRequest,
    TurnUsage,
};
use lavr_types::{Span, TokenScore};

use crate::{
    cache::KvCache,
    grammar::{Constraint, Grammars},
    network::{CHUNK, Network, Stopped, Work},
    sampler::{Sampler, log_probability},
    snapshot::Snapshots,
    template::Template,
    tokenizer::{Tokenizer, Utf8Stream},
};

/// How long a model took for a prompt and a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measurement {
    /// Time to take the prompt in.
    pub prefill: Duration,
    /// Time to write the reply.
    pub decode: Duration,
}

/// Where the events of a turn go.
pub(crate) trait Sink {
    /// Whether anybody still listens.
    fn is_open(&self) -> bool;
    /// Sends an event.
    fn send(&mut self, event: StreamEvent);
}

/// Everything that a model needs to answer.
pub(crate) struct Session {
    pub(crate) name: String,
    pub(crate) network: Network,
    pub(crate) tokenizer: Arc<Tokenizer>,
    pub(crate) template: Template,
    pub(crate) snapshots: Option<Snapshots>,
    pub(crate) cache: KvCache,
    /// Tokens whose keys and values stand in the cache.
    pub(crate) known: Vec<u32>,
    pub(crate) grammars: Option<Grammars>,
    pub(crate) work: Work,
    pub(crate) logits: Vec<f32>,
}

/// A request as tokens.
struct Prompt {
    tokens: Vec<u32>,
    /// How many of them are the same from run to run.
    stable: usize,
}

impl Session {
    /// Answers a request.
    pub(crate) fn answer(
        &mut self,
        request: &TurnRequest,
        cancel: &CancellationToken,
        sink: &mut dyn Sink,
    ) -> Result<(), ModelError> {
        if request.max_tokens == 0 {
            return Err(self.invalid("the reply may have no tokens; set max_tokens to at least 1"));
        }
        let prompt = self.prompt(request)?;
        let room = self.cache.capacity().saturating_sub(prompt.tokens.len());
        if room == 0 {
            return Err(self.invalid(format!(
                "the request has {} tokens and the model holds {}; shorten it, or raise context_tokens",
                prompt.tokens.len(),
                self.cache.capacity()
            )));
        }
        let constraint = self.constraint(request)?;
        let cached = self.reuse(&prompt);
        let mut turn = Turn {
            usage: TurnUsage {
                input_tokens: prompt.tokens.len() as u64,
                cached_tokens: cached as u64,
                ..TurnUsage::default()
            },
            most: request.max_tokens.min(room),
            constraint,
            sampler: Sampler::new(request.sampling),
            text: Utf8Stream::default(),
            written: 0,
            pending: 0.0,
            tokens: Vec::new(),
            cancel,
            sink,
        };
        let stable = prompt.stable;
        if cached < stable {
            self.take_in(&prompt.tokens[cached..stable], &turn)?;
        }
        if stable > 0
            && let Some(snapshots) = &self.snapshots
        {
            snapshots.save(&prompt.tokens[..stable], &self.cache);
        }
        let reason = self.reply(&prompt.tokens[self.known.len()..], &mut turn)?;
        turn.finish(reason);
        Ok(())
    }

    fn invalid(&self, message: impl Into<String>) -> ModelError {
        ModelError::new(ModelErrorKind::InvalidRequest, &self.name, message)
    }

    fn prompt(&self, request: &TurnRequest) -> Result<Prompt, ModelError> {
        if request.messages.is_empty() {
            return Err(self.invalid("the request has no messages; add at least one"));
        }
        let tokens = self.written(&request.messages, true)?;
        let stable = request.stable_messages.min(request.messages.len());
        let mut common = 0;
        if stable > 0 && self.snapshots.is_some() {
            // Templates may treat the last message differently, so what counts is what agrees.
            let alone = self.written(&request.messages[..stable], false)?;
            common = common_prefix(&alone, &tokens).min(tokens.len().saturating_sub(1));
        }
        Ok(Prompt { tokens, stable: common })
    }

    fn written(&self, messages: &[lavr_model::Message], ask: bool) -> Result<Vec<u32>, ModelError> {
        let rendered = self.template.render(messages, ask).map_err(|error| {
            self.invalid(format!("the model's chat template refuses the messages: {error}"))
        })?;
        let mut tokens = self.tokenizer.encode(&rendered.text, &rendered.foreign);
        if self.tokenizer.adds_begin
            && let Some(begin) = self.tokenizer.begin
            && tokens.first() != Some(&begin)
        {
            tokens.insert(0, begin);
        }
        Ok(tokens)
    }

    fn constraint(&mut self, request: &TurnRequest) -> Result<Option<Constraint>, ModelError> {
        let ResponseFormat::Schema { name, schema } = &request.format else { return Ok(None) };
        let grammars = match self.grammars.take() {
            Some(grammars) => grammars,
            None => Grammars::new(&self.tokenizer)
                .map_err(|error| ModelError::new(ModelErrorKind::Weights, &self.name, error))?,
        };
        let constraint = grammars.start(name, &self.name, schema);
        self.grammars = Some(grammars);
        constraint.map(Some)
    }

    /// Keeps what the cache and the disk know of this prompt, and says how many tokens that is. At least the
    /// last token is left to do: the reply begins with what follows it.
    fn reuse(&mut self, prompt: &Prompt) -> usize {
        let most = prompt.tokens.len().saturating_sub(1);
        let common = common_prefix(&self.known, &prompt.tokens).min(most);
        self.known.truncate(common);
        if common < prompt.stable
            && let Some(snapshots) = &self.snapshots
        {
            let stable = &prompt.tokens[..prompt.stable];
            if snapshots.load(stable, &mut self.cache) {
                self.known = stable.to_vec();
            }
        }
        self.known.len()
    }

    /// Runs tokens through the network.
    fn take_in(&mut self, tokens: &[u32], turn: &Turn<'_>) -> Result<(), ModelError> {
        self.extend(tokens, &|| turn.is_stopped()).map_err(|Stopped| {
            ModelError::new(ModelErrorKind::Cancelled, &self.name, "the request was cancelled")
        })
    }

    fn extend(&mut self, tokens: &[u32], stopped: &dyn Fn() -> bool) -> Result<(), Stopped> {
        for chunk in tokens.chunks(CHUNK) {
            self.network.take_in(chunk, self.known.len(), &mut self.cache, &mut self.work, stopped)?;
            self.known.extend_from_slice(chunk);
        }
        Ok(())
    }

    /// Writes the reply, and says why it ended.
    fn reply(&mut self, rest: &[u32], turn: &mut Turn<'_>) -> Result<FinishReason, ModelError> {
        let mut pending = rest.to_vec();
        loop {
            // What the grammar forces goes through the network together with the token before it.
            if let Some(constraint) = &mut turn.constraint {
                let forced = constraint.forced()?;
                for token in forced {
                    if self.tokenizer.is_end(token) {
                        return Ok(FinishReason::Stop);
                    }
                    if turn.is_full() {
                        return Ok(FinishReason::Length);
                    }
                    // Nothing else was possible: of that the model is sure.
                    turn.say(self.tokenizer.bytes(token), 0.0);
                    pending.push(token);
                }
            }
            if turn.constraint.as_ref().is_some_and(Constraint::is_done) {
                return Ok(FinishReason::Stop);
            }
            if turn.is_full() {
                return Ok(FinishReason::Length);
            }
            self.take_in(&pending, turn)?;
            pending.clear();
            self.network.logits(&mut self.work, &mut self.logits);
            let (token, log_probability) = self.next(turn)?;
            if let Some(constraint) = &mut turn.constraint {
                constraint.take(token)?;
            }
            if self.tokenizer.is_end(token) {
                return Ok(FinishReason::Stop);
            }
            let bytes = if self.tokenizer.is_control(token) { &[] } else { self.tokenizer.bytes(token) };
            turn.say(bytes, log_probability);
            pending.push(token);
        }
    }

    /// The next token, with the logarithm of its probability.
    fn next(&self, turn: &mut Turn<'_>) -> Result<(u32, f32), ModelError> {
        let allowed = turn.constraint.as_mut().map(Constraint::allowed).transpose()?;
        let logits = &self.logits[..self.logits.len().min(self.tokenizer.len())];
        let token = turn.sampler.choose(logits, allowed.as_ref()).ok_or_else(|| {
            let message = "the network gives no numbers; its weights are damaged: check the file's SHA-256";
            ModelError::new(ModelErrorKind::Weights, &self.name, message)
        })?;
        Ok((token, log_probability(logits, allowed.as_ref(), token)))
    }

    /// Times a prompt and a reply of so many tokens, from nothing known.
    pub(crate) fn measure(&mut self, prompt: usize, reply: usize) -> Option<Measurement> {
        let vocabulary = self.tokenizer.len() as u32;
        if prompt == 0 || prompt + reply > self.cache.capacity() {
            return None;
        }
        self.known.clear();
        let tokens: Vec<u32> = (0..prompt as u32).map(|index| (1000 + index) % vocabulary).collect();
        let begin = Instant::now();
        self.extend(&tokens, &|| false).ok()?;
        self.network.logits(&mut self.work, &mut self.logits);
        let prefill = begin.elapsed();
        let begin = Instant::now();
        let mut sampler = Sampler::new(lavr_model::Sampling::default());
        for _ in 0..reply {
            let token = sampler.choose(&self.logits, None)?;
            self.extend(&[token], &|| false).ok()?;
            self.network.logits(&mut self.work, &mut self.logits);
        }
        Some(Measurement { prefill, decode: begin.elapsed() })
    }
}

fn common_prefix(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// A reply in the making.
struct Turn<'a> {
    usage: TurnUsage,
    most: usize,
    constraint: Option<Constraint>,
    sampler: Sampler,
    text: Utf8Stream,
    /// Bytes of text sent.
    written: usize,
    /// The log-probability of tokens that began a character and did not finish it.
    pending: f32,
    tokens: Vec<TokenScore>,
    cancel: &'a CancellationToken,
    sink: &'a mut dyn Sink,
}

impl Turn<'_> {
    fn is_stopped(&self) -> bool {
        self.cancel.is_cancelled() || !self.sink.is_open()
    }

    fn is_full(&self) -> bool {
        self.usage.output_tokens >= self.most as u64
    }

    fn say(&mut self, bytes: &[u8], log_probability: f32) {
        self.usage.output_tokens += 1;
        self.pending += log_probability;
        let text = self.text.push(bytes);
        self.send(text);
    }

    fn send(&mut self, text: String) {
        if text.is_empty() {
            return;
        }
        let span = Span::new(self.written, self.written + text.len());
        self.tokens.push(TokenScore { span, log_probability: std::mem::take(&mut self.pending) });
        self.written = span.end;
        self.sink.send(StreamEvent::Text { text });
    }

    fn finish(&mut self, reason: FinishReason) {
        let text = self.text.finish();
        self.send(text);
        if !self.tokens.is_empty() {
            self.sink.send(StreamEvent::Tokens { tokens: std::mem::take(&mut self.tokens) });
        }
        self.sink.send(StreamEvent::Finished { reason, usage: self.usage });
    }
}
