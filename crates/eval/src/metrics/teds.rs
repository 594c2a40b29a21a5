//! TEDS: similarity of two tables by the edit distance of their trees.
//!
//! Zhong, ShafieiBavani and Jimeno Yepes, "Image-based table recognition: data, model, and evaluation", 2020, as the
//! script of PubTabNet computes it; the distance of trees after Zhang and Shasha, 1989.

mod distance;
mod html;

use distance::{Tree, tree_distance};
use html::Element;

use super::edit_distance::levenshtein;

/// The most pairs of nodes that are compared: 480 MB of memory.
const MOST_PAIRS: usize = 30_000_000;

/// What of a table is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compared {
    /// Structure and the text of cells. Header cells (`th`) count as structure alone, as in the reference.
    #[default]
    All,
    /// Structure alone.
    Structure,
}

/// What a node of a table's tree is.
#[derive(Debug, Clone, PartialEq)]
struct Node {
    tag: String,
    /// Columns and rows that a cell spans.
    spans: Option<[String; 2]>,
    /// What a cell holds: characters, and tags as one token each.
    content: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Letter(char),
    Open(String),
    Close(String),
}

/// How alike two tables are, 0 to 1. Each is an HTML document; the first table directly in its body counts. A text that
/// is no document with such a table scores 0, a bare `<table>` too: see [`wrapped`]. A table that repeats itself without end,
/// as some models write them, scores 0 where comparing it would take all memory: more than 30 million pairs of nodes.
pub fn teds(right: &str, read: &str, compared: Compared) -> f64 {
    let (Some(right), Some(read)) = (html::first_table(right), html::first_table(read)) else { return 0.0 };
    let (nodes, read_nodes) = (right.descendants(), read.descendants());
    if nodes.saturating_mul(read_nodes) > MOST_PAIRS {
        return 0.0;
    }
    let nodes = nodes.max(read_nodes);
    if nodes == 0 {
        return 1.0;
    }
    let distance = tree_distance(&tree(&right, compared), &tree(&read, compared), rename);
    1.0 - distance / nodes as f64
}

/// A document around a bare table; a document stays as it is.
pub fn wrapped(text: &str) -> String {
    if html::is_document(text) { text.to_owned() } else { format!("<html><body>{text}</body></html>") }
}

fn tree(element: &Element, compared: Compared) -> Tree<Node> {
    let cell = element.tag == "td";
    let mut content = Vec::new();
    if cell && compared == Compared::All {
        inside(element, &mut content);
    }
    let span = |name: &str| {
        let text = element.attribute(name).unwrap_or("1").trim();
        // 02 and 2 span the same.
        text.parse::<i64>().map_or_else(|_| text.to_owned(), |number| number.to_string())
    };
    Tree {
        value: Node {
            tag: element.tag.clone(),
            spans: cell.then(|| [span("colspan"), span("rowspan")]),
            content,
        },
        children: if cell {
            Vec::new()
        } else {
            element.elements().map(|child| tree(child, compared)).collect()
        },
    }
}

/// The tokens between the tags of an element.
fn inside(element: &Element, tokens: &mut Vec<Token>) {
    for child in &element.children {
        match child {
            html::Child::Text(text) => tokens.extend(text.chars().map(Token::Letter)),
            html::Child::Element(child) => {
                tokens.push(Token::Open(child.tag.clone()));
                inside(child, tokens);
                tokens.push(Token::Close(child.tag.clone()));
            }
        }
    }
}

/// What it costs to make one node the other.
fn rename(one: &Node, other: &Node) -> f64 {
    if one.tag != other.tag || one.spans != other.spans {
        return 1.0;
    }
    match one.content.len().max(other.content.len()) {
        0 => 0.0,
        length => levenshtein(&one.content, &other.content) as f64 / length as f64,
    }
}
