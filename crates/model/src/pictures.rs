//! How pictures fit into what is left of a budget of pixels.

use lavr_types::{ImageId, Size};

/// No picture is shown with a longest side of fewer pixels to save some: it is what the first vision encoders took (CLIP,
/// <https://arxiv.org/abs/2103.00020>), and on less most things cannot be told apart.
pub const LEAST_SIDE: u32 = 224;

/// How pictures are shown so that together they have no more pixels than are left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// The longest side in pixels that all of them are shrunk to; `None` where they are shown as large as the model takes.
    pub longest_side: Option<u32>,
    /// Those that have to be left out all the same, the first ones.
    pub left_out: Vec<ImageId>,
    /// The pixels of those that are shown.
    pub pixels: u64,
}

impl Fit {
    /// Fits pictures, in the order in which they are mentioned, for a model that takes this longest side (0 for any) into so
    /// many pixels. What does not fit is shown smaller, in half of them at most: whoever looks next shall see something, too.
    /// No side is made shorter than [`LEAST_SIDE`]; where that is too large still, the first ones are left out.
    pub fn new(pictures: &[(ImageId, Size)], longest_side: u32, pixels: u64) -> Self {
        Self::between(pictures, longest_side, LEAST_SIDE, pixels)
    }

    /// As [`Self::new`], for pictures whose size is settled: those that are too many are left out.
    pub fn at(pictures: &[(ImageId, Size)], longest_side: u32, pixels: u64) -> Self {
        Self::between(pictures, longest_side, u32::MAX, pixels)
    }

    fn between(pictures: &[(ImageId, Size)], longest_side: u32, least: u32, pixels: u64) -> Self {
        let own = pictures.iter().map(|(_, size)| size.width.max(size.height)).max().unwrap_or_default();
        let most = if longest_side == 0 { own } else { own.min(longest_side) };
        let least = least.min(most);
        // The latest say most of what goes on now.
        let fits = |first: &usize| pixels_of(&pictures[*first..], least) <= pixels;
        let first = (0..pictures.len()).find(fits).unwrap_or(pictures.len());
        let shown = &pictures[first..];
        let side = if pixels_of(shown, most) <= pixels {
            most
        } else {
            largest_side(shown, least, most, pixels / 2)
        };
        Self {
            longest_side: (side < most && !shown.is_empty()).then_some(side),
            left_out: pictures[..first].iter().map(|(id, _)| *id).collect(),
            pixels: pixels_of(shown, side),
        }
    }

    /// The fewest pixels that these pictures take, shown as small as they ever are.
    pub fn least(pictures: &[(ImageId, Size)]) -> u64 {
        pixels_of(pictures, LEAST_SIDE)
    }
}

/// The largest side between these at which the pictures have at most so many pixels, which grow with it; `least` where there
/// is none.
fn largest_side(pictures: &[(ImageId, Size)], least: u32, most: u32, pixels: u64) -> u32 {
    let (mut side, mut too_large) = (least, most + 1);
    while too_large - side > 1 {
        let middle = side + (too_large - side) / 2;
        if pixels_of(pictures, middle) <= pixels {
            side = middle;
        } else {
            too_large = middle;
        }
    }
    side
}

/// The pixels of pictures that are shrunk to this longest side.
pub(crate) fn pixels_of(pictures: &[(ImageId, Size)], side: u32) -> u64 {
    pictures.iter().map(|(_, size)| size.fit_within(side).area()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32) -> (ImageId, Size) {
        let size = Size::new(width, height);
        (ImageId::of_pixels(size, &[]), size)
    }

    fn fit(longest_side: Option<u32>, pixels: u64) -> Fit {
        Fit { longest_side, left_out: Vec::new(), pixels }
    }

    #[test]
    fn what_fits_is_shown_as_large_as_the_model_takes() {
        let photo = [picture(4000, 3000)];
        assert_eq!(Fit::new(&photo, 1024, 1024 * 768), fit(None, 1024 * 768));
        assert_eq!(Fit::new(&photo, 0, u64::MAX), fit(None, 4000 * 3000));
        assert_eq!(Fit::new(&[], 1024, 0), fit(None, 0));
        // A small picture takes its own pixels, however few are left.
        assert_eq!(Fit::new(&[picture(20, 10)], 1024, 200), fit(None, 200));
    }

    #[test]
    fn what_does_not_fit_is_shown_as_large_as_half_of_what_is_left_allows() {
        let photo = [picture(4000, 3000)];
        assert_eq!(Fit::new(&photo, 1024, 2 * 400 * 300), fit(Some(400), 400 * 300));
        // One side for all: a picture that is smaller than it stays as it is.
        let both = [picture(4000, 3000), picture(300, 300)];
        let pixels = 400 * 300 + 300 * 300;
        assert_eq!(Fit::new(&both, 1024, 2 * pixels), fit(Some(400), pixels));
        for left in [120_000, 345_678, 700_000] {
            let Fit { longest_side, pixels, .. } = Fit::new(&photo, 1024, left);
            let side = longest_side.unwrap_or_default();
            assert!(pixels <= left / 2 && pixels_of(&photo, side + 1) > left / 2, "{side}");
        }
        // Down to the least side, all that is left may go.
        assert_eq!(Fit::new(&photo, 1024, 224 * 168), fit(Some(224), 224 * 168));
    }

    #[test]
    fn below_the_least_side_the_first_pictures_are_left_out() {
        let pictures = [picture(4000, 4000), picture(3000, 3000)];
        let one = Fit::new(&pictures, 1024, 224 * 224);
        assert_eq!(one, Fit { left_out: vec![pictures[0].0], ..fit(Some(224), 224 * 224) });
        let none = Fit::new(&pictures, 1024, 224 * 224 - 1);
        assert_eq!(none.left_out, [pictures[0].0, pictures[1].0]);
        assert_eq!((none.longest_side, none.pixels), (None, 0));
    }

    #[test]
    fn a_size_that_is_settled_stays() {
        let pictures = [picture(4000, 4000), picture(3000, 3000)];
        let fit = Fit::at(&pictures, 300, 100_000);
        assert_eq!(
            (fit.longest_side, fit.left_out.as_slice(), fit.pixels),
            (None, &[pictures[0].0][..], 90_000)
        );
    }
}
