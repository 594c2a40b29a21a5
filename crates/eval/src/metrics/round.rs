//! Decimal rounding as the references print it.
