//! Two extractors at once.

use async_trait::async_trait;
use futures::future::join;
use lavr_types::Claim;

use super::{Extraction, Extractor};

/// Merges the claims of two extractors by their spans.
///
/// The rule: the first one's claims all stay. One of the second's joins them where no claim of the first reads the same
/// words: none has exactly its span, and none of its kind shares a byte with it. With the lexical extractor as
/// the first, what the words say for certain wins over what a model makes of them, and the model adds what the
/// words alone do not tell.
pub struct CombinedExtractor<A, B>(A, B);

impl<A: Extractor, B: Extractor> CombinedExtractor<A, B> {
    /// Both extractors; where they read the same words the first one wins.
    pub const fn new(first: A, second: B) -> Self {
        Self(first, second)
    }
}

#[async_trait]
impl<A: Extractor, B: Extractor> Extractor for CombinedExtractor<A, B> {
    async fn extract(&self, text: &str) -> Extraction {
        let (first, second) = join(self.0.extract(text), self.1.extract(text)).await;
        let mut usage = first.usage;
        usage += second.usage;
        // What the first could not read the second may have read; its own notes tell where it did not.
        let mut notes = if second.claims.is_empty() { first.notes } else { Vec::new() };
        notes.extend(second.notes);
        Extraction { claims: merged(first.claims, second.claims), notes, usage }
    }
}

fn merged(first: Vec<Claim>, second: Vec<Claim>) -> Vec<Claim> {
    let read = |claim: &Claim| {
        first.iter().any(|other| {
            other.span == claim.span || (other.kind() == claim.kind() && other.span.overlaps(claim.span))
        })
    };
    let added: Vec<Claim> = second.into_iter().filter(|claim| !read(claim)).collect();
    let mut claims = first;
    claims.extend(added);
    claims.sort_by_key(|claim| (claim.span, claim.kind()));
    claims
}
