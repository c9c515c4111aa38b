//! A bounded set of copies that any arrival order fills alike. Knows neither messages nor contacts, only keys, versions
//! and a choice.
//!
//! A *copy* is what one version of a decoder made of one event. Which copies are kept is decided by a choice function
//! that is path independent: `choose(choose(A) + B) == choose(A + B)`. Then the kept set is a pure function of the set
//! of all copies ever seen (I4), although most of them are gone. "The n smallest of a group" and "the largest of a
//! group" are path independent, and so is every union of such choices.

use std::cmp::Ordering;

use crate::{EventId, Time};

/// What the set needs to know of a copy.
pub(crate) trait Copied {
    /// When it happened, and which event it is.
    fn key(&self) -> (Time, EventId);
    /// Which of two copies of one event wins: the greater. Total, so that permutations agree.
    fn version(&self, other: &Self) -> Ordering;
    /// Whether the copy says that the event did not happen.
    fn retracted(&self) -> bool;
}

/// A copy, and whether it counts: it is the highest kept version of its event and not retracted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row<T> {
    pub(crate) copy: T,
    pub(crate) live: bool,
}

/// Copies by (time, id), of one key the winning version first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept<T> {
    rows: Vec<Row<T>>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { rows: Vec::new() }
    }
}

impl<T: Copied> Kept<T> {
    /// The set of any copies in any order, before a choice.
    pub(crate) fn from_copies(copies: impl IntoIterator<Item = T>) -> Self {
        let mut rows: Vec<_> = copies.into_iter().map(|copy| Row { copy, live: true }).collect();
        rows.sort_by(|a, b| order(&a.copy, &b.copy));
        let mut kept = Self { rows };
        kept.resolve();
        kept
    }

    /// The set of copies of different events, given by (time, id).
    pub(crate) fn of_distinct(copies: Vec<T>) -> Self {
        let row = |copy: T| Row { live: !copy.retracted(), copy };
        Self { rows: copies.into_iter().map(row).collect() }
    }

    pub(crate) fn rows(&self) -> &[Row<T>] {
        &self.rows
    }

    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.iter_mut().map(|row| &mut row.copy)
    }

    /// The copies that count, by (time, id).
    pub(crate) fn live(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.iter().filter(|row| row.live).map(|row| &row.copy)
    }

    /// The copies of one key.
    pub(crate) fn at(&self, key: (Time, EventId)) -> &[Row<T>] {
        let start = self.rows.partition_point(|row| row.copy.key() < key);
        let rest = self.rows.get(start..).unwrap_or_default();
        let length = rest.iter().take_while(|row| row.copy.key() == key).count();
        rest.get(..length).unwrap_or_default()
    }

    /// Adds a copy that is not in the set.
    pub(crate) fn insert(&mut self, copy: T) {
        let id = copy.key().1;
        let place = self.rows.partition_point(|row| order(&row.copy, &copy) == Ordering::Less);
        let alone = !self.rows.iter().any(|row| row.copy.key().1 == id);
        let live = alone && !copy.retracted();
        self.rows.insert(place, Row { copy, live });
        if !alone {
            self.resolve();
        }
    }

    /// Keeps the copies whose place in `chosen` is true; says whether any had to go.
    pub(crate) fn retain(&mut self, chosen: &[bool]) -> bool {
        if chosen.iter().all(|kept| *kept) {
            return false;
        }
        let mut places = chosen.iter();
        self.rows.retain(|_| places.next().copied().unwrap_or(true));
        self.resolve();
        true
    }

    /// Sets `live` of every row.
    fn resolve(&mut self) {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        let copy = |place: &usize| self.rows.get(*place).map(|row| &row.copy);
        order.sort_by(|a, b| match (copy(a), copy(b)) {
            (Some(a), Some(b)) => a.key().1.cmp(&b.key().1).then_with(|| full_version(b, a)),
            _ => Ordering::Equal,
        });
        let mut winner_of = None;
        for place in order {
            if let Some(row) = self.rows.get_mut(place) {
                let id = row.copy.key().1;
                row.live = winner_of != Some(id) && !row.copy.retracted();
                winner_of = Some(id);
            }
        }
    }
}

/// Order of the rows.
fn order<T: Copied>(a: &T, b: &T) -> Ordering {
    a.key().cmp(&b.key()).then_with(|| b.version(a))
}

/// Versions of one event that may differ in time too.
pub(crate) fn full_version<T: Copied>(a: &T, b: &T) -> Ordering {
    a.version(b).then_with(|| a.key().cmp(&b.key()))
}

/// One group while a choice walks over the rows in order: the first `count` keys of it so far, and its last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Group {
    keys: usize,
    last: Option<(usize, (Time, EventId))>,
}

impl Group {
    /// Offers the row at `place`; true when it is among the `first` smallest keys. Of one key only the winning version,
    /// which comes first, is of interest to the group.
    pub(crate) fn offer(&mut self, place: usize, key: (Time, EventId), first: usize) -> bool {
        if self.last.is_some_and(|(_, last)| last == key) {
            return false;
        }
        self.keys += 1;
        self.last = Some((place, key));
        self.keys <= first
    }

    /// The place of the group's largest key.
    pub(crate) fn last(&self) -> Option<usize> {
        self.last.map(|(place, _)| place)
    }

    /// How many keys the group has.
    pub(crate) fn keys(&self) -> usize {
        self.keys
    }
}

/// Sets one place of a choice.
pub(crate) fn choose(chosen: &mut [bool], place: Option<usize>) {
    if let Some(slot) = place.and_then(|place| chosen.get_mut(place)) {
        *slot = true;
    }
}
