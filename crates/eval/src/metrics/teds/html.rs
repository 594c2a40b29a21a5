//! Reads the tables that models and people write, as the reference's parser (libxml2) does: tags left open are closed
//! where the next one tells, tags closed without being open are passed over, and nothing is made up. A parser after the
//! HTML standard would add the `tbody` that nobody wrote, and so change the tree that is compared.

/// How deep elements nest at most; what is deeper lies beside its parent. Keeps a hostile text off the stack.
const DEEPEST: usize = 200;

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Element {
    pub(super) tag: String,
    attributes: Vec<(String, String)>,
    pub(super) children: Vec<Child>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Child {
    Element(Element),
    Text(String),
}

impl Element {
    /// The elements directly in it.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|child| match child {
            Child::Element(element) => Some(element),
            Child::Text(_) => None,
        })
    }

    /// An attribute's value.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// How many elements are below it.
    pub(super) fn descendants(&self) -> usize {
        self.elements().map(|child| 1 + child.descendants()).sum()
    }
}

/// Whether a text claims to be a whole document.
pub(super) fn is_document(text: &str) -> bool {
    let start: String = text.trim_start().chars().take("<!doctype".len()).collect::<String>().to_lowercase();
    start.starts_with("<html") || start == "<!doctype"
}

/// The first table that lies directly in the body of a document.
pub(super) fn first_table(document: &str) -> Option<Element> {
    if !is_document(document) {
        return None;
    }
    let body = parse(document);
    body.children.into_iter().find_map(|child| match child {
        Child::Element(element) if element.tag == "table" => Some(element),
        _ => None,
    })
}

/// Elements that have no content.
fn is_void(tag: &str) -> bool {
    const VOID: [&str; 13] =
        ["area", "base", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta", "param", "wbr"];
    VOID.contains(&tag)
}

/// Whether the start of an element ends another that is still open.
fn ends(start: &str, open: &str) -> bool {
    match start {
        "td" | "th" => matches!(open, "td" | "th" | "p" | "span" | "font" | "a" | "b" | "i" | "u"),
        "tr" => matches!(
            open,
            "td" | "th" | "tr" | "caption" | "col" | "colgroup" | "p" | "span" | "font" | "a" | "b" | "i"
        ),
        "thead" | "tbody" | "tfoot" => {
            matches!(open, "td" | "th" | "tr" | "thead" | "tbody" | "tfoot" | "caption" | "col" | "colgroup")
        }
        "li" => matches!(open, "li" | "p"),
        "p" | "div" | "table" | "ul" | "ol" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => open == "p",
        "option" => open == "option",
        _ => false,
    }
}

/// A closing tag cannot close elements of a higher rank that are still open.
fn rank(tag: &str) -> u8 {
    match tag {
        "div" => 1,
        "td" | "th" => 2,
        "tr" => 3,
        "thead" | "tbody" | "tfoot" => 4,
        "table" => 5,
        _ => 0,
    }
}

/// The tags that only wrap a document: what is in them lies in the body.
fn is_wrapper(tag: &str) -> bool {
    matches!(tag, "html" | "head" | "body")
}

/// The body of a document.
fn parse(document: &str) -> Element {
    let mut open = vec![Element::default()];
    let mut rest = document;
    while !rest.is_empty() {
        let Some(start) = rest.find('<') else {
            add_text(&mut open, rest);
            break;
        };
        add_text(&mut open, &rest[..start]);
        rest = &rest[start..];
        rest = if let Some(comment) = rest.strip_prefix("<!--") {
            comment.find("-->").map_or("", |end| &comment[end + 3..])
        } else if rest.starts_with("<!") || rest.starts_with("<?") {
            rest.find('>').map_or("", |end| &rest[end + 1..])
        } else if let Some(closing) = rest.strip_prefix("</") {
            let (inside, after) = closing.split_once('>').unwrap_or((closing, ""));
            close(&mut open, &inside.trim().to_lowercase());
            after
        } else if rest[1..].starts_with(|letter: char| letter.is_ascii_alphabetic()) {
            let (element, after, closed) = start_tag(&rest[1..]);
            let tag = element.tag.clone();
            add_element(&mut open, element, closed);
            after_raw_text(&tag, after)
        } else {
            add_text(&mut open, "<");
            &rest[1..]
        };
    }
    while open.len() > 1 {
        fold(&mut open);
    }
    open.pop().unwrap_or_default()
}

/// Scripts and styles are no content of a table.
fn after_raw_text<'t>(tag: &str, rest: &'t str) -> &'t str {
    if !matches!(tag, "script" | "style" | "title") {
        return rest;
    }
    let end = format!("</{tag}");
    // ASCII letters alone are made small, so places stay the same.
    rest.to_ascii_lowercase().find(&end).map_or("", |place| &rest[place..])
}

fn add_text(open: &mut [Element], text: &str) {
    if let (Some(parent), false) = (open.last_mut(), text.is_empty()) {
        parent.children.push(Child::Text(html_escape::decode_html_entities(text).into_owned()));
    }
}

fn add_element(open: &mut Vec<Element>, element: Element, closed: bool) {
    if is_wrapper(&element.tag) {
        return;
    }
    // A table inside a cell shields the elements around it.
    while open.last().is_some_and(|last| ends(&element.tag, &last.tag)) {
        fold(open);
    }
    let whole = closed || is_void(&element.tag) || open.len() >= DEEPEST;
    open.push(element);
    if whole {
        fold(open);
    }
}

fn close(open: &mut Vec<Element>, tag: &str) {
    let mut place = open.len();
    while place > 1 {
        place -= 1;
        if open[place].tag == tag {
            while open.len() > place {
                fold(open);
            }
            return;
        }
        if rank(&open[place].tag) > rank(tag) {
            return;
        }
    }
}

/// Puts the innermost open element into its parent.
fn fold(open: &mut Vec<Element>) {
    if let Some(element) = open.pop()
        && let Some(parent) = open.last_mut()
    {
        parent.children.push(Child::Element(element));
    }
}

/// Reads a start tag from after its `<`: the element, what follows, and whether it closed itself.
fn start_tag(text: &str) -> (Element, &str, bool) {
    let name_end = text.find(|letter: char| letter.is_whitespace() || matches!(letter, '>' | '/'));
    let (name, mut rest) = text.split_at(name_end.unwrap_or(text.len()));
    let mut element = Element { tag: name.to_lowercase(), ..Element::default() };
    let mut closed = false;
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('>') {
            return (element, after, closed);
        }
        if rest.is_empty() {
            return (element, rest, closed);
        }
        if let Some(after) = rest.strip_prefix('/') {
            closed = after.starts_with('>');
            rest = after;
            continue;
        }
        let end = rest.find(|letter: char| letter.is_whitespace() || matches!(letter, '=' | '>' | '/'));
        // A tag never stands still: a lone sign is passed over.
        let (name, after) = rest.split_at(end.unwrap_or(rest.len()).max(usize::from(rest.starts_with('='))));
        let (value, after) = attribute_value(after.trim_start());
        element.attributes.push((name.to_lowercase(), value));
        rest = after;
    }
}

/// Reads `="value"`, `='value'` or `=value`; nothing where there is no value.
fn attribute_value(text: &str) -> (String, &str) {
    let Some(text) = text.strip_prefix('=').map(str::trim_start) else { return (String::new(), text) };
    let quoted = text.chars().next().filter(|quote| matches!(quote, '"' | '\''));
    let (value, rest) = match quoted {
        Some(quote) => text[1..].split_once(quote).unwrap_or((&text[1..], "")),
        None => text.split_at(
            text.find(|letter: char| letter.is_whitespace() || letter == '>').unwrap_or(text.len()),
        ),
    };
    (html_escape::decode_html_entities(value).into_owned(), rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The tags of a tree with brackets, texts in quotes.
    fn outline(element: &Element) -> String {
        let children = element.children.iter().map(|child| match child {
            Child::Text(text) => format!("'{text}'"),
            Child::Element(child) => outline(child),
        });
        format!("{}({})", element.tag, children.collect::<String>())
    }

    fn table(inside: &str) -> String {
        outline(&first_table(&format!("<html><body>{inside}</body></html>")).unwrap())
    }

    #[test]
    fn tables_are_read_as_they_are_written() {
        for (text, expected) in [
            ("<table><tr><td>a</td></tr></table>", "table(tr(td('a')))"),
            ("<table><tr><td>a<td>b<tr><td>c</table>", "table(tr(td('a')td('b'))tr(td('c')))"),
            ("<TABLE><TR><TD>1 &lt; 2 &amp; 3</TD></TR>", "table(tr(td('1 < 2 & 3')))"),
            ("<p>before<table><tr><td>a<br/>b</b></td></tr></table>", "table(tr(td('a'br()'b')))"),
            (
                "<table><thead><tr><th>h</th></tr><tbody><tr><td>1",
                "table(thead(tr(th('h')))tbody(tr(td('1'))))",
            ),
            ("<table><tr><td>1 < 2<!-- no --></td></tr></table>", "table(tr(td('1 ''<'' 2')))"),
            ("<table><tr><td><table><tr><td>x</table>y</table>", "table(tr(td(table(tr(td('x')))'y')))"),
        ] {
            assert_eq!(table(text), expected, "{text}");
        }
        let spanned =
            first_table("<!DOCTYPE html><table class=x><tr><td colspan=\"2\" rowspan=3 a>").unwrap();
        let cell = spanned.elements().next().unwrap().elements().next().unwrap().clone();
        assert_eq!((cell.attribute("colspan"), cell.attribute("rowspan")), (Some("2"), Some("3")));
    }

    #[test]
    fn a_table_inside_something_else_is_not_the_table_of_the_body() {
        assert_eq!(first_table("<html><div><table></table></div></html>"), None);
        assert_eq!(first_table("<table></table>"), None);
    }

    proptest! {
        #[test]
        fn no_text_is_too_broken(text in "(<|</|>|table|td|tr| |=|\"|/|a|é|&lt;|<!--|-->){0,40}") {
            let _ = first_table(&format!("<html>{text}"));
        }
    }

    #[test]
    fn tags_without_end_do_not_fill_the_stack() {
        let deep = format!("<html><table>{}", "<tr><td><table>".repeat(100_000));
        assert!(first_table(&deep).unwrap().descendants() > 100_000);
    }
}
