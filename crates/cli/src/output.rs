//! Where a result goes: standard output, a JSON document, an annotated picture.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use lavr_image::{ImageStore, RgbImage};
use lavr_report::{Document, annotate, inline_boxes, run_page};
use lavr_types::{Answer, ImageId, RunId, TraceEvent, Verdict};

use crate::{Outcome, arguments::Showing, terminal};

/// Shows answers, one for each list of pictures, as the command line asks.
pub(crate) struct Output<'a> {
    showing: &'a Showing,
    images: &'a ImageStore,
    documents: Vec<Document>,
    unverified: bool,
    /// How many answers are to come.
    expected: usize,
    /// How many answers, and how many pictures, were shown.
    answers: usize,
    shown: usize,
    /// Whether the text itself is on the screen already.
    text_is_shown: bool,
}

impl<'a> Output<'a> {
    pub(crate) fn new(showing: &'a Showing, images: &'a ImageStore, expected: usize) -> Self {
        Self {
            showing,
            images,
            documents: Vec::new(),
            unverified: false,
            expected,
            answers: 0,
            shown: 0,
            text_is_shown: false,
        }
    }

    /// Fails early where the annotated picture or the page could not be written in the end.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if let Some(path) = &self.showing.annotate {
            check_place(path, "png", "annotated pictures are PNG files")?;
        }
        self.showing.report.as_deref().map_or(Ok(()), check_page)
    }

    /// Whoever calls this has shown the text; what was found out about it is left to show.
    pub(crate) fn text_is_shown(&mut self) {
        self.text_is_shown = true;
    }

    /// Shows an answer; `run` is the name under which its trace is kept, `events` are what happened in it.
    pub(crate) fn show(
        &mut self,
        answer: &Answer,
        pictures: &[(ImageId, String)],
        run: Option<&RunId>,
        events: &[TraceEvent],
    ) -> anyhow::Result<()> {
        self.unverified |= answer.claims.iter().any(|claim| claim.judgement.verdict == Verdict::Insufficient);
        if let Some(path) = &self.showing.annotate {
            for (index, (id, _)) in pictures.iter().enumerate() {
                let number = self.shown + index;
                let path = if self.expected * pictures.len() > 1 {
                    numbered(path, number + 1)
                } else {
                    path.clone()
                };
                let picture = annotate(answer, *id, self.images)?;
                write_png(&picture, &path)?;
            }
        }
        self.shown += pictures.len();
        self.answers += 1;
        let document = || Document {
            text_with_boxes: self.showing.inline_boxes.then(|| inline_boxes(answer)),
            run: run.cloned(),
            ..Document::new(answer, self.images, pictures)
        };
        if let Some(path) = &self.showing.report {
            let path = if self.expected > 1 { numbered(path, self.answers) } else { path.clone() };
            write_page(&run_page(&document(), self.images, events), &path)?;
        }
        if self.showing.json {
            let document = document();
            self.documents.push(document);
            return Ok(());
        }
        let mut out = anstream::stdout();
        let styled = out.current_choice() != anstream::ColorChoice::Never;
        if self.expected > 1 {
            let names: Vec<&str> = pictures.iter().map(|(_, name)| name.as_str()).collect();
            writeln!(out, "{}", terminal::bold(names.join(", ")))?;
        }
        if self.text_is_shown {
            writeln!(out, "{}", terminal::findings(answer, run))?;
        } else {
            writeln!(out, "{}", terminal::answer(answer, run, styled))?;
        }
        if self.showing.inline_boxes {
            writeln!(out, "{}", inline_boxes(answer))?;
        }
        Ok(())
    }

    /// Writes what was kept back; tells how the command ends.
    pub(crate) fn finish(self) -> anyhow::Result<Outcome> {
        if self.showing.json {
            let mut out = std::io::stdout().lock();
            match self.documents.as_slice() {
                [document] => serde_json::to_writer_pretty(&mut out, document)?,
                documents => serde_json::to_writer_pretty(&mut out, documents)?,
            }
            writeln!(out)?;
        }
        Ok(if self.showing.strict && self.unverified { Outcome::Unverified } else { Outcome::Done })
    }
}

/// `out.png` becomes `out-2.png`.
pub(crate) fn numbered(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number}.{extension}"))
}

/// Fails where a page could not be written to this path.
pub(crate) fn check_page(path: &Path) -> anyhow::Result<()> {
    check_place(path, "html", "pages are HTML files")
}

fn check_place(path: &Path, extension: &str, why: &str) -> anyhow::Result<()> {
    let fits = path.extension().is_some_and(|has| has.eq_ignore_ascii_case(extension));
    anyhow::ensure!(fits, "`{}` must end in .{extension}: {why}", path.display());
    let folder = folder_of(path);
    anyhow::ensure!(folder.is_dir(), "no folder is at `{}`: make it first", folder.display());
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

pub(crate) fn write_png(picture: &RgbImage, path: &Path) -> anyhow::Result<()> {
    write_whole(path, |file| {
        let mut file = std::io::BufWriter::new(file);
        picture.write_to(&mut file, image::ImageFormat::Png).map_err(anyhow::Error::from)?;
        Ok(file.flush()?)
    })
}

pub(crate) fn write_page(page: &str, path: &Path) -> anyhow::Result<()> {
    write_whole(path, |file| Ok(file.write_all(page.as_bytes())?))
}

/// Written beside its place and then moved there, so that a full disk leaves no half a file.
fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut tempfile::NamedTempFile) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let failed = || format!("could not write `{}`", path.display());
    let mut file = tempfile::NamedTempFile::new_in(folder_of(path)).with_context(failed)?;
    write(&mut file).with_context(failed)?;
    file.as_file().sync_all().with_context(failed)?;
    make_readable(&file).with_context(failed)?;
    file.persist(path).with_context(failed)?;
    Ok(())
}

/// A temporary file is its owner's alone; a picture that was asked for is not.
#[cfg(unix)]
fn make_readable(file: &tempfile::NamedTempFile) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &tempfile::NamedTempFile) -> std::io::Result<()> {
    Ok(())
}
