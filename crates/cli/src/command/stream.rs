//! `lavr verify IMAGE --text-file FILE --stream`: sentences as they come.

use std::{
    io::{Read, Write as _},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context as _;
use futures::{StreamExt as _, channel::mpsc};
use lavr_tool::CancellationToken;
use lavr_types::{Answer, Budget, Event, ImageId, Task, Usage};
use lavr_verify::{Streamed, Verification, Verifier};

use crate::{
    Outcome,
    arguments::{Global, Verify},
    command::{
        Watch, interruptible,
        verify::{TEXT_LIMIT, drafted, verifier},
    },
    output::Output,
    recording::Recording,
    setup::Setup,
};

/// The most bytes taken in at once. A pipe gives what there is.
const PIECE: usize = 4096;

pub(super) async fn run(
    global: &Global,
    verify: &Verify,
    cancel: &CancellationToken,
) -> anyhow::Result<Outcome> {
    let file = verify.text_file.as_ref().context("--stream reads the text from --text-file")?;
    let setup = interruptible(cancel, Setup::with_own_tools(global, !verify.showing.quiet))
        .await?
        .with_cassette(&verify.tracing)?
        .with_budget(Budget::new(verify.budget.limits));
    let mut output = Output::new(&verify.showing, &setup.images, 1);
    output.check()?;
    let pictures = interruptible(cancel, setup.open_images(&[&verify.image])).await?;
    let verifier = interruptible(cancel, verifier(&setup, verify)).await?;
    let start = Instant::now();
    let pieces = pieces(file)?;
    let recording = Recording::start(&setup, &verify.tracing, Task::Verify, None, &pictures);
    let watch = Watch::new(&verify.showing);
    let tell = |event: &Event| {
        watch.tell(event);
        recording.tell(event);
    };
    let print = !verify.showing.json;
    let (verification, shown) = verified(&verifier, pieces, &[pictures[0].0], cancel, &tell, print).await?;
    recording.tell(&drafted(&verification.draft));
    tell(&crate::command::verify::verified(&verification));
    setup.check_cassette()?;
    let usage = Usage { elapsed: start.elapsed(), ..verification.usage };
    let answer = Answer {
        question: None,
        draft: verification.draft,
        text: verification.text,
        claims: verification.claims,
        steps: Vec::new(),
        notes: verification.notes,
        usage,
    };
    tell(&Event::Answered { answer: answer.clone() });
    if print {
        let mut out = std::io::stdout();
        if !shown.ends_with('\n') {
            writeln!(out)?;
        }
        // A sentence that went leaves the white space before it.
        if shown.split_whitespace().eq(answer.text.split_whitespace()) {
            output.text_is_shown();
        } else {
            writeln!(out, "\nA later sentence changed an earlier one. As a whole:")?;
        }
    }
    output.show(&answer, &pictures, recording.finish().await.as_ref(), &watch.take())?;
    output.finish()
}

/// The whole text, verified, and the sentences as they were shown on the way.
async fn verified(
    verifier: &Verifier,
    pieces: mpsc::UnboundedReceiver<std::io::Result<String>>,
    images: &[ImageId],
    cancel: &CancellationToken,
    tell: &(dyn Fn(&Event) + Send + Sync),
    print: bool,
) -> anyhow::Result<(Verification, String)> {
    let failure = std::sync::Mutex::new(None);
    // Ends at the first failure, or when the user gives up.
    let texts = pieces.take_until(cancel.cancelled()).scan((), |(), piece| {
        std::future::ready(match piece {
            Ok(text) => Some(text),
            Err(error) => {
                *failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error);
                None
            }
        })
    });
    let listener = |event| tell(&event);
    let mut shown = String::new();
    let mut whole = None;
    {
        let mut results = verifier.stream(texts, images, cancel, &listener);
        while let Some(result) = results.next().await {
            match result {
                Streamed::Sentence(sentence) => {
                    if print {
                        let mut out = std::io::stdout();
                        out.write_all(sentence.text.as_bytes())?;
                        out.flush()?;
                    }
                    shown.push_str(&sentence.text);
                }
                Streamed::Done(verification) => whole = Some(*verification),
            }
        }
    }
    anyhow::ensure!(!cancel.is_cancelled(), "interrupted");
    if let Some(error) = failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        return Err(error).context("could not read the text");
    }
    let whole = whole.context("the stream of text broke off")?;
    anyhow::ensure!(!whole.draft.trim().is_empty(), "the text to check is empty");
    Ok((whole, shown))
}

/// The text of a file or of standard input as it comes, read by a thread of its own.
fn pieces(file: &Path) -> anyhow::Result<mpsc::UnboundedReceiver<std::io::Result<String>>> {
    let (sender, receiver) = mpsc::unbounded();
    let file: PathBuf = file.to_owned();
    let mut source: Box<dyn Read + Send> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        let open = std::fs::File::open(&file)
            .with_context(|| format!("could not read the text from `{}`", file.display()))?;
        Box::new(open)
    };
    std::thread::Builder::new().name("text".to_owned()).spawn(move || {
        let mut text = Utf8Pieces::default();
        loop {
            let piece = text.read(&mut source);
            let is_last = !matches!(piece, Ok(Some(_)));
            if let Some(piece) = piece.transpose()
                && sender.unbounded_send(piece).is_err()
            {
                return;
            }
            if is_last {
                return;
            }
        }
    })?;
    Ok(receiver)
}

/// Reads whole characters.
#[derive(Default)]
struct Utf8Pieces {
    rest: Vec<u8>,
    taken: u64,
}

impl Utf8Pieces {
    /// The next piece; `None` at the end.
    fn read(&mut self, source: &mut dyn Read) -> std::io::Result<Option<String>> {
        let invalid = |message: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, message);
        let mut buffer = [0; PIECE];
        loop {
            let count = match source.read(&mut buffer) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                count => count?,
            };
            if count == 0 {
                return if self.rest.is_empty() {
                    Ok(None)
                } else {
                    Err(invalid("it ends in the middle of a character: convert it to UTF-8 first"))
                };
            }
            self.taken += count as u64;
            if self.taken > TEXT_LIMIT {
                return Err(invalid("it is longer than the limit of 1 MiB: split it"));
            }
            self.rest.extend_from_slice(&buffer[..count]);
            let whole = match std::str::from_utf8(&self.rest) {
                Ok(text) => text.len(),
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                Err(_) => return Err(invalid("it is not UTF-8: convert it first")),
            };
            if whole > 0 {
                let rest = self.rest.split_off(whole);
                let text = String::from_utf8(std::mem::replace(&mut self.rest, rest));
                return text.map(Some).map_err(|_| invalid("it is not UTF-8: convert it first"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in such lumps.
    struct Lumps(Vec<Vec<u8>>);

    impl Read for Lumps {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let lump = self.0.remove(0);
            buffer[..lump.len()].copy_from_slice(&lump);
            Ok(lump.len())
        }
    }

    fn read(lumps: &[&[u8]]) -> Result<Vec<String>, String> {
        let mut source = Lumps(lumps.iter().map(|lump| lump.to_vec()).collect());
        let mut text = Utf8Pieces::default();
        let pieces = std::iter::from_fn(|| text.read(&mut source).transpose());
        pieces.collect::<Result<_, _>>().map_err(|error| error.to_string())
    }

    #[test]
    fn characters_are_whole_however_their_bytes_come() {
        assert_eq!(read(&[b"Gr\xc3", b"\xbc", b"\xc3\x9fe"]).unwrap().concat(), "Grüße");
        assert_eq!(read(&[]).unwrap().concat(), "");
    }

    #[test]
    fn what_is_no_utf_8_is_refused_with_a_way_out() {
        for bytes in [&b"ab\xff"[..], b"ab\xc3"] {
            let error = read(&[bytes]).unwrap_err();
            assert!(error.contains("convert it"), "{error}");
        }
    }
}
