//! Progress bars of model files that are fetched.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use lavr_weights::{Progress, ProgressEvent};

/// Draws a bar for each file; on a pipe, prints a line when a file begins and ends.
pub(crate) struct Bars {
    all: MultiProgress,
    by_file: Mutex<HashMap<String, ProgressBar>>,
    lines: bool,
}

impl Bars {
    pub(crate) fn new() -> Self {
        use std::io::IsTerminal as _;
        Self { all: MultiProgress::new(), by_file: Mutex::default(), lines: !std::io::stderr().is_terminal() }
    }

    fn bar(&self, model: &str, file: &str, total: u64) -> ProgressBar {
        let mut bars = self.by_file.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(format!("{model}/{file}")).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new(total));
            let style = ProgressStyle::with_template(
                "  {msg} [{bar:28}] {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            );
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
            bar.set_message(model.to_owned());
            bar
        });
        bar.clone()
    }

    fn line(&self, text: &str) {
        if self.lines {
            anstream::eprintln!("{text}");
        } else {
            // Above the bars, so that they stay whole.
            self.all.println(text).unwrap_or_default();
        }
    }

    fn end(&self, model: &str, file: &str) {
        let bar =
            self.by_file.lock().unwrap_or_else(PoisonError::into_inner).remove(&format!("{model}/{file}"));
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Bars {
    fn event(&self, model: &str, file: &str, event: &ProgressEvent<'_>) {
        match event {
            ProgressEvent::Waiting => self.line(&format!("another process fetches {model}; waiting for it")),
            ProgressEvent::Started { source, total, done } => {
                // Sizes as people read them; the bar knows the bytes.
                let size = indicatif::HumanBytes(*total);
                self.line(&format!("fetching {model} ({size}) from {source}"));
                self.bar(model, file, *total).set_position(*done);
            }
            ProgressEvent::Advanced { done, total } => self.bar(model, file, *total).set_position(*done),
            ProgressEvent::Verifying => {
                if let Some(bar) = self
                    .by_file
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get(&format!("{model}/{file}"))
                {
                    bar.set_message(format!("{model}: checking"));
                }
            }
            ProgressEvent::SourceFailed { source, failure } => {
                self.end(model, file);
                self.line(&format!("  {source}: {failure}"));
            }
            ProgressEvent::Finished { .. } => {
                self.end(model, file);
                self.line(&format!("{model} is here, its SHA-256 is right"));
            }
            _ => {}
        }
    }
}
