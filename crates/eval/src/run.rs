//! Puts samples to a subject, records every response at once, and goes on where a run was cut short.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
};

use futures::{StreamExt as _, stream};
use lavr_image::ImageStore;
use lavr_tool::CancellationToken;
use serde::{Deserialize, Serialize};

use crate::{
    Benchmark, EvalError, Record, Response, Responses, Sample, Subject, picture::Pictures, random::Random,
};

/// How an evaluation runs.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// At most so many samples, chosen by `seed`; all where none is given.
    pub limit: Option<usize>,
    /// Chooses the samples under a limit.
    pub seed: u64,
    /// How many samples are under way at once.
    pub parallel: usize,
    /// The file that keeps the records; without one, a run that is cut short is lost.
    pub records: Option<PathBuf>,
    /// Whether to throw away what the file has.
    pub afresh: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { limit: None, seed: 0, parallel: 1, records: None, afresh: false }
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'r> {
    /// Samples that have a response, from this run or an earlier one.
    pub done: usize,
    /// All samples of the run.
    pub all: usize,
    /// The last response; `None` at the start.
    pub last: Option<&'r Record>,
}

/// The first line of a file of records: what the run is. Another run must not go on with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Header {
    benchmark: String,
    subject: String,
    /// The names and tasks of all samples, as a number.
    samples: String,
    limit: Option<usize>,
    seed: u64,
}

impl Header {
    /// What differs, in words.
    fn difference(&self, other: &Self) -> Option<String> {
        let fields = [
            ("benchmark", self.benchmark.clone(), other.benchmark.clone()),
            ("subject", self.subject.clone(), other.subject.clone()),
            ("limit", format!("{:?}", self.limit), format!("{:?}", other.limit)),
            ("seed", self.seed.to_string(), other.seed.to_string()),
            ("data", self.samples.clone(), other.samples.clone()),
        ];
        fields
            .into_iter()
            .find(|(_, here, there)| here != there)
            .map(|(name, here, there)| format!("{name}: {there} there, {here} here"))
    }
}

/// Puts the samples of a benchmark to a subject.
///
/// # Errors
/// When the subject cannot do what the benchmark asks, the file of records can't be used, or `cancel` is. A sample
/// that fails is recorded as failed.
pub async fn run(
    benchmark: &dyn Benchmark,
    subject: &dyn Subject,
    images: &ImageStore,
    options: &RunOptions,
    cancel: &CancellationToken,
    progress: &(dyn Fn(Progress<'_>) + Send + Sync),
) -> Result<Responses, EvalError> {
    let samples = chosen(benchmark.samples(), options);
    if samples.is_empty() {
        return Err(EvalError::Unfit(format!("`{}` has no samples to run", benchmark.name())));
    }
    if let Some(unfit) = samples.iter().find(|sample| !subject.can(&sample.task)) {
        return Err(EvalError::Unfit(format!(
            "`{}` can't do what `{}` asks (sample `{}`); choose another subject",
            subject.name(),
            benchmark.name(),
            unfit.id
        )));
    }
    let header = Header {
        benchmark: benchmark.name().to_owned(),
        subject: subject.name(),
        samples: fingerprint(&samples),
        limit: options.limit,
        seed: options.seed,
    };
    let mut log =
        options.records.as_deref().map(|path| Log::open(path, &header, options.afresh)).transpose()?;
    let mut responses = log.as_mut().map(|log| std::mem::take(&mut log.before)).unwrap_or_default();
    responses.retain(|name, _| samples.iter().any(|sample| sample.id == *name));
    let all = samples.len();
    progress(Progress { done: responses.len(), all, last: None });
    let pictures = Pictures::new(images);
    let left: Vec<&Sample> =
        samples.into_iter().filter(|sample| !responses.contains_key(&sample.id)).collect();
    let mut answers = stream::iter(left.into_iter().map(|sample| {
        let pictures = &pictures;
        async move {
            let response = answer(subject, sample, pictures, cancel).await;
            Record { sample: sample.id.clone(), response }
        }
    }))
    .buffer_unordered(options.parallel.max(1));
    while let Some(record) = answers.next().await {
        if cancel.is_cancelled() {
            // What was under way may have been cut short: it is not recorded.
            return Err(EvalError::Cancelled { done: responses.len(), all });
        }
        if let Some(log) = &mut log {
            log.add(&record)?;
        }
        progress(Progress { done: responses.len() + 1, all, last: Some(&record) });
        responses.insert(record.sample, record.response);
    }
    Ok(responses)
}

async fn answer(
    subject: &dyn Subject,
    sample: &Sample,
    pictures: &Pictures<'_>,
    cancel: &CancellationToken,
) -> Response {
    if cancel.is_cancelled() {
        return Response::failed("cancelled");
    }
    let picture = sample.picture.as_ref().filter(|_| subject.looks());
    let lease = match picture.map(|picture| pictures.open(picture)).transpose() {
        Ok(lease) => lease,
        Err(failure) => return Response::failed(failure),
    };
    subject.answer(sample, lease.as_ref().map(|lease| lease.image), cancel).await
}

/// The samples of the run in the benchmark's order; under a limit, a choice that the seed makes.
fn chosen<'s>(samples: &'s [Sample], options: &RunOptions) -> Vec<&'s Sample> {
    match options.limit {
        Some(limit) if limit < samples.len() => {
            let mut places: Vec<usize> = (0..samples.len()).collect();
            Random::new(options.seed).shuffle(&mut places);
            places.truncate(limit);
            places.sort_unstable();
            places.into_iter().map(|place| &samples[place]).collect()
        }
        _ => samples.iter().collect(),
    }
}

/// Tells one choice of samples from another: a hash (FNV-1a) of all names and tasks.
fn fingerprint(samples: &[&Sample]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for sample in samples {
        for byte in format!("{}\u{0}{:?}\u{0}", sample.id, sample.task).bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{} samples, {hash:016x}", samples.len())
}

/// The file of records: a header, then one line a response.
struct Log {
    path: PathBuf,
    file: File,
    before: HashMap<String, Response>,
}

impl Log {
    fn open(path: &Path, header: &Header, afresh: bool) -> Result<Self, EvalError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(EvalError::file(folder, "made"))?;
        }
        let mut before = HashMap::new();
        let mut whole = 0;
        let goes_on = !afresh && path.exists();
        if goes_on {
            (before, whole) = Self::read(path, header)?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(!goes_on)
            .open(path)
            .map_err(EvalError::file(path, "written"))?;
        // A line that a kill cut in two is written again.
        file.set_len(whole).map_err(EvalError::file(path, "written"))?;
        std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0))
            .map_err(EvalError::file(path, "written"))?;
        let mut log = Self { path: path.into(), file, before };
        if whole == 0 {
            log.write(header)?;
        }
        Ok(log)
    }

    /// The responses of an earlier run, and how many bytes of the file are whole lines.
    fn read(path: &Path, header: &Header) -> Result<(HashMap<String, Response>, u64), EvalError> {
        let mut reader = BufReader::new(File::open(path).map_err(EvalError::file(path, "read"))?);
        let mut responses = HashMap::new();
        let (mut line, mut whole, mut number) = (String::new(), 0, 0);
        loop {
            line.clear();
            let length = reader.read_line(&mut line).map_err(EvalError::file(path, "read"))?;
            number += 1;
            if !line.ends_with('\n') {
                break;
            }
            let data = |error: serde_json::Error| EvalError::Data {
                path: path.into(),
                line: Some(number),
                message: format!(
                    "this is no record of a run ({error}); give another folder, or start afresh"
                ),
            };
            if number == 1 {
                let there: Header = serde_json::from_str(&line).map_err(data)?;
                if let Some(difference) = header.difference(&there) {
                    return Err(EvalError::OtherRun { path: path.into(), difference });
                }
            } else {
                let record: Record = serde_json::from_str(&line).map_err(data)?;
                responses.insert(record.sample, record.response);
            }
            whole += length as u64;
        }
        Ok((responses, whole))
    }

    fn add(&mut self, record: &Record) -> Result<(), EvalError> {
        self.write(record)
    }

    /// One line in one write, so that a kill leaves whole lines and at most one half.
    fn write(&mut self, value: &impl Serialize) -> Result<(), EvalError> {
        let mut line = serde_json::to_vec(value).map_err(|error| EvalError::Unfit(error.to_string()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(EvalError::file(&self.path, "written"))
    }
}
