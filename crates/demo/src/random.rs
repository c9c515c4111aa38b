//! Choices from a seed, the same on every machine.

/// A xorshift generator: spreads the month, decides nothing that must be unpredictable.
pub(crate) struct Random(u64);

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `bound`; 0 when there is none.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % bound.max(1)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// Whether something with a chance of `share` in a thousand happens.
    pub(crate) fn chance(&mut self, share: u64) -> bool {
        self.below(1_000) < share
    }

    /// One of several; all are as likely. `None` of none.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(place(self.below(count(from))))
    }

    /// A word of `length` letters as providers make their ids.
    pub(crate) fn id(&mut self, length: usize) -> String {
        (0..length).filter_map(|_| LETTERS.get(place(self.below(64)))).map(|letter| char::from(*letter)).collect()
    }
}

/// The one whose turn it is.
pub(crate) fn of<T>(from: &[T], turn: u64) -> Option<&T> {
    from.get(place(turn.checked_rem(count(from)).unwrap_or(0)))
}

/// The word whose turn it is.
pub(crate) fn word(from: &[&'static str], turn: u64) -> &'static str {
    of(from, turn).copied().unwrap_or_default()
}

/// A number as a place in a list.
pub(crate) fn place(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// How many there are.
pub(crate) fn count<T>(of: &[T]) -> u64 {
    u64::try_from(of.len()).unwrap_or(u64::MAX)
}
