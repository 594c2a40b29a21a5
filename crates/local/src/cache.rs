//! Keys and values of the tokens seen so far.

/// The largest finite half float.
const LARGEST: f32 = 65504.0;

/// Keys and values of one layer: `[head][position][dimension]`, bits of half floats.
#[derive(Debug)]
pub(crate) struct LayerCache {
    pub(crate) keys: Vec<u16>,
    pub(crate) values: Vec<u16>,
}

/// Keys and values of all layers, with room for a fixed number of tokens. Memory that no token has yet
/// touched is only reserved. Forgetting tokens is free.
#[derive(Debug)]
pub(crate) struct KvCache {
    pub(crate) layers: Vec<LayerCache>,
    capacity: usize,
    heads: usize,
    dimension: usize,
}

impl KvCache {
    pub(crate) fn new(layers: usize, heads: usize, dimension: usize, capacity: usize) -> Self {
        let size = heads * dimension * capacity;
        let layer = || LayerCache { keys: vec![0; size], values: vec![0; size] };
        Self { layers: (0..layers).map(|_| layer()).collect(), capacity, heads, dimension }
    }

    pub(crate) const fn capacity(&self) -> usize {
        self.capacity
    }

    /// The first `positions` keys or values of a head.
    pub(crate) fn head<'a>(&self, side: &'a [u16], head: usize, positions: usize) -> &'a [u16] {
        &side[head * self.capacity * self.dimension..][..positions * self.dimension]
    }

    /// Stores the keys and values of a token, of all heads.
    pub(crate) fn store(&mut self, layer: usize, position: usize, keys: &[f32], values: &[f32]) {
        let (capacity, dimension) = (self.capacity, self.dimension);
        let layer = &mut self.layers[layer];
        for (side, numbers) in [(&mut layer.keys, keys), (&mut layer.values, values)] {
            for (head, numbers) in numbers.chunks_exact(dimension).enumerate() {
                let target = &mut side[(head * capacity + position) * dimension..][..dimension];
                for (bits, number) in target.iter_mut().zip(numbers) {
                    *bits = half::f16::from_f32(number.clamp(-LARGEST, LARGEST)).to_bits();
                }
            }
        }
    }

    /// Bytes that a token takes.
    pub(crate) fn bytes_per_token(&self) -> usize {
        self.layers.len() * self.heads * self.dimension * 4
    }

    /// Writes the first tokens to `sink`, stretch by stretch.
    pub(crate) fn export<E>(
        &self,
        tokens: usize,
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut bytes = Vec::new();
        for layer in &self.layers {
            for side in [&layer.keys, &layer.values] {
                for head in 0..self.heads {
                    bytes.clear();
                    bytes.extend(self.head(side, head, tokens).iter().flat_map(|bits| bits.to_le_bytes()));
                    sink(&bytes)?;
                }
            }
        }
        Ok(())
    }

    /// Takes back what [`KvCache::export`] wrote; `bytes` has exactly its length.
    pub(crate) fn import(&mut self, tokens: usize, bytes: &[u8]) {
        let (capacity, dimension) = (self.capacity, self.dimension);
        let mut stretches = bytes.chunks_exact(tokens * dimension * 2);
        for layer in &mut self.layers {
            for side in [&mut layer.keys, &mut layer.values] {
                for head in 0..self.heads {
                    let Some(stretch) = stretches.next() else { return };
                    let target = &mut side[head * capacity * dimension..][..tokens * dimension];
                    for (bits, bytes) in target.iter_mut().zip(stretch.as_chunks().0) {
                        // What is not finite would spread through every later token.
                        let half = half::f16::from_le_bytes(*bytes);
                        *bits = if half.is_finite() { half.to_bits() } else { 0 };
                    }
                }
            }
        }
    }
}
