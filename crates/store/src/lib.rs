//! Rows of one task, and the positions that they reflect, in one atomic batch. Knows no meaning of a row.
//!
//! The store is never ahead of the committed log (I1): the driver applies a batch only after its transaction is known
//! to be committed.

mod codec;
pub mod conformance;
mod memory;
mod rocks;

pub use engine::Position;
pub use memory::Memory;
pub use rocks::{Budget, Rocks};

use bytes::Bytes;

/// How RocksDB was linked, and which release the bindings are of: what `mailtally version` says.
pub fn linked_library() -> String {
    let link = option_env!("MAILTALLY_ROCKSDB_LINK").unwrap_or("source, or as ROCKSDB_LIB_DIR said");
    format!("RocksDB through rocksdb 0.24 (bindings of 10.4.2), linked from: {link}")
}

/// One atomic change: rows, and what they reflect then.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Rows; `None` deletes.
    pub writes: Vec<(Bytes, Option<Bytes>)>,
    /// The positions that the store reflects after it.
    pub position: Position,
}

/// Why a store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process, or another owner in this one, has it open.
    #[error("{path} is open elsewhere: {detail}")]
    Locked {
        /// The directory.
        path: String,
        /// What the database says.
        detail: String,
    },
    /// It is damaged: quarantine the directory and restore.
    #[error("{path} is damaged: {detail}")]
    Damaged {
        /// The directory.
        path: String,
        /// What the database says.
        detail: String,
    },
    /// The disk refused (full, unwritable); nothing was changed.
    #[error("{path}: {detail}")]
    Unavailable {
        /// The directory.
        path: String,
        /// What the system says.
        detail: String,
    },
}

/// Rows of one task.
pub trait Store: Send + Sync {
    /// What the rows reflect; `None` when the store is new.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    fn position(&self) -> Result<Option<Position>, Error>;

    /// Rows by key, in the order asked. Sorted keys are faster.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    fn get(&self, keys: &[Bytes]) -> Result<Vec<Option<Bytes>>, Error>;

    /// Rows whose key begins with `prefix` and is greater than `after`, by key, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<(Bytes, Bytes)>, Error>;

    /// Applies a batch, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: then nothing of it was applied.
    fn apply(&mut self, batch: Batch) -> Result<(), Error>;

    /// Applies a batch whose rows are sorted by key, one a key, as one file: whole or not at all, and durable at once. Faster
    /// than [`Store::apply`] for many rows that nobody reads yet.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: then nothing of it was applied.
    fn fill(&mut self, batch: Batch) -> Result<(), Error>;

    /// Removes all rows whose key begins with `prefix`, which is not empty.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    fn remove(&mut self, prefix: &[u8]) -> Result<(), Error>;

    /// Makes everything applied so far survive a crash of the machine.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    fn flush(&mut self) -> Result<(), Error>;
}

/// Opens, lists and removes the stores of a processor.
pub trait Stores: Send + Sync {
    /// Opens the store of this name (`messages-3`), making it if it is new.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::Damaged`], [`Error::Unavailable`].
    fn open(&self, name: &str) -> Result<Box<dyn Store>, Error>;

    /// [`Stores::open`] of several, beside each other where that is faster: an opening mostly waits for the disk. One answer a
    /// name, in the order asked.
    fn open_all(&self, names: &[String]) -> Vec<Result<Box<dyn Store>, Error>> {
        names.iter().map(|name| self.open(name)).collect()
    }

    /// Puts a damaged or outdated store aside, so that the next [`Stores::open`] makes a new one.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    fn quarantine(&self, name: &str) -> Result<(), Error>;

    /// Removes a store of which nothing is wanted any more. None is no error.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    fn discard(&self, name: &str) -> Result<(), Error>;

    /// Puts the shadow of `name` in its place, at once or not at all, and removes the one before. Neither is open.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: then the one before is still there.
    fn promote(&self, name: &str) -> Result<(), Error>;
}

/// What a shadow's name ends with.
const SHADOW: &str = ".next";

/// The name of the store that is rebuilt beside this one.
pub fn shadow(name: &str) -> String {
    format!("{name}{SHADOW}")
}
