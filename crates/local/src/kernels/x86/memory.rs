//! Unaligned loads and stores of whole vectors, from arrays whose length proves them sound.

use std::arch::x86_64::*;

/// `N` bytes at a place.
#[inline(always)]
pub(super) fn at<const N: usize>(bytes: &[u8], place: usize) -> &[u8; N] {
    match bytes[place..].first_chunk() {
        Some(chunk) => chunk,
        None => short(),
    }
}

#[cold]
fn short() -> ! {
    unreachable!("blocks are cut from whole rows")
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load128(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: The array is as long as the vector; the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load256(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: As above.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load256_codes(codes: &[i8; 32]) -> __m256i {
    // SAFETY: As above.
    unsafe { _mm256_loadu_si256(codes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load512(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: As above.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load512_codes(codes: &[i8; 64]) -> __m512i {
    // SAFETY: As above.
    unsafe { _mm512_loadu_si512(codes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load512_i32(numbers: &[i32; 16]) -> __m512i {
    // SAFETY: As above.
    unsafe { _mm512_loadu_si512(numbers.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store512_i32(numbers: &mut [i32; 16], value: __m512i) {
    // SAFETY: As above, for a store.
    unsafe { _mm512_storeu_si512(numbers.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load512_f32(numbers: &[f32; 16]) -> __m512 {
    // SAFETY: As above.
    unsafe { _mm512_loadu_ps(numbers.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store512_f32(numbers: &mut [f32; 16], value: __m512) {
    // SAFETY: As above, for a store.
    unsafe { _mm512_storeu_ps(numbers.as_mut_ptr(), value) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load256_i32(numbers: &[i32; 8]) -> __m256i {
    // SAFETY: As above.
    unsafe { _mm256_loadu_si256(numbers.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store256_i32(numbers: &mut [i32; 8], value: __m256i) {
    // SAFETY: As above, for a store.
    unsafe { _mm256_storeu_si256(numbers.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store256(bytes: &mut [u8; 32], value: __m256i) {
    // SAFETY: As above, for a store.
    unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load256_f32(numbers: &[f32; 8]) -> __m256 {
    // SAFETY: As above.
    unsafe { _mm256_loadu_ps(numbers.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store256_f32(numbers: &mut [f32; 8], value: __m256) {
    // SAFETY: As above, for a store.
    unsafe { _mm256_storeu_ps(numbers.as_mut_ptr(), value) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load128_sums(sums: &[i16; 8]) -> __m128i {
    // SAFETY: As above.
    unsafe { _mm_loadu_si128(sums.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load256_sums(sums: &[i16; 16]) -> __m256i {
    // SAFETY: As above.
    unsafe { _mm256_loadu_si256(sums.as_ptr().cast()) }
}

/// Two half floats, widened.
#[inline]
#[target_feature(enable = "avx2,f16c")]
pub(super) fn two_halves(bytes: &[u8; 4]) -> (f32, f32) {
    let wide = _mm_cvtph_ps(_mm_cvtsi32_si128(i32::from_le_bytes(*bytes)));
    (_mm_cvtss_f32(wide), _mm_cvtss_f32(_mm_movehdup_ps(wide)))
}

/// A half float, widened.
#[inline]
#[target_feature(enable = "avx2,f16c")]
pub(super) fn one_half(bytes: &[u8; 2]) -> f32 {
    let bits = i32::from(u16::from_le_bytes(*bytes));
    _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)))
}

/// Scales (low eight bytes) and offsets (high eight bytes) of a `Q4_K` block from their twelve bytes.
#[inline]
pub(super) fn unpack_q4k_scales(packed: &[u8; 12]) -> (u64, u64) {
    let word = |index: usize| u32::from_le_bytes(*at(packed, 4 * index));
    let (low, middle, high) = (word(0), word(1), word(2));
    let scales = (low & 0x3f3f_3f3f, (high & 0x0f0f_0f0f) | (low >> 2 & 0x3030_3030));
    let offsets = (middle & 0x3f3f_3f3f, (high >> 4 & 0x0f0f_0f0f) | (middle >> 2 & 0x3030_3030));
    let join = |(first, second): (u32, u32)| u64::from(first) | u64::from(second) << 32;
    (join(scales), join(offsets))
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn sum128(value: __m128) -> f32 {
    let pairs = _mm_add_ps(value, _mm_movehl_ps(value, value));
    _mm_cvtss_f32(_mm_add_ss(pairs, _mm_movehdup_ps(pairs)))
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn sum256(value: __m256) -> f32 {
    sum128(_mm_add_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps::<1>(value)))
}
