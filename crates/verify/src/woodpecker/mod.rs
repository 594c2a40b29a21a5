//! Woodpecker as it was published, on the experts and the chat model at hand: the baseline that the verifier is
//! measured against.
//!
//! Yin et al., "Woodpecker: Hallucination Correction for Multimodal Large Language Models" (2023): a language model
//! names the key concepts of each sentence, then asks questions about them; a detector says what is there and how
//! often, a vision model answers the questions; what was seen is written down as claims, and a language model rewrites
//! the whole passage from them. That takes one model call for pronouns, one or two for each sentence, and one for the
//! rewriting.
//!
//! Where this differs from the published program: decoding is greedy; a reply that fails is asked for once more and
//! then done without, where the program retries for ever; things that the detector has no class for are left out,
//! where an open-vocabulary detector knows everything; question and answer stand side by side, or make a sentence
//! where they are about a color, where a network of its own phrased them; boxes are kept out of the text. Without a
//! vision model, questions about colors are answered by the expert that measures colors
//! ([`WoodpeckerOptions::colors`]), and others stay unanswered.

mod chat;
mod concepts;
mod knowledge;
mod parts;
mod questions;
mod table;

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use lavr_model::ChatModel;
use lavr_prompt::{Library, PromptError};
use lavr_tool::{CancellationToken, Dispatcher};
use lavr_types::{CallRecord, ImageId, Vocabulary};
use serde_json::json;

use crate::{
    Verification,
    experts::{Bounds, Experts, Listener},
};

use chat::{Chat, Prompts};
pub use parts::{ConceptExtractor, PassageRewriter};
use table::Table;

/// The most expert calls for one text: the published program has no limit.
const CALLS: u32 = 256;

/// A fault of the published program that the baseline can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quirk {
    /// All things share one list of boxes: a second word for a box that is stored is "not there", and a box that comes
    /// out a little different for another sentence counts again.
    SharedBoxes,
    /// Sentences without concepts are passed over when concepts are paired with sentences again, so that those after
    /// them get the concepts of others.
    ShiftedPairs,
    /// What stands behind a last separator is a thing without a name.
    EmptyConcepts,
}

impl Quirk {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::SharedBoxes, Self::ShiftedPairs, Self::EmptyConcepts];
}

/// How the baseline works.
#[derive(Debug, Clone)]
pub struct WoodpeckerOptions {
    /// Faults of the published program to show; none gives the algorithm as the paper describes it.
    pub quirks: BTreeSet<Quirk>,
    /// Whether the expert for colors answers questions about colors where there is no vision model.
    pub colors: bool,
    /// What the passage is an answer to.
    pub query: String,
    /// The words that tie a concept to the detector's labels.
    pub vocabulary: &'static Vocabulary,
}

impl Default for WoodpeckerOptions {
    fn default() -> Self {
        Self {
            quirks: BTreeSet::new(),
            colors: true,
            query: "Describe the picture.".to_owned(),
            vocabulary: Vocabulary::builtin(),
        }
    }
}

/// The baseline: rewrites a passage from what detector and vision model saw of it.
#[derive(Clone)]
pub struct Woodpecker {
    dispatcher: Dispatcher,
    model: Arc<dyn ChatModel>,
    prompts: Prompts,
    options: WoodpeckerOptions,
}

impl Woodpecker {
    /// A baseline over the experts of a dispatcher and a chat model.
    ///
    /// # Errors
    /// When a prompt of the user's is faulty.
    pub fn new(
        dispatcher: Dispatcher,
        model: Arc<dyn ChatModel>,
        prompts: &Library,
        options: WoodpeckerOptions,
    ) -> Result<Self, PromptError> {
        Ok(Self { dispatcher, model, prompts: Prompts::read(prompts)?, options })
    }

    /// The same baseline over other experts.
    #[must_use]
    pub fn over(&self, dispatcher: Dispatcher) -> Self {
        Self { dispatcher, ..self.clone() }
    }

    /// The passage as the baseline rewrites it after a look at the first picture. It gives verdicts on no claim and
    /// ties no edit to evidence: `claims` and `edits` are empty.
    ///
    /// It gives a result whatever happens; a step that failed is done without, and a note says so.
    pub async fn verify(
        &self,
        text: &str,
        images: &[ImageId],
        cancel: &CancellationToken,
        listener: Listener<'_>,
    ) -> Verification {
        let start = Instant::now();
        let bounds = Bounds { calls: CALLS, time: None, side_by_side: 1 };
        let experts = Experts::new(&self.dispatcher, cancel, bounds, listener);
        let chat = Chat::new(&*self.model, cancel);
        let mut notes = Vec::new();
        if images.len() > 1 {
            notes.push("the baseline looks at the first picture only".to_owned());
        }
        let rewritten = if let Some(image) = images.first() {
            self.rewritten(text, *image, &chat, &experts, &mut notes).await
        } else {
            notes.push("there is no picture to look at".to_owned());
            None
        };
        for note in &notes {
            experts.note(note);
        }
        let calls = experts.records();
        let mut usage = chat.usage();
        usage += calls.iter().map(CallRecord::usage).sum();
        usage.elapsed = start.elapsed();
        Verification {
            draft: text.to_owned(),
            text: rewritten.unwrap_or_else(|| text.to_owned()),
            claims: Vec::new(),
            edits: Vec::new(),
            notes,
            calls,
            usage,
        }
    }

    async fn rewritten(
        &self,
        text: &str,
        image: ImageId,
        chat: &Chat<'_>,
        experts: &Experts<'_>,
        notes: &mut Vec<String>,
    ) -> Option<String> {
        let Some(size) = experts.size(image) else {
            notes.push(format!("no image is named {image}: nothing was checked against it"));
            return None;
        };
        let room = text.len() / 2 + 64;
        let passage = chat
            .ask(&self.prompts.pronouns, &json!({ "passage": text }), room, notes)
            .await
            .unwrap_or_default();
        let passage = if passage.is_empty() { text } else { passage.as_str() };
        let sentences = concepts::sentences(passage);
        let mut named = Vec::new();
        for sentence in &sentences {
            let reply = chat.ask(&self.prompts.concepts, &json!({ "sentence": sentence }), 48, notes).await;
            named.push(concepts::named(&reply.unwrap_or_default(), self.shows(Quirk::EmptyConcepts)));
        }
        let mut table = Table::new(size, self.options.vocabulary, self.shows(Quirk::SharedBoxes));
        for concepts in named.iter().filter(|concepts| !concepts.is_empty()) {
            table.look(concepts, image, experts, notes).await;
        }
        let mut answers = questions::Answers::default();
        for (sentence, concepts) in self.pairs(&sentences, &named) {
            let there = table.found_of(concepts);
            if there.is_empty() {
                continue;
            }
            let inputs = json!({ "sentence": sentence, "concepts": there.join(".") });
            let reply = chat.ask(&self.prompts.questions, &inputs, 96, notes).await.unwrap_or_default();
            for question in questions::asked(&reply, &there) {
                answers.find(question, &table, image, experts, self.options.colors).await;
            }
        }
        let knowledge = knowledge::written(&table, &answers);
        let inputs = json!({ "knowledge": knowledge, "query": self.options.query, "passage": text });
        let reply = chat.ask(&self.prompts.rewrite, &inputs, room, notes).await?;
        (!reply.is_empty()).then_some(reply)
    }

    fn shows(&self, quirk: Quirk) -> bool {
        self.options.quirks.contains(&quirk)
    }

    /// Sentences with their concepts.
    fn pairs<'p>(&self, sentences: &'p [String], named: &'p [Vec<String>]) -> Vec<(&'p str, &'p [String])> {
        let shifted = self.shows(Quirk::ShiftedPairs);
        let concepts = named.iter().filter(|concepts| !shifted || !concepts.is_empty());
        sentences.iter().map(String::as_str).zip(concepts.map(Vec::as_slice)).collect()
    }
}
