//! `lavr report RUN -o run.html`

use std::path::{Path, PathBuf};

use lavr_image::ImageStore;
use lavr_report::{
    Document,
    document::{ImageEntry, PartOf},
    run_page,
};

use crate::{
    Outcome,
    arguments::Report,
    command::{export::documents, runs},
    output::{check_page, numbered, write_page},
};

pub(crate) fn run(report: &Report) -> anyhow::Result<Outcome> {
    check_page(&report.output)?;
    if !is_document(&report.run) {
        let trace = runs::trace(&report.run.to_string_lossy())?;
        let images = trace.image_store()?;
        let document = runs::document(&trace, &images)?;
        return write(&run_page(&document, &images, &trace.events), &report.output);
    }
    let documents = documents(&report.run)?;
    anyhow::ensure!(!documents.is_empty(), "`{}` holds no answer", report.run.display());
    for (document, number) in documents.iter().zip(1..) {
        let images = ImageStore::default();
        let folders = [report.pictures.as_deref(), report.run.parent()];
        for missing in find_pictures(document, &images, &folders) {
            anstream::eprintln!("{missing}");
        }
        let path = if documents.len() > 1 { numbered(&report.output, number) } else { report.output.clone() };
        write(&run_page(document, &images, &[]), &path)?;
    }
    Ok(Outcome::Done)
}

/// Whether the name is that of a file with documents, not of a run or of an exported trace.
fn is_document(run: &Path) -> bool {
    run == Path::new("-") || run.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

fn write(page: &str, path: &Path) -> anyhow::Result<Outcome> {
    write_page(page, path)?;
    anstream::eprintln!("{}", path.display());
    Ok(Outcome::Done)
}

/// Takes the document's pictures into the store, and cuts out of them what the run cut out. Tells which are not to be
/// had: their boxes are shown on an empty frame.
fn find_pictures(document: &Document, images: &ImageStore, folders: &[Option<&Path>]) -> Vec<String> {
    let mut missing = Vec::new();
    for entry in &document.images {
        if let Some(name) = &entry.name
            && let Err(why) = find_picture(entry, name, images, folders)
        {
            missing.push(format!("the page has an empty frame for `{name}`: {why}"));
        }
    }
    // A crop of a crop may stand before it.
    let made = || document.images.iter().filter(|entry| entry.name.is_none());
    for _ in made() {
        for entry in made().filter(|entry| images.get(entry.id).is_err()) {
            if let Some(PartOf { image, region }) = entry.cut_from.as_ref().or(entry.part_of.as_ref()) {
                // One that was not simply cut out (a straightened line of text) gets another id, and no picture.
                let _ = images.crop(*image, *region);
            }
        }
    }
    missing
}

fn find_picture(
    entry: &ImageEntry,
    name: &str,
    images: &ImageStore,
    folders: &[Option<&Path>],
) -> Result<(), String> {
    let own = Path::new(name);
    let elsewhere = folders.iter().flatten().filter_map(|folder| Some(folder.join(own.file_name()?)));
    let paths: Vec<PathBuf> = std::iter::once(own.to_owned()).chain(elsewhere).collect();
    let mut why = "no file is there: say where the pictures are with --pictures DIR".to_owned();
    for path in paths.iter().filter(|path| path.is_file()) {
        match images.open(path) {
            Ok(id) if id == entry.id => return Ok(()),
            Ok(id) => {
                images.forget(id);
                why = format!("`{}` is another picture than the run looked at", path.display());
            }
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
}
