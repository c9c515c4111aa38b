//! What a line of a list shows of a client: the name, and when the latest event about the client happened. One small row a client, apart
//! from everything else of theirs, so that the rows of a page's clients are few blocks, which stay in memory. An erased client's
//! card has no name, for it goes with the private row in one batch.

use bytes::{BufMut as _, Bytes, BytesMut};
use domain::Time;

/// A client as lines show them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Card {
    /// The name; empty where nobody gave it, or it is erased.
    pub(crate) name: String,
    /// When the latest event about the client happened, in microseconds; 0 where none is known.
    pub(crate) changed_us: i64,
}

impl Card {
    /// As it is kept; `None` where it says nothing.
    pub(crate) fn to_row(&self) -> Option<Bytes> {
        if *self == Self::default() {
            return None;
        }
        let mut row = BytesMut::with_capacity(8 + self.name.len());
        row.put_i64(self.changed_us);
        row.extend_from_slice(self.name.as_bytes());
        Some(row.freeze())
    }

    /// What is kept.
    pub(crate) fn of_row(row: &[u8]) -> Self {
        let Some((changed, name)) = row.split_first_chunk::<8>() else { return Self::default() };
        let name = std::str::from_utf8(name).unwrap_or_default().to_owned();
        Self { name, changed_us: i64::from_be_bytes(*changed) }
    }

    /// The name, where there is one.
    pub(crate) fn name(&self) -> Option<&str> {
        Some(self.name.as_str()).filter(|name| !name.is_empty())
    }

    /// When the latest event happened, where one is known.
    pub(crate) fn changed(&self) -> Option<Time> {
        (self.changed_us != 0).then(|| Time::from_micros(self.changed_us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_reads_back_and_one_that_says_nothing_is_none() {
        for card in [Card { name: "Zo\u{e9}".into(), changed_us: -7 }, Card { name: String::new(), changed_us: 1 }] {
            assert_eq!(card.to_row().map(|row| Card::of_row(&row)), Some(card));
        }
        assert_eq!(Card::default().to_row(), None);
    }
}
