//! Sentences are verified while more text arrives.
//!
//! Each sentence is read together with the text before it (as far as [`CONTEXT`] reaches), so that a pronoun finds what it
//! stands for, and its claims are judged with the same experts, budget and receipts as all others of the stream: what
//! was looked at for one sentence is there for the next. For that the detector is asked for its whole vocabulary, once.
//! When the text is whole it is verified as a whole from what is known by then, which costs calls only for what no
//! sentence had asked.

use std::{collections::HashMap, sync::Arc, time::Instant};

use futures::{Stream, StreamExt as _, stream, stream::BoxStream};
use lavr_tool::CancellationToken;
use lavr_types::{Assertion, CheckedClaim, Claim, Entity, Event, ImageId, Judgement, Span, Usage, Verdict};
use tokio::sync::Mutex;

use crate::{
    Correction, Edit, Extraction, Verification, Verifier,
    experts::{Experts, Listener},
    scene::Breadth,
    text::{sentences, tokenize},
    verifier::{checked, sized},
};

/// How many bytes before a sentence are read with it.
const CONTEXT: usize = 1024;

/// How many sentences may wait for their turn while text goes on arriving.
const LOOK_AHEAD: usize = 64;

/// What a stream of text gives as it is verified.
#[derive(Debug, Clone, PartialEq)]
pub enum Streamed {
    /// A sentence, in the order of the text.
    Sentence(VerifiedSentence),
    /// The whole text; nothing follows.
    Done(Box<Verification>),
}

/// A sentence, verified from what was known when it ended. What comes later may still change it (a "three dogs" after a
/// "one dog" makes the one a part of the three): the whole is right, the sentence early.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedSentence {
    /// Its bytes of the whole text, white space up to the next one included.
    pub span: Span,
    /// The sentence as it came.
    pub draft: String,
    /// The corrected sentence; empty where it had to go.
    pub text: String,
    /// Its claims. Spans count bytes of the whole text.
    pub claims: Vec<CheckedClaim>,
}

impl Verifier {
    /// Verifies a text that is still being written: takes it in pieces of any size, gives each sentence as soon as
    /// the next one has begun, and at the end the verification of the whole text.
    ///
    /// The verification at the end is that of [`Verifier::verify`] for the whole text (calls and their numbers apart),
    /// provided that the detector finds the same of a label whichever others it is asked for with it, and that the
    /// budget suffices: here it goes to the claims as they come, there to the riskiest first. An extractor that asks a
    /// model is asked once a sentence and once for the whole.
    ///
    /// Text goes on being taken in while a sentence is checked. Dropping the stream gives up calls under way.
    pub fn stream<'a>(
        &'a self,
        pieces: impl Stream<Item = String> + Send + 'a,
        images: &'a [ImageId],
        cancel: &'a CancellationToken,
        listener: Listener<'a>,
    ) -> BoxStream<'a, Streamed> {
        let session = Arc::new(Session {
            verifier: self,
            experts: self.experts(cancel, listener),
            images,
            cancel,
            start: Instant::now(),
            past: Mutex::default(),
        });
        chunks(pieces)
            .map(move |chunk| {
                let session = Arc::clone(&session);
                async move { session.check(chunk).await }
            })
            .buffered(LOOK_AHEAD)
            .boxed()
    }
}

/// A text as far as it has come.
enum Chunk {
    /// A sentence with what stands before it.
    Sentence {
        /// The sentence and the text before it, as far back as it matters.
        window: String,
        /// Where the window begins in the whole text.
        offset: usize,
        /// Where the sentence begins in the window.
        from: usize,
    },
    /// All of it.
    Whole(String),
}

struct Session<'a> {
    verifier: &'a Verifier,
    experts: Experts<'a>,
    images: &'a [ImageId],
    cancel: &'a CancellationToken,
    start: Instant,
    /// Its lock keeps the sentences in their order.
    past: Mutex<Past>,
}

/// What came of the sentences before.
#[derive(Default)]
struct Past {
    /// The verdicts that the listener has heard, by span.
    told: HashMap<Span, Vec<Verdict>>,
    /// What chat models took for extraction and correction.
    models: Usage,
}

impl Session<'_> {
    async fn check(&self, chunk: Chunk) -> Streamed {
        let mut past = self.past.lock().await;
        let Past { told, models } = &mut *past;
        match chunk {
            Chunk::Sentence { window, offset, from } => {
                let sentence = self.sentence(&window, offset, from, models).await;
                for CheckedClaim { claim, judgement, .. } in &sentence.claims {
                    told.entry(claim.span).or_default().push(judgement.verdict);
                    self.experts.tell(Event::Judged { claim: claim.clone(), judgement: judgement.clone() });
                }
                Streamed::Sentence(sentence)
            }
            Chunk::Whole(text) => {
                let run = self.verifier.run(
                    &text,
                    &[],
                    self.images,
                    &self.experts,
                    Breadth::Vocabulary,
                    self.cancel,
                );
                let mut whole = run.await;
                whole.usage += *models;
                whole.usage.elapsed = self.start.elapsed();
                for CheckedClaim { claim, judgement, .. } in &whole.claims {
                    let heard = told.get(&claim.span).is_some_and(|all| all.contains(&judgement.verdict));
                    if !heard {
                        self.experts
                            .tell(Event::Judged { claim: claim.clone(), judgement: judgement.clone() });
                    }
                }
                for note in &whole.notes {
                    self.experts.note(note);
                }
                Streamed::Done(Box::new(whole))
            }
        }
    }

    async fn sentence(
        &self,
        window: &str,
        offset: usize,
        from: usize,
        models: &mut Usage,
    ) -> VerifiedSentence {
        let Extraction { claims, usage, .. } = self.verifier.extract(window, self.cancel).await;
        *models += usage;
        // Notes are for the whole text to make.
        let images = sized(self.images, &self.experts, &mut Vec::new());
        let judge = self.verifier.judge(&self.experts, Breadth::Vocabulary);
        let judgements = judge.judge(window, &claims, &[], &images).await.judgements;
        let judged: Vec<(Claim, Judgement)> = claims.into_iter().zip(judgements).collect();
        let Correction { mut edits, usage, .. } = self.verifier.correct(window, &judged, self.cancel).await;
        *models += usage;
        let mut claims = checked(judged, &edits);
        claims.retain(|checked| checked.claim.span.start >= from);
        for checked in &mut claims {
            move_claim(&mut checked.claim, offset);
            checked.judgement.truth.iter_mut().for_each(|truth| move_assertion(truth, offset));
        }
        // A sentence that goes takes the white space before it along, which has been given already.
        edits.retain(|edit| {
            let before = window.get(edit.span.start..from).unwrap_or_default();
            edit.span.end > from && (edit.span.start >= from || before.trim().is_empty())
        });
        VerifiedSentence {
            span: Span::new(offset + from, offset + window.len()),
            draft: window.get(from..).unwrap_or_default().to_owned(),
            text: applied(window, from, &edits),
            claims,
        }
    }
}

/// The text from a place on with its edits, which do not overlap.
fn applied(text: &str, from: usize, edits: &[Edit]) -> String {
    let (mut out, mut place) = (String::new(), from);
    for edit in edits {
        out.push_str(text.get(place..edit.span.start.max(from)).unwrap_or_default());
        out.push_str(&edit.replacement);
        place = edit.span.end;
    }
    out.push_str(text.get(place..).unwrap_or_default());
    out
}

fn move_claim(claim: &mut Claim, offset: usize) {
    move_span(&mut claim.span, offset);
    for assertion in std::iter::once(&mut claim.assertion).chain(&mut claim.readings) {
        move_assertion(assertion, offset);
    }
}

fn move_assertion(assertion: &mut Assertion, offset: usize) {
    let entities: Vec<&mut Entity> = match assertion {
        Assertion::Existence { entity, .. }
        | Assertion::Count { entity, .. }
        | Assertion::Color { entity, .. }
        | Assertion::Attribute { entity, .. } => vec![entity],
        Assertion::Relation { subject, object, second, .. } => {
            std::iter::once(subject).chain(object).chain(second.as_deref_mut()).collect()
        }
        Assertion::Text { carrier, .. } => carrier.iter_mut().collect(),
        Assertion::Other => Vec::new(),
    };
    for entity in entities {
        move_span(&mut entity.span, offset);
    }
}

const fn move_span(span: &mut Span, offset: usize) {
    span.start += offset;
    span.end += offset;
}

/// Cuts a text that comes in pieces into sentences.
struct Splitter<'a> {
    pieces: BoxStream<'a, String>,
    text: String,
    /// Where each sentence that was given began.
    starts: Vec<usize>,
    /// Where the sentence begins that is being read.
    from: usize,
    /// Whether that sentence holds a mark that may end it.
    marked: bool,
    ended: bool,
    whole_given: bool,
}

fn chunks<'a>(pieces: impl Stream<Item = String> + Send + 'a) -> impl Stream<Item = Chunk> + Send + 'a {
    let splitter = Splitter {
        pieces: pieces.boxed(),
        text: String::new(),
        starts: Vec::new(),
        from: 0,
        marked: false,
        ended: false,
        whole_given: false,
    };
    stream::unfold(splitter, |mut splitter| async move {
        let chunk = splitter.next().await?;
        Some((chunk, splitter))
    })
}

impl Splitter<'_> {
    async fn next(&mut self) -> Option<Chunk> {
        loop {
            if let Some(end) = self.sentence_end() {
                return Some(self.give(end));
            }
            if self.ended {
                if self.from < self.text.len() {
                    return Some(self.give(self.text.len()));
                }
                let first = !std::mem::replace(&mut self.whole_given, true);
                return first.then(|| Chunk::Whole(std::mem::take(&mut self.text)));
            }
            match self.pieces.next().await {
                Some(piece) => {
                    self.marked |= piece.contains(|c: char| !c.is_alphanumeric() && c != ' ');
                    self.text.push_str(&piece);
                }
                None => self.ended = true,
            }
        }
    }

    /// Where the sentence that is being read ends: at the next one's first word.
    fn sentence_end(&self) -> Option<usize> {
        let tail = self.text.get(self.from..).filter(|_| self.marked)?;
        let tokens = tokenize(tail);
        let sentences = sentences(&tokens);
        // A line break ends a sentence, whatever follows.
        if sentences.len() == 1 && tail.ends_with('\n') {
            return Some(self.text.len());
        }
        let next = sentences.get(1)?.start;
        // The last word may still grow into one that ends no sentence ("e." into "e.g."), but not one that is followed.
        let settled = self.ended || tokens.get(next + 1).is_some();
        tokens.get(next).filter(|_| settled).map(|token| self.from + token.span.start)
    }

    fn give(&mut self, end: usize) -> Chunk {
        let from = std::mem::replace(&mut self.from, end);
        let offset = self.starts.iter().copied().find(|start| from - start <= CONTEXT).unwrap_or(from);
        self.starts.retain(|start| *start >= offset);
        self.starts.push(from);
        let window = self.text.get(offset..end).unwrap_or_default().to_owned();
        Chunk::Sentence { window, offset, from: from - offset }
    }
}
