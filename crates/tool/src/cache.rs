//! The evidence cache: what an expert has seen once is not paid for twice.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use lavr_types::{Observation, ToolSpec};
use serde_json::Value;
use tokio::sync::OnceCell;

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
pub(crate) struct EvidenceCache(Mutex<HashMap<Key, Slot>>);

impl EvidenceCache {
    pub(crate) fn slot(&self, key: Key) -> Slot {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone()
    }
}
