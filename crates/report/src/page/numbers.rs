//! Numbers as people read them.

use lavr_types::Rect;

/// A length of time.
pub(super) fn seconds(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() || s <= 0.0 => "0 s".to_owned(),
        s if s < 0.001 => "< 1 ms".to_owned(),
        s if s < 0.0995 => format!("{:.0} ms", s * 1000.0),
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 119.5 => format!("{s:.0} s"),
        s => format!("{:.0} min {:.0} s", (s / 60.0).floor(), s % 60.0),
    }
}

/// A share of a length in per cent, for attributes of SVG.
pub(super) fn percent(part: f64, whole: f64) -> String {
    let share = if whole > 0.0 { part / whole * 100.0 } else { 0.0 };
    let share = if share.is_finite() { share.clamp(0.0, 100.0) } else { 0.0 };
    let digits = format!("{share:.3}");
    format!("{}%", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// A count with thin spaces between thousands.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// US dollars, with as many digits as tell something.
pub(super) fn dollars(dollars: f64) -> String {
    match dollars {
        d if !d.is_finite() || d <= 0.0 => "$0".to_owned(),
        d if d < 0.0001 => "< $0.0001".to_owned(),
        d if d < 0.1 => format!("${d:.4}"),
        d => format!("${d:.2}"),
    }
}

/// A count with its noun.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A box in whole pixels.
pub(super) fn region(bounds: Rect) -> String {
    let sides = <[f64; 4]>::from(bounds).map(|side| format!("{side:.0}"));
    format!("[{}]", sides.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_counts_read_well() {
        let shown = [0.0, 0.0004, 0.0614, 0.0999, 4.217, 42.3, 130.2, f64::NAN].map(seconds);
        assert_eq!(shown, ["0 s", "< 1 ms", "61 ms", "0.1 s", "4.2 s", "42 s", "2 min 10 s", "0 s"]);
        assert_eq!([0, 1312, 1_234_567].map(count), ["0", "1\u{202f}312", "1\u{202f}234\u{202f}567"]);
        assert_eq!([0.0, 0.00002, 0.001_234, 12.3].map(dollars), ["$0", "< $0.0001", "$0.0012", "$12.30"]);
        assert_eq!([percent(1.0, 3.0), percent(5.0, 0.0), percent(9.0, 3.0)], ["33.333%", "0%", "100%"]);
    }
}
