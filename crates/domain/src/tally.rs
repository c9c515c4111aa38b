//! Counts by the words of a closed set, in one array: a message's share is made, added and compared without allocating.

use std::marker::PhantomData;

use crate::{DropReason, Status, WithheldReason};

/// Words that a set can have.
const WORDS_MAX: usize = 16;

/// One of a closed set, in a dense order.
pub trait Word: Copy + 'static {
    /// The set, in its order; at most 16.
    const ALL: &'static [Self];
    /// Its place in the set.
    fn place(self) -> usize;
}

macro_rules! words {
    ($($set:ident),+) => {$(
        impl Word for $set {
            const ALL: &'static [Self] = &$set::ALL;
            fn place(self) -> usize {
                self as usize
            }
        }
        const _: () = assert!($set::ALL.len() <= WORDS_MAX);
    )+};
}

words!(DropReason, WithheldReason, Status);

/// How often each word of a set was said. A word never said and one said 0 times are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally<W> {
    counts: [u64; WORDS_MAX],
    of: PhantomData<W>,
}

impl<W> Default for Tally<W> {
    fn default() -> Self {
        Self { counts: [0; WORDS_MAX], of: PhantomData }
    }
}

impl<W: Word> Tally<W> {
    /// Sets a word's count.
    pub fn insert(&mut self, word: W, count: u64) {
        if let Some(held) = self.counts.get_mut(word.place()) {
            *held = count;
        }
    }

    /// A word's count.
    pub fn get(&self, word: W) -> u64 {
        self.counts.get(word.place()).copied().unwrap_or(0)
    }

    /// Words said at least once, in the set's order.
    pub fn iter(&self) -> impl Iterator<Item = (W, u64)> + '_ {
        W::ALL.iter().map(|word| (*word, self.get(*word))).filter(|(_, count)| *count > 0)
    }

    /// All counts together.
    pub fn sum(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(held, count)| *held = held.saturating_add(count));
    }

    /// Takes another's counts away.
    pub fn subtract(&mut self, other: &Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(held, count)| *held = held.saturating_sub(count));
    }
}

impl<W: Word> FromIterator<(W, u64)> for Tally<W> {
    fn from_iter<I: IntoIterator<Item = (W, u64)>>(counts: I) -> Self {
        let mut tally = Self::default();
        counts.into_iter().for_each(|(word, count)| tally.insert(word, count));
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_order<W: Word>() -> bool {
        W::ALL.iter().enumerate().all(|(place, word)| word.place() == place)
    }

    #[test]
    fn every_word_has_the_place_of_its_set_so_none_shares_a_count() {
        assert!(in_order::<DropReason>() && in_order::<WithheldReason>() && in_order::<Status>());
    }

    #[test]
    fn what_is_added_and_taken_away_leaves_nothing_behind() {
        let (mut sum, mut one) = (Tally::default(), Tally::default());
        one.insert(Status::Open, 2);
        sum.add(&one);
        assert_eq!((sum.get(Status::Open), sum.sum(), sum.iter().count()), (2, 2, 1));
        sum.subtract(&one);
        assert_eq!(sum, Tally::default());
    }
}
