//! Puts a run into the store while it happens.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use lavr_image::ImageStore;
use lavr_types::{Event, ImageId, RunId, TraceEvent, TraceHeader};

use crate::{RunStore, State, TraceError, images, trace::line};

/// An image that was asked about, and what the person called it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The image.
    pub image: ImageId,
    /// Its path, most often.
    pub name: String,
}

/// Records one run: hand it every event, then [`Self::finish`]. What was recorded until then is kept whatever happens.
///
/// Recording never fails a run: the first failure stops it, and [`Self::finish`] tells.
#[derive(Debug)]
pub struct Recorder {
    store: RunStore,
    images: Arc<ImageStore>,
    start: Instant,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    header: TraceHeader,
    known: BTreeSet<ImageId>,
    events: usize,
    state: State,
    failure: Option<TraceError>,
    ended: bool,
}

impl Recorder {
    pub(crate) fn new(store: RunStore, images: Arc<ImageStore>, header: TraceHeader) -> Self {
        let known = header.images.iter().map(|image| image.id).collect();
        let progress =
            Progress { header, known, events: 0, state: State::Broken, failure: None, ended: false };
        Self { store, images, start: Instant::now(), progress: Mutex::new(progress) }
    }

    /// The run.
    pub fn id(&self) -> RunId {
        self.lock().header.run.clone()
    }

    /// Records an event, if a stored trace keeps its kind.
    pub fn tell(&self, event: &Event) {
        if !event.is_stored() {
            return;
        }
        let Some(event) = event.clone().stored() else { return };
        let mut progress = self.lock();
        if progress.failure.is_some() {
            return;
        }
        // Taken under the lock: times never go back.
        let at_us = self.start.elapsed().as_micros() as u64;
        if let Event::Answered { .. } = &event {
            progress.state = State::Answered;
        }
        if let Err(error) = self.add(&mut progress, &TraceEvent { at_us, event }) {
            progress.failure = Some(error);
        }
    }

    fn add(&self, progress: &mut Progress, event: &TraceEvent) -> Result<(), TraceError> {
        let line = self.store.secrets().blot_out(line(event));
        let mut files = Vec::new();
        let before = progress.header.images.len();
        for id in images::ids(&line) {
            self.learn(id, progress, &mut files)?;
        }
        let header = (progress.header.images.len() > before).then_some(&progress.header);
        self.store.add_event(&progress.header.run, progress.events, &line, event.at_us, header, &files)?;
        progress.events += 1;
        Ok(())
    }

    /// Takes an image into the header, after those that it was made from.
    fn learn(
        &self,
        id: ImageId,
        progress: &mut Progress,
        files: &mut Vec<(ImageId, crate::ImageFile)>,
    ) -> Result<(), TraceError> {
        // A name that no store knows was made up by a model.
        let Some(image) = self.images.get(id).ok().filter(|_| progress.known.insert(id)) else {
            return Ok(());
        };
        if let lavr_image::Origin::Derived { parent, .. } = image.origin {
            self.learn(parent, progress, files)?;
        }
        let (kept, file) = images::keep(&image, None)?;
        progress.header.images.push(kept);
        files.extend(file.map(|file| (id, file)));
        Ok(())
    }

    /// Ends the recording: older runs that the store has no room for go.
    ///
    /// # Errors
    /// When something could not be recorded.
    pub fn finish(self) -> Result<RunId, TraceError> {
        self.end()
    }

    fn end(&self) -> Result<RunId, TraceError> {
        let mut progress = self.lock();
        progress.ended = true;
        match progress.failure.take() {
            Some(failure) => Err(failure),
            None => {
                self.store.end(&progress.header.run, progress.state).map(|()| progress.header.run.clone())
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever drops it gave the run up.
impl Drop for Recorder {
    fn drop(&mut self) {
        if !self.lock().ended {
            // Nobody is left to be told of a failure.
            self.end().ok();
        }
    }
}
