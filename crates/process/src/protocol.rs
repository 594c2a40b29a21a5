//! What parent and worker say to each other: JSON, one message a line. Pixels go through files in a shared folder, each
//! image once, with its way back to its parent, so that it has the same id on both sides.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use lavr_image::{ImageError, ImageStore, Origin, RgbImage};
use lavr_tool::named;
use lavr_types::{Affine, Amounts, BudgetLimits, Capability, Failure, ImageId, Observation, Size, Usage};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// What became of a call.
pub(crate) type Outcome = Result<Observation<Value>, Failure>;

/// From the parent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ToWorker {
    /// Where images are left for the other side. The first message.
    Begin { folder: PathBuf },
    /// Run the tool, whose chat models may use up so much. Images that the parent has not any more are forgotten before.
    Call {
        arguments: Value,
        images: Vec<ImageFile>,
        forget: Vec<ImageId>,
        #[serde(default)]
        budget: BudgetLimits,
    },
    /// What another tool gave that the worker asked for.
    Answer { question: u32, outcome: Outcome, images: Vec<ImageFile> },
}

/// From the worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ToParent {
    /// The tool calls another one.
    Ask { question: u32, capability: Capability, arguments: Value, images: Vec<ImageFile> },
    /// The call ended. `models` and `spent`: what chat models cost that the tool asked by itself.
    Ended {
        outcome: Outcome,
        images: Vec<ImageFile>,
        #[serde(default)]
        models: Usage,
        #[serde(default)]
        spent: Amounts,
    },
}

/// A message as a line. It begins with a line break, too: whatever a library printed before it ends there.
pub(crate) fn line(message: &impl Serialize) -> serde_json::Result<String> {
    Ok(format!("\n{}\n", serde_json::to_string(message)?))
}

/// The message in a line; `None` for what is none, such as the print of a library.
pub(crate) fn message<T: DeserializeOwned>(line: &str) -> Option<T> {
    serde_json::from_str(line.trim()).ok()
}

/// An image in a file: RGB, 8 bits, row by row.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ImageFile {
    id: ImageId,
    size: Size,
    /// Where it came from: its parent and the map to it.
    #[serde(default)]
    parent: Option<(ImageId, Affine)>,
}

impl ImageFile {
    /// How many pixels it has.
    pub(crate) fn pixels(&self) -> u64 {
        self.size.area()
    }
}

/// Images could not be handed over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandOver {
    #[error("the file of an image could not be written or read")]
    File(#[from] std::io::Error),
    #[error("an image came over damaged")]
    Damaged,
    #[error(transparent)]
    Image(#[from] ImageError),
}

/// The images that an outcome names.
pub(crate) fn named_by(outcome: &Outcome) -> Vec<ImageId> {
    let Ok(observation) = outcome else { return Vec::new() };
    let evidence = observation.evidence.iter().flat_map(|fact| {
        let mut ids = named(&fact.value);
        ids.push(fact.region.image);
        ids
    });
    named(&observation.value).into_iter().chain(evidence).chain(observation.show.iter().copied()).collect()
}

/// The images that both sides had and this one has not any more.
pub(crate) fn let_go(store: &ImageStore, known: &mut HashSet<ImageId>) -> Vec<ImageId> {
    let gone: Vec<ImageId> = known.iter().copied().filter(|id| !store.has(*id)).collect();
    for id in &gone {
        known.remove(id);
    }
    gone
}

/// Leaves for the other side what it does not know yet: each image after its parent. Names that nothing stands behind
/// are left to the tool to complain of.
pub(crate) fn hand_over(
    store: &ImageStore,
    ids: impl IntoIterator<Item = ImageId>,
    known: &mut HashSet<ImageId>,
    folder: &Path,
) -> Result<Vec<ImageFile>, HandOver> {
    let mut files = Vec::new();
    for id in ids {
        let (mut next, mut chain) = (Some(id), Vec::new());
        while let Some(id) = next.filter(|id| !known.contains(id)) {
            let Ok(image) = store.get(id) else { break };
            next = match image.origin {
                Origin::Root => None,
                Origin::Derived { parent, .. } => Some(parent),
            };
            chain.push(image);
        }
        for image in chain.into_iter().rev() {
            std::fs::write(folder.join(image.id.to_string()), image.pixels.as_raw())?;
            known.insert(image.id);
            let parent = match image.origin {
                Origin::Root => None,
                Origin::Derived { parent, to_parent } => Some((parent, to_parent)),
            };
            files.push(ImageFile { id: image.id, size: image.size(), parent });
        }
    }
    Ok(files)
}

/// Takes what the other side left.
pub(crate) fn take_over(
    store: &ImageStore,
    files: &[ImageFile],
    known: &mut HashSet<ImageId>,
    folder: &Path,
) -> Result<(), HandOver> {
    for file in files {
        let path = folder.join(file.id.to_string());
        let bytes = std::fs::read(&path)?;
        std::fs::remove_file(&path)?;
        let pixels = RgbImage::from_raw(file.size.width, file.size.height, bytes).ok_or(HandOver::Damaged)?;
        let id = match file.parent {
            None => store.insert(pixels)?,
            Some((parent, to_parent)) => store.insert_derived(parent, pixels, to_parent)?,
        };
        if id != file.id {
            return Err(HandOver::Damaged);
        }
        known.insert(id);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use lavr_types::Rect;

    use super::*;

    #[test]
    fn an_image_keeps_its_id_and_its_way_back() {
        let folder = tempfile::tempdir().unwrap();
        let (here, there) = (ImageStore::default(), ImageStore::default());
        let root =
            here.insert(RgbImage::from_fn(40, 30, |x, y| lavr_image::Rgb([x as u8, y as u8, 0]))).unwrap();
        let crop = here.crop(root, Rect::new(10.0, 5.0, 30.0, 25.0)).unwrap();
        let inner = here.resized(crop, Size::new(40, 40)).unwrap().id;
        let (mut sent, mut got) = (HashSet::new(), HashSet::new());
        let files = hand_over(&here, [inner, root], &mut sent, folder.path()).unwrap();
        take_over(&there, &files, &mut got, folder.path()).unwrap();
        assert_eq!(there.get(inner).unwrap().pixels, here.get(inner).unwrap().pixels);
        assert_eq!(there.root_of(inner).unwrap(), here.root_of(inner).unwrap());
        // Each image once, and nothing left behind.
        assert!(hand_over(&here, [crop, inner], &mut sent, folder.path()).unwrap().is_empty());
        assert_eq!((sent.len(), got.len(), std::fs::read_dir(folder.path()).unwrap().count()), (3, 3, 0));
    }

    #[test]
    fn an_image_that_was_changed_on_the_way_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let here = ImageStore::default();
        let root = here.insert(RgbImage::new(4, 3)).unwrap();
        let files = hand_over(&here, [root], &mut HashSet::new(), folder.path()).unwrap();
        std::fs::write(folder.path().join(root.to_string()), [1; 36]).unwrap();
        let taken = take_over(&ImageStore::default(), &files, &mut HashSet::new(), folder.path());
        assert!(matches!(taken, Err(HandOver::Damaged)));
    }

    #[test]
    fn a_stray_print_does_not_hide_a_message() {
        let said = format!("progress 50 %{}", line(&ToWorker::Begin { folder: "x".into() }).unwrap());
        assert_eq!(said.lines().filter_map(message::<ToWorker>).count(), 1);
    }
}
