//! What a text in the picture says.

use async_trait::async_trait;
use lavr_types::{
    Assertion, Capability, Claim, Entity, Evidence, Judgement, Rect, Trust, perception::TextLine,
};
use serde_json::Value;

use super::{Checker, contradicted, insufficient, supported};
use crate::{Scene, Thresholds, extract::normalized};

/// The most lines that one claimed text may be spread over.
const MOST_LINES: usize = 4;

/// Shorter texts are part of too many others to be held against them.
const SHORTEST: usize = 3;

/// In a text this long one letter more or less is likelier a slip of the reader than of the claim.
const LONG: usize = 6;

/// Lines as like as this are one text that is read twice.
const REPEATED: f64 = 0.7;

/// Lines of one text stand no further apart than this, in heights of a line.
const LEADING: f64 = 1.5;

/// Reads the picture. Contradicted where a line much like the claimed one was read with certainty, or where the only text of
/// the picture is another; else a text that is not found proves nothing.
#[derive(Debug, Clone, Copy)]
pub struct TextChecker;

#[async_trait]
impl Checker for TextChecker {
    fn checks(&self, claim: &Claim, scene: &Scene<'_>) -> bool {
        let reads = match &claim.assertion {
            Assertion::Text { .. } => true,
            Assertion::Existence { entity, .. } => is_writing(&entity.surface),
            _ => false,
        };
        reads && scene.can(Capability::ReadText)
    }

    async fn check(&self, claim: &Claim, scene: &Scene<'_>) -> Judgement {
        if let Assertion::Existence { entity, present } = &claim.assertion {
            return writing(entity, *present, scene).await;
        }
        let Assertion::Text { text, carrier } = &claim.assertion else {
            return Judgement::insufficient("no claim of a text");
        };
        let seen = match scene.experts().read(scene.image()).await {
            Ok(seen) => seen,
            Err(unseen) => return Judgement::insufficient(unseen.to_string()),
        };
        let evidence = |best: &Match<'_>| -> Vec<Evidence> {
            let evidence = best.lines.iter().map(|line| {
                let region = scene.region(line.quad.bounds());
                seen.evidence(region, Value::String(line.text.clone()), line.score, Trust::Untrusted)
            });
            evidence.collect()
        };
        let another = || {
            let only = only_text(text, carrier.as_ref(), &seen.value.lines, scene)?;
            let confidence = only.score * scene.thresholds().text.alone;
            let reason = format!("read \"{}\", and nothing else that can be meant", only.text);
            let evidence = evidence(&only);
            let truth = Assertion::Text { text: only.text, carrier: carrier.clone() };
            Some(contradicted(Some(truth), confidence, evidence, reason))
        };
        match compare(text, &seen.value.lines, scene.thresholds()) {
            Comparison::Says { best, confidence } => {
                supported(confidence, evidence(&best), format!("read \"{}\"", best.text))
            }
            Comparison::Unlike => {
                another().unwrap_or_else(|| insufficient(Vec::new(), "no text like it was read"))
            }
            Comparison::Unclear { best, why } => {
                let open = || insufficient(best.as_ref().map(evidence).unwrap_or_default(), why.clone());
                // A number is no part of another text.
                if is_number(text) { another().unwrap_or_else(open) } else { open() }
            }
            Comparison::SaysElse { best } => {
                let truth = Assertion::Text { text: best.text.clone(), carrier: carrier.clone() };
                let reason = format!("read \"{}\"", best.text);
                let confidence = best.score * best.similarity as f32;
                contradicted(Some(truth), confidence, evidence(&best), reason)
            }
        }
    }
}

/// The only text of a picture that can be what a claim means: read with certainty, in one place, about as long as what is claimed, and on
/// what is said to carry it.
fn only_text<'l>(
    claimed: &str,
    carrier: Option<&Entity>,
    lines: &'l [TextLine],
    scene: &Scene<'_>,
) -> Option<Match<'l>> {
    let may_be_there = |bounds| carrier.is_none_or(|carrier| may_carry(carrier, bounds, scene));
    let meant = candidates(claimed, lines, may_be_there);
    let score = meant.iter().map(|line| line.score).fold(1.0, f32::min);
    let text = meant.iter().map(|line| line.text.trim()).collect::<Vec<_>>().join(" ");
    let words = |text: &str| normalized(text).split(' ').count();
    let (claimed_words, read_words) = (words(claimed), words(&text));
    let is_like_it = if is_number(claimed) {
        meant.len() == 1 && may_be_misread(claimed, &text, lines)
    } else {
        claimed_words <= 2 * read_words
            && read_words <= 2 * claimed_words
            && text.chars().filter(|c| c.is_alphanumeric()).count() >= SHORTEST
    };
    let is_it = scene.told().quotes() == 1
        && in_one_place(&meant)
        && meant.iter().map(|line| line.quad.bounds()).reduce(Rect::union).is_some_and(may_be_there)
        && score >= scene.thresholds().text.sure
        && is_like_it;
    is_it.then_some(Match { lines: meant, text, equal: false, similarity: 0.0, score })
}

/// The lines that can be what a claim means: numbers, if it is one, else no lone character; each text once, as surely as it was read.
fn candidates<'l>(
    claimed: &str,
    lines: &'l [TextLine],
    may_be_there: impl Fn(Rect) -> bool,
) -> Vec<&'l TextLine> {
    let of_its_kind = |line: &&TextLine| {
        let is_long_enough = normalized(&line.text).chars().count() > 1 || claimed.chars().count() <= 1;
        if is_number(claimed) { is_number(&line.text) } else { is_long_enough }
    };
    let fitting: Vec<&TextLine> =
        lines.iter().filter(of_its_kind).filter(|line| may_be_there(line.quad.bounds())).collect();
    let is_repeated = |at: usize| {
        fitting.iter().enumerate().any(|(other, line)| {
            let is_surer = line.score > fitting[at].score || line.score == fitting[at].score && other < at;
            other != at && is_surer && are_one_text(&line.text, &fitting[at].text)
        })
    };
    (0..fitting.len()).filter(|at| !is_repeated(*at)).map(|at| fitting[at]).collect()
}

/// Whether two lines are one text that was read twice: gate 1 is not gate 2.
fn are_one_text(one: &str, other: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    digits(one) == digits(other) && similarity(&folded(one), &folded(other)) >= REPEATED
}

fn is_number(text: &str) -> bool {
    let mut letters = text.chars().filter(|c| c.is_alphanumeric()).peekable();
    letters.peek().is_some() && letters.all(|c| c.is_ascii_digit())
}

/// Whether a number may stand where a claim sees another: of as many digits, more than one, and written alike ("10:15" is no year), while no line has
/// the claimed one in it.
fn may_be_misread(claimed: &str, read: &str, lines: &[TextLine]) -> bool {
    let form = |text: &str| -> String {
        let kept = text.chars().filter(|c| !c.is_whitespace());
        kept.map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
    };
    let digits = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let (number, form_of_it) = (digits(claimed), form(claimed));
    number.len() > 1
        && form_of_it == form(read)
        && !lines.iter().any(|line| digits(&line.text).contains(&number))
}

/// Whether lines stand below each other as those of one text do.
fn in_one_place(lines: &[&TextLine]) -> bool {
    let bounds: Vec<Rect> = lines.iter().map(|line| line.quad.bounds()).collect();
    !bounds.is_empty()
        && bounds.len() <= MOST_LINES
        && bounds.windows(2).all(|pair| {
            let [upper, lower] = [pair[0], pair[1]];
            let height = upper.height().max(lower.height());
            let (apart, beside) =
                (lower.top - upper.bottom, (upper.left - lower.right).max(lower.left - upper.right));
            apart <= LEADING * height && beside <= LEADING * height
        })
}

/// Whether a text lies on a thing, where that can be told.
fn may_carry(carrier: &Entity, text: Rect, scene: &Scene<'_>) -> bool {
    let labels = scene.labels_of(carrier);
    if labels.is_empty() {
        return true;
    }
    let found = scene.find_labels(&labels, scene.thresholds().color.instance, false).objects;
    found.iter().any(|object| text.share_inside(object.bounds) > 0.8)
}

/// Whether a noun stands for writing as such: "there is text".
pub(crate) fn is_writing(noun: &str) -> bool {
    matches!(noun.to_lowercase().as_str(), "text" | "writing" | "lettering")
}

/// Whether there is writing at all: any line that was read shows that there is, and one read with certainty that a
/// denial is wrong. That nothing was read bears a denial out, and proves no claim wrong: print may be too small.
async fn writing(entity: &Entity, present: bool, scene: &Scene<'_>) -> Judgement {
    let seen = match scene.experts().read(scene.image()).await {
        Ok(seen) => seen,
        Err(unseen) => return Judgement::insufficient(unseen.to_string()),
    };
    let best = seen
        .value
        .lines
        .iter()
        .filter(|line| !normalized(&line.text).is_empty())
        .max_by(|a, b| a.score.total_cmp(&b.score));
    let Some(line) = best else {
        let nothing = "no text was read in the picture";
        return if present {
            insufficient(Vec::new(), nothing)
        } else {
            supported(scene.thresholds().answer.confidence, Vec::new(), nothing)
        };
    };
    let region = scene.region(line.quad.bounds());
    let evidence =
        vec![seen.evidence(region, Value::String(line.text.clone()), line.score, Trust::Untrusted)];
    let reason = format!("read \"{}\"", line.text);
    if present {
        supported(line.score, evidence, reason)
    } else if line.score >= scene.thresholds().text.sure {
        let truth = Assertion::Existence { entity: entity.clone(), present: true };
        contradicted(Some(truth), line.score, evidence, reason)
    } else {
        insufficient(evidence, format!("{reason}, but not with certainty"))
    }
}

/// What the lines read in a picture say of a claimed text.
pub(crate) enum Comparison<'l> {
    Says {
        best: Match<'l>,
        confidence: f32,
    },
    SaysElse {
        best: Match<'l>,
    },
    Unclear {
        best: Option<Match<'l>>,
        why: String,
    },
    /// Nothing like it was read.
    Unlike,
}

/// Holds a claimed text against the lines that were read.
pub(crate) fn compare<'l>(text: &str, lines: &'l [TextLine], thresholds: &Thresholds) -> Comparison<'l> {
    let limits = &thresholds.text;
    let unclear = |best: Option<Match<'l>>, why: &str| Comparison::Unclear { best, why: why.to_owned() };
    let Some(best) = best_match(text, lines) else {
        return unclear(None, "no text was read in the picture");
    };
    if best.equal || (best.similarity >= limits.close && best.score < limits.sure) {
        let confidence = best.score;
        return Comparison::Says { best, confidence };
    }
    // The commonest fault of a reader is to lose or add a letter at an end, or to run words together.
    let (claimed, read) = (folded(text).replace(' ', ""), folded(&best.text).replace(' ', ""));
    if claimed.chars().count() >= SHORTEST && read.contains(&claimed) {
        let confidence = best.score * best.similarity as f32;
        return Comparison::Says { best, confidence };
    }
    let is_half = 2 * read.chars().count() <= claimed.chars().count();
    if claimed.contains(&read)
        || claimed.chars().count() < SHORTEST
        || is_half && best.similarity >= limits.similar
    {
        let why = format!("read \"{}\", which may be a part of it", best.text);
        return Comparison::Unclear { best: Some(best), why };
    }
    let slip = claimed.chars().count() >= LONG
        && strsim::levenshtein(&claimed, &read) == 1
        && (claimed.chars().count() != read.chars().count() || mixes_digits(&claimed, &read));
    if slip {
        let why = format!("read \"{}\", which one slip of the reader explains", best.text);
        return Comparison::Unclear { best: Some(best), why };
    }
    if best.similarity < limits.similar {
        return Comparison::Unlike;
    }
    // Lines that read as claimed need no certainty to be there, those that differ do.
    let differs = |line: &&&TextLine| !claimed.contains(&folded(&line.text).replace(' ', ""));
    let differing = best.lines.iter().filter(differs).map(|line| line.score).reduce(f32::min);
    if differing.unwrap_or(best.score) < limits.sure || !in_one_place(&best.lines) {
        return unclear(Some(best), "a similar text was read, but not with certainty");
    }
    Comparison::SaysElse { best }
}

/// Whether two texts of one length differ in a digit that stands for a letter, or the other way round: writers rarely
/// put a digit into a word, readers do ("8OOK").
fn mixes_digits(claimed: &str, read: &str) -> bool {
    claimed.chars().zip(read.chars()).any(|(a, b)| a != b && a.is_ascii_digit() != b.is_ascii_digit())
}

pub(crate) struct Match<'l> {
    lines: Vec<&'l TextLine>,
    /// The part of the lines that answers to the claim.
    pub(crate) text: String,
    equal: bool,
    similarity: f64,
    score: f32,
}

/// The run of words on successive lines that is most like the claimed text.
fn best_match<'l>(claimed: &str, lines: &'l [TextLine]) -> Option<Match<'l>> {
    let wanted = folded(claimed);
    let count = normalized(claimed).split(' ').count();
    let mut best: Option<Match<'l>> = None;
    for start in 0..lines.len() {
        for end in start + 1..=lines.len().min(start + MOST_LINES) {
            let run = &lines[start..end];
            let words: Vec<&str> = run.iter().flat_map(|line| line.text.split_whitespace()).collect();
            let score = run.iter().map(|line| line.score).fold(1.0, f32::min);
            for part in windows(&words, count, run.len() > 1) {
                let text = part.join(" ");
                let read = folded(&text);
                if read.is_empty() {
                    continue;
                }
                let similarity = similarity(&wanted, &read);
                let equal = read.replace(' ', "") == wanted.replace(' ', "");
                let found = Match {
                    lines: run.iter().collect(),
                    text,
                    equal,
                    similarity: if equal { 1.0 } else { similarity },
                    score,
                };
                // Of equals the shortest run of lines, that is the first.
                if best.as_ref().is_none_or(|best| found.similarity > best.similarity + 1e-9) {
                    best = Some(found);
                }
            }
        }
    }
    best
}

/// Runs of about as many words as the claim has, and all the words. A run over several lines takes in all of them.
fn windows<'w>(words: &'w [&'w str], count: usize, several: bool) -> Vec<&'w [&'w str]> {
    let mut parts = vec![words];
    if !several {
        for length in count.saturating_sub(1).max(1)..=count + 1 {
            if length < words.len() {
                parts.extend(words.windows(length));
            }
        }
    }
    parts
}

/// Letters that readers take for each other stand as one.
fn folded(text: &str) -> String {
    normalized(text)
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | 'i' | '|' => 'l',
            '5' => 's',
            other => other,
        })
        .collect()
}

/// 1 - edit distance / length of the longer, in characters.
fn similarity(a: &str, b: &str) -> f64 {
    let longer = a.chars().count().max(b.chars().count());
    if longer == 0 { 0.0 } else { 1.0 - strsim::levenshtein(a, b) as f64 / longer as f64 }
}
