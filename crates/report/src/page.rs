//! The run page: one HTML file that shows a run to people, with nothing loaded from outside.
//!
//! The picture with a frame around each place that evidence was seen in; the text with what was changed; each claim
//! linked to its words and its places, and back; the steps on a time line; what was cut out of which picture; notes,
//! costs, and the JSON document.
//!
//! All that a picture, a model or a tool wrote is data here. It is escaped wherever it stands, it is never part of a
//! script, a style or an address, and the page's content security policy allows the page's own script and styles by
//! their digests and nothing else: no request, no form, no other script. Without JavaScript everything can be read
//! and every link leads to its place; the script only lights up what belongs together, filters, and hears the keyboard.

mod claims;
mod costs;
mod json;
mod numbers;
mod overlay;
mod pictures;
mod signs;
mod steps;
mod text;
mod timeline;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use lavr_types::{ImageSource, TraceEvent, Verdict};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use self::{pictures::Gallery, timeline::Timeline};
use crate::{Document, words::safe};

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// The run page of a document.
///
/// `pictures` gives out the images that the document names. What it does not have shows as an empty frame of the
/// right shape, still with its boxes. `events` are those of the run, in their order; without them the steps show
/// how long each call took, not when.
///
/// ```
/// use lavr_image::ImageStore;
/// use lavr_report::{Document, run_page};
/// # use lavr_types::{Answer, Usage};
///
/// # let answer = Answer {
/// #     question: None, draft: "A dark square.".into(), text: "A dark square.".into(), claims: Vec::new(),
/// #     steps: Vec::new(), notes: Vec::new(), usage: Usage::default(),
/// # };
/// let store = ImageStore::default();
/// let picture = store.insert(image::RgbImage::new(64, 48))?;
/// let document = Document::new(&answer, &store, &[(picture, "square.png".to_owned())]);
/// let page = run_page(&document, &store, &[]);
/// assert!(page.contains("A dark square."));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn run_page(document: &Document, pictures: &dyn ImageSource, events: &[TraceEvent]) -> String {
    let gallery = Gallery::new(document, pictures);
    let timeline = Timeline::new(document, events);
    let shapes = gallery.shapes();
    let title = title(document, &gallery);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(&[STYLE, &shapes]));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content={ "lavr " (env!("CARGO_PKG_VERSION")) };
                title { (title) " · lavr" }
                style { (PreEscaped(STYLE)) }
                style { (PreEscaped(&shapes)) }
            }
            body {
                (signs::definitions())
                (header(document, &title))
                main {
                    div.look { (gallery.given()) }
                    div.read {
                        (text::section(document))
                        (claims::section(document, &gallery))
                    }
                }
                div.rest {
                    (steps::section(&timeline, document, &gallery))
                    (gallery.crops())
                    (costs::notes(document))
                    (costs::section(document, &timeline))
                    (costs::document(document))
                }
                (help())
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// What the page may do: its own script and styles, the pictures that it carries, nothing else.
fn policy(styles: &[&str]) -> String {
    let digest = |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
    let styles: Vec<String> = styles.iter().map(|style| digest(style)).collect();
    format!(
        "default-src 'none'; img-src data:; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        styles.join(" "),
        digest(SCRIPT)
    )
}

fn title(document: &Document, gallery: &Gallery<'_>) -> String {
    match document.question.as_deref().map(str::trim).filter(|question| !question.is_empty()) {
        Some(question) => safe(question),
        None => match gallery.names().as_slice() {
            [] => "A text, checked".to_owned(),
            names => format!("A text about {}", names.join(", ")),
        },
    }
}

fn header(document: &Document, title: &str) -> Markup {
    let count = |verdict| document.claims.iter().filter(|claim| claim.verdict == verdict).count();
    html! {
        header {
            div.bar {
                span.brand { "lavr" }
                span.kind { (if document.question.is_some() { "question" } else { "check" }) }
                @if let Some(run) = &document.run { span.kind { "run " bdi { (safe(&run.to_string())) } } }
                span.tools {
                    button #theme type="button" title="light or dark (t)" { "theme" }
                    button #help-button type="button" title="keys (?)" { "keys" }
                }
            }
            h1 dir="auto" { (title) }
            p.summary {
                @if document.claims.is_empty() { "no claims that pixels could confirm or contradict" }
                @for verdict in [Verdict::Contradicted, Verdict::Supported, Verdict::Insufficient] {
                    @if count(verdict) > 0 {
                        span.tally { (signs::sign(verdict)) " " (count(verdict)) " " (signs::word(verdict)) }
                    }
                }
                span.tally.cost { (numbers::seconds(document.usage.seconds)) }
            }
        }
    }
}

fn help() -> Markup {
    let keys: [(&[&str], &str); 9] = [
        (&["j", "k"], "next and previous claim (also ↓ ↑ in the list)"),
        (&["Enter"], "show the claim's words and places"),
        (&["Esc"], "let go"),
        (&["/"], "filter the claims"),
        (&["1", "2", "3", "0"], "only contradicted, only supported, only open, all"),
        (&["b"], "boxes on and off"),
        (&["e"], "open and fold all steps"),
        (&["t"], "light or dark"),
        (&["?"], "this list"),
    ];
    html! {
        dialog #help aria-labelledby="help-title" {
            h2 #help-title { "Keys" }
            dl {
                @for (keys, what) in keys {
                    dt { @for key in keys { kbd { (key) } " " } }
                    dd { (what) }
                }
            }
            button #help-close type="button" { "close" }
        }
    }
}

#[cfg(test)]
#[path = "page/tests.rs"]
mod tests;
