//! The evidence cache: what an expert has seen once is not paid for twice.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use lavr_image::ImageStore;
use lavr_types::{ImageId, Observation, ToolSpec};
use serde_json::Value;
use tokio::sync::OnceCell;

/// The fewest observations among which it is worth a look which are of no more use.
const FEW: usize = 1024;

/// Tool, its version, and its arguments (which name the images) with their keys in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key(String);

impl Key {
    pub(crate) fn new(spec: &ToolSpec, arguments: &Value) -> Self {
        Self(format!("{} {} {}", spec.name, spec.version, sorted(arguments)))
    }
}

/// The value with the keys of its objects in order, so that equal values are written equally.
pub fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            fields.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

pub(crate) type Slot = Arc<OnceCell<Observation<Value>>>;

/// Observations by what was asked. A slot that is being filled makes others that ask the same wait for it.
#[derive(Debug, Default)]
pub(crate) struct EvidenceCache(Mutex<Slots>);

#[derive(Debug, Default)]
struct Slots {
    by_key: HashMap<Key, (Slot, Vec<ImageId>)>,
    /// How many there may be before those are dropped that speak of images which the store let go.
    enough: usize,
}

impl EvidenceCache {
    pub(crate) fn slot(&self, key: Key, arguments: &Value, images: &ImageStore) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((slot, _)) = slots.by_key.get(&key) {
            return Arc::clone(slot);
        }
        slots.drop_what_is_of_no_use(images);
        slots.by_key.entry(key).or_insert_with(|| (Slot::default(), named(arguments))).0.clone()
    }

    /// Drops a slot, unless another took its place by now.
    pub(crate) fn drop_slot(&self, key: &Key, slot: &Slot) {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.by_key.get(key).is_some_and(|(known, _)| Arc::ptr_eq(known, slot)) {
            slots.by_key.remove(key);
        }
    }
}

impl Slots {
    /// Now and then, so that each observation pays for a few looks.
    fn drop_what_is_of_no_use(&mut self, images: &ImageStore) {
        if self.by_key.len() < self.enough.max(FEW) {
            return;
        }
        self.by_key
            .retain(|_, (slot, about)| Arc::strong_count(slot) > 1 || about.iter().all(|id| images.has(*id)));
        self.enough = 2 * self.by_key.len();
    }
}

/// The images that a value names, wherever it does.
pub fn named(value: &Value) -> Vec<ImageId> {
    match value {
        Value::String(text) => text.parse().ok().into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(named).collect(),
        Value::Object(fields) => fields.values().flat_map(named).collect(),
        _ => Vec::new(),
    }
}

/// Whether an answer is about a picture that was shown smaller for want of pixels: what that run could not see, others
/// may.
pub(crate) fn of_a_smaller_picture(observation: &Observation<Value>) -> bool {
    observation.value.get("shown_at").is_some_and(|size| !size.is_null())
}

/// The images that an observation speaks of.
pub(crate) fn spoken_of(observation: &Observation<Value>) -> impl Iterator<Item = ImageId> {
    let seen_in = observation.evidence.iter().map(|evidence| evidence.region.image);
    observation.show.iter().copied().chain(seen_in)
}

#[cfg(test)]
mod tests {
    use lavr_image::{Rgb, RgbImage};
    use serde_json::json;

    use super::*;

    #[test]
    fn observations_of_images_that_are_gone_are_not_collected_without_end() {
        let images = ImageStore::default().keeping_at_most(100 * 12);
        let cache = EvidenceCache::default();
        let spec = ToolSpec::new("look", "Looks.", json!({}));
        let mut last = json!({});
        for n in 0..10_u32 * FEW as u32 {
            let [a, b, c, d] = n.to_le_bytes();
            let image = images.insert(RgbImage::from_fn(2, 2, |x, _| Rgb([a, b, c + d + x as u8]))).unwrap();
            last = json!({ "images": [image] });
            _ = cache.slot(Key::new(&spec, &last), &last, &images).set(Observation::new(json!({})));
        }
        assert!(cache.0.lock().unwrap().by_key.len() <= FEW);
        assert!(
            cache.slot(Key::new(&spec, &last), &last, &images).initialized(),
            "that of an image here is kept"
        );
    }
}
