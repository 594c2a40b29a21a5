//! The small language of plans: references to inputs and earlier results, filters, conditions.
//!
//! ```text
//! reference = "$" name { "." field | "[" integer "]" | "[*]" | "[" field "=" literal "]" }
//! value     = reference { "|" filter }
//! test      = operand ( "==" | "!=" | "<" | "<=" | ">" | ">=" | "contains" ) operand
//!           | operand "is" [ "not" ] ( "empty" | "missing" )
//! condition = test { "and" test }  |  test { "or" test }
//! ```

use serde_json::Value;

use super::{
    filter::Filter,
    text::{Cursor, SyntaxError},
};

/// Something that a plan refers to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reference {
    /// An input, a node, or the element of an `each`.
    pub(super) root: String,
    pub(super) steps: Vec<Access>,
}

/// One step from a value into it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Access {
    Field(String),
    /// From the end where negative.
    Index(i64),
    /// Every element; what follows is done to each, and the result is a list.
    All,
    /// The elements whose field has this value.
    Where(String, Value),
}

/// A reference and what is made of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expression {
    pub(super) reference: Reference,
    pub(super) filters: Vec<Filter>,
}

/// Where names get their values.
pub(super) trait Scope {
    /// The value of a name; `None` where it has none here.
    fn root(&self, name: &str) -> Option<Value>;
}

impl Reference {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        cursor.expect('$')?;
        let root = cursor.name("a name after `$`")?;
        let mut steps = Vec::new();
        loop {
            if cursor.follows(".") {
                steps.push(Access::Field(cursor.name("a field after `.`")?));
            } else if cursor.follows("[") {
                steps.push(access_in_brackets(cursor)?);
                cursor.skip_space();
                cursor.expect(']')?;
            } else {
                return Ok(Self { root, steps });
            }
        }
    }
}

fn access_in_brackets(cursor: &mut Cursor<'_>) -> Result<Access, SyntaxError> {
    cursor.skip_space();
    if cursor.follows("*") {
        return Ok(Access::All);
    }
    if let Some(Value::Number(number)) = cursor.number()? {
        let index = number.as_i64().ok_or_else(|| cursor.wrong("a whole number"))?;
        return Ok(Access::Index(index));
    }
    let field = cursor.name("a number, `*`, or FIELD = VALUE in the brackets")?;
    cursor.skip_space();
    cursor.expect('=')?;
    cursor.skip_space();
    let wanted =
        cursor.literal()?.ok_or_else(|| cursor.wrong("a text in quotes, a number, true or false"))?;
    Ok(Access::Where(field, wanted))
}

impl std::fmt::Display for Reference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "${}", self.root)?;
        for step in &self.steps {
            match step {
                Access::Field(name) => write!(formatter, ".{name}")?,
                Access::Index(index) => write!(formatter, "[{index}]")?,
                Access::All => formatter.write_str("[*]")?,
                Access::Where(field, wanted) => write!(formatter, "[{field} = {wanted}]")?,
            }
        }
        Ok(())
    }
}

impl Expression {
    /// Reads a text that is one expression and nothing else.
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let mut cursor = Cursor::new(text);
        cursor.skip_space();
        let expression = Self::read(&mut cursor)?;
        cursor.end()?;
        Ok(expression)
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        let reference = Reference::parse(cursor)?;
        let mut filters = Vec::new();
        loop {
            cursor.skip_space();
            if !cursor.follows("|") {
                return Ok(Self { reference, filters });
            }
            cursor.skip_space();
            let name = cursor.name("a filter after `|`")?;
            filters.push(Filter::named(&name).ok_or_else(|| {
                cursor.wrong(&format!("a filter ({}), not `{name}`", Filter::names().join(", ")))
            })?);
        }
    }

    /// Its value; `None` where there is nothing at that place.
    pub(super) fn value(&self, scope: &dyn Scope) -> Option<Value> {
        let value = access(&scope.root(&self.reference.root)?, &self.reference.steps)?;
        self.filters.iter().try_fold(value, |value, filter| filter.apply(value))
    }
}

fn access(value: &Value, steps: &[Access]) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value.clone()) };
    match step {
        Access::Field(name) => access(value.get(name)?, rest),
        Access::Index(index) => {
            let items = value.as_array()?;
            let index = if *index < 0 { items.len() as i64 + index } else { *index };
            access(items.get(usize::try_from(index).ok()?)?, rest)
        }
        Access::All => {
            let each = value.as_array()?.iter().filter_map(|item| access(item, rest));
            // A list of lists reads as one list: `$pages[*].lines[*].text` are lines.
            let inner_all = rest.iter().any(|step| matches!(step, Access::All | Access::Where(..)));
            Some(Value::Array(if inner_all {
                each.flat_map(|inner| match inner {
                    Value::Array(items) => items,
                    other => vec![other],
                })
                .collect()
            } else {
                each.collect()
            }))
        }
        Access::Where(field, wanted) => {
            let items = value.as_array()?.iter().filter(|item| item.get(field) == Some(wanted));
            access(&Value::Array(items.cloned().collect()), rest)
        }
    }
}

/// One side of a test.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Expression(Expression),
    Literal(Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Compare { left: Operand, comparison: Comparison, right: Operand },
    Empty { operand: Operand, not: bool },
    Missing { operand: Operand, not: bool },
}

/// When a node runs or a sentence is said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    pub(super) tests: Vec<Test>,
    /// Whether one test is enough, instead of all.
    any: bool,
}

const COMPARISONS: [(&str, Comparison); 7] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
    ("contains", Comparison::Contains),
];

impl Condition {
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let mut cursor = Cursor::new(text);
        let mut tests = vec![test(&mut cursor)?];
        let mut any = None;
        loop {
            cursor.skip_space();
            let or = if cursor.word("and") {
                false
            } else if cursor.word("or") {
                true
            } else {
                cursor.end()?;
                return Ok(Self { tests, any: any.unwrap_or(false) });
            };
            if any.is_some_and(|before| before != or) {
                return Err(cursor.wrong("`and` and `or` not mixed: make two nodes or sentences of it"));
            }
            any = Some(or);
            tests.push(test(&mut cursor)?);
        }
    }

    /// Whether it holds. What has no value is missing and empty, and compares with nothing.
    pub(super) fn holds(&self, scope: &dyn Scope) -> bool {
        let mut tests = self.tests.iter().map(|test| test.holds(scope));
        if self.any { tests.any(|holds| holds) } else { tests.all(|holds| holds) }
    }

    /// What it refers to, and whether that must have a value for the condition to mean anything: all but what is only
    /// asked to be missing.
    pub(super) fn expressions(&self) -> impl Iterator<Item = (&Expression, bool)> {
        self.tests.iter().flat_map(|test| {
            let operands = match test {
                Test::Compare { left, right, .. } => vec![(left, true), (right, true)],
                Test::Empty { operand, .. } => vec![(operand, true)],
                Test::Missing { operand, .. } => vec![(operand, false)],
            };
            operands.into_iter().filter_map(|(operand, needed)| match operand {
                Operand::Expression(expression) => Some((expression, needed)),
                Operand::Literal(_) => None,
            })
        })
    }
}

fn test(cursor: &mut Cursor<'_>) -> Result<Test, SyntaxError> {
    let left = operand(cursor)?;
    cursor.skip_space();
    if cursor.word("is") {
        cursor.skip_space();
        let not = cursor.word("not");
        cursor.skip_space();
        if cursor.word("empty") {
            return Ok(Test::Empty { operand: left, not });
        }
        if cursor.word("missing") {
            return Ok(Test::Missing { operand: left, not });
        }
        return Err(cursor.wrong("`empty` or `missing` after `is`"));
    }
    let found = COMPARISONS.iter().find(|(sign, _)| cursor.follows(sign));
    let Some(&(_, comparison)) = found else {
        return Err(cursor.wrong("`is empty`, `is missing`, ==, !=, <, <=, >, >= or contains"));
    };
    Ok(Test::Compare { left, comparison, right: operand(cursor)? })
}

fn operand(cursor: &mut Cursor<'_>) -> Result<Operand, SyntaxError> {
    cursor.skip_space();
    if cursor.sees('$') {
        return Ok(Operand::Expression(Expression::read(cursor)?));
    }
    let literal = cursor.literal()?;
    literal.map(Operand::Literal).ok_or_else(|| {
        cursor.wrong("a reference such as $find.objects, a text in quotes, a number, true or false")
    })
}

impl Operand {
    fn value(&self, scope: &dyn Scope) -> Option<Value> {
        match self {
            Self::Expression(expression) => expression.value(scope),
            Self::Literal(value) => Some(value.clone()),
        }
    }
}

impl Test {
    fn holds(&self, scope: &dyn Scope) -> bool {
        match self {
            Self::Missing { operand, not } => operand.value(scope).is_none() != *not,
            Self::Empty { operand, not } => operand.value(scope).is_none_or(|value| is_empty(&value)) != *not,
            Self::Compare { left, comparison, right } => match (left.value(scope), right.value(scope)) {
                (Some(left), Some(right)) => comparison.holds(&left, &right),
                _ => false,
            },
        }
    }
}

impl Comparison {
    fn holds(self, left: &Value, right: &Value) -> bool {
        let order = match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => left.partial_cmp(&right),
            _ => left.as_str().zip(right.as_str()).map(|(left, right)| left.cmp(right)),
        };
        match self {
            Self::Equal => order.map_or(left == right, std::cmp::Ordering::is_eq),
            Self::NotEqual => order.map_or(left != right, std::cmp::Ordering::is_ne),
            Self::Less => order.is_some_and(std::cmp::Ordering::is_lt),
            Self::LessOrEqual => order.is_some_and(std::cmp::Ordering::is_le),
            Self::Greater => order.is_some_and(std::cmp::Ordering::is_gt),
            Self::GreaterOrEqual => order.is_some_and(std::cmp::Ordering::is_ge),
            Self::Contains => match (left, right) {
                (Value::Array(items), wanted) => items.contains(wanted),
                (Value::String(text), Value::String(part)) => {
                    text.to_lowercase().contains(&part.to_lowercase())
                }
                _ => false,
            },
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text.trim().is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Values(Value);

    impl Scope for Values {
        fn root(&self, name: &str) -> Option<Value> {
            self.0.get(name).cloned()
        }
    }

    fn scope() -> Values {
        Values(json!({
            "find": { "objects": [
                { "label": "dog", "box": [0, 0, 9, 9], "score": 0.9 },
                { "label": "cat", "box": [5, 5, 9, 9], "score": 0.4 } ] },
            "read": { "lines": [] },
            "label": "Dog",
        }))
    }

    fn value(text: &str) -> Option<Value> {
        Expression::parse(text).unwrap().value(&scope())
    }

    fn holds(text: &str) -> bool {
        Condition::parse(text).unwrap().holds(&scope())
    }

    #[test]
    fn references_reach_into_results() {
        assert_eq!(value("$find.objects[0].box"), Some(json!([0, 0, 9, 9])));
        assert_eq!(value("$find.objects[-1].label"), Some(json!("cat")));
        assert_eq!(value("$find.objects[*].label"), Some(json!(["dog", "cat"])));
        assert_eq!(value("$find.objects[label = \"cat\"][0].score"), Some(json!(0.4)));
        assert_eq!(value("$find.objects | count"), Some(json!(2)));
        assert_eq!(value("$find.objects[2].box"), None);
        assert_eq!(value("$other"), None);
    }

    #[test]
    fn conditions_ask_for_what_is_there() {
        assert!(holds("$find.objects is not empty and $read.lines is empty"));
        assert!(holds("$find.objects[0].score >= 0.9"));
        assert!(holds("$nobody is missing or $read is missing"));
        assert!(!holds("$nobody.score > 0.1"));
        assert!(holds("$find.objects[*].label contains \"dog\""));
        assert!(holds("$label contains \"do\""));
        assert!(holds("$label != \"cat\""));
    }

    #[test]
    fn a_slip_of_the_pen_is_told_with_its_place() {
        for (text, message) in [
            ("$find.objects[", "at character 15: expected a number, `*`, or FIELD = VALUE in the brackets"),
            ("$find | cuont", "at character 14: expected a filter"),
            ("$find objects", "at character 7: expected nothing more"),
            ("find.objects", "at character 1: expected `$`"),
        ] {
            let error = Expression::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{text}: {error}");
        }
        let mixed = Condition::parse("$a is empty and $b is empty or $c is empty").unwrap_err();
        assert!(mixed.to_string().contains("not mixed"), "{mixed}");
        assert!(Condition::parse("$a is gone").unwrap_err().to_string().contains("`empty` or `missing`"));
    }
}
