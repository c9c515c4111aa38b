//! Which rows of `private` a client has, and their erasure. Decode is stateless: it writes a row and says so here; an
//! erasure takes away all that are not later than it, now and whenever one comes again.

use bytes::Bytes;
use contract::key;
use contract::proto::private::v1::{Erased, Private, private::Row};
use domain::Time;

use super::Read;
use super::table::{Table, Times};
use crate::emit::Emit;

/// Rows of `private` that one record erases at most; the rest follow with continuations of the erasure.
pub const PARTS_ERASED_MAX: usize = 1_024;

/// Event times that are kept of one row of `private`, the latest: it is written once for most.
pub const TIMES_MAX: usize = 8;

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
    let time = read.event.time;
    if Some(time) <= erased {
        emit.private(&read.event.organisation, client, part, None);
        return true;
    }
    let before = table.part(&key);
    let mut times = before.clone();
    if let Err(place) = times.binary_search(&time) {
        times.insert(place, time);
    }
    let beyond = times.len().saturating_sub(TIMES_MAX);
    let times = times.split_off(beyond);
    let news = times != before;
    if news {
        table.set_part(key, times);
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
/// whether it took anything away. A row that was written for several times goes when one of them is not later: which of the
/// texts stands there is not known here. One that was written more often than is kept in mind goes with a new erasure.
pub(super) fn erase(
    table: &mut Table,
    read: &Read,
    client: &str,
    (erased, is_new): (Option<Time>, bool),
    emit: &mut Emit<'_>,
) -> bool {
    let goes =
        |times: &Times| times.first().copied() <= erased || ((is_new || read.pass > 0) && times.len() == TIMES_MAX);
    let mut due: Vec<(Bytes, Times)> = table.parts_of(&read.key).into_iter().filter(|(_, times)| goes(times)).collect();
    let more = due.len() > PARTS_ERASED_MAX;
    due.truncate(PARTS_ERASED_MAX);
    let did = !due.is_empty();
    for (key, mut times) in due {
        if let Some([_, _, _, part]) = key::strings::<4>(&key) {
            emit.private(&read.event.organisation, client, part, None);
        }
        times.retain(|time| Some(*time) > erased);
        let later = times.split_off(times.len().saturating_sub(TIMES_MAX - 1));
        table.set_part(key, later);
    }
    let seen_all = table.scanned(&read.key).saturating_add(PARTS_ERASED_MAX) < looked_at(read.pass);
    if more || !seen_all {
        emit.erasure(&read.event, read.pass.saturating_add(1));
    }
    did
}
