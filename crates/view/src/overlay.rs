//! Rows of a batch over those of a store. What a batch will ask for is read together; each row is read once and written once.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::fold::number;

/// What is in the store before a batch.
pub(crate) trait Rows {
    /// Why it cannot be read.
    type Error;
    /// Rows by key, in the order asked. Sorted keys are faster.
    fn all(&self, keys: &[Bytes]) -> Result<Vec<Option<Bytes>>, Self::Error>;
    /// A row.
    fn get(&self, key: &Bytes) -> Result<Option<Bytes>, Self::Error> {
        Ok(self.all(std::slice::from_ref(key))?.pop().flatten())
    }
}

/// Rows over those of a store.
pub(crate) struct Overlay<'a, R> {
    under: &'a R,
    /// As the store has them.
    read: BTreeMap<Bytes, Option<Bytes>>,
    /// As the batch leaves them.
    writes: BTreeMap<Bytes, Option<Bytes>>,
    /// Numbers that nothing else of the batch asks for, as it leaves them.
    added: Vec<(Bytes, Option<Bytes>)>,
}

impl<'a, R: Rows> Overlay<'a, R> {
    pub(crate) fn over(under: &'a R) -> Self {
        Self { under, read: BTreeMap::new(), writes: BTreeMap::new(), added: Vec::new() }
    }

    /// Reads what will be asked for.
    pub(crate) fn load(&mut self, keys: impl IntoIterator<Item = Bytes>) -> Result<(), R::Error> {
        let mut keys: Vec<Bytes> = keys.into_iter().filter(|key| !self.read.contains_key(key)).collect();
        keys.sort_unstable();
        keys.dedup();
        let rows = self.under.all(&keys)?;
        self.read.extend(keys.into_iter().zip(rows));
        Ok(())
    }

    /// A row as the store has it.
    pub(crate) fn before(&mut self, key: &Bytes) -> Result<Option<Bytes>, R::Error> {
        if let Some(row) = self.read.get(key) {
            return Ok(row.clone());
        }
        let row = self.under.get(key)?;
        self.read.insert(key.clone(), row.clone());
        Ok(row)
    }

    /// A row as the batch leaves it so far.
    pub(crate) fn get(&mut self, key: &Bytes) -> Result<Option<Bytes>, R::Error> {
        match self.writes.get(key) {
            Some(row) => Ok(row.clone()),
            None => self.before(key),
        }
    }

    /// Writes a row; `None` deletes it.
    pub(crate) fn put(&mut self, key: Bytes, row: Option<Bytes>) {
        self.writes.insert(key, row);
    }

    /// Adds to a number that a row is; one of nothing goes. What it was and is.
    pub(crate) fn add(&mut self, key: Bytes, change: i64) -> Result<(u64, u64), R::Error> {
        let was = self.get(&key)?.map_or(0, |row| number(&row));
        let is = was.saturating_add_signed(change);
        self.put(key, row_of(is));
        Ok((was, is))
    }

    /// The same of many numbers, of which each is added to once in a batch and nothing else asks for them.
    pub(crate) fn add_all(&mut self, changes: BTreeMap<Bytes, i64>) -> Result<(), R::Error> {
        let (keys, changes): (Vec<Bytes>, Vec<i64>) = changes.into_iter().filter(|(_, change)| *change != 0).unzip();
        let rows = self.under.all(&keys)?;
        for ((key, row), change) in keys.into_iter().zip(rows).zip(changes) {
            let is = row.map_or(0, |row| number(&row)).saturating_add_signed(change);
            self.added.push((key, row_of(is)));
        }
        Ok(())
    }

    /// What is to be written: of rows that were read only those that differ.
    pub(crate) fn into_writes(self) -> Vec<(Bytes, Option<Bytes>)> {
        let Self { read, writes, added, .. } = self;
        writes.into_iter().filter(|(key, row)| read.get(key) != Some(row)).chain(added).collect()
    }
}

/// A number as a row; one of nothing is none.
fn row_of(number: u64) -> Option<Bytes> {
    (number > 0).then(|| Bytes::copy_from_slice(&number.to_be_bytes()))
}
