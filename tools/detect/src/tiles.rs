//! Looking closer: overlapping parts of a picture, so that small objects fill more of the network's input.

use lavr_types::Rect;

/// Pixels along the side of a tile, at the least. The embedded network's input is as large; for a network with a larger
/// one a tile is enlarged, and the second look is still another one than the first.
const SIDE: f64 = 416.0;

/// The share of a tile that the next one covers too. An object up to this share of a tile is whole in one of them.
const OVERLAP: f64 = 0.25;

/// The most tiles along a side.
const MOST: usize = 4;

/// Pixels, where a tile has [`SIDE`], within which a box counts as cut off by the edge of its tile.
pub(crate) const CUT_MARGIN: f64 = 3.0;

/// The overlapping tiles of a part of a picture; empty where it is no larger than a tile.
///
/// There are never more than four along a side, and at least two along the longer side of a picture that is larger than a
/// tile.
pub(crate) fn tiles(area: Rect) -> Vec<Rect> {
    let longer = area.width().max(area.height());
    if longer <= SIDE {
        return Vec::new();
    }
    // A picture of 4000 pixels would need a hundred of them.
    let tile = (longer / (1.0 + (MOST as f64 - 1.0) * (1.0 - OVERLAP))).max(SIDE).min(longer * 0.6);
    let starts = |from: f64, side: f64| -> Vec<f64> {
        if side <= tile {
            return vec![from];
        }
        // A little less, so that rounding makes no tile more.
        let steps = ((side - tile) / (tile * (1.0 - OVERLAP)) - 1e-6).ceil().max(1.0);
        (0..=steps as usize).map(|step| from + (side - tile) * step as f64 / steps).collect()
    };
    let (columns, rows) = (starts(area.left, area.width()), starts(area.top, area.height()));
    rows.iter()
        .flat_map(|&top| {
            columns.iter().map(move |&left| {
                Rect::new(left, top, (left + tile).min(area.right), (top + tile).min(area.bottom))
            })
        })
        .collect()
}

/// Whether a box found in a tile touches an edge of the tile that is no edge of the whole: then it may show a part
/// of an object only, which another tile or the whole picture shows complete.
pub(crate) fn is_cut(bounds: Rect, tile: Rect, whole: Rect) -> bool {
    let margin = CUT_MARGIN * tile.width().max(tile.height()) / SIDE;
    (bounds.left - tile.left < margin && tile.left > whole.left)
        || (bounds.top - tile.top < margin && tile.top > whole.top)
        || (tile.right - bounds.right < margin && tile.right < whole.right)
        || (tile.bottom - bounds.bottom < margin && tile.bottom < whole.bottom)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tiles_cover_the_picture_and_overlap(width in 1.0..9000.0f64, height in 1.0..9000.0f64) {
            let area = Rect::new(10.0, 20.0, 10.0 + width, 20.0 + height);
            let tiles = tiles(area);
            prop_assert!(tiles.len() <= MOST * MOST);
            if tiles.is_empty() {
                prop_assert!(width.max(height) <= SIDE);
                return Ok(());
            }
            let all = tiles.iter().copied().reduce(Rect::union).unwrap();
            for (a, b) in <[f64; 4]>::from(all).into_iter().zip(<[f64; 4]>::from(area)) {
                prop_assert!((a - b).abs() < 1e-6);
            }
            for pair in tiles.windows(2).filter(|pair| pair[0].top == pair[1].top) {
                prop_assert!(pair[0].right - pair[1].left >= 0.249 * pair[0].width(), "{pair:?}");
            }
        }
    }

    #[test]
    fn a_small_picture_needs_no_tiles() {
        assert_eq!(tiles(Rect::new(0.0, 0.0, 400.0, 300.0)), []);
    }

    #[test]
    fn only_inner_edges_cut() {
        let whole = Rect::new(0.0, 0.0, 1000.0, 500.0);
        let tile = Rect::new(0.0, 0.0, 500.0, 500.0);
        assert!(!is_cut(Rect::new(0.0, 0.0, 100.0, 500.0), tile, whole));
        assert!(is_cut(Rect::new(400.0, 100.0, 500.0, 200.0), tile, whole));
    }
}
