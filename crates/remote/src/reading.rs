//! A reply that is being read.

use std::{collections::VecDeque, sync::Arc};

use lavr_model::{CancellationToken, ModelError, ModelErrorKind, StreamEvent};
use reqwest::{Response, header::CONTENT_TYPE};

use crate::{
    RemoteConfig,
    dialect::{Assembler, Fault, Progress},
    failure,
    frames::Frames,
};

pub(crate) struct Reading {
    config: Arc<RemoteConfig>,
    response: Response,
    cancel: CancellationToken,
    frames: Frames,
    /// `None` once the reply is complete.
    assembler: Option<Box<dyn Assembler>>,
    events: VecDeque<StreamEvent>,
    /// Told after the events before it.
    failure: Option<ModelError>,
    received: usize,
}

impl Reading {
    pub(crate) fn new(config: Arc<RemoteConfig>, response: Response, cancel: CancellationToken) -> Self {
        let kind =
            response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        Self {
            frames: Frames::new(config.dialect.framing(), kind),
            assembler: Some(config.dialect.assembler()),
            events: VecDeque::new(),
            failure: None,
            received: 0,
            config,
            response,
            cancel,
        }
    }

    /// The next event; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<StreamEvent>, ModelError> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            if self.assembler.is_none() {
                return Ok(None);
            }
            if let Some(bytes) = self.chunk().await? {
                self.frames.push(&bytes).iter().for_each(|data| self.take(data));
            } else {
                if let Some(data) = self.frames.finish() {
                    self.take(&data);
                }
                self.end();
            }
        }
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, ModelError> {
        let bytes = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(self.error(ModelErrorKind::Cancelled, "the caller gave up")),
            bytes = self.response.chunk() => bytes.map_err(|error| failure::of_network(&self.config, &error))?,
        };
        let Some(bytes) = bytes else { return Ok(None) };
        self.received += bytes.len();
        if self.received > self.config.most_bytes {
            let message = format!("the reply is longer than {} bytes", self.config.most_bytes);
            return Err(self.error(ModelErrorKind::Protocol, message));
        }
        Ok(Some(bytes.to_vec()))
    }

    /// Takes a document in.
    fn take(&mut self, data: &[u8]) {
        let data = data.trim_ascii();
        let Some(assembler) = self.assembler.as_mut().filter(|_| !data.is_empty()) else { return };
        let failure = match assembler.push(data, &mut self.events) {
            Ok(Progress::More) => return,
            Ok(Progress::Complete) => return self.end(),
            Err(Fault::Told(told)) => failure::in_stream(&self.config, &told),
            Err(Fault::Form(error)) => {
                let start: String = String::from_utf8_lossy(data).chars().take(120).collect();
                let start = self.config.key.as_ref().map_or(start.clone(), |key| key.blot_out(&start));
                let message = format!(
                    "the reply is not what the protocol says: {error} in `{start}`; are LAVR_BASE_URL and \
                     LAVR_PROVIDER ({}) right?",
                    self.config.dialect
                );
                self.error(ModelErrorKind::Protocol, message)
            }
        };
        self.assembler = None;
        self.failure = Some(failure);
    }

    /// The reply is complete: the service said so, or closed the connection.
    fn end(&mut self) {
        let Some(assembler) = self.assembler.take() else { return };
        match assembler.finish() {
            Some(last) => self.events.extend(last),
            None => self.failure = Some(ModelError::broken_off(&self.config.model)),
        }
    }

    fn error(&self, kind: ModelErrorKind, message: impl Into<String>) -> ModelError {
        ModelError::new(kind, &self.config.model, message)
    }
}
