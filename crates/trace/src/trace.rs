//! A trace in memory and as files.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use lavr_agent::Turn;
use lavr_image::ImageStore;
use lavr_types::{
    Answer, CallId, CallRecord, Event, ImageId, Repair, Step, TRACE_FORMAT, Task, TraceEvent, TraceHeader,
};
use serde::{Deserialize as _, de::DeserializeOwned};
use serde_json::Value;

use crate::{TraceError, images};

/// The name of the file with the header and the events.
const EVENTS: &str = "trace.jsonl";
/// The name of the folder with the images.
const IMAGES: &str = "images";

/// A recorded run.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Which run it is.
    pub header: TraceHeader,
    /// What happened, in order.
    pub events: Vec<TraceEvent>,
    /// The files of its images. A crop has none: [`Self::image_store`] cuts it out again.
    pub images: BTreeMap<ImageId, ImageFile>,
}

/// An image as a file in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFile {
    /// The name of the file: the image's id and the ending of its format.
    pub name: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

impl Trace {
    /// Reads a folder that [`Self::write`] made, or a JSONL file, whose images lie in `images/` beside it if anywhere.
    ///
    /// # Errors
    /// When a file cannot be read, a line is not of the format, or the format is newer than this program.
    pub fn read(path: &Path) -> Result<Self, TraceError> {
        let file = if path.is_dir() { path.join(EVENTS) } else { path.to_owned() };
        let text = fs::read_to_string(&file).map_err(TraceError::io(&file))?;
        let mut trace = Self::from_jsonl(&text, &format!("`{}`", file.display()))?;
        let folder = file.parent().unwrap_or(Path::new(".")).join(IMAGES);
        for image in &trace.header.images {
            let Some(name) = image.file.as_deref().filter(|name| is_plain(name)) else { continue };
            let path = folder.join(name);
            match fs::read(&path) {
                Ok(bytes) => {
                    let file = ImageFile { name: name.to_owned(), bytes: bytes.into() };
                    trace.images.insert(image.id, file);
                }
                // Whoever wants the pixels is told then.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(TraceError::Io { path, source }),
            }
        }
        Ok(trace)
    }

    /// Reads the header and the events. `name` is what errors call the text.
    ///
    /// # Errors
    /// When a line is not of the format, or the format is newer than this program.
    pub fn from_jsonl(text: &str, name: &str) -> Result<Self, TraceError> {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (number, first) = lines.next().ok_or_else(|| TraceError::Empty(name.to_owned()))?;
        // The version first: a newer header may have another form.
        let version: Value = parse(first, number, name)?;
        let version = version["trace"].as_u64().map_or(0, |version| version as u32);
        if version > TRACE_FORMAT {
            return Err(TraceError::Newer { name: name.to_owned(), version, known: TRACE_FORMAT });
        }
        let header = parse(first, number, name)?;
        let events = lines.map(|(number, line)| parse(line, number, name)).collect::<Result<_, _>>()?;
        Ok(Self { header, events, images: BTreeMap::new() })
    }

    /// The header and the events, one a line.
    pub fn to_jsonl(&self) -> String {
        let mut out = line(&self.header);
        for event in &self.events {
            let _ = write!(out, "\n{}", line(event));
        }
        out.push('\n');
        out
    }

    /// Writes a folder: `trace.jsonl`, and the images in `images/`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), TraceError> {
        let images = folder.join(IMAGES);
        fs::create_dir_all(&images).map_err(TraceError::io(&images))?;
        let write = |path: PathBuf, bytes: &[u8]| fs::write(&path, bytes).map_err(TraceError::io(path));
        for image in self.images.values() {
            write(images.join(&image.name), &image.bytes)?;
        }
        write(folder.join(EVENTS), self.to_jsonl().as_bytes())
    }

    /// The images with their pixels: files decoded, crops cut out again.
    ///
    /// # Errors
    /// When the pixels of an image are not there, damaged, or not those that its name says.
    pub fn image_store(&self) -> Result<ImageStore, TraceError> {
        let store = ImageStore::default();
        for image in &self.header.images {
            images::restore(&store, image, self.images.get(&image.id).map(|file| &*file.bytes))?;
        }
        Ok(store)
    }

    /// The answer as it was given; `None` where the run did not get that far.
    pub fn answer(&self) -> Option<Answer> {
        let answered = self.events.iter().rev().find_map(|line| match &line.event {
            Event::Answered { answer } => Some(answer),
            _ => None,
        })?;
        let claims = self.events.iter().rev().find_map(|line| match &line.event {
            Event::Verified { claims, .. } => Some(claims.clone()),
            _ => None,
        });
        let (steps, claims) = (self.steps(), claims.unwrap_or_default());
        Some(Answer { steps, claims, ..answered.clone() })
    }

    /// What a run that was taken up again had behind it: whole steps, and the calls of the one that was under way.
    fn before(&self) -> (Vec<Step>, Vec<CallRecord>) {
        let started = self.events.iter().find_map(|line| match &line.event {
            Event::Started { run, .. } => Some(run),
            _ => None,
        });
        let Some(run) = started else { return (Vec::new(), Vec::new()) };
        let turns = Vec::<Turn>::deserialize(&run["turns"]).unwrap_or_default();
        let steps = turns.into_iter().filter_map(|turn| match turn {
            Turn::Step { step, .. } => Some(step),
            Turn::Feedback { .. } => None,
        });
        let calls = run["phase"]["calls"].as_array().into_iter().flatten();
        let records = calls.filter_map(|call| CallRecord::deserialize(&call["record"]).ok());
        (steps.collect(), records.collect())
    }

    /// The steps of the planner: its thoughts, their calls and what came back.
    pub fn steps(&self) -> Vec<Step> {
        if self.header.task == Task::Verify {
            // Nobody plans; the calls are the verifier's.
            return Vec::new();
        }
        let (mut steps, earlier) = self.before();
        let first = steps.len();
        let mut ended: BTreeMap<&CallId, &CallRecord> =
            earlier.iter().map(|record| (&record.call.id, record)).collect();
        let planning = self.events.iter().map(|line| &line.event);
        let planning = planning.take_while(|event| !matches!(event, Event::Drafted { .. }));
        let mut mended: BTreeMap<&CallId, &Vec<Repair>> = BTreeMap::new();
        // The calls of a step in the order in which it asked for them.
        let mut asked: Vec<Vec<&CallId>> = Vec::new();
        let step_under_way = |steps: &mut Vec<Step>, asked: &mut Vec<Vec<_>>| {
            if asked.is_empty() {
                steps.push(Step::default());
                asked.push(Vec::new());
            }
        };
        for event in planning {
            match event {
                Event::Thought { text, .. } => {
                    steps.push(Step { thought: text.clone(), ..Step::default() });
                    asked.push(Vec::new());
                }
                Event::ThoughtContradicted { contradiction, .. } => {
                    steps
                        .last_mut()
                        .into_iter()
                        .for_each(|step| step.contradictions.push(contradiction.clone()));
                }
                Event::CallStarted { call } => {
                    step_under_way(&mut steps, &mut asked);
                    asked.last_mut().into_iter().for_each(|calls| calls.push(&call.id));
                }
                Event::CallRefused { record } => {
                    step_under_way(&mut steps, &mut asked);
                    asked.last_mut().into_iter().for_each(|calls| calls.push(&record.call.id));
                    ended.insert(&record.call.id, record);
                }
                Event::CallEnded { record } => _ = ended.insert(&record.call.id, record),
                Event::CallMended { call, repairs } => _ = mended.insert(call, repairs),
                _ => {}
            }
        }
        for (step, calls) in steps[first..].iter_mut().zip(asked) {
            let whole = |record: &&CallRecord| {
                let mut record = (*record).clone();
                // The run mends a call before the dispatcher has it.
                if let Some(repairs) = mended.get(&record.call.id)
                    && !record.repairs.starts_with(repairs)
                {
                    record.repairs.splice(0..0, repairs.iter().cloned());
                }
                record
            };
            step.calls = calls.iter().filter_map(|id| ended.get(id)).map(whole).collect();
        }
        steps
    }
}

/// As a line of a trace. What the words of lavr hold can always be written.
pub(crate) fn line(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn parse<T: DeserializeOwned>(line: &str, number: usize, name: &str) -> Result<T, TraceError> {
    let failed = |source| TraceError::Line { name: name.to_owned(), line: number + 1, source };
    serde_json::from_str(line).map_err(failed)
}

/// A name that stays in its folder: a trace comes from anywhere.
pub(crate) fn is_plain(name: &str) -> bool {
    Path::new(name).components().eq([std::path::Component::Normal(name.as_ref())])
}
