//! The verifier bench: captions with errors planted, each with the same caption repaired.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use lavr_types::{ClaimKind, Span, Verdict};

use crate::{
    Benchmark, Case, Cell, EvalError, Picture, Response, Responses, Sample, Scores, Table, Task,
    metrics::{
        bootstrap::{Resampling, interval},
        verifier::{
            Caption, CaptionKind, Counts, Label, Outcome, Record, SystemClaim, SystemRecord, SystemVerdict,
            VerifierScores, outcomes, score,
        },
    },
};

/// What it measures, for people.
pub const ABOUT: &str = "Captions of photographs with errors planted among true claims, and the same captions repaired. \
Of a verifier it asks: how many true claims it damages, how many of its edits are right, how many of the errors it \
puts right (over all, and among those whose subject a detector, a reader or a color meter could see at all), and \
whether it leaves a wholly true caption as it is, byte for byte. Outcomes are told from the corrected text alone, by the \
reading nearest to it; precision, recall and abstention from the verdicts. Intervals of 95 % come from resampling \
pictures. The format is this project's own (docs/eval.md).";

/// What its data is, for people.
pub const DATA: &str =
    "a folder with captions.json (records of picture, caption and control caption) and the pictures";

/// Separates a record's name from which of its captions a sample is about.
const SEPARATOR: char = '/';

/// The benchmark with its data.
#[derive(Debug)]
pub struct VerifierBench {
    name: &'static str,
    records: Vec<Record>,
    samples: Vec<Sample>,
}

impl VerifierBench {
    /// Reads `captions.json` in a folder; pictures lie beside it or in `pictures`.
    ///
    /// # Errors
    /// When the file can't be read, is not in the format, or a record contradicts itself.
    pub fn open(folder: &Path, pictures: Option<&Path>) -> Result<Self, EvalError> {
        let path = folder.join("captions.json");
        let text = std::fs::read_to_string(&path).map_err(EvalError::file(&path, "read"))?;
        let records: Vec<Record> = serde_json::from_str(&text).map_err(|error| EvalError::Data {
            path: path.clone(),
            line: Some(error.line()),
            message: format!("this is no list of records: {error}"),
        })?;
        for record in &records {
            record.check().map_err(|message| EvalError::Data { path: path.clone(), line: None, message })?;
        }
        let pictures = pictures.unwrap_or(folder);
        let pictured = records.into_iter().map(|record| {
            let picture = Picture::file(pictures.join(&record.file));
            (record, Some(picture))
        });
        Ok(Self::new("verifier", pictured))
    }

    /// The bench of records that are at hand.
    pub fn new(name: &'static str, records: impl IntoIterator<Item = (Record, Option<Picture>)>) -> Self {
        let (mut kept, mut samples) = (Vec::new(), Vec::new());
        for (record, picture) in records {
            for kind in [CaptionKind::Planted, CaptionKind::Control] {
                samples.push(Sample {
                    id: sample_name(&record.id, kind),
                    picture: picture.clone(),
                    task: Task::Verify(record.of(kind).text.clone()),
                });
            }
            kept.push(record);
        }
        Self { name, records: kept, samples }
    }

    /// The records.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// What a subject made of the captions, as the bench's own records, in the order of the records.
    pub fn system_records(&self, responses: &Responses) -> Vec<SystemRecord> {
        let mut made = Vec::new();
        for record in &self.records {
            for kind in [CaptionKind::Planted, CaptionKind::Control] {
                if let Some(response) = responses.get(&sample_name(&record.id, kind)) {
                    made.push(system_record(record, kind, response));
                }
            }
        }
        made
    }
}

/// The name of the sample that is about one of a record's captions.
pub(crate) fn sample_name(record: &str, kind: CaptionKind) -> String {
    let kind = match kind {
        CaptionKind::Planted => "planted",
        CaptionKind::Control => "control",
    };
    format!("{record}{SEPARATOR}{kind}")
}

fn system_record(record: &Record, kind: CaptionKind, response: &Response) -> SystemRecord {
    let text = &record.of(kind).text;
    // What failed changed nothing.
    let output = if response.failure.is_some() { text.clone() } else { response.text.clone() };
    let claims = response.verdicts.iter().map(|verdict| SystemClaim {
        span: code_points(text, verdict.span),
        verdict: match verdict.verdict {
            Verdict::Supported => SystemVerdict::Supported,
            Verdict::Contradicted => SystemVerdict::Refuted,
            Verdict::Insufficient => SystemVerdict::Abstain,
        },
    });
    SystemRecord { image_id: record.id.clone(), caption_kind: kind, output, claims: claims.collect() }
}

/// A span of bytes as one of code points.
fn code_points(text: &str, span: Span) -> [usize; 2] {
    let place = |byte: usize| text.char_indices().take_while(|(start, _)| *start < byte).count();
    [place(span.start), place(span.end)]
}

/// One number that a reader wants first, with what it is a share of.
type Share = (&'static str, fn(&VerifierScores) -> [usize; 2]);

/// The numbers that decide, the most important first.
const HEADLINES: [Share; 7] = [
    ("true claims damaged", |scores| [scores.micro.damaged, scores.micro.true_claims()]),
    ("edits right", |scores| {
        let Counts { fixed, neutralised, wrong, damaged, .. } = scores.micro;
        [fixed, fixed + neutralised + wrong + damaged]
    }),
    ("edits that leave nothing false", |scores| {
        let Counts { fixed, neutralised, wrong, damaged, .. } = scores.micro;
        [fixed + neutralised, fixed + neutralised + wrong + damaged]
    }),
    ("errors made true", |scores| [scores.micro.fixed, scores.micro.hallucinated()]),
    ("errors made true, of those in sight of the experts", |scores| {
        [scores.visible.fixed, scores.visible.hallucinated()]
    }),
    ("true captions left byte for byte", |scores| [scores.control[1], scores.control[0]]),
    ("captions with errors wholly put right", |scores| [scores.planted[1], scores.planted[0]]),
];

impl Benchmark for VerifierBench {
    fn name(&self) -> &'static str {
        self.name
    }

    fn samples(&self) -> &[Sample] {
        &self.samples
    }

    fn score(&self, responses: &Responses) -> Scores {
        let made = self.system_records(responses);
        let scores = score(&self.records, &made);
        // One unit of resampling is a picture with both of its captions.
        let mut by_picture: BTreeMap<&str, Vec<&SystemRecord>> = BTreeMap::new();
        for record in &made {
            by_picture.entry(&record.image_id).or_default().push(record);
        }
        let units: Vec<VerifierScores> =
            by_picture.values().map(|records| score(&self.records, records.iter().copied())).collect();
        let mut headline = Table::new("Verifier bench", ["share", "of"]);
        for (name, of) in HEADLINES {
            let [part, whole] = of(&scores);
            let interval = interval(&units, Resampling::default(), |chosen| {
                let sums = chosen.iter().map(|unit| of(unit)).fold([0, 0], |[a, b], [c, d]| [a + c, b + d]);
                (sums[1] > 0).then(|| sums[0] as f64 / sums[1] as f64)
            });
            let value = (whole > 0).then(|| part as f64 / whole as f64);
            headline.row(name, [Cell::Share { value, interval }, Cell::count(whole)]);
        }
        let mut correction = Table::new(
            "What became of the claims",
            ["false", "fixed", "taken out", "wrong", "missed", "true", "kept", "damaged"],
        );
        let mut detection = Table::new(
            "Verdicts",
            ["precision", "recall", "F1", "false alarms", "coverage", "abstained of false"],
        );
        let kinds = scores.by_kind.iter().map(|(kind, counts)| (format!("{kind:?}").to_lowercase(), counts));
        for (name, counts) in kinds.chain([("all".to_owned(), &scores.micro)]) {
            correction.row(&name, correction_cells(counts));
            detection.row(&name, detection_cells(counts));
        }
        let share = |value| Cell::Share { value, interval: None };
        detection.row(
            "mean of kinds",
            [
                Cell::text("-"),
                Cell::text("-"),
                share(scores.macro_f1()),
                Cell::text("-"),
                Cell::text("-"),
                Cell::text("-"),
            ],
        );
        let claims = claims_found(&self.records, &made);
        let unseen = scores.micro.hallucinated() - scores.visible.hallucinated();
        let notes = if unseen == 0 {
            Vec::new()
        } else {
            vec![format!("{unseen} of the errors are about things that no expert of these kinds can see")]
        };
        Scores { tables: vec![headline, correction, detection, claims], notes }
    }

    fn cases(&self, responses: &Responses) -> Vec<Case> {
        let pictures: HashMap<&str, &Sample> =
            self.samples.iter().map(|sample| (sample.id.as_str(), sample)).collect();
        let mut cases = Vec::new();
        for record in &self.records {
            for kind in [CaptionKind::Planted, CaptionKind::Control] {
                let name = sample_name(&record.id, kind);
                let (Some(sample), Some(response)) = (pictures.get(name.as_str()), responses.get(&name))
                else {
                    continue;
                };
                cases.push(case(record, kind, sample, response));
            }
        }
        cases
    }
}

/// How many of the claims a system found, whatever it made of them, and how many of what it found are claims: by words that
/// they share.
fn claims_found(records: &[Record], made: &[SystemRecord]) -> Table {
    let overlap = |a: [usize; 2], b: [usize; 2]| a[0] < b[1] && b[0] < a[1];
    let mut by_kind: BTreeMap<ClaimKind, [usize; 2]> = BTreeMap::new();
    let (mut all, mut right, mut found) = ([0; 2], 0, 0);
    let of = |system: &SystemRecord| {
        records
            .iter()
            .find(|record| record.id == system.image_id)
            .map(|record| record.of(system.caption_kind))
    };
    for system in made {
        let Some(caption) = of(system) else { continue };
        for claim in &caption.claims {
            let seen = usize::from(system.claims.iter().any(|other| overlap(claim.span, other.span)));
            let kind = by_kind.entry(claim.kind).or_default();
            *kind = [kind[0] + seen, kind[1] + 1];
            all = [all[0] + seen, all[1] + 1];
        }
        let is_claim =
            |other: &&SystemClaim| caption.claims.iter().any(|claim| overlap(claim.span, other.span));
        right += system.claims.iter().filter(is_claim).count();
        found += system.claims.len();
    }
    let mut table = Table::new("Claims found", ["recall", "claims", "precision", "found"]);
    let none = || [Cell::text("-"), Cell::text("-")];
    for (kind, [seen, claims]) in by_kind {
        let [precision, count] = none();
        let recall = Cell::share(seen, claims);
        table.row(format!("{kind:?}").to_lowercase(), [recall, Cell::count(claims), precision, count]);
    }
    table.row(
        "all",
        [Cell::share(all[0], all[1]), Cell::count(all[1]), Cell::share(right, found), Cell::count(found)],
    );
    table
}

fn correction_cells(counts: &Counts) -> [Cell; 8] {
    [
        Cell::count(counts.hallucinated()),
        Cell::count(counts.fixed),
        Cell::count(counts.neutralised),
        Cell::count(counts.wrong),
        Cell::count(counts.missed),
        Cell::count(counts.true_claims()),
        Cell::count(counts.kept),
        Cell::count(counts.damaged),
    ]
}

fn detection_cells(counts: &Counts) -> [Cell; 6] {
    let share = |value| Cell::Share { value, interval: None };
    [
        share(counts.precision()),
        share(counts.recall()),
        share(counts.f1()),
        share(counts.false_alarm()),
        share(counts.coverage()),
        Cell::share(counts.abstained_hallucinated, counts.hallucinated()),
    ]
}

fn case(record: &Record, kind: CaptionKind, sample: &Sample, response: &Response) -> Case {
    let caption = record.of(kind);
    let made = system_record(record, kind, response);
    let mut details = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    for (claim, outcome) in caption.claims.iter().zip(outcomes(caption, &made.output)) {
        let removal_is_right =
            claim.correction.as_deref() == Some("") || claim.accept.iter().any(String::is_empty);
        let (word, fault) = match (claim.label, outcome) {
            (Label::True, Outcome::Kept) => continue,
            (Label::True, _) => ("damaged", true),
            (Label::Hallucinated, Outcome::Fixed) => ("fixed", false),
            (Label::Hallucinated, Outcome::Removed) if removal_is_right => ("fixed", false),
            (Label::Hallucinated, Outcome::Removed) => ("taken out", true),
            (Label::Hallucinated, Outcome::Changed) => ("wrong", true),
            (Label::Hallucinated, Outcome::Kept) => ("missed", true),
        };
        words.push(word);
        let seen = if claim.visible { "" } else { ", out of the experts' sight" };
        let due = claim.correction.as_deref().map_or(String::new(), |due| format!(", due \"{due}\""));
        let mark = if fault { "\u{2717}" } else { "\u{2713}" };
        details.push(format!("{mark} {:?} \"{}\": {word}{due}{seen}", claim.kind, claim.surface));
    }
    details.extend(reasons(caption, response));
    words.sort_unstable();
    words.dedup();
    let faulty = response.failure.is_some() || made.output != record.control_caption.text;
    Case {
        right: Some(record.control_caption.text.clone()),
        outcome: match kind {
            _ if response.failure.is_some() => "failed".to_owned(),
            CaptionKind::Control if faulty => "true caption changed".to_owned(),
            CaptionKind::Control => "true caption left as it is".to_owned(),
            CaptionKind::Planted => words.join(", "),
        },
        faulty,
        details,
        ..Case::plain(sample, response)
    }
}

/// Why each part of the caption got its verdict.
fn reasons(caption: &Caption, response: &Response) -> Vec<String> {
    let words = |span: Span| span.of(&caption.text).unwrap_or_default().to_owned();
    let verdicts = response.verdicts.iter();
    verdicts
        .map(|verdict| format!("{:?}: \"{}\": {}", verdict.verdict, words(verdict.span), verdict.reason))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SpanVerdict;

    const RECORDS: &str = r#"[{"id": "one", "file": "one.png", "width": 8, "height": 8,
        "caption": {"text": "Zw\u00f6lf: two red cars.", "corrected": "Zw\u00f6lf: two blue cars.", "claims": [
            {"span": [7, 10], "surface": "two", "type": "count", "label": "true"},
            {"span": [11, 14], "surface": "red", "type": "color", "label": "hallucinated", "correction": "blue", "edit": "replace"}]},
        "control_caption": {"text": "Zw\u00f6lf: two blue cars.", "claims": [
            {"span": [11, 15], "surface": "blue", "type": "color", "label": "true"}]}}]"#;

    fn bench() -> VerifierBench {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("captions.json"), RECORDS).unwrap();
        VerifierBench::open(folder.path(), None).unwrap()
    }

    #[test]
    fn a_mended_caption_and_an_untouched_one_score_full_marks() {
        let bench = bench();
        let span = Span::new("Zw\u{f6}lf: two ".len(), "Zw\u{f6}lf: two red".len());
        let verdict = SpanVerdict { span, verdict: Verdict::Contradicted, reason: "measured blue".into() };
        let mended = Response { verdicts: vec![verdict], ..Response::text("Zw\u{f6}lf: two blue cars.") };
        let responses = Responses::from([
            ("one/planted".to_owned(), mended),
            ("one/control".to_owned(), Response::text("Zw\u{f6}lf: two blue cars.")),
        ]);
        let scores = bench.score(&responses);
        let share = |row| match scores.cell("Verifier bench", row, "share") {
            Some(Cell::Share { value, .. }) => *value,
            _ => None,
        };
        assert_eq!(share("errors made true"), Some(1.0));
        assert_eq!(share("true claims damaged"), Some(0.0));
        assert_eq!(share("true captions left byte for byte"), Some(1.0));
        assert_eq!(scores.cell("Verdicts", "color", "precision").unwrap().shown(), "100.0 %");
        assert!(bench.cases(&responses).iter().all(|case| !case.faulty));
    }

    #[test]
    fn a_failure_left_the_caption_as_it_was() {
        let responses = Responses::from([("one/planted".to_owned(), Response::failed("no picture"))]);
        let bench = bench();
        let scores = bench.score(&responses);
        assert_eq!(scores.cell("What became of the claims", "color", "missed"), Some(&Cell::count(1)));
        assert_eq!(bench.cases(&responses)[0].outcome, "failed");
    }

    #[test]
    fn a_record_that_contradicts_itself_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("captions.json"), RECORDS.replace("[11, 14]", "[12, 14]")).unwrap();
        let error = VerifierBench::open(folder.path(), None).unwrap_err().to_string();
        assert!(error.contains("record `one`") && error.contains("surface"), "{error}");
    }

    #[test]
    fn a_text_without_spaces_is_compared_by_characters() {
        let records = r#"[{"id": "one", "caption": {"text": "三只棕色的狗。", "corrected": "两只棕色的狗。", "claims": [
                {"span": [0, 1], "surface": "三", "type": "count", "label": "hallucinated", "correction": "两", "edit": "replace"},
                {"span": [2, 4], "surface": "棕色", "type": "color", "label": "true"},
                {"span": [5, 6], "surface": "狗", "type": "existence", "label": "true"}]},
            "control_caption": {"text": "两只棕色的狗。", "claims": []}}]"#;
        let records: Vec<Record> = serde_json::from_str(records).unwrap();
        let bench = VerifierBench::new("verifier", records.into_iter().map(|record| (record, None)));
        let responses = Responses::from([("one/planted".to_owned(), Response::text("两只棕色的狗。"))]);
        let scores = bench.score(&responses);
        let share = |row| match scores.cell("Verifier bench", row, "share") {
            Some(Cell::Share { value, .. }) => *value,
            _ => None,
        };
        assert_eq!((share("errors made true"), share("true claims damaged")), (Some(1.0), Some(0.0)));
    }

    #[test]
    fn the_captions_of_each_language_are_sound_and_show_pictures_that_are_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for language in ["en", "de", "es", "zh"] {
            let folder = root.join("data/languages").join(language);
            let bench = VerifierBench::open(&folder, Some(&root.join("../../examples/pictures"))).unwrap();
            assert_eq!(bench.samples().len(), 20, "{language}");
            for record in bench.records() {
                assert_eq!(
                    record.caption.corrected.as_ref(),
                    Some(&record.control_caption.text),
                    "{}",
                    record.id
                );
                assert!(root.join("../../examples/pictures").join(&record.file).is_file(), "{}", record.file);
            }
        }
    }
}
