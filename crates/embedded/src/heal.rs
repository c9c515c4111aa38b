//! After the medium refused: the database is opened anew and rolled back to what readers have seen. So what was reported as
//! failed never appears, and writing goes on without a restart of the process.

use rocksdb::WriteBatch;

use crate::catalogue::index;
use crate::core::{Core, Visible, exclusive, lock, shared};
use crate::database::{Database, Family, Refused};
use crate::load::load;
use crate::rows::{self, COUNTER, Ordinal};

impl Core {
    /// Runs with a database that can be read.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn with_readable<T>(&self, run: impl FnOnce(&Database) -> T) -> Result<T, String> {
        let database = shared(&self.database);
        if let Some(database) = database.as_ref() {
            return Ok(run(database));
        }
        drop(database);
        self.with_writable(run)
    }

    /// Runs with a database that can be written, healing it first if it is broken.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn with_writable<T>(&self, run: impl FnOnce(&Database) -> T) -> Result<T, String> {
        if lock(&self.assigned).broken.is_some() {
            self.heal()?;
        }
        self.with_open(run)
    }

    /// Runs with the database if there is one, healing nothing: for those who hold the upkeep.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn with_open<T>(&self, run: impl FnOnce(&Database) -> T) -> Result<T, String> {
        match shared(&self.database).as_ref() {
            Some(database) => Ok(run(database)),
            None => Err(lock(&self.assigned).broken.clone().unwrap_or_else(|| "the log is closed".to_owned())),
        }
    }

    pub(crate) fn heal(&self) -> Result<(), String> {
        let mut keeper = lock(&self.keeper);
        // Exclusive: no commit is between write and visibility, no reader holds the old database.
        let mut slot = exclusive(&self.database);
        if lock(&self.assigned).broken.is_none() {
            return Ok(());
        }
        drop(slot.take());
        let opened = Database::open(&self.home.database(), &self.options, false);
        let visible = shared(&self.visible);
        let mut assigned = lock(&self.assigned);
        let healed = opened.and_then(|database| {
            roll_back(&database, &visible, &self.catalogue(), assigned.commit)?;
            let loaded = load(&database)?;
            Ok((database, loaded))
        });
        let (database, loaded) = match healed {
            Ok(healed) => healed,
            Err(refused) => {
                // Readers go on with what they have seen.
                *slot = Database::open_read_only(&self.home.database(), &self.options).ok();
                let reason = self.broken_because(&refused);
                assigned.broken = Some(reason.clone());
                return Err(reason);
            }
        };
        keeper.reset(loaded.upkeep);
        assigned.written = visible.partitions.iter().map(|seen| seen.written).collect();
        assigned.pending.clear();
        assigned.broken = None;
        *slot = Some(database);
        Ok(())
    }
}

/// Removes everything beyond what is visible, durably. Numbers of failed commits are not given again.
fn roll_back(
    database: &Database,
    visible: &Visible,
    catalogue: &crate::catalogue::Catalogue,
    commit: u64,
) -> Result<(), Refused> {
    let loaded = load(database)?;
    let mut writes = WriteBatch::default();
    writes.put(COUNTER, commit.to_be_bytes());
    for place in loaded.catalogue.places() {
        let seen = visible.partitions.get(index(place.ordinal));
        let end = seen.map_or(0, |seen| seen.written.end);
        cut(database, &mut writes, place.family(), place.ordinal, end)?;
        match seen {
            Some(seen) => writes.put(rows::ordinal_key(b'p', place.ordinal), seen.written.encode()),
            None => b"pu".iter().for_each(|kind| writes.delete(rows::ordinal_key(*kind, place.ordinal))),
        }
    }
    for row in loaded.catalogue.topics().filter(|row| catalogue.topic(&row.description.spec.name).is_none()) {
        writes.delete(rows::topic_key(&row.description.spec.name));
    }
    let group = |key: &(String, Ordinal)| rows::group_key(&key.0, key.1).unwrap_or_default();
    for key in loaded.groups.keys().filter(|key| !visible.groups.contains_key(key)) {
        writes.delete(group(key));
    }
    visible.groups.iter().for_each(|(key, next)| writes.put(group(key), next.to_be_bytes()));
    database.write(writes)?;
    database.sync()
}

fn cut(
    database: &Database,
    writes: &mut WriteBatch,
    family: Family,
    ordinal: Ordinal,
    end: u64,
) -> Result<(), Refused> {
    let (from, to) = (rows::batch_key(ordinal, end), rows::batch_key(ordinal, u64::MAX));
    writes.delete_range_cf(database.family(family)?, from, to);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::Ordering;

    use bytes::Bytes;
    use engine::{Output, Record, Topic, TopicPartition};
    use log::{Cleanup, CommitError, Error, Log, ReadLimit, TopicSpec, Transaction};

    use crate::core::shared;
    use crate::{Embedded, Options};

    fn topic(name: &str) -> TopicSpec {
        TopicSpec { name: Topic::new(name), partitions: 1, cleanup: Cleanup::Delete { retention_ms: None } }
    }

    fn to(spec: &TopicSpec) -> TopicPartition {
        TopicPartition { topic: spec.name.clone(), partition: 0 }
    }

    fn refuse_sync(log: &Embedded) {
        shared(&log.0.database).as_ref().unwrap().refuse_sync.store(true, Ordering::SeqCst);
    }

    fn transaction(to: &TopicPartition, value: &str) -> Transaction {
        let record = Record { value: Some(Bytes::copy_from_slice(value.as_bytes())), ..Record::default() };
        Transaction {
            outputs: vec![Output { to: to.clone(), record }],
            offsets: vec![("fold".to_owned(), to.clone(), 1)],
        }
    }

    fn values(log: &Embedded, at: &TopicPartition) -> BTreeSet<String> {
        let read = log.read(at, 0, ReadLimit { records: 100, bytes: 1 << 20 }).unwrap();
        read.records
            .into_iter()
            .map(|stored| String::from_utf8(stored.record.value.unwrap().to_vec()).unwrap())
            .collect()
    }

    /// Commits once; whether it was acknowledged.
    fn try_commit(log: &Embedded, at: &TopicPartition, id: &str, value: &str) -> bool {
        match log.producer(id).and_then(|mut producer| {
            producer.commit(transaction(at, value)).map_err(|error| match error {
                CommitError::Aborted(reason) => Error::Unavailable(reason),
                other => panic!("{other}"),
            })
        }) {
            Ok(_) => true,
            Err(Error::Unavailable(reason)) => {
                assert!(reason.contains("refused by the test"), "{reason}");
                false
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn what_was_written_but_not_synced_never_appears() {
        let home = tempfile::tempdir().unwrap();
        let log = Embedded::open(home.path(), Options::default()).unwrap();
        let events = topic("events");
        let made = log.create_topic(&events).unwrap();
        let (at, mut acknowledged, mut refused) = (to(&events), BTreeSet::new(), 0);
        for round in 0..10 {
            // Healed by whoever comes first: here it is this one, so that the next refusal meets a healthy log.
            assert!(try_commit(&log, &at, "task", &format!("{round}")));
            acknowledged.insert(format!("{round}"));
            refuse_sync(&log);
            if round == 5 {
                assert!(matches!(log.create_topic(&topic("absent")), Err(Error::Unavailable(_))));
                continue;
            }
            let writers = |writer: u32| format!("{round}-{writer}");
            let outcomes: Vec<(String, bool)> = std::thread::scope(|scope| {
                let (log, at) = (&log, &at);
                let one = |value: String| scope.spawn(move || (value.clone(), try_commit(log, at, &value, &value)));
                let running: Vec<_> = (0..4).map(writers).map(one).collect();
                running.into_iter().map(|one| one.join().unwrap()).collect()
            });
            refused += outcomes.iter().filter(|(_, acknowledged)| !acknowledged).count();
            acknowledged.extend(outcomes.into_iter().filter(|(_, acknowledged)| *acknowledged).map(|(value, _)| value));
            assert_eq!(values(&log, &at), acknowledged);
        }
        assert!(refused >= 9, "{refused}");
        drop(log);
        let log = Embedded::open(home.path(), Options::default()).unwrap();
        assert_eq!(values(&log, &at), acknowledged);
        assert_eq!(log.topics().unwrap(), std::slice::from_ref(&made));
        assert_eq!(log.verify(|_| ()).unwrap(), None);
    }
}
