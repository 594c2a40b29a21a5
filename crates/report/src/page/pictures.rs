//! The pictures: those that were given, with what was seen in them, and those that the run cut out.

use std::{collections::BTreeSet, fmt::Write as _};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use lavr_types::{ImageId, ImageSource, Size};
use maud::{Markup, html};
use serde_json::Value;

use super::{numbers, overlay};
use crate::{
    Document,
    document::{ImageEntry, PartOf},
    places::{self, Place},
    words::safe,
};

/// Pictures are carried with at most so many pixels on their longer side, given ones and made ones.
const GIVEN_SIDE: u32 = 1400;
const MADE_SIDE: u32 = 480;
/// Pictures wider or taller than this are shown in a window that scrolls.
const WIDEST: f64 = 4.0;
const TALLEST: f64 = 0.4;

/// The pictures of a run.
pub(super) struct Gallery<'a> {
    pictures: Vec<Picture<'a>>,
}

struct Picture<'a> {
    entry: &'a ImageEntry,
    size: Size,
    /// What people call it.
    name: String,
    /// As a data address, where it could be had.
    data: Option<String>,
    places: Vec<Place>,
}

impl Picture<'_> {
    const fn is_given(&self) -> bool {
        self.entry.part_of.is_none()
    }

    fn ratio(&self) -> f64 {
        f64::from(self.size.width) / f64::from(self.size.height)
    }

    /// How the picture's window is shaped.
    fn shape(&self) -> &'static str {
        match self.ratio() {
            ratio if ratio > WIDEST => " wide",
            ratio if ratio < TALLEST => " tall",
            _ => "",
        }
    }
}

impl<'a> Gallery<'a> {
    pub(super) fn new(document: &'a Document, source: &dyn ImageSource) -> Self {
        let mut made = 0;
        let mut known = BTreeSet::new();
        let entries = document.images.iter().filter(|entry| known.insert(entry.id));
        let pictures = entries.map(|entry| {
            // A document from elsewhere may say anything.
            let size = Size::new(entry.width.max(1), entry.height.max(1));
            let name = if entry.part_of.is_none() {
                entry.name.as_deref().map_or_else(|| "picture".to_owned(), short_name)
            } else {
                made += 1;
                format!("crop {made}")
            };
            let places = places::collect(&document.claims, entry.id, size);
            Picture { entry, size, name, data: data_address(entry, source), places }
        });
        Self { pictures: pictures.collect() }
    }

    /// What the given pictures are called.
    pub(super) fn names(&self) -> Vec<&str> {
        self.pictures
            .iter()
            .filter(|picture| picture.is_given())
            .map(|picture| picture.name.as_str())
            .collect()
    }

    /// The shapes of the pictures, as style rules.
    pub(super) fn shapes(&self) -> String {
        let mut rules = String::new();
        for (number, picture) in (1..).zip(&self.pictures) {
            let _ = write!(rules, "#picture-{number}{{--ratio:{:.5}}}", picture.ratio());
        }
        rules
    }

    /// What an image is called, and where on the page it stands.
    pub(super) fn link(&self, id: ImageId) -> Option<(String, &str)> {
        let number = self.pictures.iter().position(|picture| picture.entry.id == id)?;
        Some((address(number + 1), &self.pictures[number].name))
    }

    /// The value with images by the names that people call them.
    pub(super) fn named(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let name = text.parse().ok().and_then(|id| self.link(id));
                name.map_or_else(|| value.clone(), |(_, name)| Value::String(name.to_owned()))
            }
            Value::Array(items) => items.iter().map(|item| self.named(item)).collect(),
            Value::Object(fields) => match fields.get("image").and_then(|image| self.made(image)) {
                // A tool that made an image: the rest tells where it comes from, and the page does, too.
                Some(name) => Value::String(name.to_owned()),
                None => fields.iter().map(|(name, field)| (name.clone(), self.named(field))).collect(),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// What people call an image that the run made.
    fn made(&self, value: &Value) -> Option<&str> {
        let id: ImageId = value.as_str()?.parse().ok()?;
        let picture = self.pictures.iter().find(|picture| picture.entry.id == id)?;
        (!picture.is_given()).then_some(picture.name.as_str())
    }

    /// The region that a piece of evidence was seen in.
    pub(super) fn region(&self, claim: usize, evidence: usize) -> Option<String> {
        (1..).zip(&self.pictures).find_map(|(number, picture)| {
            let place =
                picture.places.iter().position(|place| place.evidence.contains(&(claim, evidence)))?;
            Some(overlay::name(number, place))
        })
    }

    /// The pictures that were given, with what was seen in them.
    pub(super) fn given(&self) -> Markup {
        let boxes = self.pictures.iter().any(|picture| picture.places.iter().any(|place| !place.whole));
        html! {
            @for (number, picture) in (1..).zip(&self.pictures).filter(|(_, picture)| picture.is_given()) {
                figure.picture id=(address(number)) {
                    div class={ "window" (picture.shape()) } {
                        div.frame {
                            (image(picture))
                            svg.overlay {
                                (overlay::frames(number, &picture.places, picture.size))
                                (self.cuts(picture.entry.id, picture.size))
                            }
                        }
                    }
                    figcaption {
                        bdi { (picture.name) }
                        " " span.faint { (picture.size.width) " × " (picture.size.height) }
                        @if picture.data.is_none() { " " span.faint { "· the picture itself was not at hand" } }
                    }
                    (whole(number, &picture.places))
                }
            }
            @if boxes {
                p.legend {
                    span.faint { "Frames:" }
                    @for verdict in [lavr_types::Verdict::Supported, lavr_types::Verdict::Contradicted, lavr_types::Verdict::Insufficient] {
                        span {
                            svg class={ "swatch " (super::signs::class(verdict)) } width="26" height="12" aria-hidden="true" {
                                rect.line x="1.5" y="1.5" width="23" height="9" {}
                            }
                            " " (super::signs::word(verdict))
                        }
                    }
                    button #boxes.scripted type="button" title="boxes on and off (b)" aria-pressed="true" { "boxes" }
                }
            }
        }
    }

    /// The outlines of what was cut out of this picture.
    fn cuts(&self, id: ImageId, size: Size) -> Markup {
        let cuts = (1..).zip(&self.pictures).filter_map(|(number, picture)| {
            let from = origin(picture.entry).filter(|from| from.image == id)?;
            Some((address(number), &picture.name, from.region))
        });
        html! {
            @for (target, name, region) in cuts { (overlay::cut(&target, name, region, size)) }
        }
    }

    /// The pictures that the run made, each with where it comes from.
    pub(super) fn crops(&self) -> Markup {
        let made: Vec<_> = (1..).zip(&self.pictures).filter(|(_, picture)| !picture.is_given()).collect();
        html! {
            @if !made.is_empty() {
                section #crops {
                    h2 { "Crops" }
                    ul.crops {
                        @for (number, picture) in made { (self.crop(number, picture)) }
                    }
                }
            }
        }
    }

    fn crop(&self, number: usize, picture: &Picture<'_>) -> Markup {
        let chain = self.chain(picture.entry);
        html! {
            li.crop id=(address(number)) data-picture=(address(number)) {
                div.frame {
                    (image(picture))
                    svg.overlay { (self.cuts(picture.entry.id, picture.size)) }
                }
                p.name { (picture.name) " " span.faint { (picture.size.width) " × " (picture.size.height) } }
                @for (place, is_first) in chain.iter().zip(std::iter::once(true).chain(std::iter::repeat(false))) {
                    p.from {
                        @if is_first { "cut out of " } @else { "which was cut out of " }
                        @match self.link(place.image) {
                            Some((target, name)) => { a href={ "#" (target) } { bdi { (name) } } }
                            None => { "a picture that is not here" }
                        }
                        " at " code { (numbers::region(place.region)) }
                    }
                }
            }
        }
    }

    /// The pictures that it was cut out of, nearest first.
    fn chain<'e>(&'e self, entry: &'e ImageEntry) -> Vec<&'e PartOf> {
        let parent = |part: &&'e PartOf| {
            let parent = self.pictures.iter().find(|picture| picture.entry.id == part.image)?;
            origin(parent.entry)
        };
        // A document from elsewhere may go in circles.
        std::iter::successors(origin(entry), parent).take(self.pictures.len()).collect()
    }
}

/// Where a picture that the run made comes from.
fn origin(entry: &ImageEntry) -> Option<&PartOf> {
    entry.cut_from.as_ref().or(entry.part_of.as_ref())
}

fn address(number: usize) -> String {
    format!("picture-{number}")
}

fn short_name(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(path);
    safe(name)
}

fn data_address(entry: &ImageEntry, source: &dyn ImageSource) -> Option<String> {
    let side = if entry.part_of.is_none() { GIVEN_SIDE } else { MADE_SIDE };
    let encoded = source.encoded(entry.id, side).ok()?;
    Some(format!("data:{};base64,{}", encoded.media_type, BASE64_STANDARD.encode(&encoded.bytes)))
}

fn image(picture: &Picture<'_>) -> Markup {
    html! {
        @match &picture.data {
            Some(data) => {
                img src=(data) alt=(picture.name) width=(picture.size.width) height=(picture.size.height) decoding="async";
            }
            None => { div.missing { (picture.name) } }
        }
    }
}

/// What was seen, or missed, in the whole picture: it has no frame.
fn whole(number: usize, places: &[Place]) -> Markup {
    let whole: Vec<_> = places.iter().enumerate().filter(|(_, place)| place.whole).collect();
    html! {
        @if !whole.is_empty() {
            p.everywhere {
                span.faint { "In the whole picture:" }
                @for (index, place) in whole {
                    @let numbers: Vec<String> = place.claims.iter().map(|(claim, _)| (claim + 1).to_string()).collect();
                    a.chip href={ "#claim-" (numbers.first().map_or("", String::as_str)) } data-claims=(numbers.join(" "))
                        data-region=(overlay::name(number, index)) {
                        @if let Some((verdict, _)) = place.verdicts().first() { (super::signs::sign(*verdict)) " " }
                        bdi { (safe(&place.text())) }
                    }
                }
            }
        }
    }
}
