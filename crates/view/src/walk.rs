//! Lists of clients read side by side: those who are in every one of them, by id, without reading what only one has.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::place::{Error, Snapshot};

/// Rows that one read takes from a list at the least and at the most: more where much of what was read was looked at, fewer where
/// nearly all was passed over. To begin a read costs as much as some thirty rows.
const READ_ROWS: [usize; 2] = [8, 64];
/// Rows of the first read.
const FIRST_ROWS: usize = 16;

/// What a walk has come to.
pub(crate) enum Met {
    /// A client who is in every list, as keys have the id.
    Client(Bytes),
    /// Nobody more is.
    End,
    /// It read as much as it may; it goes on from here.
    Bound(Bytes),
}

/// Where lists are read.
pub(crate) struct Walk {
    lists: Vec<List>,
    reads: usize,
}

/// Keys that begin with a prefix and go on with a client and at least one byte.
struct List {
    prefix: Bytes,
    ahead: VecDeque<Bytes>,
    ended: bool,
    /// Rows that the next read takes.
    rows: usize,
    /// Clients that were looked at since the last read.
    looked_at: usize,
}

impl Walk {
    /// Over lists with these prefixes, in so many reads at most; the rarest first, as far as that is known.
    pub(crate) fn over(prefixes: Vec<Bytes>, reads: usize) -> Self {
        let list =
            |prefix| List { prefix, ahead: VecDeque::new(), ended: false, rows: FIRST_ROWS, looked_at: FIRST_ROWS / 4 };
        Self { lists: prefixes.into_iter().map(list).collect(), reads }
    }

    /// Through clients of whom it is known that they are in all lists, in the order of keys.
    pub(crate) fn through(clients: Vec<Bytes>) -> Self {
        let reads = clients.len();
        let list = List { prefix: Bytes::new(), ahead: clients.into(), ended: true, rows: 0, looked_at: 0 };
        Self { lists: vec![list], reads }
    }

    /// The first client from a place on who is in every list.
    pub(crate) fn next(&mut self, rows: &Snapshot<'_>, from: &[u8]) -> Result<Met, Error> {
        let mut wanted = Bytes::copy_from_slice(from);
        // Whenever one list is ahead the first is asked again: those behind are read only where all before them agree.
        let mut place = 0;
        while let Some(list) = self.lists.get_mut(place) {
            if list.lacks(&wanted) {
                let Some(left) = self.reads.checked_sub(1) else { return Ok(Met::Bound(wanted)) };
                self.reads = left;
                list.read(rows, &wanted)?;
            }
            let Some(found) = list.ahead.front() else { return Ok(Met::End) };
            place = if *found == wanted || place == 0 { place + 1 } else { 0 };
            wanted = found.clone();
        }
        Ok(if self.lists.is_empty() { Met::End } else { Met::Client(wanted) })
    }

    /// Counts a read, of whoever walks too; false when it is one too many.
    pub(crate) fn may_read(&mut self) -> bool {
        let left = self.reads.checked_sub(1);
        self.reads = left.unwrap_or(0);
        left.is_some()
    }
}

impl List {
    /// Passes over what is before a place; whether it has to be read to know what comes there.
    fn lacks(&mut self, wanted: &Bytes) -> bool {
        while self.ahead.front().is_some_and(|client| client < wanted) {
            self.ahead.pop_front();
        }
        self.looked_at += usize::from(!self.ahead.is_empty());
        self.ahead.is_empty() && !self.ended
    }

    /// Lets the next read take twice as many rows where half were looked at, half as many where not even an eighth was.
    fn adapt(&mut self) {
        let [least, most] = READ_ROWS;
        if self.looked_at * 2 >= self.rows {
            self.rows = (self.rows * 2).min(most);
        } else if self.looked_at * 8 < self.rows {
            self.rows = (self.rows / 2).max(least);
        }
        self.looked_at = 0;
    }

    fn read(&mut self, rows: &Snapshot<'_>, wanted: &Bytes) -> Result<(), Error> {
        self.adapt();
        let after = [&self.prefix[..], wanted].concat();
        let read = rows.scan(&self.prefix, Some(&after), self.rows)?;
        self.ended = read.len() < self.rows;
        for (key, _) in read {
            let client = key.get(self.prefix.len()..).and_then(contract::key::first);
            let client = client.map(|(client, _)| key.slice_ref(client));
            self.ahead.extend(client.filter(|client| self.ahead.back() != Some(client)));
        }
        Ok(())
    }
}

/// The place after a client.
pub(crate) fn past(client: &[u8]) -> Vec<u8> {
    // No key goes on with this byte: what follows a client is 0 or the first byte of a text.
    [client, &[0xff]].concat()
}
