//! Which topics there are and which number each partition has. Owns the mapping; knows no offset.

use std::collections::BTreeMap;

use engine::{Topic, TopicPartition};
use log::{Cleanup, Error, TopicDescription};

use crate::database::Family;
use crate::rows::{Ordinal, TopicRow};

/// All topics and, by ordinal, all partitions.
#[derive(Clone, Default)]
pub(crate) struct Catalogue {
    topics: BTreeMap<Topic, TopicRow>,
    places: Vec<Place>,
}

/// A partition.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) ordinal: Ordinal,
    pub(crate) at: TopicPartition,
    pub(crate) cleanup: Cleanup,
}

impl Place {
    pub(crate) fn family(&self) -> Family {
        Family::of(self.cleanup)
    }
}

impl Catalogue {
    /// The catalogue of these topics; `None` if their ordinals overlap or leave holes.
    pub(crate) fn new(mut topics: Vec<TopicRow>) -> Option<Self> {
        topics.sort_by_key(|row| row.first);
        let mut catalogue = Self::default();
        for row in topics {
            (row.first == catalogue.count()).then(|| catalogue.add(row))?;
        }
        Some(catalogue)
    }

    pub(crate) fn add(&mut self, row: TopicRow) {
        let cleanup = row.description.spec.cleanup;
        self.places.extend(row.partitions().map(|(ordinal, at)| Place { ordinal, at, cleanup }));
        self.topics.insert(row.description.spec.name.clone(), row);
    }

    /// Number of partitions: the ordinal that comes next.
    pub(crate) fn count(&self) -> Ordinal {
        Ordinal::try_from(self.places.len()).unwrap_or(Ordinal::MAX)
    }

    pub(crate) fn topic(&self, name: &Topic) -> Option<&TopicDescription> {
        self.topics.get(name).map(|row| &row.description)
    }

    pub(crate) fn topics(&self) -> impl Iterator<Item = &TopicRow> {
        self.topics.values()
    }

    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    pub(crate) fn place(&self, ordinal: Ordinal) -> Option<&Place> {
        self.places.get(index(ordinal))
    }

    /// # Errors
    /// [`Error::Unknown`].
    pub(crate) fn find(&self, at: &TopicPartition) -> Result<&Place, Error> {
        let row = self.topics.get(&at.topic).filter(|row| at.partition < row.description.spec.partitions);
        let place = row.and_then(|row| self.place(row.first.saturating_add(at.partition)));
        place.ok_or_else(|| Error::Unknown(at.to_string()))
    }
}

/// An ordinal as an index.
pub(crate) fn index(ordinal: Ordinal) -> usize {
    usize::try_from(ordinal).unwrap_or(usize::MAX)
}
