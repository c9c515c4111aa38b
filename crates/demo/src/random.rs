//! Choices from a seed, the same on every machine.

/// A xorshift generator: spreads the month, decides nothing that must be unpredictable.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % bound.max(1)
    }

    /// Whether something with a chance of `share` in a thousand happens.
    pub(crate) fn chance(&mut self, share: u64) -> bool {
        self.below(1_000) < share
    }
}
