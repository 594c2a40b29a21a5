//! What no picture shows.

use async_trait::async_trait;
use lavr_types::{Assertion, Claim, Judgement};

use super::Checker;
use crate::{Scene, text::inner::inner};

/// Leaves open who someone is, what they feel and what they mean to do. No expert is asked: a detector has no label
/// for it, and a model that answers guesses from looks.
#[derive(Debug, Clone, Copy)]
pub struct InnerChecker;

#[async_trait]
impl Checker for InnerChecker {
    fn checks(&self, claim: &Claim, _: &Scene<'_>) -> bool {
        matches!(&claim.assertion, Assertion::Attribute { attribute, .. } if inner(attribute).is_some())
    }

    async fn check(&self, claim: &Claim, _: &Scene<'_>) -> Judgement {
        let what = match &claim.assertion {
            Assertion::Attribute { attribute, .. } => inner(attribute),
            _ => None,
        };
        Judgement::insufficient(what.map_or("no claim about someone's inner life", |what| what.reason()))
    }
}
