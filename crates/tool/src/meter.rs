//! What turns of chat models cost that were taken on behalf of a call.

use std::sync::{Arc, Mutex, PoisonError};

use lavr_types::Usage;

/// Adds up what chat models cost, here and in the meter around it. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    sum: Arc<Mutex<Usage>>,
    /// That of the call on whose behalf this one is made.
    around: Option<Box<Meter>>,
}

impl Meter {
    /// A meter of which nothing counts yet, inside another.
    pub(crate) fn within(around: Option<&Self>) -> Self {
        Self { sum: Arc::default(), around: around.cloned().map(Box::new) }
    }

    pub(crate) fn add(&self, usage: Usage) {
        *self.sum.lock().unwrap_or_else(PoisonError::into_inner) += usage;
        if let Some(around) = &self.around {
            around.add(usage);
        }
    }

    pub(crate) fn sum(&self) -> Usage {
        *self.sum.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_inner_meter_counts_the_outer_counts_too() {
        let outer = Meter::default();
        let inner = Meter::within(Some(&outer));
        let spent = |tokens| Usage { model_calls: 1, input_tokens: tokens, ..Usage::default() };
        outer.add(spent(5));
        inner.clone().add(spent(7));
        assert_eq!((inner.sum().input_tokens, outer.sum().input_tokens), (7, 12));
        assert_eq!(outer.sum().model_calls, 2);
    }
}
