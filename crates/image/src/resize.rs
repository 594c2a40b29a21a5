//! Smaller copies.

use lavr_types::Size;

/// The largest size of the same proportions whose longest side is at most `longest_side`; never larger than
/// `size`, never without a pixel.
pub fn fit_within(size: Size, longest_side: u32) -> Size {
    let longest = size.width.max(size.height);
    if longest <= longest_side || longest == 0 {
        return size;
    }
    let scale = |side: u32| {
        let scaled = u64::from(side) * u64::from(longest_side) / u64::from(longest);
        u32::try_from(scaled).unwrap_or(longest_side).max(1)
    };
    Size::new(scale(size.width), scale(size.height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proportions_are_kept_and_no_side_vanishes() {
        assert_eq!(fit_within(Size::new(4000, 2000), 1000), Size::new(1000, 500));
        assert_eq!(fit_within(Size::new(100, 50), 1000), Size::new(100, 50));
        assert_eq!(fit_within(Size::new(20_000, 1), 100), Size::new(100, 1));
    }
}
