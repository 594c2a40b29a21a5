//! Verdicts as signs: each has a shape of its own, so that no one has to tell colours apart.

use lavr_types::Verdict;
use maud::{Markup, html};

/// The name of the verdict in classes and data attributes.
pub(super) const fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Supported => "supported",
        Verdict::Contradicted => "contradicted",
        Verdict::Insufficient => "insufficient",
    }
}

/// The verdict as people read it.
pub(super) const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Supported => "supported",
        Verdict::Contradicted => "contradicted",
        Verdict::Insufficient => "open",
    }
}

/// The shapes that [`sign`] uses, once for the page: a check in a circle, a cross in a square, a question mark in a
/// diamond. 16 units wide and high.
pub(super) fn definitions() -> Markup {
    html! {
        svg.definitions aria-hidden="true" width="0" height="0" {
            symbol #sign-supported viewBox="0 0 16 16" {
                circle.shape cx="8" cy="8" r="7.5" {}
                path.stroke d="M4.4 8.4 7 11l4.7-5.6" {}
            }
            symbol #sign-contradicted viewBox="0 0 16 16" {
                rect.shape x="1" y="1" width="14" height="14" rx="2" {}
                path.stroke d="m5 5 6 6m0-6-6 6" {}
            }
            symbol #sign-insufficient viewBox="0 0 16 16" {
                rect.shape x="2.2" y="2.2" width="11.6" height="11.6" rx="1.5" transform="rotate(45 8 8)" {}
                path.stroke d="M6 6.4c0-2.6 4-2.6 4 0 0 1.5-2 1.5-2 3.1m0 1.9v.2" {}
            }
        }
    }
}

/// The verdict's sign; a reader of screens hears its word.
pub(super) fn sign(verdict: Verdict) -> Markup {
    html! {
        svg class={ "sign " (class(verdict)) } role="img" aria-label=(word(verdict)) width="16" height="16" {
            use href={ "#sign-" (class(verdict)) } {}
        }
    }
}
