//! The order in which a person reads lines: columns one after the other where the page has columns of running text,
//! rows from left to right elsewhere (recursive XY cut: Nagy and Seth, "Hierarchical representation of optically
//! scanned documents", 1984).

use lavr_types::{Point, Quad, Rect};

/// A gap between columns is at least this wide, in heights of a line.
const COLUMN_GAP: f64 = 0.9;
/// A column of running text has at least so many lines, ...
const COLUMN_LINES: usize = 3;
/// ... and this width in heights of a line: narrower columns are those of tables and forms, which are read by rows.
const COLUMN_WIDTH: f64 = 8.0;
/// Boxes overlap a little where lines are set tight; this share of a line's height is cut off at either side.
const TRIM: f64 = 0.2;
/// Two boxes stand in one row if they share this much of the lower one's height.
const SAME_ROW: f64 = 0.5;

/// The places of the lines in reading order: a permutation of `0..lines.len()`.
pub fn reading_order(lines: &[Quad]) -> Vec<usize> {
    let slope = slope(lines);
    let mut boxes: Vec<_> = lines
        .iter()
        .enumerate()
        .map(|(index, quad)| Line { index, bounds: levelled(*quad, slope).bounds() })
        .collect();
    boxes.sort_by(|a, b| a.bounds.top.total_cmp(&b.bounds.top));
    let height = median(boxes.iter().map(|line| line.bounds.height()));
    let mut order = Vec::with_capacity(lines.len());
    read(boxes, height, &mut order);
    order
}

#[derive(Debug, Clone, Copy)]
struct Line {
    index: usize,
    bounds: Rect,
}

/// The direction of most text: the median of the lines' upper sides, weighed by their lengths.
fn slope(lines: &[Quad]) -> Point {
    let mut sides: Vec<_> = lines
        .iter()
        .filter_map(|Quad([a, b, ..])| {
            let (x, y) = (b.x - a.x, b.y - a.y);
            // Vertical and upside-down texts say nothing of the page's tilt.
            (x > 0.0 && y.abs() < x / 2.0).then(|| (y / x, x))
        })
        .collect();
    sides.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = sides.iter().map(|(_, length)| length).sum::<f64>() / 2.0;
    let mut passed = 0.0;
    let median = sides.iter().find(|(_, length)| {
        passed += length;
        passed >= half
    });
    let angle = median.map_or(0.0, |(slope, _)| slope.atan());
    Point::new(angle.cos(), angle.sin())
}

fn levelled(quad: Quad, slope: Point) -> Quad {
    Quad(quad.0.map(|point| {
        Point::new(point.x * slope.x + point.y * slope.y, point.y * slope.x - point.x * slope.y)
    }))
}

fn read(lines: Vec<Line>, height: f64, order: &mut Vec<usize>) {
    if let Some(columns) = columns(&lines, height) {
        for column in columns {
            read(column, height, order);
        }
        return;
    }
    let bands = bands(lines);
    let mut first = 0;
    while first < bands.len() {
        let count = bands_with_a_gap(&bands[first..], height);
        let run: Vec<Line> = bands[first..first + count].concat();
        // All bands together were tried above.
        let columns = if count < bands.len() { columns(&run, height) } else { None };
        if let Some(columns) = columns {
            for column in columns {
                read(column, height, order);
            }
            first += count;
        } else {
            rows(&bands[first], order);
            first += 1;
        }
    }
}

/// How many bands from the first on leave a common gap from top to bottom. A heading across the page ends them.
fn bands_with_a_gap(bands: &[Vec<Line>], height: f64) -> usize {
    let mut run: Vec<Line> = Vec::new();
    for (count, band) in bands.iter().enumerate() {
        run.extend(band);
        if parted_by_gaps(&run, height).len() < 2 {
            return count;
        }
    }
    bands.len()
}

/// The lines, parted where no line stands over a stretch of the page's width.
fn parted_by_gaps(lines: &[Line], height: f64) -> Vec<Vec<Line>> {
    let mut by_left = lines.to_vec();
    by_left.sort_by(|a, b| a.bounds.left.total_cmp(&b.bounds.left));
    let mut parts: Vec<Vec<Line>> = Vec::new();
    let mut reached = f64::NEG_INFINITY;
    for line in by_left {
        match parts.last_mut() {
            Some(part) if line.bounds.left < reached + COLUMN_GAP * height => part.push(line),
            _ => parts.push(vec![line]),
        }
        reached = reached.max(line.bounds.right);
    }
    parts
}

/// The lines by columns from left to right, where they fall into columns of running text.
fn columns(lines: &[Line], height: f64) -> Option<Vec<Vec<Line>>> {
    if lines.len() < 2 * COLUMN_LINES {
        return None;
    }
    let mut columns = parted_by_gaps(lines, height);
    let running = |column: &Vec<Line>| {
        column.len() >= COLUMN_LINES
            && median(column.iter().map(|line| line.bounds.width())) >= COLUMN_WIDTH * height
    };
    if columns.len() < 2 || !columns.iter().all(running) {
        return None;
    }
    for column in &mut columns {
        column.sort_by(|a, b| a.bounds.top.total_cmp(&b.bounds.top));
    }
    Some(columns)
}

/// The lines by bands from top to bottom: no line of one band is beside a line of another.
fn bands(lines: Vec<Line>) -> Vec<Vec<Line>> {
    let trimmed = |line: &Line| {
        let trim = TRIM * line.bounds.height();
        (line.bounds.top + trim, line.bounds.bottom - trim)
    };
    let mut bands: Vec<Vec<Line>> = Vec::new();
    let mut reached = f64::NEG_INFINITY;
    for line in lines {
        let (top, bottom) = trimmed(&line);
        match bands.last_mut() {
            Some(band) if top < reached => band.push(line),
            _ => bands.push(vec![line]),
        }
        reached = reached.max(bottom);
    }
    bands
}

/// Rows from top to bottom, each from left to right.
fn rows(lines: &[Line], order: &mut Vec<usize>) {
    let mut left = lines.to_vec();
    left.sort_by(|a, b| a.bounds.center().y.total_cmp(&b.bounds.center().y));
    let mut rows: Vec<Vec<Line>> = Vec::new();
    for line in left {
        let beside = |other: &Line| {
            let common = line.bounds.bottom.min(other.bounds.bottom) - line.bounds.top.max(other.bounds.top);
            common >= SAME_ROW * line.bounds.height().min(other.bounds.height())
        };
        match rows.last_mut() {
            // With the row's last line, not with any: rows of a curved page drift.
            Some(row) if row.last().is_some_and(beside) => row.push(line),
            _ => rows.push(vec![line]),
        }
    }
    for mut row in rows {
        row.sort_by(|a, b| a.bounds.left.total_cmp(&b.bounds.left));
        order.extend(row.iter().map(|line| line.index));
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(left: f64, top: f64, width: f64) -> Quad {
        Rect::new(left, top, left + width, top + 20.0).into()
    }

    /// The order of the lines when they are handed over in another order than they are written here.
    fn order_of(lines: &[Quad]) -> Vec<usize> {
        let shuffled: Vec<usize> = (0..lines.len()).map(|place| (place * 7 + 3) % lines.len()).collect();
        let given: Vec<Quad> = shuffled.iter().map(|place| lines[*place]).collect();
        reading_order(&given).into_iter().map(|place| shuffled[place]).collect()
    }

    fn assert_in_order(lines: &[Quad]) {
        assert_eq!(order_of(lines), (0..lines.len()).collect::<Vec<_>>());
    }

    #[test]
    fn one_column_is_read_from_top_to_bottom() {
        let lines: Vec<_> =
            (0..8).map(|row| line(10.0, f64::from(row) * 24.0, 400.0 - f64::from(row))).collect();
        assert_in_order(&lines);
    }

    #[test]
    fn two_columns_are_read_one_after_the_other() {
        let column = |left| (0..5).map(move |row| line(left, f64::from(row) * 24.0, 300.0));
        assert_in_order(&column(0.0).chain(column(340.0)).collect::<Vec<_>>());
    }

    #[test]
    fn columns_need_no_common_baselines() {
        let column = |left, down| (0..5).map(move |row| line(left, down + f64::from(row) * 24.0, 300.0));
        assert_in_order(&column(0.0, 0.0).chain(column(340.0, 11.0)).collect::<Vec<_>>());
    }

    #[test]
    fn headings_across_the_page_part_two_pairs_of_columns() {
        let column = |left, down| (0..4).map(move |row| line(left, down + f64::from(row) * 24.0, 300.0));
        let mut lines = vec![line(100.0, 0.0, 440.0)];
        lines.extend(column(0.0, 40.0).chain(column(340.0, 40.0)));
        lines.push(line(100.0, 160.0, 440.0));
        lines.extend(column(0.0, 200.0).chain(column(340.0, 200.0)));
        assert_in_order(&lines);
    }

    #[test]
    fn three_columns_with_short_last_lines() {
        let column = |left| {
            (0..6).map(move |row| line(left, f64::from(row) * 24.0, if row == 5 { 60.0 } else { 200.0 }))
        };
        assert_in_order(&column(0.0).chain(column(240.0)).chain(column(480.0)).collect::<Vec<_>>());
    }

    #[test]
    fn a_table_is_read_by_rows() {
        let lines: Vec<_> = (0..6)
            .flat_map(|row| [0.0, 150.0, 300.0].map(|left| line(left, f64::from(row) * 30.0, 90.0)))
            .collect();
        assert_in_order(&lines);
    }

    #[test]
    fn words_of_one_row_are_read_from_left_to_right_though_one_stands_higher() {
        assert_in_order(&[
            line(0.0, 4.0, 80.0),
            line(100.0, 0.0, 80.0),
            line(200.0, 6.0, 80.0),
            line(0.0, 40.0, 80.0),
        ]);
    }

    #[test]
    fn a_tilted_page_is_read_as_a_level_one() {
        let (sin, cos) = 4f64.to_radians().sin_cos();
        let tilt =
            |quad: Quad| Quad(quad.0.map(|p| Point::new(p.x * cos - p.y * sin, p.x * sin + p.y * cos)));
        let column = |left| (0..6).map(move |row| line(left, f64::from(row) * 24.0, 300.0));
        assert_in_order(&column(0.0).chain(column(340.0)).map(tilt).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn any_lines_come_in_some_order_each_once(
            places in prop::collection::vec((0.0..800.0f64, 0.0..800.0f64, 0.0..400.0f64, 0.0..60.0f64), 0..60),
        ) {
            let lines: Vec<Quad> =
                places.into_iter().map(|(x, y, w, h)| Rect::new(x, y, x + w, y + h).into()).collect();
            let mut order = reading_order(&lines);
            order.sort_unstable();
            prop_assert_eq!(order, (0..lines.len()).collect::<Vec<_>>());
        }
    }
}
