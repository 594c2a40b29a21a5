//! Other programs' answers in COCO's layout of results: one JSON list, of captions or of boxes.

use std::{collections::HashMap, path::Path};

use lavr_types::{Rect, perception::Detection};
use serde::Deserialize;

use crate::{EvalError, Response, benchmarks::coco_ap::NUMBERED};

const FORMAT: &str =
    "[{\"image_id\", \"caption\"}, ...] or [{\"image_id\", \"category_id\", \"bbox\", \"score\"}, ...]";

/// An entry of either kind.
#[derive(Deserialize)]
struct Entry {
    image_id: u64,
    caption: Option<String>,
    category_id: Option<u64>,
    /// x, y, width, height.
    bbox: Option<[f64; 4]>,
    score: Option<f32>,
}

/// Whether a file of answers is such a list.
pub(crate) fn is_list(text: &str) -> bool {
    text.trim_start().starts_with('[')
}

/// The responses by picture. A list of boxes answers for the pictures it names alone: see the notes of the benchmark.
///
/// # Errors
/// When the text is no such list, or a picture has two captions.
pub(crate) fn read(text: &str, path: &Path) -> Result<HashMap<String, Response>, EvalError> {
    let data = |line, message| EvalError::Data { path: path.into(), line, message };
    let entries: Vec<Entry> = serde_json::from_str(text)
        .map_err(|error| data(Some(error.line()), format!("{error}; expected {FORMAT}")))?;
    let mut responses: HashMap<String, Response> = HashMap::new();
    for (place, entry) in entries.into_iter().enumerate() {
        let id = entry.image_id.to_string();
        match entry {
            Entry {
                category_id: Some(class), bbox: Some([x, y, width, height]), score: Some(score), ..
            } if [x, y, width, height].iter().all(|side| side.is_finite()) && score.is_finite() => {
                responses.entry(id).or_default().objects.push(Detection {
                    label: format!("{NUMBERED}{class}"),
                    bounds: Rect::new(x, y, x + width, y + height),
                    score,
                });
            }
            Entry { caption: Some(caption), category_id: None, .. } => {
                if responses.insert(id.clone(), Response::text(caption)).is_some() {
                    return Err(data(None, format!("picture {id} has two captions")));
                }
            }
            _ => {
                return Err(data(None, format!("entry {} is of neither kind; expected {FORMAT}", place + 1)));
            }
        }
    }
    Ok(responses)
}
