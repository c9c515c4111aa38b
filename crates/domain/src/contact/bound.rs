//! Which facts of a contact are kept (I10), such that what they decide stays decided alike in every order (I4).
//!
//! Of nearly every group the largest (time, id) are kept: that choice is path independent, and stays so below a threshold
//! that only rises, which is what an erasure is. Of one key only a group's winning version is kept.
//!
//! As with messages, an upgrade that is itself beyond a bound is not kept, and the copy that it would supersede counts on if it
//! is kept. That needs a decoder that moves a fact to another time or group, or retracts more facts than a bound keeps.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cause, ContactEntry, ContactFact};
use crate::kept::{Copied as _, Row};
use crate::{AddressHash, Scope, Time};

/// Unsubscribes of one scope that a register keeps, the latest, and as many that are taken back; so at most as many messages hold it. An older one is
/// answered with the lifts that are later than it, and hears of no further one.
pub const HOLDERS_MAX: usize = 64;
/// Resubscribes of one scope that a register keeps, the latest, and as many that are taken back. A message keeps as many
/// of those it is told.
pub const LIFTS_MAX: usize = 8;
/// Scopes of which a register is kept: the smallest, so the organisation's always.
pub const SCOPES_MAX: usize = 16;
/// Addresses of one client that are kept: those of the smallest hashes.
pub const ADDRESSES_MAX: usize = 64;
/// Words of the platform that an address is used, words that it is not, and sends to it that are kept, of each kind: the last decides,
/// the other stands in when it is retracted. Each kind has places of its own: of one instant a used address wins, whatever the ids.
pub const LINKS_MAX: usize = 2;
/// Transactions that are kept: the last decides, the other stands in when it is retracted.
pub const TRANSACTIONS_MAX: usize = 2;
/// Length of a window of interactions in microseconds: 84 days. Of each the first and the last interaction are kept, so
/// every gap of three calendar months or more between interactions is known to the microsecond.
pub const WINDOW_MICROS: i64 = 84 * 86_400_000_000;
/// Windows of interactions since the last transaction that are kept, the latest: 14 years. Of a client without any
/// transaction for longer, an earlier inactivity that only logins followed is forgotten.
pub const WINDOWS_MAX: usize = 64;
/// Suppressing facts of one cause that an address keeps from the beginning.
pub const SUPPRESSED_FIRST: usize = 4;
/// Suppressing facts of one cause that are kept from the end.
pub const SUPPRESSED_LAST: usize = 4;
/// Reactivations of an address that are kept, the latest.
pub const REACTIVATED_MAX: usize = 4;
/// Facts that a contact's row can hold at most; a typical row holds 1 to 10.
pub const FACTS_MAX: usize = SCOPES_MAX * 2 * (HOLDERS_MAX + LIFTS_MAX)
    + ADDRESSES_MAX * 3 * LINKS_MAX
    + TRANSACTIONS_MAX
    + 2 * WINDOWS_MAX
    + 4 * (SUPPRESSED_FIRST + SUPPRESSED_LAST)
    + REACTIVATED_MAX
    + 2;

/// What is kept by its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group<'a> {
    /// Scope, whether it unsubscribes, whether it is taken back. What is taken back has places of its own: an address hears of
    /// facts that do not follow a client to it, and those may not push out any that holds.
    Register(&'a Scope, bool, bool),
    Link(AddressHash, Word),
    Suppressed(Cause),
    Reactivated,
    Transaction,
    Described,
    Erased,
}

/// What is said of an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Used,
    Unused,
    Sent,
}

impl Group<'_> {
    const fn largest(self) -> usize {
        match self {
            Self::Register(_, true, _) => HOLDERS_MAX,
            Self::Register(_, false, _) => LIFTS_MAX,
            Self::Link(..) => LINKS_MAX,
            Self::Described | Self::Erased => 1,
            Self::Suppressed(_) => SUPPRESSED_LAST,
            Self::Reactivated => REACTIVATED_MAX,
            Self::Transaction => TRANSACTIONS_MAX,
        }
    }
}

fn group(entry: &ContactEntry) -> Option<Group<'_>> {
    Some(match &entry.fact {
        ContactFact::Unsubscribed { scope, .. } => Group::Register(scope, true, entry.retracted),
        ContactFact::Resubscribed { scope, .. } => Group::Register(scope, false, entry.retracted),
        ContactFact::Addressed { address, by_send: true } => Group::Link(*address, Word::Sent),
        ContactFact::Addressed { address, by_send: false } => Group::Link(*address, Word::Used),
        ContactFact::Removed { address } => Group::Link(*address, Word::Unused),
        ContactFact::Suppressed { cause, .. } => Group::Suppressed(*cause),
        ContactFact::Reactivated => Group::Reactivated,
        ContactFact::Interacted { transaction: true } => Group::Transaction,
        ContactFact::Described => Group::Described,
        ContactFact::Erased => Group::Erased,
        ContactFact::Interacted { transaction: false } | ContactFact::Held => return None,
    })
}

/// Whether an erasure at `erased` refuses the fact. Registers and the links that they follow survive, by hash: a person
/// who is erased is not mailed again because of it.
pub(super) fn is_refused(entry: &ContactEntry, erased: Option<Time>) -> bool {
    let personal = matches!(
        entry.fact,
        ContactFact::Interacted { .. } | ContactFact::Described | ContactFact::Suppressed { .. } | ContactFact::Held
    );
    personal && erased.is_some_and(|erased| entry.time <= erased)
}

/// The latest time of some facts, retracted copies too: they keep their place.
fn latest(rows: &[Row<ContactEntry>], is: impl Fn(&ContactFact) -> bool) -> Option<Time> {
    rows.iter().rfind(|row| is(&row.copy.fact)).map(|row| row.copy.time)
}

/// When the client was last erased.
pub(super) fn erased(rows: &[Row<ContactEntry>]) -> Option<Time> {
    latest(rows, |fact| *fact == ContactFact::Erased)
}

/// Which rows stay. Rows are by (time, id), of one key the winning version first.
pub(super) fn choice(rows: &[Row<ContactEntry>], is_client: bool) -> Vec<bool> {
    let erased = erased(rows);
    let offered: Vec<(usize, &ContactEntry)> = {
        let copies = rows.iter().enumerate().map(|(place, row)| (place, &row.copy));
        copies.filter(|(place, entry)| !is_refused(entry, erased) && !is_outdated(rows, *place)).collect()
    };
    let mut chosen = vec![false; rows.len()];
    let mut keep = |place: usize| chosen.get_mut(place).into_iter().for_each(|slot| *slot = true);
    let (scopes, addresses) = named(&offered);
    for (group, places) in grouped(&offered) {
        match group {
            Group::Register(scope, ..) if !scopes.contains(scope) => continue,
            Group::Link(address, _) if !addresses.contains(&address) => continue,
            _ => {}
        }
        places.iter().rev().take(group.largest()).for_each(|(place, _)| keep(*place));
        // First ones above a threshold that rises would depend on the order: only rows that are never erased have them.
        if matches!(group, Group::Suppressed(_)) && !is_client {
            places.iter().take(SUPPRESSED_FIRST).for_each(|(place, _)| keep(*place));
        }
    }
    let transacted = latest(rows, |fact| *fact == ContactFact::Interacted { transaction: true });
    windows(&offered, erased.max(transacted)).into_iter().for_each(keep);
    chosen
}

/// Whether the same fact follows a client here with a later word on the address. Which words came in between is a matter of
/// order, so no outdated one is kept, nor its place.
fn is_outdated(rows: &[Row<ContactEntry>], place: usize) -> bool {
    let (before, rest) = rows.split_at_checked(place).unwrap_or_default();
    let Some((row, after)) = rest.split_first() else { return false };
    let same = |other: &&Row<ContactEntry>| other.copy.key() == row.copy.key();
    let beside = before.iter().rev().take_while(same).chain(after.iter().take_while(same));
    beside.into_iter().any(|other| other.copy.version > row.copy.version)
}

/// Places by group, in order; of one key the winning version of the group. Copies that another group supersedes keep their
/// place: else a place would have been taken in vain in one order and not in another.
fn grouped<'a>(offered: &[(usize, &'a ContactEntry)]) -> BTreeMap<Group<'a>, Vec<(usize, &'a ContactEntry)>> {
    let mut groups: BTreeMap<Group<'a>, Vec<(usize, &'a ContactEntry)>> = BTreeMap::new();
    for (place, entry) in offered {
        let Some(group) = group(entry) else { continue };
        let kept = groups.entry(group).or_default();
        if kept.last().map(|(_, last)| last.key()) != Some(entry.key()) {
            kept.push((*place, entry));
        }
    }
    groups
}

/// The scopes and the addresses that are kept: the smallest, since a fixed order keeps the choice path independent.
fn named<'a>(offered: &[(usize, &'a ContactEntry)]) -> (BTreeSet<&'a Scope>, BTreeSet<AddressHash>) {
    let (mut scopes, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    for (_, entry) in offered {
        match group(entry) {
            Some(Group::Register(scope, ..)) => {
                scopes.insert(scope);
            }
            Some(Group::Link(address, _)) => {
                addresses.insert(address);
            }
            _ => {}
        }
    }
    (scopes.into_iter().take(SCOPES_MAX).collect(), addresses.into_iter().take(ADDRESSES_MAX).collect())
}

/// First and last interaction of each window after the one of the threshold, and the last of that one. What is before the
/// last transaction, or before the erasure, decides nothing.
fn windows(offered: &[(usize, &ContactEntry)], threshold: Option<Time>) -> Vec<usize> {
    let window = |time: Time| time.micros().div_euclid(WINDOW_MICROS);
    let from = threshold.map(window);
    let mut windows: BTreeMap<i64, (usize, usize)> = BTreeMap::new();
    let mut before = None;
    for (place, entry) in offered {
        let at = window(entry.time);
        let interacted = matches!(entry.fact, ContactFact::Interacted { .. }) && from.is_none_or(|from| at >= from);
        if interacted && before.replace(entry.key()) != Some(entry.key()) {
            windows.entry(at).or_insert((*place, *place)).1 = *place;
        }
    }
    let kept = windows.into_iter().rev().take(WINDOWS_MAX);
    kept.flat_map(|(at, (first, last))| if Some(at) == from { [last, last] } else { [first, last] }).collect()
}
