//! The annotation files of COCO: pictures, boxes, captions.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{EvalError, Picture, Sample, Task, data};

/// `instances_*.json`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Instances {
    pub(super) images: Vec<Image>,
    pub(super) annotations: Vec<Instance>,
    pub(super) categories: Vec<Category>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Image {
    pub(super) id: u64,
    pub(super) file_name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Instance {
    pub(super) image_id: u64,
    pub(super) category_id: u64,
    /// CHAIR needs none.
    #[serde(default)]
    pub(super) bbox: Option<[f64; 4]>,
    #[serde(default)]
    pub(super) area: Option<f64>,
    #[serde(default)]
    pub(super) iscrowd: u8,
}

#[derive(Debug, Deserialize)]
pub(super) struct Category {
    pub(super) id: u64,
    pub(super) name: String,
}

/// `captions_*.json`.
#[derive(Debug, Default, Deserialize)]
struct CaptionFile {
    images: Vec<Image>,
    annotations: Vec<CaptionOf>,
}

#[derive(Debug, Deserialize)]
struct CaptionOf {
    image_id: u64,
    caption: String,
}

/// What people wrote of pictures.
#[derive(Debug, Default)]
pub(super) struct Captions {
    pub(super) images: BTreeMap<u64, Image>,
    pub(super) of: BTreeMap<u64, Vec<String>>,
}

impl Instances {
    /// Reads a file, or all `*instances*.json` of a folder.
    ///
    /// # Errors
    /// When there is none, one can't be read, or one contradicts itself.
    pub(super) fn read(data: &Path) -> Result<Self, EvalError> {
        let mut all = Self::default();
        for path in paths(data, "instances")? {
            let read: Self = data::json(&path, "COCO's {\"images\", \"annotations\", \"categories\"}")?;
            let (pictures, classes) = (read.pictures(), read.classes());
            for (place, instance) in read.annotations.iter().enumerate() {
                let faulty = |field: &str, id: u64, list: &str| {
                    let message =
                        format!("annotation {} has the {field} {id}, which is not in `{list}`", place + 1);
                    data::fault(&path, None, message)
                };
                if !pictures.contains_key(&instance.image_id) {
                    return Err(faulty("image_id", instance.image_id, "images"));
                }
                if !classes.contains_key(&instance.category_id) {
                    return Err(faulty("category_id", instance.category_id, "categories"));
                }
            }
            all.images.extend(read.images);
            all.annotations.extend(read.annotations);
            for category in read.categories {
                if !all.categories.iter().any(|known| known.id == category.id) {
                    all.categories.push(category);
                }
            }
        }
        Ok(all)
    }

    /// The pictures by number.
    pub(super) fn pictures(&self) -> BTreeMap<u64, Image> {
        self.images.iter().map(|image| (image.id, image.clone())).collect()
    }

    /// The names of classes by number.
    pub(super) fn classes(&self) -> HashMap<u64, &str> {
        self.categories.iter().map(|category| (category.id, category.name.as_str())).collect()
    }
}

impl Captions {
    /// Reads a file, or all `*captions*.json` of a folder.
    ///
    /// # Errors
    /// When there is none or one can't be read.
    pub(super) fn read(data: &Path) -> Result<Self, EvalError> {
        let mut all = Self::default();
        for path in paths(data, "captions")? {
            let read: CaptionFile =
                data::json(&path, "COCO's {\"images\", \"annotations\": [{\"image_id\", \"caption\"}]}")?;
            all.images.extend(read.images.into_iter().map(|image| (image.id, image)));
            for caption in read.annotations {
                all.of.entry(caption.image_id).or_default().push(caption.caption);
            }
        }
        Ok(all)
    }
}

/// The files that are meant.
fn paths(data: &Path, part: &str) -> Result<Vec<PathBuf>, EvalError> {
    if data.is_file() {
        return Ok(vec![data.into()]);
    }
    let found = data::named(data, part)?;
    if found.is_empty() {
        return Err(data::fault(
            data,
            None,
            format!("there is no *{part}*.json here; it is one of COCO's annotation files"),
        ));
    }
    Ok(found)
}

/// A sample for each picture, in the order of their numbers.
pub(super) fn samples(images: &BTreeMap<u64, Image>, folder: &Path, task: &Task) -> Vec<Sample> {
    images
        .values()
        .map(|image| Sample {
            id: image.id.to_string(),
            picture: Some(Picture::file(folder.join(&image.file_name))),
            task: task.clone(),
        })
        .collect()
}
