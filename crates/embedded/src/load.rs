//! Everything of a database that is no batch, read into memory. Knows how rows fit together; judges no loss.

use std::collections::BTreeMap;

use engine::Offset;
use log::LogId;

use crate::catalogue::{Catalogue, index};
use crate::database::{Database, Refused};
use crate::rows::{self, Ordinal, TopicRow, Upkeep, Written};

/// Committed offsets by group and ordinal of the input.
pub(crate) type Groups = BTreeMap<(String, Ordinal), Offset>;

/// The rows of a database.
pub(crate) struct Loaded {
    pub(crate) id: LogId,
    pub(crate) commit: u64,
    pub(crate) catalogue: Catalogue,
    /// By ordinal.
    pub(crate) written: Vec<Written>,
    /// By ordinal.
    pub(crate) upkeep: Vec<Upkeep>,
    pub(crate) groups: Groups,
    /// Losses that were accepted at earlier opens, in words, oldest first.
    pub(crate) accepted: Vec<String>,
}

#[derive(Default)]
struct Rows {
    id: Option<LogId>,
    commit: u64,
    topics: Vec<TopicRow>,
    written: BTreeMap<Ordinal, Written>,
    upkeep: BTreeMap<Ordinal, Upkeep>,
    groups: Groups,
    accepted: Vec<String>,
}

/// Reads all rows.
///
/// # Errors
/// RocksDB's message, or the row that does not fit.
pub(crate) fn load(database: &Database) -> Result<Loaded, Refused> {
    let mut rows = Rows::default();
    for (key, value) in database.rows()? {
        rows.take(&key, &value).ok_or_else(|| Refused(format!("row {:02x?} does not fit", key)))?;
    }
    rows.fit().ok_or_else(|| Refused("identity or topics are missing".to_owned()))
}

impl Rows {
    fn take(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let ordinal = || key.get(1..)?.try_into().ok().map(u32::from_be_bytes);
        match key.first()? {
            b'i' => self.id = rows::parse_identity(value).map(|(_, id)| id),
            b'n' => self.commit = rows::parse_u64(value)?,
            b't' => self.topics.push(TopicRow::decode(key, value)?),
            b'p' => drop(self.written.insert(ordinal()?, Written::decode(value)?)),
            b'u' => drop(self.upkeep.insert(ordinal()?, Upkeep::decode(value)?)),
            b'g' => drop(self.groups.insert(rows::parse_group_key(key)?, rows::parse_u64(value)?)),
            b'a' => self.accepted.push(String::from_utf8(value.to_vec()).ok()?),
            _ => return None,
        }
        Some(())
    }

    fn fit(self) -> Option<Loaded> {
        let catalogue = Catalogue::new(self.topics)?;
        let count = index(catalogue.count());
        let (mut written, mut upkeep) = (vec![Written::default(); count], vec![Upkeep::default(); count]);
        for (ordinal, row) in self.written {
            *written.get_mut(index(ordinal))? = row;
        }
        for (ordinal, row) in self.upkeep {
            *upkeep.get_mut(index(ordinal))? = row;
        }
        let Self { id, commit, groups, accepted, .. } = self;
        Some(Loaded { id: id?, commit, catalogue, written, upkeep, groups, accepted })
    }
}
