//! Small rows of sums: what a message adds to an instant's or a link's row, and takes away when it changes.

use bytes::{BufMut as _, Bytes, BytesMut};

/// Sums that one row has.
pub(crate) const WIDTH: usize = 6;

/// Places of a row of sums of an instant.
pub(crate) mod moment {
    pub(crate) const SENT: usize = 0;
    pub(crate) const DELIVERED: usize = 1;
    pub(crate) const OPENED: usize = 2;
    pub(crate) const CLICKED: usize = 3;
    pub(crate) const OPENS: usize = 4;
    pub(crate) const CLICKS: usize = 5;
}

/// Places of a row of sums of a link.
pub(crate) mod link {
    pub(crate) const CLICKED: usize = 0;
    pub(crate) const CLICKS: usize = 1;
    pub(crate) const MACHINE_CLICKS: usize = 2;
}

/// Sums, or the difference of two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums([i64; WIDTH]);

impl Sums {
    pub(crate) fn count(&mut self, place: usize) {
        if let Some(sum) = self.0.get_mut(place) {
            *sum += 1;
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum = sum.saturating_add(more));
    }

    pub(crate) fn subtract(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, less)| *sum = sum.saturating_sub(less));
    }

    pub(crate) fn at(&self, place: usize) -> u64 {
        self.0.get(place).and_then(|sum| u64::try_from(*sum).ok()).unwrap_or(0)
    }

    /// Its row; none where everything is 0, so that what was taken back leaves nothing.
    pub(crate) fn to_row(self) -> Option<Bytes> {
        if self == Self::default() {
            return None;
        }
        let mut row = BytesMut::with_capacity(WIDTH * 8);
        self.0.iter().for_each(|sum| row.put_i64(*sum));
        Some(row.freeze())
    }

    pub(crate) fn of_row(row: &[u8]) -> Self {
        let mut sums = Self::default();
        let words = row.chunks_exact(8).filter_map(|word| word.try_into().ok()).map(i64::from_be_bytes);
        sums.0.iter_mut().zip(words).for_each(|(sum, word)| *sum = word);
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_reads_back_and_what_is_taken_away_leaves_no_row() {
        let one = |place| {
            let mut sums = Sums::default();
            sums.count(place);
            sums
        };
        let mut sums = one(moment::OPENS);
        sums.add(&one(moment::SENT));
        assert_eq!(sums.to_row().map(|row| Sums::of_row(&row)), Some(sums));
        sums.subtract(&one(moment::OPENS));
        sums.subtract(&one(moment::SENT));
        assert_eq!(sums.to_row(), None);
    }
}
