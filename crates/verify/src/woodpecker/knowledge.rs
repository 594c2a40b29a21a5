//! What was seen, written down for the model that rewrites.

use std::fmt::Write as _;

use lavr_types::{Rect, Size};

use super::{questions::Answers, table::Table};

/// The published layout: what was counted, with boxes from 0 to 1; then what each thing is like; then what holds of
/// several.
pub(super) fn written(table: &Table<'_>, answers: &Answers) -> String {
    let mut text = String::from("Counting:\n");
    for thing in &table.things {
        if thing.boxes.is_empty() {
            let _ = writeln!(text, "There is no {}.", thing.name);
            continue;
        }
        let _ = writeln!(text, "There are {} {}.", thing.boxes.len(), thing.name);
        for (place, bounds) in thing.boxes.iter().enumerate() {
            let _ = writeln!(text, "{} {}: {}", thing.name, place + 1, shares(*bounds, table.size));
        }
    }
    if !answers.specific.is_empty() {
        text.push_str("\nSpecific:\n");
        for thing in &table.things {
            for (place, bounds) in thing.boxes.iter().enumerate() {
                let of_it =
                    answers.specific.iter().filter(|(name, at, _)| *name == thing.name && *at == place);
                let statements: Vec<&str> = of_it.map(|(_, _, statement)| statement.as_str()).collect();
                if !statements.is_empty() {
                    let (name, number) = (&thing.name, place + 1);
                    let _ = writeln!(
                        text,
                        "{name} {number}: {} {}",
                        shares(*bounds, table.size),
                        statements.join(" ")
                    );
                }
            }
        }
    }
    if !answers.overall.is_empty() {
        let _ = write!(text, "\nOverall:\n{}\n", answers.overall.join("\n"));
    }
    text.trim_end().to_owned()
}

fn shares(bounds: Rect, size: Size) -> String {
    let (width, height) = (f64::from(size.width.max(1)), f64::from(size.height.max(1)));
    format!(
        "[{:.3}, {:.3}, {:.3}, {:.3}]",
        bounds.left / width,
        bounds.top / height,
        bounds.right / width,
        bounds.bottom / height
    )
}
