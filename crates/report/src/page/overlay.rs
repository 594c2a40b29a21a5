//! What lies over a picture: a frame for each place that evidence was seen in, with the numbers of its claims.
//!
//! All lengths that depend on the picture are per cent of it, and all others pixels of the page: frames follow the
//! picture to any size, and their lines and numbers keep theirs.

use lavr_types::{Rect, Size, Verdict};
use maud::{Markup, html};

use super::{numbers::percent, signs};
use crate::{
    annotate::place::{Wish, place},
    places::Place,
    words::safe,
};

/// The most numbers of claims in one badge.
const MOST_NUMBERS: usize = 3;
/// Badges are kept apart on a picture that is shown so wide, in pixels of the page.
const NOMINAL_WIDTH: f64 = 640.0;
const BADGE_HEIGHT: f64 = 18.0;
const SIGN: f64 = 12.0;
const DIGIT: f64 = 7.0;

/// Numbers of claims with one verdict.
struct Badge {
    verdict: Verdict,
    text: String,
}

impl Badge {
    fn all(place: &Place) -> Vec<Self> {
        let badge = |(verdict, numbers): (Verdict, Vec<usize>)| {
            let mut words: Vec<String> = numbers.iter().take(MOST_NUMBERS).map(ToString::to_string).collect();
            if numbers.len() > MOST_NUMBERS {
                words.push(format!("+{}", numbers.len() - MOST_NUMBERS));
            }
            Self { verdict, text: words.join(" ") }
        };
        place.verdicts().into_iter().map(badge).collect()
    }

    fn width(&self) -> f64 {
        DIGIT.mul_add(self.text.chars().count() as f64, SIGN + 11.0)
    }
}

/// The frames and badges over a picture of this size, given as the `number`th.
pub(super) fn frames(number: usize, places: &[Place], size: Size) -> Markup {
    let corners = corners(places, size);
    html! {
        @for (index, (place, corner)) in places.iter().zip(corners).enumerate() {
            (frame(&name(number, index), place, size, corner))
        }
    }
}

/// What a region is called in addresses.
pub(super) fn name(picture: usize, place: usize) -> String {
    format!("region-{picture}-{}", place + 1)
}

/// Where the badges of each place go, in per cent of the picture.
fn corners(places: &[Place], size: Size) -> Vec<Option<[String; 2]>> {
    let scale = NOMINAL_WIDTH / f64::from(size.width.max(1));
    let stage = Rect::new(0.0, 0.0, NOMINAL_WIDTH, f64::from(size.height) * scale);
    let on_stage = |bounds: Rect| <[f64; 4]>::from(bounds).map(|side| side * scale).into();
    let framed = || places.iter().enumerate().rev().filter(|(_, place)| !place.whole);
    let wishes: Vec<Wish> = framed()
        .map(|(_, place)| {
            let width = Badge::all(place).iter().map(Badge::width).sum();
            Wish { anchor: on_stage(place.bounds), widths: [width, width], height: BADGE_HEIGHT }
        })
        .collect();
    let mut corners = vec![None; places.len()];
    for ((index, _), placed) in framed().zip(place(&wishes, stage, 1.0)) {
        corners[index] = placed.map(|placed| {
            [percent(placed.bounds.left, stage.width()), percent(placed.bounds.top, stage.height())]
        });
    }
    corners
}

fn frame(name: &str, place: &Place, size: Size, corner: Option<[String; 2]>) -> Markup {
    let worst = place.verdicts().first().map_or(Verdict::Supported, |(verdict, _)| *verdict);
    let numbers: Vec<String> = place.claims.iter().map(|(claim, _)| (claim + 1).to_string()).collect();
    let first = numbers.first().map_or("", String::as_str);
    let seen = safe(&place.text());
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let Rect { left, top, right, bottom } = place.bounds;
    let [x, y, w, h] = [
        percent(left, width),
        percent(top, height),
        percent(right - left, width),
        percent(bottom - top, height),
    ];
    // The label is written away from the picture's right edge.
    let (label_x, is_at_the_right) = if left > 0.6 * width { (right, true) } else { (left, false) };
    html! {
        a class={ "region " (signs::class(worst)) @if place.whole { " whole" } } id=(name)
            href={ "#claim-" (first) } data-claims=(numbers.join(" "))
            aria-label={ (seen) ", claims " (numbers.join(", ")) } {
            title { (seen) }
            rect.halo x=(x) y=(y) width=(w) height=(h) {}
            rect.line x=(x) y=(y) width=(w) height=(h) {}
            @if let Some([x, y]) = corner {
                svg.badges x=(x) y=(y) overflow="visible" { (badges(place)) }
            }
            svg.label x=(percent(label_x, width)) y=(y) overflow="visible" {
                text x=(if is_at_the_right { -6 } else { 6 }) y="17"
                    text-anchor=(if is_at_the_right { "end" } else { "start" }) { (seen) }
            }
        }
    }
}

fn badges(place: &Place) -> Markup {
    let lefts = |left: &mut f64, badge: Badge| {
        let x = *left;
        *left += badge.width();
        Some((x, badge))
    };
    html! {
        @for (x, badge) in Badge::all(place).into_iter().scan(0.0, lefts) {
            g class={ "badge " (signs::class(badge.verdict)) } {
                rect x=(x) y="1" width=(badge.width() - 2.0) height=(BADGE_HEIGHT - 2.0) rx="3" {}
                use href={ "#sign-" (signs::class(badge.verdict)) } x=(x + 2.5) y="3" width=(SIGN) height=(SIGN) {}
                text x=(x + SIGN + 5.0) y="13" { (badge.text) }
            }
        }
    }
}

/// The outline of a picture that was cut out of this one.
pub(super) fn cut(target: &str, name: &str, bounds: Rect, size: Size) -> Markup {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let Rect { left, top, right, bottom } = bounds.clamped(size.bounds());
    html! {
        a.cut href={ "#" (target) } data-picture=(target) aria-label={ (name) ", cut out here" } {
            title { (name) ", cut out here" }
            rect x=(percent(left, width)) y=(percent(top, height)) width=(percent(right - left, width))
                height=(percent(bottom - top, height)) {}
            svg x=(percent(right, width)) y=(percent(bottom, height)) overflow="visible" {
                text x="-5" y="-6" text-anchor="end" { (name) }
            }
        }
    }
}
