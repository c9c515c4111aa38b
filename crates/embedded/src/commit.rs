//! One commit: offsets are assigned and everything is written in one step under the lock, in order; durability comes after it.

use engine::Offset;
use log::{Error, TopicDescription, TopicId, TopicSpec};
use rocksdb::WriteBatch;

use crate::catalogue::index;
use crate::core::{Assigned, Core, Pending, lock};
use crate::database::{Database, Refused};
use crate::directory::random_name;
use crate::options::MAX_PARTITIONS;
use crate::prepare::Prepared;
use crate::rows::{self, COUNTER, Ordinal, TopicRow, Written};

/// What a commit changes.
#[derive(Default)]
pub(crate) struct Change {
    pub(crate) prepared: Prepared,
    pub(crate) groups: Vec<((String, Ordinal), Offset)>,
    pub(crate) topic: Option<TopicRow>,
}

/// Why a commit did not happen; nothing of it is or will be visible.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotCommitted {
    #[error("fenced")]
    Fenced,
    #[error("{0}")]
    Unavailable(String),
}

/// By part: ordinal, first offset, end.
pub(crate) type Ranges = Vec<(Ordinal, Offset, Offset)>;

impl Core {
    /// Makes a change durable and visible. `fence` is the producer's transactional id and epoch.
    pub(crate) fn commit(&self, fence: Option<(&str, u64)>, change: Change) -> Result<Ranges, NotCommitted> {
        self.with_writable(|database| {
            let (commit, ranges) = self.assign(database, fence, change)?;
            self.sync_to(database, commit).map_err(NotCommitted::Unavailable)?;
            Ok(ranges)
        })
        .map_err(NotCommitted::Unavailable)?
    }

    fn assign(
        &self,
        database: &Database,
        fence: Option<(&str, u64)>,
        change: Change,
    ) -> Result<(u64, Ranges), NotCommitted> {
        let mut assigned = lock(&self.assigned);
        if let Some(reason) = &assigned.broken {
            return Err(NotCommitted::Unavailable(reason.clone()));
        }
        if fence.is_some_and(|(id, epoch)| assigned.epochs.get(id) != Some(&epoch)) {
            return Err(NotCommitted::Fenced);
        }
        let commit = assigned.commit + 1;
        let (writes, pending, ranges) =
            assigned.stage(database, commit, change).map_err(|error| NotCommitted::Unavailable(error.0))?;
        if let Err(refused) = database.write(writes) {
            let reason = self.broken_because(&refused);
            assigned.broken = Some(reason.clone());
            return Err(NotCommitted::Unavailable(reason));
        }
        assigned.take(commit, pending);
        Ok((commit, ranges))
    }

    pub(crate) fn broken_because(&self, refused: &Refused) -> String {
        format!(
            "the log at {} cannot be written: {refused}; it goes on by itself once the cause is gone",
            self.home.path().display()
        )
    }

    /// Makes a topic or checks the one there.
    pub(crate) fn create(&self, spec: &TopicSpec) -> Result<TopicDescription, Error> {
        let _making = lock(&self.making);
        let catalogue = self.catalogue();
        if let Some(existing) = catalogue.topic(&spec.name) {
            return same(existing, spec);
        }
        let first = catalogue.count();
        if first.checked_add(spec.partitions).is_none_or(|count| count > MAX_PARTITIONS) {
            return Err(Error::Unavailable(format!("{} would be more than {MAX_PARTITIONS} partitions", spec.name)));
        }
        let id =
            random_name().map_err(|error| Error::Unavailable(format!("no entropy for a topic's identity: {error}")))?;
        let description = TopicDescription { spec: spec.clone(), id: TopicId(id) };
        let topic = Some(TopicRow { description: description.clone(), first });
        self.commit(None, Change { topic, ..Change::default() })
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        Ok(description)
    }
}

fn same(existing: &TopicDescription, wanted: &TopicSpec) -> Result<TopicDescription, Error> {
    if existing.spec == *wanted {
        return Ok(existing.clone());
    }
    let (existing, name) = (existing.spec.settings(), wanted.name.to_string());
    Err(Error::Mismatch { name, existing, wanted: wanted.settings() })
}

impl Assigned {
    /// Everything that the commit writes, without changing anything here.
    fn stage(
        &self,
        database: &Database,
        commit: u64,
        change: Change,
    ) -> Result<(WriteBatch, Pending, Ranges), Refused> {
        let Change { prepared, groups, topic } = change;
        let (mut writes, mut written, mut ranges) = (WriteBatch::default(), Vec::new(), Vec::new());
        writes.put(COUNTER, commit.to_be_bytes());
        for part in prepared.parts {
            let family = database.family(part.family)?;
            let mut row = self.written.get(index(part.ordinal)).copied().unwrap_or_default();
            let (first, mut decoded) = (row.end, Vec::with_capacity(part.batches.len()));
            for mut batch in part.batches {
                let (key, base) = (rows::batch_key(part.ordinal, row.end), row.end);
                let end = base.saturating_add(batch.span);
                let value = batch.place(&key, base);
                writes.put_cf(family, key, value);
                row = Written { end, bytes: row.bytes.saturating_add(value_bytes(value)) };
                decoded.push(batch.into_decoded(base));
            }
            writes.put(rows::ordinal_key(b'p', part.ordinal), row.encode());
            ranges.push((part.ordinal, first, row.end));
            written.push((part.ordinal, row, decoded));
        }
        for ((group, ordinal), next) in &groups {
            let key =
                rows::group_key(group, *ordinal).ok_or_else(|| Refused("a group's name is too long".to_owned()))?;
            writes.put(key, next.to_be_bytes());
        }
        if let Some(row) = &topic {
            writes.put(rows::topic_key(&row.description.spec.name), row.encode());
        }
        Ok((writes, Pending { commit, written, groups, topic }, ranges))
    }

    fn take(&mut self, commit: u64, pending: Pending) {
        self.commit = commit;
        for (ordinal, row, _) in &pending.written {
            if let Some(slot) = self.written.get_mut(index(*ordinal)) {
                *slot = *row;
            }
        }
        if let Some(row) = &pending.topic {
            self.written.extend(row.partitions().map(|_| Written::default()));
        }
        self.pending.push_back(pending);
    }
}

/// Bytes that a stored batch counts in the space of its topic.
pub(crate) fn value_bytes(value: &[u8]) -> u64 {
    u64::try_from(value.len()).unwrap_or(u64::MAX)
}
