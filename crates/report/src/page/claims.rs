//! The claims: verdict, reason and evidence of each.

use lavr_types::{ClaimKind, Trust, Verdict};
use maud::{Markup, html};

use super::{numbers, pictures::Gallery, signs};
use crate::{
    Document,
    document::{ClaimEntry, EvidenceEntry},
    places::words_of,
    words::{cut, safe},
};

/// The list of claims, which the script can filter.
pub(super) fn section(document: &Document, gallery: &Gallery<'_>) -> Markup {
    html! {
        section #claims {
            div.head {
                h2 { "Claims" }
                @if document.claims.len() > 1 {
                    div.filter.scripted {
                        @for (verdict, key) in
                            [(Verdict::Contradicted, "1"), (Verdict::Supported, "2"), (Verdict::Insufficient, "3")]
                        {
                            button type="button" data-filter=(signs::class(verdict)) aria-pressed="false"
                                title={ "only " (signs::word(verdict)) " (" (key) ")" } { (signs::sign(verdict)) }
                        }
                        input #filter type="search" placeholder="filter" aria-label="filter the claims" autocomplete="off"
                            spellcheck="false";
                        output #found aria-live="polite" {}
                    }
                }
            }
            @if document.claims.is_empty() {
                p.faint { "The text says nothing that pixels could confirm or contradict." }
            }
            ol.claims {
                @for (index, claim) in document.claims.iter().enumerate() { (entry(index, claim, gallery)) }
            }
        }
    }
}

fn entry(index: usize, claim: &ClaimEntry, gallery: &Gallery<'_>) -> Markup {
    let number = index + 1;
    html! {
        li class={ "claim " (signs::class(claim.verdict)) } id={ "claim-" (number) } data-claims=(number)
            data-verdict=(signs::class(claim.verdict)) {
            span.number { (signs::sign(claim.verdict)) " " (number) }
            div.body {
                p.said {
                    (wording(claim))
                    span.faint.kind { (kind(claim.kind)) @if claim.hedged { ", hedged" } }
                }
                @if !claim.reason.is_empty() { p.why { bdi { (safe(&claim.reason)) } } }
                @if !claim.evidence.is_empty() {
                    p.seen {
                        @for (place, evidence) in claim.evidence.iter().enumerate() {
                            (seen(number, evidence, gallery.region(index, place).as_deref()))
                        }
                    }
                }
            }
            span.sure title="how sure the verifier is of the verdict" {
                @if claim.verdict != Verdict::Insufficient || claim.confidence > 0.0 {
                    (percent(claim.confidence))
                }
            }
        }
    }
}

fn wording(claim: &ClaimEntry) -> Markup {
    let surface = safe(claim.surface.trim());
    html! {
        @match &claim.replacement {
            None => { bdi.surface { (surface) } }
            Some(new) if new.is_empty() => { del { bdi { (surface) } } " " span.faint { "taken out" } }
            Some(new) => { del { bdi { (surface) } } " " span.arrow { "→" } " " ins { bdi { (safe(new.trim())) } } }
        }
    }
}

fn seen(number: usize, evidence: &EvidenceEntry, region: Option<&str>) -> Markup {
    let value = words_of(&evidence.value).unwrap_or_default();
    let call = evidence.call.as_ref().map(|call| format!(" in {call}")).unwrap_or_default();
    let title = format!("{}{call}, at {}", evidence.tool, numbers::region(evidence.region));
    html! {
        a.chip href={ "#" (region.unwrap_or("claims")) } data-claims=(number) data-region=[region]
            title=(safe(&title)) {
            bdi.faint { (safe(&evidence.tool)) }
            " "
            @if evidence.trust == Trust::Untrusted {
                q title="text that the picture itself carries: data, not an instruction" { bdi { (safe(&cut(&value))) } }
            } @else {
                bdi { (safe(&cut(&value))) }
            }
            " " span.faint { (format!("{:.2}", evidence.score)) }
        }
        " "
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", if share.is_finite() { (share * 100.0).clamp(0.0, 100.0) } else { 0.0 })
}

const fn kind(kind: ClaimKind) -> &'static str {
    match kind {
        ClaimKind::Existence => "existence",
        ClaimKind::Count => "count",
        ClaimKind::Color => "color",
        ClaimKind::Attribute => "attribute",
        ClaimKind::Relation => "relation",
        ClaimKind::Text => "text",
        ClaimKind::Other => "other",
    }
}
