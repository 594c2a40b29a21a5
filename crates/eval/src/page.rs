//! Every case of a run on one page: a file that opens anywhere and loads nothing.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lavr_image::ImageStore;
use lavr_types::ImageSource as _;

use crate::{Case, Scores};

/// The longest side of a picture on the page, in pixels.
const SHOWN_SIDE: u32 = 420;

const STYLE: &str = "
:root { color-scheme: light dark; --edge: #8886; --bad: #c0392b; --good: #1e8449; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid var(--edge); text-align: right; }
th:first-child, td:first-child { text-align: left; }
.case { display: grid; grid-template-columns: 220px 1fr; gap: 1rem; padding: 1rem 0; border-top: 1px solid var(--edge); break-inside: avoid; }
.case img { width: 100%; border-radius: 4px; }
.case p { margin: .2rem 0; } .label { opacity: .7; font-size: .8rem; }
.faulty .outcome { color: var(--bad); } .outcome { color: var(--good); font-weight: 600; }
del { color: var(--bad); } ins { color: var(--good); text-decoration: none; font-weight: 600; }
ul { margin: .3rem 0; padding-left: 1.2rem; font-size: .9rem; }
body.faults .case:not(.faulty) { display: none; }
@media print { label { display: none; } }
@media (max-width: 600px) { .case { grid-template-columns: 1fr; } }
";

/// The page of a run. `title` says what was evaluated on what.
///
/// A picture that can't be opened is left out, its case is not.
pub fn page(title: &str, scores: &Scores, cases: &[Case], images: &ImageStore) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{0}</title>\n<style>{STYLE}</style>\n\
         <h1>{0}</h1>\n",
        escaped(title)
    );
    for table in &scores.tables {
        let _ = write!(out, "<h2>{}</h2>\n<table><tr><th></th>", escaped(&table.title));
        for column in &table.columns {
            let _ = write!(out, "<th>{}</th>", escaped(column));
        }
        out.push_str("</tr>\n");
        for row in &table.rows {
            let _ = write!(out, "<tr><td>{}</td>", escaped(&row.name));
            for cell in &row.cells {
                let _ = write!(out, "<td>{}</td>", escaped(&cell.shown()));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</table>\n");
    }
    for note in &scores.notes {
        let _ = writeln!(out, "<p>{}</p>", escaped(note));
    }
    let faulty = cases.iter().filter(|case| case.faulty).count();
    let _ = writeln!(
        out,
        "<h2>Cases</h2>\n<label><input type=\"checkbox\" \
         onchange=\"document.body.classList.toggle('faults', this.checked)\"> only the {faulty} of {} with a fault</label>",
        cases.len()
    );
    for case in cases {
        write_case(&mut out, case, images);
    }
    out
}

fn write_case(out: &mut String, case: &Case, images: &ImageStore) {
    let class = if case.faulty { "case faulty" } else { "case" };
    let _ = write!(out, "<div class=\"{class}\" id=\"{}\"><div>", escaped(&case.sample));
    if let Some(picture) = case.picture.as_ref().and_then(|picture| encoded(picture, images)) {
        let _ = write!(out, "<img loading=\"lazy\" alt=\"\" src=\"{picture}\">");
    }
    let _ = write!(
        out,
        "</div><div><p><span class=\"label\">{}</span> <span class=\"outcome\">{}</span></p>",
        escaped(&case.sample),
        escaped(&case.outcome)
    );
    let _ = write!(out, "<p>{}</p>", escaped(&case.asked));
    if case.answered == case.asked {
        out.push_str("<p class=\"label\">left as it was</p>");
    } else {
        let _ = write!(
            out,
            "<p><span class=\"label\">answer</span> {}</p>",
            changes(&case.asked, &case.answered)
        );
    }
    if let Some(right) = &case.right {
        let _ = write!(out, "<p><span class=\"label\">right</span> {}</p>", escaped(right));
    }
    if !case.details.is_empty() {
        out.push_str("<ul>");
        for detail in &case.details {
            let _ = write!(out, "<li>{}</li>", escaped(detail));
        }
        out.push_str("</ul>");
    }
    out.push_str("</div></div>\n");
}

/// Words taken out struck, words put in marked, where most of the text stayed; else the new text alone.
fn changes(before: &str, after: &str) -> String {
    let diff = similar::TextDiff::from_words(before, after);
    if diff.ratio() < 0.5 {
        return escaped(after);
    }
    let mut out = String::new();
    for change in diff.iter_all_changes() {
        let words = escaped(change.value());
        let _ = match change.tag() {
            similar::ChangeTag::Equal => write!(out, "{words}"),
            similar::ChangeTag::Delete => write!(out, "<del>{words}</del>"),
            similar::ChangeTag::Insert => write!(out, "<ins>{words}</ins>"),
        };
    }
    out
}

fn encoded(picture: &crate::Picture, images: &ImageStore) -> Option<String> {
    let image = picture.open(images).ok()?;
    let encoded = images.encoded(image, SHOWN_SIDE).ok();
    images.forget(image);
    let encoded = encoded?;
    Some(format!("data:{};base64,{}", encoded.media_type, STANDARD.encode(&encoded.bytes)))
}

/// Text that stays text in a page, also inside an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_says_stays_text() {
        let case = Case {
            sample: "1\"><script>alert(1)</script>".into(),
            picture: None,
            asked: "Two dogs sit on the red sofa near the wall.".into(),
            answered: "Two dogs sit on the <b>blue</b> sofa near the wall.".into(),
            right: None,
            outcome: "wrong".into(),
            faulty: true,
            details: vec!["a & b".into()],
        };
        let page = page("t<i>tle", &Scores::default(), &[case], &ImageStore::default());
        assert!(!page.contains("<script>") && !page.contains("<b>") && !page.contains("<i>"));
        assert!(page.contains("<del>red</del>"), "{page}");
    }
}
