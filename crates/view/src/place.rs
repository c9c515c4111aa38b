//! Where the view keeps its rows, and how it is read: many readers, one writer, each seeing whole batches only.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use bytes::Bytes;
use contract::topic::Topic;
use domain::Time;
use engine::restore::may_miss_tombstones;
use engine::{Identity, Offset, Position, Stored};
use store::{Store, Stores};
use tokio::sync::{broadcast, watch};

use crate::anew::{Anew, Wish};
use crate::drops::Drops;
use crate::fold::{Batch, Changes, Named, micros};
use crate::key;
use crate::overlay::Rows;
use crate::proof::Proofs;
use crate::standing::{Begun, Share, Standing};

/// What every row of the view is made by: another form of rows or keys gets another number, and the view is rebuilt.
const FORM: u32 = 6;

/// Why the view does not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its store does not do as asked.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Its rows are of another log or another release: rebuild it from the topics.
    #[error("the view is of {found}, not of {wanted}: it is made anew from the topics")]
    Foreign {
        /// What it is of.
        found: String,
        /// What it should be of.
        wanted: String,
    },
    /// What the topics have is not enough to go on from where it stands: rows and tombstones in between are gone.
    #[error("the view stands at {stands} of {partition}, which begins at {start}: it is made anew from the topics")]
    Behind {
        /// Of which partition.
        partition: String,
        /// Where the view stands.
        stands: Offset,
        /// Where the partition begins.
        start: Offset,
    },
    /// Somebody still reads the view that is to take over.
    #[error("the rebuilt view is still read: end what follows it, then let it take over")]
    Busy,
    /// A time zone that the IANA database does not have.
    #[error("{0} is not an IANA time zone: write it as America/Toronto")]
    Zone(String),
    /// More than one request may ask for.
    #[error("{given} clients, at most {most} in one request: split it")]
    TooMany {
        /// Asked for.
        given: usize,
        /// How many may be.
        most: usize,
    },
    /// More clients than one send may have.
    #[error(transparent)]
    OverLimit(#[from] domain::contact::check::OverLimit),
    /// A cursor that no page of this list handed out.
    #[error("the cursor is not of this list: begin at its first page")]
    Cursor,
}

/// What an answer reflects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AsOf {
    /// The latest event time that a fold had seen.
    pub time: Time,
    /// Batches that were applied since the view was opened: two answers with the same number are of one moment.
    pub version: u64,
}

/// The rows that pages are made from.
pub struct View {
    store: RwLock<Box<dyn Store>>,
    identity: Identity,
    changed: watch::Sender<u64>,
    stood: watch::Sender<u64>,
    touched: broadcast::Sender<Named>,
    /// Partitions of `message-status` that were found read to their end since the last row of a campaign.
    ended: Mutex<BTreeSet<u32>>,
    begun: Mutex<Begun>,
    halted: Mutex<Option<String>>,
    pub(crate) wish: Wish,
    pub(crate) proofs: Proofs,
    pub(crate) drops: Drops,
}

/// Campaigns whose change a slow listener may have waiting; beyond, it is told that it missed some.
const TOUCHED_MAX: usize = 1_024;

impl View {
    /// The view in a store, for the log of this identity.
    ///
    /// # Errors
    /// [`Error::Foreign`] when the store has rows of another.
    pub fn new(store: Box<dyn Store>, log: &str) -> Result<Self, Error> {
        let identity = Identity { log: log.to_owned(), ..Identity::default() };
        if let Some(found) = store.position()?
            && (found.identity != identity || found.fold_version != FORM)
        {
            let found = format!("log {} in form {}", found.identity.log, found.fold_version);
            return Err(Error::Foreign { found, wanted: format!("log {log} in form {FORM}") });
        }
        Ok(Self {
            store: RwLock::new(store),
            identity,
            changed: watch::Sender::new(0),
            stood: watch::Sender::new(0),
            touched: broadcast::Sender::new(TOUCHED_MAX),
            ended: Mutex::default(),
            begun: Mutex::default(),
            halted: Mutex::default(),
            wish: Wish::default(),
            proofs: Proofs::default(),
            drops: Drops::default(),
        })
    }

    /// A moment of the view. Held no longer than one answer takes: nothing new is applied meanwhile.
    pub fn snapshot(&self) -> Snapshot<'_> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        let version = *self.changed.borrow();
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Snapshot { store, version, ended }
    }

    /// Told the version whenever rows have changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Told organisation and campaign whenever a row of one has changed; the campaign is empty for the organisation's people and for
    /// mails of no campaign, both are when it concerns everybody: [`View::standing`] changed. Bounded: who lags is told that it missed
    /// some, and looks at what it shows anew.
    pub fn touched(&self) -> broadcast::Receiver<(String, String)> {
        self.touched.subscribe()
    }

    /// Waits until the view reflects a partition up to `next`, the offset after the last wanted. How long is the caller's to
    /// bound.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn wait_until(&self, topic: Topic, partition: u32, next: Offset) -> Result<(), Error> {
        let mut stood = self.stood.subscribe();
        while self.snapshot().position(topic, partition)? < next {
            if stood.changed().await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Where it stands against the topics.
    pub fn standing(&self) -> Standing {
        let halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Standing { lacks: self.lacks(), halted }
    }

    /// Whether one is made anew beside it.
    pub fn anew(&self) -> Anew {
        self.wish.get()
    }

    /// The same, after its next change or this time.
    pub fn wait_anew(&self, longest: Duration) -> Anew {
        self.wish.wait(longest)
    }

    /// Wishes for one made anew from the topics, which takes this one's place when it has everything; this one answers until then.
    /// [`View::anew`] says what becomes of it.
    pub fn ask_anew(&self) {
        self.wish.ask();
    }

    pub(crate) fn lacks(&self) -> Option<Share> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).lacks()
    }

    /// The log's identity.
    pub(crate) fn log(&self) -> &str {
        &self.identity.log
    }

    pub(crate) fn halt(&self, why: Option<String>) {
        *self.halted.lock().unwrap_or_else(PoisonError::into_inner) = why;
        self.tell_all();
    }

    /// Everybody looks anew at what they show.
    fn tell_all(&self) {
        self.tell(&Named::default());
    }

    /// Whether tombstones may have been written and removed again since its rows were last written: then an erasure may have been
    /// missed, and the view is to be rebuilt. `tombstone_ms` is how long the topics keep them (`delete.retention.ms`), the
    /// shortest; `None` for ever.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn is_stale(&self, now_ms: i64, tombstone_ms: Option<i64>) -> Result<bool, Error> {
        let position = self.store.read().unwrap_or_else(PoisonError::into_inner).position()?;
        let may_miss = |position: Position| may_miss_tombstones(position.written_ms, tombstone_ms, now_ms);
        Ok(position.is_some_and(may_miss))
    }

    pub(crate) fn knows(&self, source: (Topic, u32)) -> bool {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).knows(source)
    }

    /// A change of what is known of the topics; everybody is told when nothing lacks any more.
    pub(crate) fn know(&self, change: impl FnOnce(&mut Begun) -> bool) {
        let is_there = change(&mut self.begun.lock().unwrap_or_else(PoisonError::into_inner));
        if is_there {
            self.tell_all();
        }
    }

    /// Whether a partition of `message-status` was found read to its end since the last row of a campaign was applied.
    pub(crate) fn is_at_end(&self, partition: u32) -> bool {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).contains(&partition)
    }

    /// A partition of `message-status` is read to its end.
    pub(crate) fn at_end(&self, partition: u32) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).insert(partition);
    }

    /// Rows are about to be applied: of messages, where the end is further on then; of campaigns, whose messages' rows may be newer
    /// than what was read.
    fn leaves_end(&self, topic: Topic, partition: u32) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        match topic {
            Topic::MessageStatus => drop(ended.remove(&partition)),
            Topic::CampaignStats => ended.clear(),
            _ => {}
        }
    }

    /// Applies records of one partition, whole.
    pub(crate) fn apply(
        &self,
        (topic, partition): (Topic, u32),
        records: &[Stored],
        next: Offset,
        now_ms: i64,
    ) -> Result<(), Error> {
        self.leaves_end(topic, partition);
        let Changes { writes, touched, dropped } = {
            let before = self.snapshot();
            let mut batch = Batch::over(&before, partition);
            batch.take(topic, records)?;
            batch.stands_at(topic, next);
            batch.finish()?
        };
        let position =
            Position { fold_version: FORM, identity: self.identity.clone(), written_ms: now_ms, ..Position::default() };
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        store.apply(store::Batch { writes, position })?;
        // Told before readers are let in, so that version and rows are of one moment.
        if !records.is_empty() {
            self.changed.send_modify(|version| *version += 1);
        }
        self.proofs.changed(Some(&touched));
        drop(store);
        self.stood.send_modify(|batches| *batches += 1);
        touched.iter().for_each(|campaign| self.tell(campaign));
        if self.drops.add(dropped) { self.look_at_drops() } else { Ok(()) }
    }

    pub(crate) fn tell(&self, campaign: &Named) {
        // Nobody may listen: that is no error.
        drop(self.touched.send(campaign.clone()));
    }

    /// Exchanges the view's store for its shadow; who reads waits. Where that fails the old one is opened again.
    pub(crate) fn exchange(&self, stores: &dyn Stores, name: &str) -> Result<(), Error> {
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        // Neither may be open meanwhile.
        *store = store::Memory::default().open("between")?;
        let promoted = stores.promote(name);
        *store = stores.open(name)?;
        promoted?;
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.proofs.changed(None::<&BTreeSet<Named>>);
        self.changed.send_modify(|version| *version += 1);
        drop(store);
        self.stood.send_modify(|batches| *batches += 1);
        Ok(())
    }

    pub(crate) fn flush(&self) -> Result<(), Error> {
        Ok(self.store.write().unwrap_or_else(PoisonError::into_inner).flush()?)
    }
}

/// One moment of the view.
pub struct Snapshot<'a> {
    store: RwLockReadGuard<'a, Box<dyn Store>>,
    version: u64,
    pub(crate) ended: BTreeSet<u32>,
}

impl Rows for Snapshot<'_> {
    type Error = Error;

    fn all(&self, keys: &[Bytes]) -> Result<Vec<Option<Bytes>>, Error> {
        Ok(self.store.get(keys)?)
    }
}

impl Snapshot<'_> {
    /// What it reflects.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn as_of(&self) -> Result<AsOf, Error> {
        let time = self.get(&Bytes::from_static(key::AS_OF))?.map_or(0, |row| micros(&row));
        Ok(AsOf { time: Time::from_micros(time), version: self.version })
    }

    /// The next offset of a partition that it does not reflect.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn position(&self, topic: Topic, partition: u32) -> Result<Offset, Error> {
        let row = self.get(&key::position(topic, partition))?;
        Ok(row.and_then(|row| row[..].try_into().ok()).map_or(0, Offset::from_be_bytes))
    }

    pub(crate) fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<(Bytes, Bytes)>, Error> {
        Ok(self.store.scan(prefix, after, limit)?)
    }
}

/// A place in a list as a page hands it out: opaque, and only good for that list.
pub(crate) fn cursor(key: &[u8]) -> String {
    key.iter().fold(String::with_capacity(key.len() * 2), |mut text, byte| {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        text
    })
}

/// The key of a cursor.
pub(crate) fn place(cursor: Option<&str>, prefix: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let Some(text) = cursor else { return Ok(None) };
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0).ok_or(Error::Cursor)?;
    let byte = |pair: &[u32]| pair.iter().fold(0, |byte, digit| byte * 16 + u8::try_from(*digit).unwrap_or(0));
    let key: Vec<u8> = digits.chunks(2).map(byte).collect();
    if key.starts_with(prefix) { Ok(Some(key)) } else { Err(Error::Cursor) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let given = cursor(b"list\x00\xff");
        assert_eq!(place(Some(&given), b"list").ok().flatten().as_deref(), Some(&b"list\x00\xff"[..]));
        for wrong in [given.as_str(), "xyz", "abc", "é"] {
            assert!(matches!(place(Some(wrong), b"other"), Err(Error::Cursor)), "{wrong}");
        }
        assert!(matches!(place(None, b"list"), Ok(None)));
    }
}
