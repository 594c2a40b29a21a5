//! `lavr export FILE...`

use std::{
    collections::BTreeMap,
    io::{BufWriter, Read as _, Write as _},
    path::Path,
};

use anyhow::Context as _;
use lavr_report::{Document, Export as Layout, document::SCHEMA};

use crate::{
    Outcome,
    arguments::{Export, ExportAs},
};

pub(crate) fn run(export: &Export) -> anyhow::Result<Outcome> {
    let layout = match export.layout {
        ExportAs::Instructions => Layout::Instructions,
        ExportAs::Preferences => Layout::Preferences,
        ExportAs::ToolUse => Layout::ToolUse,
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let (mut written, mut left_out) = (0, BTreeMap::<String, u32>::new());
    for file in &export.files {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        for (number, document) in documents(file)?.iter().enumerate() {
            match layout.example(&format!("{stem}-{}", number + 1), document, export.verified_only) {
                Ok(example) => {
                    serde_json::to_writer(&mut out, &example)?;
                    writeln!(out)?;
                    written += 1;
                }
                Err(why) => *left_out.entry(why.to_string()).or_default() += 1,
            }
        }
    }
    out.flush()?;
    anstream::eprintln!("{written} examples");
    for (why, count) in left_out {
        anstream::eprintln!("left out {count}: {why}");
    }
    Ok(Outcome::Done)
}

/// The documents of a file, whichever way they stand in it.
pub(super) fn documents(file: &Path) -> anyhow::Result<Vec<Document>> {
    let name = file.display();
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|mut open| open.read_to_string(&mut text))
    }
    .with_context(|| format!("could not read `{name}`"))?;
    let mut documents = Vec::new();
    for value in serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>() {
        let value = value.with_context(|| format!("`{name}` is not JSON"))?;
        let values = match value {
            serde_json::Value::Array(values) => values,
            value => vec![value],
        };
        for value in values {
            anyhow::ensure!(
                value["schema"] == SCHEMA,
                "`{name}` holds something else than answers (`schema` is {}, not \"{SCHEMA}\"): give what \
                 `lavr ask --json` printed",
                value["schema"]
            );
            documents.push(serde_json::from_value(value).with_context(|| format!("`{name}` is damaged"))?);
        }
    }
    Ok(documents)
}
