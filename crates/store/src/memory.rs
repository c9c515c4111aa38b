//! Stores in memory, for tests and simulations: what is not flushed is lost in a crash, whole batches from the end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use engine::Position;

use crate::{Batch, Error, Store, Stores};

/// All stores of a processor, in memory. Clones share them, as processes share a disk.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    disks: Arc<Mutex<BTreeMap<String, Disk>>>,
}

#[derive(Clone, Debug, Default)]
struct Disk {
    flushed: Image,
    unflushed: Vec<Batch>,
    now: Image,
}

#[derive(Clone, Debug, Default)]
struct Image {
    rows: BTreeMap<Bytes, Bytes>,
    position: Option<Position>,
}

impl Image {
    fn apply(&mut self, batch: &Batch) {
        for (key, row) in &batch.writes {
            match row {
                Some(row) => self.rows.insert(key.clone(), row.clone()),
                None => self.rows.remove(key),
            };
        }
        self.position = Some(batch.position.clone());
    }
}

impl Memory {
    /// A crash: of what was not flushed, only the first `kept` batches of each store survive.
    pub fn crash(&self, kept: usize) {
        for disk in self.lock().values_mut() {
            let mut image = disk.flushed.clone();
            disk.unflushed.iter().take(kept).for_each(|batch| image.apply(batch));
            *disk = Disk { flushed: image.clone(), unflushed: Vec::new(), now: image };
        }
    }

    /// A lost disk.
    pub fn lose(&self, name: &str) {
        self.lock().remove(name);
    }

    /// Everything a store holds, by key.
    pub fn dump(&self, name: &str) -> BTreeMap<Bytes, Bytes> {
        self.lock().get(name).map(|disk| disk.now.rows.clone()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Disk>> {
        self.disks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stores for Memory {
    fn open(&self, name: &str) -> Result<Box<dyn Store>, Error> {
        self.lock().entry(name.to_owned()).or_default();
        Ok(Box::new(One { memory: self.clone(), name: name.to_owned() }))
    }

    fn quarantine(&self, name: &str) -> Result<(), Error> {
        self.discard(name)
    }

    fn discard(&self, name: &str) -> Result<(), Error> {
        self.lose(name);
        Ok(())
    }

    fn promote(&self, name: &str) -> Result<(), Error> {
        let mut disks = self.lock();
        if let Some(disk) = disks.remove(&crate::shadow(name)) {
            disks.insert(name.to_owned(), disk);
        }
        Ok(())
    }
}

struct One {
    memory: Memory,
    name: String,
}

impl One {
    fn with<T>(&self, act: impl FnOnce(&mut Disk) -> T) -> T {
        act(self.memory.lock().entry(self.name.clone()).or_default())
    }
}

impl Store for One {
    fn position(&self) -> Result<Option<Position>, Error> {
        Ok(self.with(|disk| disk.now.position.clone()))
    }

    fn get(&self, keys: &[Bytes]) -> Result<Vec<Option<Bytes>>, Error> {
        Ok(self.with(|disk| keys.iter().map(|key| disk.now.rows.get(key).cloned()).collect()))
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<(Bytes, Bytes)>, Error> {
        let start = after.unwrap_or(prefix).max(prefix);
        Ok(self.with(|disk| {
            let rows = disk.now.rows.range(Bytes::copy_from_slice(start)..);
            rows.take_while(|(key, _)| key.starts_with(prefix))
                .filter(|(key, _)| after.is_none_or(|after| &key[..] > after))
                .take(limit)
                .map(|(key, row)| (key.clone(), row.clone()))
                .collect()
        }))
    }

    fn apply(&mut self, batch: Batch) -> Result<(), Error> {
        self.with(|disk| {
            disk.now.apply(&batch);
            disk.unflushed.push(batch);
        });
        Ok(())
    }

    fn fill(&mut self, batch: Batch) -> Result<(), Error> {
        self.apply(batch)?;
        self.flush()
    }

    fn remove(&mut self, prefix: &[u8]) -> Result<(), Error> {
        let (rows, position) = (self.scan(prefix, None, usize::MAX)?, self.position()?.unwrap_or_default());
        self.apply(Batch { writes: rows.into_iter().map(|(key, _)| (key, None)).collect(), position })
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.with(|disk| {
            disk.flushed = disk.now.clone();
            disk.unflushed.clear();
        });
        Ok(())
    }
}
