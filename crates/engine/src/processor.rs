//! The seam between the engine and what a fold means. The engine polls, loads, transacts and applies; a [`Processor`]
//! folds: synchronous, pure, and the same bytes out for the same bytes in (I9).

use bytes::Bytes;

use crate::{Headers, Offset, Output, Stored};

/// The records of one task in one batch, in offset order.
#[derive(Clone, Debug)]
pub struct Polled {
    /// The task's partition.
    pub partition: u32,
    /// The records.
    pub records: Vec<Stored>,
    /// The offset after the batch: what will be committed, and what the rows of this batch reflect.
    pub next: Offset,
}

/// The rows a fold may read: the overlay's where it has them, else the store's (**overlay wins over base**).
pub trait Rows {
    /// `None`: not loaded, ask for it with [`Folded::Missing`]. `Some(None)`: there is no such row.
    fn get(&self, key: &[u8]) -> Option<Option<Bytes>>;
    /// Rows whose key begins with `prefix`, by key, at most as many as were asked for; `None`: not loaded, ask with
    /// [`Folded::Missing`].
    fn scan(&self, prefix: &[u8]) -> Option<Vec<(Bytes, Bytes)>>;
}

/// What a fold needs before it can go on, or what it did.
#[derive(Debug)]
pub enum Folded {
    /// Load these and call again with the same batch. A fold asks at most [`crate::processor::LOAD_ROUNDS_MAX`] times.
    Missing {
        /// Keys to look up.
        keys: Vec<Bytes>,
        /// Prefixes to read, each with the most rows wanted.
        prefixes: Vec<(Bytes, usize)>,
    },
    /// Everything that the batch does.
    Done(Effects),
}

/// Rounds of loading that one batch may take before the engine stalls the task: a fold that asks more is wrong.
pub const LOAD_ROUNDS_MAX: usize = 8;

/// Everything that one batch of one task does. Nothing of it is visible before the transaction commits.
#[derive(Debug, Default)]
pub struct Effects {
    /// Rows, sorted by key, one a key: published to the task's state topic and kept in the store; `None` deletes.
    pub rows: Vec<(Bytes, Option<Bytes>)>,
    /// Rows, sorted by key, that only the store keeps: recounted from the rows at a restore, never published by the engine.
    /// Their keys begin with a zero byte; a published row's key never does.
    pub derived: Vec<(Bytes, Option<Bytes>)>,
    /// Headers of the published rows of this batch.
    pub row_headers: Headers,
    /// Timestamp of the published rows in milliseconds.
    pub row_timestamp_ms: i64,
    /// Records for other topics, dead letters included.
    pub outputs: Vec<Output>,
    /// One disposition a record, in the batch's order (I2).
    pub dispositions: Vec<Disposition>,
}

/// What became of one record (I2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// It changed something.
    Folded,
    /// It was known already.
    Duplicate,
    /// It has no effect, and why.
    Ignored(&'static str),
    /// It went to the dead letters, and why.
    DeadLettered(&'static str),
}

/// One task's fold.
pub trait Processor: Send {
    /// Folds a batch. Called again with the same batch after what was [`Folded::Missing`] is there.
    fn fold(&mut self, batch: &Polled, rows: &dyn Rows) -> Folded;

    /// Recounts the derived rows for published rows read back from the state topic (I6): `rows.get` answers with what
    /// the store holds before them. Only [`Effects::derived`] is used. A key occurs once.
    fn restore(&mut self, restored: &[(Bytes, Option<Bytes>)], rows: &dyn Rows) -> Folded;
}
