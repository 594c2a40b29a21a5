//! From what the experts said to sentences.

use lavr_types::{
    Evidence,
    perception::{ColorQuality, SpatialRelation},
};

use super::{
    scene::{Line, Relation, Scene},
    words::{capitalized, counted, list, with_article},
};

/// Text read with a lower score is not quoted.
const LEGIBLE: f32 = 0.8;

/// The longest line that is quoted, in characters, and the most lines.
const LONGEST_QUOTE: usize = 80;
const MOST_QUOTES: usize = 4;

/// Share of a line that lies in an object's box when it is written on the object.
const WRITTEN_ON: f64 = 0.9;

/// A color with a smaller share is none of the picture's main ones.
const MAIN: f32 = 0.15;

/// One sentence and what it rests on.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) evidence: Vec<Evidence>,
}

/// The sentences of a description.
pub(super) fn compose(scene: &Scene) -> Vec<Statement> {
    let mut statements = Vec::new();
    let picture = if scene.is_part { "this part of the picture" } else { "the picture" };
    let what = capitalized(picture);
    statements.extend(objects(scene, &what));
    statements.extend(doubts(scene));
    statements.extend(scene.relations.iter().filter_map(relation));
    let read = text(scene);
    let nothing_seen = statements.is_empty();
    let nothing_read = read.is_empty();
    statements.extend(read);
    if nothing_seen {
        statements.push(nothing(scene, picture, nothing_read));
        statements.extend(colors(scene, picture));
    }
    statements
}

fn objects(scene: &Scene, what: &str) -> Option<Statement> {
    let groups = scene.groups.as_ref().filter(|groups| !groups.is_empty())?;
    let named: Vec<String> = groups
        .iter()
        .map(|group| {
            counted(group.things.len(), group.color.as_ref().map(|color| color.value.as_str()), &group.label)
        })
        .collect();
    let evidence = groups
        .iter()
        .flat_map(|group| {
            let colors = group.color.iter().flat_map(|color| color.evidence.iter().cloned());
            group.things.iter().filter_map(|thing| thing.evidence.clone()).chain(colors)
        })
        .collect();
    Some(Statement { text: format!("{what} shows {}.", list(&named)), evidence })
}

fn doubts(scene: &Scene) -> Option<Statement> {
    let mut labels: Vec<&str> = Vec::new();
    for thing in &scene.doubtful {
        let is_known = scene.groups.iter().flatten().any(|group| group.label == thing.label);
        if !is_known && !labels.contains(&thing.label.as_str()) && labels.len() < 3 {
            labels.push(&thing.label);
        }
    }
    if labels.is_empty() {
        return None;
    }
    let named: Vec<String> = labels.iter().map(|label| with_article(label)).collect();
    let evidence = scene
        .doubtful
        .iter()
        .filter(|thing| labels.contains(&thing.label.as_str()))
        .filter_map(|thing| thing.evidence.clone())
        .collect();
    Some(Statement { text: format!("There may be {}, but that is not certain.", list(&named)), evidence })
}

fn relation(relation: &Relation) -> Option<Statement> {
    let holds = &relation.said.value.holds;
    let place = match &relation.object {
        Some(object) => beside(holds, object)?,
        None => in_picture(holds)?,
    };
    let text = format!("{} is {place}.", capitalized(&relation.subject));
    Some(Statement { text, evidence: relation.said.evidence.clone() })
}

/// The words of the first of these relations that holds.
fn first(holds: &[SpatialRelation], choices: &[(SpatialRelation, &'static str)]) -> Option<&'static str> {
    choices.iter().find(|(wanted, _)| holds.contains(wanted)).map(|(_, words)| *words)
}

fn beside(holds: &[SpatialRelation], object: &str) -> Option<String> {
    let words = first(
        holds,
        &[
            (SpatialRelation::On, "on"),
            (SpatialRelation::LeftOf, "to the left of"),
            (SpatialRelation::RightOf, "to the right of"),
            (SpatialRelation::Above, "above"),
            (SpatialRelation::Below, "below"),
        ],
    )?;
    Some(format!("{words} {object}"))
}

fn in_picture(holds: &[SpatialRelation]) -> Option<String> {
    let across = first(holds, &[(SpatialRelation::LeftOf, "left"), (SpatialRelation::RightOf, "right")]);
    let down = first(holds, &[(SpatialRelation::Above, "top"), (SpatialRelation::Below, "bottom")]);
    match (down, across) {
        (Some(down), Some(across)) => Some(format!("at the {down} {across}")),
        (Some(down), None) => Some(format!("at the {down}")),
        (None, Some(across)) => Some(format!("on the {across}")),
        (None, None) => holds.contains(&SpatialRelation::Center).then(|| "in the middle".to_owned()),
    }
}

/// What is written, and on what.
fn text(scene: &Scene) -> Vec<Statement> {
    let Some(lines) = scene.lines.as_ref().filter(|lines| !lines.is_empty()) else { return Vec::new() };
    let is_legible = |line: &&Line| {
        line.score >= LEGIBLE
            && line.text.chars().count() <= LONGEST_QUOTE
            && line.text.chars().filter(|letter| letter.is_alphanumeric()).count() >= 2
    };
    let legible: Vec<&Line> = lines.iter().filter(is_legible).take(MOST_QUOTES).collect();
    if legible.is_empty() {
        let evidence = lines.iter().filter_map(|line| line.evidence.clone()).take(MOST_QUOTES).collect();
        let text = "There is text that could not be read with confidence.".to_owned();
        return vec![Statement { text, evidence }];
    }
    // Lines on the same object make one sentence.
    let mut carriers: Vec<(Option<&str>, Vec<&Line>)> = Vec::new();
    for line in &legible {
        let carrier = carrier(scene, line);
        match carriers.iter_mut().find(|(known, _)| *known == carrier) {
            Some((_, lines)) => lines.push(line),
            None => carriers.push((carrier, vec![line])),
        }
    }
    let mut statements: Vec<Statement> = carriers
        .into_iter()
        .map(|(carrier, lines)| {
            let quotes: Vec<String> =
                lines.iter().map(|line| format!("\"{}\"", line.text.trim().replace('"', "'"))).collect();
            let what =
                carrier.map_or_else(|| "The text".to_owned(), |label| format!("The text on the {label}"));
            Statement {
                text: format!("{what} reads {}.", list(&quotes)),
                evidence: lines.iter().filter_map(|line| line.evidence.clone()).collect(),
            }
        })
        .collect();
    if lines.len() > legible.len() {
        let evidence = lines
            .iter()
            .filter(|line| !legible.iter().any(|quoted| std::ptr::eq(*quoted, *line)))
            .filter_map(|line| line.evidence.clone())
            .take(MOST_QUOTES)
            .collect();
        statements.push(Statement { text: "There is more text.".to_owned(), evidence });
    }
    statements
}

/// The label of the smallest single object that a line is written on.
fn carrier<'s>(scene: &'s Scene, line: &Line) -> Option<&'s str> {
    scene
        .groups
        .iter()
        .flatten()
        .filter(|group| group.things.len() == 1)
        .map(|group| (group.label.as_str(), group.things[0].bounds))
        .filter(|(_, bounds)| line.bounds.share_inside(*bounds) >= WRITTEN_ON)
        .min_by(|a, b| a.1.area().total_cmp(&b.1.area()))
        .map(|(label, _)| label)
}

/// Says what was looked for in vain.
fn nothing(scene: &Scene, picture: &str, nothing_read: bool) -> Statement {
    let objects = match &scene.groups {
        Some(_) => format!("no object was recognized in {picture}"),
        None => format!("nobody could look for objects in {picture}"),
    };
    let text = match &scene.lines {
        Some(_) if nothing_read => " and no text was read",
        Some(_) => "",
        None => " and nobody could read text",
    };
    Statement { text: capitalized(&format!("{objects}{text}.")), evidence: Vec::new() }
}

/// The colours of a picture of which nothing else can be said.
fn colors(scene: &Scene, picture: &str) -> Option<Statement> {
    let said = scene.colors.as_ref()?;
    let main = said.value.colors.iter().filter(|color| color.share >= MAIN).take(3);
    let names: Vec<String> = main.map(|color| color.name.clone()).collect();
    let text = match said.value.quality {
        ColorQuality::Clear => format!("{} is mostly {}.", capitalized(picture), names.first()?),
        ColorQuality::Mixed if names.len() > 1 => {
            format!("The main colors of {picture} are {}.", list(&names))
        }
        ColorQuality::TooDark => format!("{} is very dark.", capitalized(picture)),
        ColorQuality::Mixed | ColorQuality::TooSmall => return None,
    };
    Some(Statement { text, evidence: said.evidence.clone() })
}
