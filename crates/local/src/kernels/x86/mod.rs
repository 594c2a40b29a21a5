//! Kernels for x86-64.
#![expect(unsafe_code, reason = "vector loads and calls of functions that need processor features")]
#![allow(
    clippy::wildcard_imports,
    reason = "the names of intrinsics are prefixed and many; not seen in tests"
)]
#![expect(clippy::inline_always, reason = "a call in these loops costs more than what it calls")]
#![expect(clippy::needless_range_loop, reason = "arrays of registers are walked side by side")]
#![expect(clippy::trivially_copy_pass_by_ref, reason = "places in a block, not values")]
#![expect(clippy::large_types_passed_by_value, reason = "sixteen registers")]

mod avx2;
mod avx512;
mod memory;
mod panel;
mod panel_avx2;

use super::{Activations, Format};

pub(super) fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c")
}

pub(super) fn has_avx512() -> bool {
    has_avx2()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
}

pub(super) fn tile_avx2(format: Format, rows: &[u8], row_bytes: usize, input: &Activations, out: &mut [f32]) {
    // SAFETY: The level exists only where `has_avx2` was true.
    unsafe { avx2::tile(format, rows, row_bytes, input, out) }
}

pub(super) fn tile_avx512(
    format: Format,
    rows: &[u8],
    row_bytes: usize,
    input: &Activations,
    out: &mut [f32],
) {
    // SAFETY: The level exists only where `has_avx512` was true.
    unsafe { avx512::tile(format, rows, row_bytes, input, out) }
}

/// Not for `Q8_0`, whose products do not fit sixteen bits twice.
pub(super) fn panel_avx2(
    format: Format,
    rows: &[u8],
    row_bytes: usize,
    input: &Activations,
    out: &mut [f32],
) {
    // SAFETY: The level exists only where `has_avx2` was true.
    unsafe { panel_avx2::multiply(format, rows, row_bytes, input, out) }
}

pub(super) fn panel_avx512(
    format: Format,
    rows: &[u8],
    row_bytes: usize,
    input: &Activations,
    out: &mut [f32],
) {
    // SAFETY: The level exists only where `has_avx512` was true.
    unsafe { panel::multiply(format, rows, row_bytes, input, out) }
}
