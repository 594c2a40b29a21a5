//! Measuring the colours of a region.

use std::collections::BTreeMap;

use lavr_image::RgbImage;
use lavr_types::{
    Rect, Size,
    perception::{Bitmap, ColorQuality, ColorReport, ColorShare},
};

use crate::{
    cluster::group,
    foreground::{RING, Spot, foreground},
    lab::{Lab, Linear, hex, to_lab},
    naming::{TERMS, votes},
    sample::{cells, luminance_quantile},
    tint::tints,
};

/// Cells along the longer side of the window that is looked at.
const CELLS: u32 = 72;

/// The same where all of the region is searched for tints: small things count, noise of single pixels does not.
const FINE_CELLS: u32 = 192;

/// A region of fewer pixels, or with a side of fewer than four, is too small: JPEG alone mixes that many.
const LEAST_PIXELS: f64 = 64.0;

/// A region that covers more than this of the picture has no surroundings to tell it from.
const WHOLE: f64 = 0.9;

/// What the brightest part of a well exposed picture reflects. Darker pictures are measured as if lit so.
const WHITE_LUMINANCE: f32 = 0.8;

/// The most that a dark picture is brightened by.
const MOST_GAIN: f32 = 2.5;

/// Chroma that a photograph's white balance may be off by: taken from pale colours, so that white things in the shade are not
/// called blue.
const CAST: f32 = 6.0;

/// The chroma up to which all of it is taken, and from which nothing is.
const PALE: (f32, f32) = (10.0, 20.0);

/// Where the object's brighter parts stay under the first luminance, and the whole picture's under the second, there is too
/// little light to tell colours. A dark thing in a bright picture is black.
const TOO_DARK: (f32, f32) = (0.02, 0.12);

/// Share of the object that the first colour must have at least to stand for it in one word, and how many times the
/// second's it must be.
const CLEAR: (f32, f32) = (0.55, 1.8);

/// A thing that is mostly black, white or gray, but to this share of other colours, is not simply that: a red motorcycle is
/// mostly tyres, chrome and what shows through its wheels.
const PAINTED: f32 = 0.15;

/// Colours with less are not reported.
const LEAST_SHARE: f32 = 0.04;

/// Groups made of an object's colours.
const GROUPS: usize = 8;

/// How a region is measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MeasureOptions {
    /// All that the region shows is measured, no background left out.
    pub patch: bool,
    /// The report tells of tints, too.
    pub tints: bool,
    /// The mask is that of a person and the clothes are meant: what may be skin or hair is left out of the tints.
    pub worn: bool,
}

/// Skin and hair are not of a higher chroma than this. Set by hand.
const STRONG: f32 = 45.0;

/// A thing that fills less of its region than this is hardly it.
const LEAST_FILLED: f32 = 0.1;

/// Measures the colours of a region, in pixels of the picture: of all that it shows where it is a patch, else of the thing
/// whose box it is. What is not the thing is left out, by its mask where one is given, else by what fills the middle
/// of its box and not what is around it; a box that fills the picture has nothing around it.
pub fn measure(
    pixels: &RgbImage,
    region: Rect,
    mask: Option<&Bitmap>,
    options: MeasureOptions,
) -> ColorReport {
    let bounds = Size::new(pixels.width(), pixels.height()).bounds();
    let region = region.clamped(bounds);
    if region.area() < LEAST_PIXELS || region.width().min(region.height()) < 4.0 {
        return ColorReport::new(ColorQuality::TooSmall, Vec::new());
    }
    let brightest = luminance_quantile(cells(pixels, bounds, CELLS).into_iter().map(|cell| cell.color), 0.97);
    let is_all = options.patch || region.area() > WHOLE * bounds.area();
    let masked = mask.and_then(|mask| masked_colors(pixels, region, mask, CELLS));
    let is_masked = masked.is_some();
    let object = masked.unwrap_or_else(|| {
        if is_all {
            cells(pixels, region, CELLS).into_iter().map(|cell| cell.color).collect()
        } else {
            object_colors(pixels, region, bounds)
        }
    });
    let bright = luminance_quantile(object.iter().copied(), 0.9);
    let gain = (WHITE_LUMINANCE / brightest.max(1e-3)).clamp(1.0, MOST_GAIN);
    let colors = named_shares(&object, gain);
    let mut bare = None;
    let tints = match (options.tints, is_all) {
        (false, _) => BTreeMap::new(),
        (true, false) => tints(&object, gain),
        (true, true) => {
            let fine =
                mask.filter(|_| is_masked).and_then(|mask| masked_colors(pixels, region, mask, FINE_CELLS));
            let mut fine = fine.unwrap_or_else(|| {
                cells(pixels, region, FINE_CELLS).into_iter().map(|cell| cell.color).collect()
            });
            if options.worn && is_masked {
                let all = fine.len().max(1);
                fine.retain(|color| !may_be_bare(*color, gain));
                bare = Some((all - fine.len()) as f32 / all as f32);
            }
            tints(&fine, gain)
        }
    };
    let quality = if bright < TOO_DARK.0 && brightest < TOO_DARK.1 {
        ColorQuality::TooDark
    } else if is_clear(&colors) {
        ColorQuality::Clear
    } else {
        ColorQuality::Mixed
    };
    ColorReport { quality, colors, tints, bare }
}

fn is_clear(colors: &[ColorShare]) -> bool {
    let share = |place: usize| colors.get(place).map_or(0.0, |color| color.share);
    let is_neutral = |color: &ColorShare| matches!(color.name.as_str(), "black" | "white" | "gray");
    let paint: f32 = colors.iter().filter(|color| !is_neutral(color)).map(|color| color.share).sum();
    let is_painted = colors.first().is_some_and(is_neutral) && paint >= PAINTED;
    share(0) >= CLEAR.0 && share(0) >= CLEAR.1 * share(1) && !is_painted
}

/// Whether a colour may be that of skin or hair: brown, orange or pink, and not a strong one of these.
fn may_be_bare(color: Linear, gain: f32) -> bool {
    let lit = to_lab(color.map(|value| (value * gain).min(1.0)));
    let votes = votes(lit);
    let most = TERMS.iter().zip(votes).max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(term, _)| *term);
    lit.chroma() < STRONG && matches!(most, Some("brown" | "orange" | "pink"))
}

/// The colours of a region's part that the mask shows; none where that is too little.
fn masked_colors(pixels: &RgbImage, region: Rect, mask: &Bitmap, longest: u32) -> Option<Vec<Linear>> {
    let cells = cells(pixels, region, longest);
    let all = cells.len();
    let shown: Vec<Linear> = cells
        .into_iter()
        .filter(|cell| mask.shows(cell.x as u32, cell.y as u32))
        .map(|cell| cell.color)
        .collect();
    (shown.len() as f32 > LEAST_FILLED * all as f32).then_some(shown)
}

/// The colours of what the region shows, background left out.
fn object_colors(pixels: &RgbImage, region: Rect, picture: Rect) -> Vec<Linear> {
    let (across, down) = (RING * region.width(), RING * region.height());
    let window =
        Rect::new(region.left - across, region.top - down, region.right + across, region.bottom + down)
            .clamped(picture);
    let cells = cells(pixels, window, CELLS);
    let colors: Vec<Lab> = cells.iter().map(|cell| to_lab(cell.color)).collect();
    let spots: Vec<Spot> = cells.iter().map(|cell| Spot::new(cell.x, cell.y, region)).collect();
    let object = foreground(&colors, &spots);
    cells.into_iter().zip(object).filter(|(_, object)| *object).map(|(cell, _)| cell.color).collect()
}

/// One group of like colours.
#[derive(Debug, Clone, Copy)]
struct Paint {
    /// Sum of the colours, as measured.
    sum: Linear,
    count: f32,
}

impl Paint {
    fn mean(self) -> Linear {
        self.sum.map(|value| value / self.count)
    }

    fn joined(self, other: Self) -> Self {
        let mut sum = self.sum;
        for (sum, value) in sum.iter_mut().zip(other.sum) {
            *sum += value;
        }
        Self { sum, count: self.count + other.count }
    }
}

fn named_shares(object: &[Linear], gain: f32) -> Vec<ColorShare> {
    let lit = |color: Linear| {
        let Lab { l, a, b } = to_lab(color.map(|value| (value * gain).min(1.0)));
        let chroma = a.hypot(b).max(f32::MIN_POSITIVE);
        let paleness = ((PALE.1 - chroma) / (PALE.1 - PALE.0)).clamp(0.0, 1.0);
        let rest = (chroma - CAST * paleness).max(0.0) / chroma;
        Lab { l, a: a * rest, b: b * rest }
    };
    let paints = paints(object, lit);
    let mut shares = [0.0f32; TERMS.len()];
    // Who gave each term most, to show a typical colour of it.
    let mut typical: [Option<(f32, Linear)>; TERMS.len()] = [None; TERMS.len()];
    for paint in &paints {
        let share = paint.count / object.len() as f32;
        for (term, vote) in votes(lit(paint.mean())).into_iter().enumerate() {
            shares[term] += share * vote;
            if typical[term].is_none_or(|(most, _)| share * vote > most) {
                typical[term] = Some((share * vote, paint.mean()));
            }
        }
    }
    let mut colors: Vec<ColorShare> = TERMS
        .iter()
        .zip(shares)
        .zip(typical)
        .filter(|((_, share), _)| *share >= LEAST_SHARE)
        .filter_map(|((name, share), typical)| {
            Some(ColorShare { name: (*name).to_owned(), share, hex: hex(typical?.1) })
        })
        .collect();
    colors.sort_by(|a, b| b.share.total_cmp(&a.share));
    colors
}

/// The object's paints: groups of like colour, those that differ by light and shade alone joined.
fn paints(object: &[Linear], lit: impl Fn(Linear) -> Lab) -> Vec<Paint> {
    let colors: Vec<Lab> = object.iter().map(|&color| lit(color)).collect();
    let (groups, count) = group(&colors, GROUPS);
    let mut paints = vec![Paint { sum: [0.0; 3], count: 0.0 }; count];
    for (&group, &color) in groups.iter().zip(object) {
        paints[group] = paints[group].joined(Paint { sum: color, count: 1.0 });
    }
    paints.retain(|paint| paint.count > 0.0);
    paints.sort_by(|a, b| b.count.total_cmp(&a.count));
    let mut joined: Vec<Paint> = Vec::new();
    for paint in paints {
        match joined.iter_mut().find(|other| is_shade(to_lab(other.mean()), to_lab(paint.mean()))) {
            Some(other) => *other = other.joined(paint),
            None => joined.push(paint),
        }
    }
    joined
}

/// Whether two colours, as measured, can be one paint in light and in shade. Less light shrinks all three coordinates of
/// CIELAB about alike, so `a / L` and `b / L` stay. Deep shade keeps some of a strong colour; a neutral may only be a
/// little darker, or white would reach to black.
fn is_shade(a: Lab, b: Lab) -> bool {
    let hue = |color: Lab| (color.a / color.l.max(5.0), color.b / color.l.max(5.0));
    let ((ax, ay), (bx, by)) = (hue(a), hue(b));
    let difference = (ax - bx).hypot(ay - by);
    let strength = ax.hypot(ay).min(bx.hypot(by));
    let ratio = a.l.max(b.l) / a.l.min(b.l).max(1.0);
    if strength > 0.3 {
        difference < 0.25 && ratio < 6.0
    } else {
        let neutral = a.chroma().min(b.chroma()) < 10.0;
        difference < 0.18 && ratio < if neutral { 1.25 } else { 2.2 }
    }
}

#[cfg(test)]
mod tests {
    use lavr_image::Rgb;
    use lavr_types::perception::Mask;

    use super::*;

    const SIZE: Size = Size::new(120, 120);

    /// Red left of the middle, green right of it: the box around both has no other ground.
    fn halves() -> RgbImage {
        RgbImage::from_fn(120, 120, |x, _| if x < 60 { Rgb([200, 30, 30]) } else { Rgb([40, 150, 50]) })
    }

    fn mask(shows: impl Fn(u32, u32) -> bool) -> Option<Bitmap> {
        Mask::of(SIZE, SIZE.bounds(), shows).bitmap()
    }

    fn share(report: &ColorReport, name: &str) -> f32 {
        report.colors.iter().find(|color| color.name == name).map_or(0.0, |color| color.share)
    }

    #[test]
    fn a_mask_decides_what_is_measured() {
        let region = Rect::new(20.0, 20.0, 100.0, 100.0);
        let red = mask(|x, _| x < 60);
        for patch in [false, true] {
            let options = MeasureOptions { patch, tints: true, ..Default::default() };
            let masked = measure(&halves(), region, red.as_ref(), options);
            assert_eq!(masked.quality, ColorQuality::Clear, "{masked:?}");
            assert!(share(&masked, "red") > 0.9, "{masked:?}");
            assert!(masked.tints.get("green").is_none_or(|share| *share < 0.05), "{masked:?}");
        }
        let whole = measure(
            &halves(),
            region,
            None,
            MeasureOptions { patch: true, tints: true, ..Default::default() },
        );
        assert!(share(&whole, "green") > 0.4, "{whole:?}");
        assert!(whole.tints["green"] > 0.4, "{whole:?}");
    }

    #[test]
    fn a_mask_that_hardly_covers_the_region_is_not_believed() {
        let region = Rect::new(20.0, 20.0, 100.0, 100.0);
        let options = MeasureOptions { patch: true, tints: true, ..Default::default() };
        let speck = mask(|x, y| (50..60).contains(&x) && (50..60).contains(&y));
        let elsewhere = mask(|x, _| x < 20);
        let unmasked = measure(&halves(), region, None, options);
        for hardly in [speck, elsewhere] {
            assert_eq!(measure(&halves(), region, hardly.as_ref(), options), unmasked);
        }
    }

    #[test]
    fn what_may_be_skin_says_nothing_of_clothes() {
        let skin =
            RgbImage::from_fn(80, 80, |_, y| Rgb(if y < 40 { [205, 160, 130] } else { [30, 50, 160] }));
        let region = Rect::new(0.0, 0.0, 80.0, 80.0);
        let whole = Mask::of(Size::new(80, 80), region, |_, _| true).bitmap().unwrap();
        let clothes = MeasureOptions { patch: true, tints: true, worn: true };
        let report = measure(&skin, region, Some(&whole), clothes);
        assert_eq!(report.bare, Some(0.5));
        assert!(report.tints["brown"] < 0.01 && report.tints["blue"] > 0.9, "{report:?}");
        // Its colors are all that shows.
        assert!(report.colors.iter().any(|color| color.name != "blue"), "{report:?}");
        let all = measure(&skin, region, Some(&whole), MeasureOptions { worn: false, ..clothes });
        assert!(all.bare.is_none() && all.tints["brown"] > 0.4, "{all:?}");
        // Without a mask nobody knows whose skin it would be.
        assert_eq!(measure(&skin, region, None, clothes).bare, None);
    }
}
