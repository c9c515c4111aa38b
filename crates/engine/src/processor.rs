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

/// What the keys of derived rows begin with, and those of published rows never do.
pub const DERIVED: &[u8] = &[0];

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
    /// Of a restore: rows replaced others in a way that only another version's could, and which derived rows do not follow.
    /// They are rebuilt from the input.
    pub recount: bool,
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

/// Which version of a fold made a published row, as its headers say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// The version; 0 when it is not said.
    pub version: u32,
    /// A rebuild published it that had not ended: older rows stand beside it.
    pub rebuilding: bool,
}

/// A row that a rebuild found different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its key.
    pub key: Bytes,
    /// As it was published.
    pub before: Option<Bytes>,
    /// As this version folds it.
    pub after: Option<Bytes>,
}

/// What a rebuild found, to be published.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// What is published of derived rows has to be said again, and what only the rows of before name is to be taken back.
    /// All of it comes before the first [`Found::Changes`], some of it perhaps twice: outputs are absolute.
    Sums {
        /// Published rows as they were, by key.
        before: &'a [(Bytes, Bytes)],
        /// Derived rows as they are, by key.
        derived: &'a [(Bytes, Bytes)],
    },
    /// Rows that differ, by key; each comes once. [`Effects::rows`] is what to publish and keep instead of the old ones:
    /// one row a change.
    Changes(&'a [Change]),
}

/// A part of what a rebuild found.
#[derive(Clone, Copy, Debug)]
pub struct Rebuilt<'a> {
    /// The task's partition.
    pub partition: u32,
    /// The offset up to which the input was folded.
    pub next: Offset,
    /// Timestamp of what is published, in milliseconds.
    pub timestamp_ms: i64,
    /// More follows: [`Effects::row_headers`] are to say so (see [`Made::rebuilding`]).
    pub more: bool,
    /// The part.
    pub found: Found<'a>,
}

/// One task's fold. One that has rows answers [`Processor::made`], or every restore from nothing ends in a rebuild.
pub trait Processor: Send {
    /// Folds a batch. Called again with the same batch after what was [`Folded::Missing`] is there.
    fn fold(&mut self, batch: &Polled, rows: &dyn Rows) -> Folded;

    /// Recounts the derived rows for published rows read back from the state topic (I6): `rows.get` answers with what
    /// the store holds before them. Only [`Effects::derived`] is used. A key occurs once.
    fn restore(&mut self, restored: &[(Bytes, Option<Bytes>)], rows: &dyn Rows) -> Folded;

    /// Which version made a published row with these headers.
    fn made(&self, _: &Headers) -> Made {
        Made::default()
    }

    /// What a rebuild publishes: rows, headers and outputs of the effects are used. `rows` answers with the rebuilt store.
    /// What the input's fold emits is not emitted again; what differs between a row of before and now is emitted here.
    fn rebuilt(&mut self, rebuilt: &Rebuilt<'_>, _: &dyn Rows) -> Folded {
        let changes = match rebuilt.found {
            Found::Changes(changes) => changes,
            Found::Sums { .. } => &[],
        };
        let rows = changes.iter().map(|change| (change.key.clone(), change.after.clone())).collect();
        Folded::Done(Effects { rows, ..Effects::default() })
    }
}
