//! How large an image may be.

/// How large an image may be. Checked against the file's header before any pixel is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes that a file may have.
    pub bytes: u64,
    /// The most pixels along one side.
    pub side: u32,
    /// The most pixels in all.
    pub pixels: u64,
    /// The most bytes that decoding may allocate.
    pub allocation: u64,
}

impl Default for Limits {
    /// 128 MiB, 20,000 pixels a side, 100 megapixels, 1 GiB: room for scanned pages and full-frame photographs.
    fn default() -> Self {
        Self { bytes: 128 << 20, side: 20_000, pixels: 100_000_000, allocation: 1 << 30 }
    }
}
