//! How far an answer has read the topics: a place that can be handed to another instance, which then answers nothing older.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use contract::topic::Topic;
use engine::Offset;

use crate::follow::TOPICS;
use crate::key;
use crate::place::{Error, Snapshot, View};

/// Partitions of all topics that one place may name.
const PLACES_MAX: usize = 4_096;

/// The next offset of every partition that was read. As text it is opaque to who keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached(BTreeMap<(Topic, u32), Offset>);

/// A text that no answer handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the position is none that an answer handed out: give one as it came, or none")]
pub struct BadPosition;

impl fmt::Display for Reached {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.0.iter().zip(0_usize..);
        places.into_iter().try_for_each(|(((topic, partition), next), at)| {
            let mark = if at == 0 { "" } else { "_" };
            let number = TOPICS.iter().position(|known| known == topic).unwrap_or_default();
            write!(out, "{mark}{number}.{partition:x}.{next:x}")
        })
    }
}

impl FromStr for Reached {
    type Err = BadPosition;

    fn from_str(text: &str) -> Result<Self, BadPosition> {
        let place = |place: &str| {
            let mut parts = place.split('.');
            let topic = *TOPICS.get(parts.next()?.parse::<usize>().ok()?)?;
            let partition = u32::from_str_radix(parts.next()?, 16).ok()?;
            let next = Offset::from_str_radix(parts.next()?, 16).ok()?;
            parts.next().is_none().then_some(((topic, partition), next))
        };
        let places: Option<BTreeMap<_, _>> =
            text.split('_').filter(|part| !part.is_empty()).take(PLACES_MAX + 1).map(place).collect();
        places.filter(|places| places.len() <= PLACES_MAX).map(Self).ok_or(BadPosition)
    }
}

impl Snapshot<'_> {
    /// How far it has read.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn reached(&self) -> Result<Reached, Error> {
        let rows = self.scan(key::POSITIONS, None, PLACES_MAX)?;
        let place = |(key, row): &(bytes::Bytes, bytes::Bytes)| {
            let place = key::position_of(key)?;
            Some((place, Offset::from_be_bytes(row[..].try_into().ok()?)))
        };
        Ok(Reached(rows.iter().filter_map(place).collect()))
    }
}

impl View {
    /// Waits until answers are no older than `place`. How long is the caller's to bound.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn wait_for(&self, place: &Reached) -> Result<(), Error> {
        for ((topic, partition), next) in &place.0 {
            self.wait_until(*topic, *partition, *next).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_back_and_nothing_else_is_one() {
        let places = [((Topic::CampaignStats, 0), 7), ((Topic::MessageStatus, 63), u64::MAX), ((Topic::Private, 2), 0)];
        let reached = Reached(places.into());
        assert_eq!(reached.to_string().parse(), Ok(reached));
        assert_eq!("".parse(), Ok(Reached::default()));
        for bad in ["1", "0.0", "4.0.0", "0.0.0.0", "0.x.0", "0.0.-1", "0.100000000.0", "0.0.10000000000000000", "é"] {
            assert_eq!(bad.parse::<Reached>(), Err(BadPosition), "{bad}");
        }
        let many = (0..=PLACES_MAX).map(|partition| format!("0.{partition:x}.1")).collect::<Vec<_>>().join("_");
        assert_eq!(many.parse::<Reached>(), Err(BadPosition));
    }
}
