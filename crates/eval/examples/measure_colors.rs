//! Measures things of known color as the verifier sees them, for `fit_colors`.
//!
//!     cargo run --release -p lavr-eval --example measure_colors -- crates/eval/photos/calibration/colors.json \
//!         crates/eval/photos/{tuning,fresh,blind,final,unseen,held-out,sealed}/captions.json \
//!         > crates/eval/photos/calibration/color-signs.jsonl
//!
//! A file named `colors.json` lists things with their colors (`main`, and `also` those that can be argued for). Of a file of captions
//! each color of a true caption is one that people use first, and what is planted in its place one that they do not use. YOLO26m looks; clothes are
//! measured by three sets of experts: with masks and bodies, with masks, by the box alone. What a line holds is told in `fit_colors.rs`.

use std::{
    collections::BTreeSet,
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
};

use lavr_eval::metrics::verifier::{Caption, Label, Record};
use lavr_experts::Experts;
use lavr_image::ImageStore;
use lavr_tool::{CancellationToken, Dispatcher};
use lavr_types::{ClaimKind, Vocabulary};
use lavr_verify::{
    Verifier, VerifierOptions,
    calibrate::{COLOR_SIGNS, SeenColor, are_neighbors},
};
use serde::{Deserialize, Serialize};

const NAMES: [&str; 11] =
    ["black", "white", "gray", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown"];

/// The most places of a thing that are told.
const MOST_PLACES: usize = 4;

/// A thing of `colors.json`.
#[derive(Deserialize)]
struct Thing {
    picture: String,
    noun: String,
    main: String,
    also: Vec<String>,
    worn: bool,
}

/// A text with a thing of known color.
struct Known {
    picture: PathBuf,
    text: String,
    /// The bytes of the words for its colors.
    spans: Vec<(usize, usize)>,
    main: BTreeSet<String>,
    also: BTreeSet<String>,
    /// Names that people are known not to use.
    wrong: BTreeSet<String>,
    /// Whether neighbors of its colors are wrong where nobody argued for them.
    is_settled: bool,
}

/// A line of what comes out.
#[derive(Serialize)]
struct Line<'l> {
    picture: &'l str,
    thing: &'l str,
    main: &'l BTreeSet<String>,
    also: &'l BTreeSet<String>,
    open: Vec<&'l str>,
    places: Vec<Vec<Vec<Vec<f64>>>>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let images = Arc::<ImageStore>::default();
    let masks = Experts::open()?.with_detector("yolo26m").with_segmenter("yolo26n-seg");
    let bodies =
        Experts::open()?.with_detector("yolo26m").with_segmenter("yolo26n-seg").with_pose("yolo11n-pose");
    let boxes = Experts::open()?.with_detector("yolo26m");
    let mut verifiers = Vec::new();
    for experts in [bodies, masks, boxes] {
        let dispatcher = Dispatcher::new(experts.registry()?, Arc::clone(&images));
        verifiers
            .push(Verifier::new(dispatcher, VerifierOptions { calls: 1000, ..VerifierOptions::default() }));
    }
    let mut told = BTreeSet::new();
    for file in std::env::args().skip(1) {
        let file = PathBuf::from(file);
        let known = if file.ends_with("colors.json") { things(&file)? } else { captions(&file)? };
        for known in known {
            let image = images.open(&known.picture)?;
            let mut sets = Vec::new();
            let mut thing = String::new();
            for verifier in &verifiers {
                let seen = verifier.seen_colors(&known.text, image, &CancellationToken::new()).await;
                let is_known = |seen: &SeenColor| known.spans.contains(&(seen.span.start, seen.span.end));
                let Some(seen) = seen.into_iter().find(is_known) else { break };
                let is_worn = is_worn(&seen);
                thing.clone_from(&seen.thing);
                sets.extend(Some(places(&seen)).filter(|places| !places.is_empty()));
                if !is_worn {
                    break;
                }
            }
            let picture = known.picture.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            let is_new = told.insert((known.picture.clone(), thing.clone(), known.main.clone()));
            if sets.is_empty() || !is_new {
                continue;
            }
            let open = open(&known);
            print(&Line {
                picture,
                thing: &thing,
                main: &known.main,
                also: &known.also,
                open,
                places: sets,
            })?;
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the output of the program")]
fn print(line: &Line<'_>) -> Result<(), Box<dyn Error>> {
    println!("{}", serde_json::to_string(line)?);
    Ok(())
}

/// Names that nobody said anything of, and that some people may use.
fn open(known: &Known) -> Vec<&'static str> {
    let all = [&known.main, &known.also, &known.wrong];
    let is_open = |name: &&str| {
        !known.is_settled
            && !all.iter().any(|names| names.contains(*name))
            && known.main.iter().any(|main| are_neighbors(main, name))
    };
    NAMES.into_iter().filter(is_open).collect()
}

fn is_worn(seen: &SeenColor) -> bool {
    let worn = COLOR_SIGNS.iter().position(|sign| *sign == "worn");
    let signs = seen.places.iter().flat_map(|place| place.values());
    worn.is_some_and(|worn| signs.into_iter().any(|signs| signs[worn] > 0.5))
}

/// For each place and name the signs, to three digits.
fn places(seen: &SeenColor) -> Vec<Vec<Vec<f64>>> {
    let rounded = |value: &f32| (f64::from(*value) * 1000.0).round() / 1000.0;
    let signs = |names: &std::collections::BTreeMap<String, Vec<f32>>| {
        let of = |name: &&str| names.get(*name).map(|signs| signs.iter().map(rounded).collect());
        NAMES.iter().map(of).collect::<Option<Vec<Vec<f64>>>>()
    };
    seen.places.iter().take(MOST_PLACES).filter_map(signs).collect()
}

fn things(file: &Path) -> Result<Vec<Known>, Box<dyn Error>> {
    let things: Vec<Thing> = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let known = things.into_iter().map(|thing| {
        let start = if thing.worn { "A person is wearing a " } else { "There is a " };
        Known {
            picture: PathBuf::from(thing.picture),
            text: format!("{start}{} {}.", thing.main, thing.noun),
            spans: vec![(start.len(), start.len() + thing.main.len())],
            main: BTreeSet::from([thing.main]),
            also: thing.also.into_iter().collect(),
            wrong: BTreeSet::new(),
            is_settled: true,
        }
    });
    Ok(known.collect())
}

fn captions(file: &Path) -> Result<Vec<Known>, Box<dyn Error>> {
    let records: Vec<Record> = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let folder = file.parent().ok_or("a file of captions lies in a folder")?;
    Ok(records.iter().flat_map(|record| of_record(record, &folder.join(&record.file))).collect())
}

/// The things that the true caption of a picture gives colors; what is said of one right behind the other ("black and white") is said of one thing.
fn of_record(record: &Record, picture: &Path) -> Vec<Known> {
    let text = &record.control_caption.text;
    let mut known: Vec<Known> = Vec::new();
    for claim in colors(&record.control_caption, Label::True).filter(|claim| claim.visible) {
        let bytes = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
        let span = (bytes(claim.span[0]), bytes(claim.span[1]));
        let names = basics(&claim.surface);
        if names.is_empty() {
            continue;
        }
        let planted = colors(&record.caption, Label::Hallucinated)
            .filter(|planted| planted.correction.as_ref().is_some_and(|right| basics(right) == names));
        let (mut also, mut wrong) = (BTreeSet::new(), BTreeSet::new());
        for planted in planted {
            also.extend(planted.accept.iter().flat_map(|word| basics(word)));
            wrong.extend(basics(&planted.surface));
        }
        match known.last_mut().filter(|last| is_joined(text, last.spans.last(), span)) {
            Some(last) => {
                last.spans.push(span);
                last.main.extend(names);
                last.also.extend(also);
                last.wrong.extend(wrong);
            }
            None => known.push(Known {
                picture: picture.to_owned(),
                text: text.clone(),
                spans: vec![span],
                main: names,
                also,
                wrong,
                is_settled: false,
            }),
        }
    }
    for thing in &mut known {
        thing.also.retain(|name| !thing.main.contains(name));
        thing.wrong.retain(|name| !thing.main.contains(name) && !thing.also.contains(name));
    }
    known
}

fn is_joined(text: &str, before: Option<&(usize, usize)>, span: (usize, usize)) -> bool {
    let between = before.and_then(|&(_, end)| text.get(end..span.0));
    between.is_some_and(|between| matches!(between.trim(), "and" | "," | ", and"))
}

fn colors(caption: &Caption, label: Label) -> impl Iterator<Item = &lavr_eval::metrics::verifier::GoldClaim> {
    caption.claims.iter().filter(move |claim| claim.kind == ClaimKind::Color && claim.label == label)
}

/// The basic colors that a word of a caption may mean: the last of several ("dark green").
fn basics(words: &str) -> BTreeSet<String> {
    let vocabulary = Vocabulary::builtin();
    let words = words.to_lowercase();
    let whole = vocabulary.colors_for(&words);
    let last = words.split_whitespace().next_back().unwrap_or_default();
    let names = if whole.is_empty() { vocabulary.colors_for(last) } else { whole };
    names.into_iter().map(str::to_owned).collect()
}
