//! Which rows of `private` a client has, and their erasure. Decode is stateless: it writes a row and says so here; an
//! erasure takes away all that are not later than it, now and whenever one comes again.

use bytes::Bytes;
use contract::key;
use contract::proto::private::v1::{Erased, Private, private::Row};
use domain::Time;

use super::Read;
use super::table::Table;
use crate::emit::Emit;

/// Rows of `private` that one record erases at most; the rest follow with continuations of the erasure.
pub const PARTS_ERASED_MAX: usize = 1_024;

/// Rows of a client that the erasure looks at in a pass. Rows that are later than the erasure, and those that the batch before
/// has removed, may stand in the way of as many: each pass looks farther, so the last one sees all.
pub(super) fn looked_at(pass: u32) -> usize {
    let passes = usize::try_from(pass).unwrap_or(usize::MAX).saturating_add(2);
    PARTS_ERASED_MAX.saturating_mul(passes)
}

/// A row of `private` was written: it is kept in mind, or, when the client was erased since, taken away again. Says whether
/// that did anything.
pub(super) fn hold(table: &mut Table, read: &Read, client: &str, erased: Option<Time>, emit: &mut Emit<'_>) -> bool {
    let (Some(part), Some(key)) = (&read.event.part, read.part_key()) else { return false };
    let held = table.part(&key);
    let time = read.event.time;
    if Some(time) <= erased {
        emit.private(&read.event.organisation, client, part, None);
        if held.is_some() && held <= erased {
            table.set_part(key, None);
        }
        return true;
    }
    let news = held < Some(time);
    if news {
        table.set_part(key, Some(time));
    }
    news
}

/// Writes what remains of an erased client in `private`: when it was.
pub(super) fn mark(organisation: &str, client: &str, erased: Option<Time>, emit: &mut Emit<'_>) {
    let at = erased.map(contract::timestamp_of);
    let row = Private { time: at, row: Some(Row::Erased(Erased { at })) };
    emit.private(organisation, client, "erased", Some(&row));
}

/// Takes away what a client has in `private` from before its erasure, and asks for another pass while there may be more. Says
/// whether it took anything away.
pub(super) fn erase(table: &mut Table, read: &Read, client: &str, erased: Option<Time>, emit: &mut Emit<'_>) -> bool {
    let parts = table.parts_of(&read.key);
    let due: Vec<&Bytes> = parts.iter().filter(|(_, held)| Some(**held) <= erased).map(|(key, _)| key).collect();
    for key in due.iter().take(PARTS_ERASED_MAX) {
        if let Some([_, _, _, part]) = key::strings::<4>(key) {
            emit.private(&read.event.organisation, client, part, None);
        }
        table.set_part((*key).clone(), None);
    }
    let seen_all = table.scanned(&read.key).saturating_add(PARTS_ERASED_MAX) < looked_at(read.pass);
    if due.len() > PARTS_ERASED_MAX || !seen_all {
        emit.erasure(&read.event, read.pass.saturating_add(1));
    }
    !due.is_empty()
}
