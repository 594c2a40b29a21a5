//! Claims: what a text says that pixels can confirm or contradict.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Evidence, perception::SpatialRelation};

/// A range of bytes of a UTF-8 text, written `[start, end]`; both ends lie between characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(from = "[usize; 2]", into = "[usize; 2]")]
#[schemars(with = "[usize; 2]")]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// A range of bytes.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The part of the text, or `None` where the span does not fit it.
    pub fn of(self, text: &str) -> Option<&str> {
        text.get(self.start..self.end)
    }

    /// Whether both share a byte.
    pub const fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether `other` lies wholly inside.
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

impl From<[usize; 2]> for Span {
    fn from([start, end]: [usize; 2]) -> Self {
        Self { start, end }
    }
}

impl From<Span> for [usize; 2] {
    fn from(span: Span) -> Self {
        [span.start, span.end]
    }
}

/// The kind of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// Something is (or is not) there.
    Existence,
    /// How many there are.
    Count,
    /// What colour something has.
    Color,
    /// Another attribute (size, material, state).
    Attribute,
    /// Where something is relative to another thing.
    Relation,
    /// What a text in the picture says.
    Text,
    /// Anything else.
    Other,
}

/// A thing that a text speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Entity {
    /// As the text names it, with its byte span: "puppies".
    pub surface: String,
    /// Where the text names it.
    pub span: Span,
    /// The vocabulary's label for it, where it has one: "dog".
    pub label: Option<String>,
}

/// How a text bounds a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "bound", content = "number")]
pub enum CountBound {
    /// "three dogs".
    Exactly(u32),
    /// "at least three dogs", "more than two dogs".
    AtLeast(u32),
    /// "at most three dogs", "fewer than four dogs".
    AtMost(u32),
    /// "several dogs": more than one, never made a number.
    Several,
}

/// What a claim says, in a form that code can check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "asserts")]
pub enum Assertion {
    /// The entity is there (`present`), or is said not to be.
    Existence {
        /// The thing.
        entity: Entity,
        /// False for "there is no dog".
        present: bool,
    },
    /// The entity is there so many times.
    Count {
        /// The thing.
        entity: Entity,
        /// How many.
        count: CountBound,
    },
    /// The entity has this colour.
    Color {
        /// The thing.
        entity: Entity,
        /// A basic colour term of [`crate::vocabulary`].
        color: String,
    },
    /// The entity has this other attribute.
    Attribute {
        /// The thing.
        entity: Entity,
        /// The attribute as written.
        attribute: String,
    },
    /// The subject stands in this relation to the object; without an object, to the picture ("on the left").
    Relation {
        /// The thing that is placed.
        subject: Entity,
        /// How.
        relation: SpatialRelation,
        /// What it is placed by.
        object: Option<Entity>,
        /// What it is placed by as well: "between the car and the bus".
        #[serde(default, skip_serializing_if = "Option::is_none")]
        second: Option<Box<Entity>>,
    },
    /// The picture (or a thing in it) carries this text.
    Text {
        /// The text as quoted, without the quotation marks.
        text: String,
        /// What carries it, where the claim says so.
        carrier: Option<Entity>,
    },
    /// A statement that no expert of this kind of claim can check.
    Other,
}

/// One checkable statement of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// The bytes of the text that make the claim: what an edit would replace.
    pub span: Span,
    /// Those bytes.
    pub surface: String,
    /// What it says.
    pub assertion: Assertion,
    /// Whether the text hedges it ("seems to", "possibly").
    #[serde(default)]
    pub hedged: bool,
    /// Other readings of the same words ("a dog on a sofa next to a cat": which of them is next to the cat?).
    /// The claim is contradicted only where every reading is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Assertion>,
}

impl Claim {
    /// The kind of the claim.
    pub const fn kind(&self) -> ClaimKind {
        match self.assertion {
            Assertion::Existence { .. } => ClaimKind::Existence,
            Assertion::Count { .. } => ClaimKind::Count,
            Assertion::Color { .. } => ClaimKind::Color,
            Assertion::Attribute { .. } => ClaimKind::Attribute,
            Assertion::Relation { .. } => ClaimKind::Relation,
            Assertion::Text { .. } => ClaimKind::Text,
            Assertion::Other => ClaimKind::Other,
        }
    }
}

/// What the pixels say about a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Seen.
    Supported,
    /// Something else was seen.
    Contradicted,
    /// Not enough was seen to tell.
    Insufficient,
}

/// A verdict with its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// What was seen instead, where the claim is contradicted: an assertion of the same kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<Assertion>,
    /// How sure the verifier is of the verdict, 0 to 1.
    pub confidence: f32,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// Why, for a person, in one sentence.
    pub reason: String,
}

impl Judgement {
    /// Not enough was seen to tell, for this reason.
    pub fn insufficient(reason: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Insufficient,
            truth: None,
            confidence: 0.0,
            evidence: Vec::new(),
            reason: reason.into(),
        }
    }
}
