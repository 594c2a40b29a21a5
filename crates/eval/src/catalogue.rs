//! All benchmarks by name, for programs that let a person choose.

use std::path::{Path, PathBuf};

use lavr_tool::Dispatcher;
use lavr_verify::Thresholds;

use crate::{
    Benchmark, EvalError, MakeMender, Subject, VerifierSubject,
    benchmarks::{self, scenes},
    scenes::oracle::Rates,
};

/// A benchmark as it is offered.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its short name.
    pub name: &'static str,
    /// What it measures, its traps and its source, in a paragraph.
    pub about: &'static str,
    /// Which files it reads, in a sentence; `None` where it brings its own.
    pub data: Option<&'static str>,
    /// What it is about: questions, descriptions, texts to check, objects.
    pub asks: Asks,
    package: fn(&Source) -> Option<&'static str>,
    open: fn(&Source) -> Result<Box<dyn Benchmark>, EvalError>,
    own_experts: Option<OwnExperts>,
}

/// The rates of the oracle experts that a variant brings with it, if it does.
type OwnExperts = fn(&Source) -> Result<Option<Rates>, EvalError>;

/// What a benchmark asks of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// Answers to questions.
    Questions,
    /// Descriptions of pictures.
    Descriptions,
    /// Texts to check and mend.
    Texts,
    /// Objects with boxes.
    Objects,
    /// Nothing: it scores answers that another program wrote.
    Answers,
}

/// Where a benchmark's data is and which variant is wanted.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The folder or file with the data.
    pub data: Option<PathBuf>,
    /// The file of the weights catalogue that [`Entry::package`] names.
    pub package: Option<PathBuf>,
    /// The folder with the pictures, where it is not beside the data.
    pub pictures: Option<PathBuf>,
    /// A variant that the benchmark names, such as a parser of answers.
    pub variant: Option<String>,
    /// What the random choices of generated data start from.
    pub seed: u64,
}

impl Source {
    /// The data, or an error that says what is expected.
    ///
    /// # Errors
    /// When none is given.
    pub fn data(&self, entry: &str, expected: &str) -> Result<&Path, EvalError> {
        self.data.as_deref().ok_or_else(|| EvalError::Unfit(format!("`{entry}` needs --data: {expected}")))
    }
}

impl Entry {
    /// The model of the weights catalogue whose only file it reads from this source: data of its own, or word lists.
    pub fn package(&self, source: &Source) -> Option<&'static str> {
        (self.package)(source)
    }

    /// Loads the benchmark's data.
    ///
    /// # Errors
    /// When data is missing or not as expected.
    pub fn open(&self, source: &Source) -> Result<Box<dyn Benchmark>, EvalError> {
        (self.open)(source)
    }

    /// What a function makes as a subject: over the experts that the benchmark brings with it, else over these.
    ///
    /// # Errors
    /// When there is no such variant.
    pub fn mender(
        &self,
        source: &Source,
        name: String,
        make: Box<MakeMender>,
        experts: Dispatcher,
    ) -> Result<Box<dyn Subject>, EvalError> {
        let own = self.own_experts.map_or(Ok(None), |own| own(source))?;
        Ok(match own {
            Some(rates) => Box::new(scenes::OracleVerifier::new(name, rates, source.seed, make)),
            None => Box::new(VerifierSubject::new(name, make(experts, Thresholds::builtin())?)),
        })
    }
}

/// All benchmarks, in the order in which they are offered.
pub const BENCHMARKS: &[Entry] = &[
    Entry {
        name: "verifier",
        about: benchmarks::verifier::ABOUT,
        data: Some(benchmarks::verifier::DATA),
        asks: Asks::Texts,
        package: |_| None,
        open: |source| {
            let folder = source.data("verifier", benchmarks::verifier::DATA)?;
            Ok(Box::new(benchmarks::VerifierBench::open(folder, source.pictures.as_deref())?))
        },
        own_experts: None,
    },
    Entry {
        name: "scenes",
        about: scenes::ABOUT,
        data: Some(scenes::DATA),
        asks: Asks::Texts,
        package: |_| None,
        open: |source| {
            Ok(Box::new(match scenes::Variant::named(source.variant.as_deref())? {
                scenes::Variant::Oracle(_) => scenes::with_oracle(source.seed),
                scenes::Variant::Rendered => {
                    scenes::rendered(&scenes::folder(source.data.as_deref())?, source.seed)?
                }
            }))
        },
        own_experts: Some(|source| {
            Ok(match scenes::Variant::named(source.variant.as_deref())? {
                scenes::Variant::Oracle(rates) => Some(rates),
                scenes::Variant::Rendered => None,
            })
        }),
    },
    Entry {
        name: "pope",
        about: benchmarks::pope::ABOUT,
        data: Some(benchmarks::pope::DATA),
        asks: Asks::Questions,
        package: |_| None,
        open: |source| Ok(Box::new(benchmarks::Pope::open(source)?)),
        own_experts: None,
    },
    Entry {
        name: "mme",
        about: benchmarks::mme::ABOUT,
        data: Some(benchmarks::mme::DATA),
        asks: Asks::Questions,
        package: |_| None,
        open: |source| Ok(Box::new(benchmarks::Mme::open(source)?)),
        own_experts: None,
    },
    Entry {
        name: "mmbench",
        about: benchmarks::mmbench::ABOUT,
        data: Some(benchmarks::mmbench::DATA),
        asks: Asks::Questions,
        package: |_| None,
        open: |source| Ok(Box::new(benchmarks::MmBench::open(source)?)),
        own_experts: None,
    },
    Entry {
        name: "amber",
        about: benchmarks::amber::ABOUT,
        data: Some(benchmarks::amber::DATA),
        asks: Asks::Questions,
        package: |_| None,
        open: |source| Ok(Box::new(benchmarks::Amber::open(source)?)),
        own_experts: None,
    },
    Entry {
        name: "haelm",
        about: benchmarks::haelm::ABOUT,
        data: Some(benchmarks::haelm::DATA),
        asks: Asks::Descriptions,
        package: |_| None,
        open: |source| Ok(Box::new(benchmarks::Haelm::open(source)?)),
        own_experts: None,
    },
    Entry {
        name: "easy-vqa",
        about: benchmarks::easy_vqa::ABOUT,
        data: None,
        asks: Asks::Questions,
        package: |source| source.data.is_none().then_some("easy-vqa"),
        open: |source| {
            let package = source.package.as_deref().or(source.data.as_deref());
            let package =
                package.ok_or_else(|| EvalError::Unfit("the package of easy-vqa is not here".into()))?;
            Ok(Box::new(benchmarks::EasyVqa::open(package)?))
        },
        own_experts: None,
    },
    Entry {
        name: "questions",
        about: benchmarks::questions::ABOUT,
        data: Some(benchmarks::questions::DATA),
        asks: Asks::Questions,
        package: |_| None,
        open: |source| {
            let data = source.data("questions", benchmarks::questions::DATA)?;
            Ok(Box::new(benchmarks::Questions::open(data, source.pictures.as_deref())?))
        },
        own_experts: None,
    },
    Entry {
        name: "anls",
        about: benchmarks::anls::ABOUT,
        data: Some(benchmarks::anls::DATA),
        asks: Asks::Questions,
        package: |_| None,
        open: |source| {
            let data = source.data("anls", benchmarks::anls::DATA)?;
            Ok(Box::new(benchmarks::Anls::open(data, source.pictures.as_deref(), source.variant.as_deref())?))
        },
        own_experts: None,
    },
    Entry {
        name: "captions",
        about: benchmarks::captions::ABOUT,
        data: Some(benchmarks::captions::DATA),
        asks: Asks::Descriptions,
        package: |source| benchmarks::CaptionsBench::with_meteor(source).then_some("meteor"),
        open: |source| Ok(Box::new(benchmarks::CaptionsBench::open(source)?)),
        own_experts: None,
    },
    Entry {
        name: "chair",
        about: benchmarks::chair::ABOUT,
        data: Some(benchmarks::chair::DATA),
        asks: Asks::Descriptions,
        package: |_| None,
        open: |source| {
            let data = source.data("chair", benchmarks::chair::DATA)?;
            Ok(Box::new(benchmarks::Chair::open(
                data,
                source.pictures.as_deref(),
                source.variant.as_deref(),
            )?))
        },
        own_experts: None,
    },
    Entry {
        name: "coco-ap",
        about: benchmarks::coco_ap::ABOUT,
        data: Some(benchmarks::coco_ap::DATA),
        asks: Asks::Objects,
        package: |_| None,
        open: |source| {
            let data = source.data("coco-ap", benchmarks::coco_ap::DATA)?;
            Ok(Box::new(benchmarks::CocoAp::open(data, source.pictures.as_deref())?))
        },
        own_experts: None,
    },
    Entry {
        name: "edit-distance",
        about: benchmarks::edit_distance::ABOUT,
        data: Some(benchmarks::edit_distance::DATA),
        asks: Asks::Questions,
        package: |_| None,
        open: |source| {
            let data = source.data("edit-distance", benchmarks::edit_distance::DATA)?;
            Ok(Box::new(benchmarks::EditDistance::open(data, source.pictures.as_deref())?))
        },
        own_experts: None,
    },
    Entry {
        name: "ocrbench",
        about: benchmarks::ocrbench::ABOUT,
        data: Some(benchmarks::ocrbench::DATA),
        asks: Asks::Questions,
        package: |_| None,
        open: |source| {
            let data = source.data("ocrbench", benchmarks::ocrbench::DATA)?;
            Ok(Box::new(benchmarks::OcrBench::open(data, source.pictures.as_deref())?))
        },
        own_experts: None,
    },
    Entry {
        name: "teds",
        about: benchmarks::teds::ABOUT,
        data: Some(benchmarks::teds::DATA),
        asks: Asks::Questions,
        package: |_| None,
        open: |source| {
            let data = source.data("teds", benchmarks::teds::DATA)?;
            Ok(Box::new(benchmarks::Teds::open(data, source.pictures.as_deref(), source.variant.as_deref())?))
        },
        own_experts: None,
    },
    Entry {
        name: "vqa",
        about: benchmarks::vqa::ABOUT,
        data: Some(benchmarks::vqa::DATA),
        asks: Asks::Questions,
        package: |_| None,
        open: |source| {
            let data = source.data("vqa", benchmarks::vqa::DATA)?;
            Ok(Box::new(benchmarks::Vqa::open(data, source.pictures.as_deref(), source.variant.as_deref())?))
        },
        own_experts: None,
    },
];

/// A benchmark by its name.
///
/// # Errors
/// When none has this name; the error names them all.
pub fn entry(name: &str) -> Result<&'static Entry, EvalError> {
    BENCHMARKS.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let names: Vec<&str> = BENCHMARKS.iter().map(|entry| entry.name).collect();
        EvalError::Unfit(format!("no benchmark is named `{name}`; there are: {}", names.join(", ")))
    })
}
