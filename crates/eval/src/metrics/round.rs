//! Decimal rounding as the references print it.

/// The number rounded to so many digits after the point: to the nearest decimal of its exact binary value, ties to even.
///
/// That is what `round` and `%.1f` of the reference scripts do. Multiplying, rounding and dividing is not: 0.35 lies
/// below its decimal and becomes 0.3, not 0.4.
pub fn round(value: f64, digits: usize) -> f64 {
    shown(value, digits).parse().unwrap_or(value)
}

/// The number as it is printed with so many digits after the point.
pub fn shown(value: f64, digits: usize) -> String {
    format!("{value:.digits$}")
}
