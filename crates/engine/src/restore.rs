//! Facts about a store and its log, and what follows from them. Pure; the engine executes the answer.

use crate::{Made, Offset, Refold};

/// What a store's rows reflect, and which log they belong to. The store keeps it in the same batch as the rows (I1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Next offset of the input partition.
    pub input: Offset,
    /// Next offset of the state partition: rows below it are in the store.
    pub state: Offset,
    /// Version of the fold that made the rows; 0, which no fold has, while an empty store is being filled.
    pub fold_version: u32,
    /// Identity of the log and its topics.
    pub identity: Identity,
    /// When the store was last written, in milliseconds since the Unix epoch.
    pub written_ms: i64,
}

/// Which log a store belongs to. Offsets of another look right and are not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Of the log.
    pub log: String,
    /// Of the input topic.
    pub input_topic: String,
    /// Of the state topic; empty when there is none.
    pub state_topic: String,
    /// Partitions of the input topic.
    pub partitions: u32,
}

/// What the log says of a task, read in this order: the stable committed offset first, then the bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFacts {
    /// The group's committed next offset; `None` when it never committed.
    pub committed: Option<Offset>,
    /// First offset of the input.
    pub input_start: Offset,
    /// End of the input.
    pub input_end: Offset,
    /// First offset of the state partition; equal to its end when there is no state topic.
    pub state_start: Offset,
    /// High watermark of the state partition, uncommitted records included.
    pub state_end: Offset,
    /// How long a tombstone stays in the state topic at least, in milliseconds (`delete.retention.ms`); `None` for ever.
    pub tombstone_ms: Option<i64>,
    /// Which log this is.
    pub identity: Identity,
}

/// How to bring a store up to the committed log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Apply the committed rows from here to there, then go on.
    Replay {
        /// First state offset to read.
        from: Offset,
        /// Where to stop.
        to: Offset,
    },
    /// The rows are too old for the tombstones still there: put the store aside and replay everything.
    Full,
    /// Stop this task and say why: going on would make wrong numbers.
    Stop(String),
}

/// Share of a tombstone's time that is not relied on, since clocks differ: a seventh.
const MARGIN: i64 = 7;

/// Whether tombstones of rows written at `written_ms` may be gone from a topic that keeps them for `stays_ms` (`None`: for ever):
/// reading on would let deleted rows stand (I6).
pub fn may_miss_tombstones(written_ms: i64, stays_ms: Option<i64>, now_ms: i64) -> bool {
    let relied_on = |stays_ms: i64| stays_ms.saturating_sub(stays_ms / MARGIN);
    stays_ms.is_some_and(|stays_ms| now_ms.saturating_sub(written_ms) > relied_on(stays_ms))
}

fn is_too_old(store: &Position, log: &LogFacts, now_ms: i64) -> bool {
    may_miss_tombstones(store.written_ms, log.tombstone_ms, now_ms)
}

/// Decides.
pub fn decide(version: u32, store: Option<&Position>, log: &LogFacts, now_ms: i64) -> Plan {
    if let Some(store) = store.filter(|store| store.fold_version != 0 && store.identity != log.identity) {
        return Plan::Stop(other(&store.identity, &log.identity));
    }
    let committed = log.committed.unwrap_or(log.input_start);
    if committed > log.input_end {
        return Plan::Stop(format!(
            "offset {committed} was committed but the input ends at {}: the log lost its end; restore it from a backup",
            log.input_end
        ));
    }
    if committed < log.input_start {
        return Plan::Stop(format!(
            "input {committed}..{} is gone unread (retention): restore it, or accept the loss by committing {}",
            log.input_start, log.input_start
        ));
    }
    let Some(store) = store else { return Plan::Replay { from: log.state_start, to: log.state_end } };
    if store.fold_version == 0 {
        return filled_on(store, log, now_ms);
    }
    if store.input > committed {
        return Plan::Stop(format!(
            "the store reflects offset {} but only {committed} is committed (I1): the log was put back, or the group deleted",
            store.input
        ));
    }
    if store.state > log.state_end {
        return Plan::Stop(format!("the store has state up to {}, the log ends at {}", store.state, log.state_end));
    }
    if store.fold_version > version {
        return Plan::Stop(newer(store.fold_version, version));
    }
    if is_too_old(store, log, now_ms) || store.state < log.state_start {
        return if store.state == log.state_end {
            Plan::Replay { from: store.state, to: store.state }
        } else {
            Plan::Full
        };
    }
    Plan::Replay { from: store.state, to: log.state_end }
}

/// A store that was being filled holds nothing that the log does not: at any doubt it is filled anew.
fn filled_on(store: &Position, log: &LogFacts, now_ms: i64) -> Plan {
    let goes_on = store.identity == log.identity && (log.state_start..=log.state_end).contains(&store.state);
    if !goes_on || is_too_old(store, log, now_ms) {
        return Plan::Full;
    }
    Plan::Replay { from: store.state, to: log.state_end }
}

/// What is another log than the store's, and what to do.
fn other(store: &Identity, log: &Identity) -> String {
    let again = |what: &str, of: &str, is: &str| {
        format!(
            "the {what} topic was deleted and made again since this store was written (its id was {of}, now it is {is}): put the old \
             topic back, or begin anew under another prefix"
        )
    };
    if store.log != log.log {
        return format!(
            "the store belongs to log {}, this is log {}: connect to the one that it belongs to, or give it a data directory of its own",
            store.log, log.log
        );
    }
    if store.input_topic != log.input_topic {
        return again("input", &store.input_topic, &log.input_topic);
    }
    if store.state_topic != log.state_topic {
        return again("state", &store.state_topic, &log.state_topic);
    }
    format!(
        "the input topic has {} partitions and had {} when this store was written: partitions never change in place, begin anew under \
         another prefix",
        log.partitions, store.partitions
    )
}

fn newer(found: u32, version: u32) -> String {
    format!(
        "its rows are of fold version {found}, this program folds {version}: versions never go back, start the newer one"
    )
}

/// What the rows of a restored store are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restored {
    /// Of this version: go on.
    Current,
    /// Of a version before, some of them or all.
    Older,
    /// Of a later one, and what to do.
    Stop(String),
}

/// Tells it from the store's own version (0 when it was new) and from the last row that was read back: a rebuild marks what it
/// publishes until its last transaction, so that the last row speaks for all.
pub fn restored(version: u32, store: u32, last: Option<Made>) -> Restored {
    match last {
        Some(made) if made.version > version => Restored::Stop(newer(made.version, version)),
        Some(made) if made.version != version || made.rebuilding => Restored::Older,
        None if store != 0 && store != version => Restored::Older,
        // A store that kept the derived rows of an older version is no more right for what it read since.
        Some(_) if store != 0 && store != version => Restored::Older,
        _ => Restored::Current,
    }
}

/// How to fold the input again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// From this offset on, over the shadow as it is: a fold of the same records by the same version gives the same rows,
    /// wherever a crash cut it (I5).
    From(Offset),
    /// Into a new shadow: the one that is there is of another version or another log.
    Fresh,
    /// Not at all: the published rows are of this version, restore them.
    Restore,
    /// It cannot be, and why.
    Stop(String),
}

/// Decides. `shadow` is what a rebuild before left, `last` what made the last published row.
pub fn again((version, refold): (u32, Refold), shadow: Option<&Position>, last: Option<Made>, log: &LogFacts) -> Again {
    let committed = log.committed.unwrap_or(log.input_start);
    let goes_on = |shadow: &&Position| {
        let reaches = (log.input_start..=committed).contains(&shadow.input);
        shadow.fold_version == version && shadow.identity == log.identity && reaches
    };
    if let Some(shadow) = shadow.filter(goes_on) {
        return Again::From(shadow.input);
    }
    if last == Some(Made { version, rebuilding: false }) {
        return Again::Restore;
    }
    if refold == Refold::Whole && log.input_start > 0 {
        return Again::Stop(format!(
            "the rows are of an older fold version, and the input before {} that they speak of is gone: put it back from a \
             backup, or start the version before",
            log.input_start
        ));
    }
    if shadow.is_some() { Again::Fresh } else { Again::From(log.input_start) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(input: Offset, state: Offset) -> Position {
        Position { input, state, fold_version: 1, written_ms: 0, ..Position::default() }
    }

    fn log(committed: Option<Offset>) -> LogFacts {
        let tombstone_ms = Some(14);
        LogFacts {
            committed,
            input_start: 5,
            input_end: 20,
            state_start: 2,
            state_end: 9,
            tombstone_ms,
            ..LogFacts::default()
        }
    }

    #[test]
    fn a_new_store_replays_all_and_a_known_one_what_it_lacks() {
        assert_eq!(decide(1, None, &log(Some(7)), 0), Plan::Replay { from: 2, to: 9 });
        assert_eq!(decide(1, Some(&position(6, 4)), &log(Some(7)), 0), Plan::Replay { from: 4, to: 9 });
        assert_eq!(decide(1, None, &log(None), 0), Plan::Replay { from: 2, to: 9 });
    }

    #[test]
    fn rows_older_than_the_tombstones_are_replayed_in_full_unless_nothing_came_since() {
        assert_eq!(decide(1, Some(&position(6, 4)), &log(Some(7)), 13), Plan::Full);
        assert_eq!(decide(1, Some(&position(6, 9)), &log(Some(7)), 13), Plan::Replay { from: 9, to: 9 });
        let as_it_is = Plan::Replay { from: 4, to: 9 };
        assert_eq!(decide(1, Some(&position(6, 4)), &log(Some(7)), 12), as_it_is, "a seventh is not relied on");
        let for_ever = LogFacts { tombstone_ms: None, ..log(Some(7)) };
        assert_eq!(decide(1, Some(&position(6, 4)), &for_ever, i64::MAX), as_it_is);
    }

    #[test]
    fn what_cannot_be_right_stops_with_an_explanation() {
        let foreign = Position { identity: Identity { log: "other".into(), ..Identity::default() }, ..position(6, 4) };
        for (store, facts) in [
            (Some(foreign), log(Some(7))),
            (Some(position(8, 4)), log(Some(7))),
            (Some(position(6, 10)), log(Some(7))),
            (None, log(Some(21))),
            (None, log(Some(4))),
        ] {
            assert!(matches!(decide(1, store.as_ref(), &facts, 0), Plan::Stop(_)), "{store:?} {facts:?}");
        }
    }

    #[test]
    fn a_store_of_another_log_says_what_is_another() {
        let identity = |log: &str, input: &str, state: &str, partitions| Identity {
            log: log.to_owned(),
            input_topic: input.to_owned(),
            state_topic: state.to_owned(),
            partitions,
        };
        let facts = LogFacts { identity: identity("c", "i", "s", 4), ..log(Some(7)) };
        for (theirs, words) in [
            (identity("d", "i", "s", 4), "the store belongs to log d, this is log c"),
            (
                identity("c", "j", "s", 4),
                "the input topic was deleted and made again since this store was written (its id was j, now it is i)",
            ),
            (identity("c", "i", "t", 4), "the state topic was deleted and made again"),
            (identity("c", "i", "s", 2), "the input topic has 4 partitions and had 2"),
        ] {
            let store = Position { identity: theirs, ..position(6, 4) };
            // Even where its offsets could not be right either.
            for committed in [Some(7), Some(21), None] {
                let plan = decide(1, Some(&store), &LogFacts { committed, ..facts.clone() }, 0);
                assert!(matches!(&plan, Plan::Stop(why) if why.contains(words)), "{plan:?}");
            }
        }
    }

    #[test]
    fn the_last_row_says_of_which_version_all_are() {
        let made = |version, rebuilding| Some(Made { version, rebuilding });
        for (store, last, expected) in [
            (2, None, Restored::Current),
            (0, None, Restored::Current),
            (1, None, Restored::Older),
            (0, made(2, false), Restored::Current),
            (0, made(2, true), Restored::Older),
            (0, made(1, false), Restored::Older),
            (0, made(0, false), Restored::Older),
            (2, made(1, false), Restored::Older),
            (1, made(2, false), Restored::Older),
        ] {
            assert_eq!(restored(2, store, last), expected, "{store} {last:?}");
        }
        assert!(matches!(restored(2, 2, made(3, true)), Restored::Stop(_)));
        assert!(matches!(
            decide(1, Some(&Position { fold_version: 2, ..position(6, 4) }), &log(Some(7)), 0),
            Plan::Stop(_)
        ));
    }

    #[test]
    fn a_rebuild_goes_on_where_it_was_or_begins_or_says_why_not() {
        let whole =
            |shadow: Option<Position>, last, facts: &LogFacts| again((2, Refold::Whole), shadow.as_ref(), last, facts);
        let kept = LogFacts { input_start: 0, ..log(Some(7)) };
        let shadow = Position { fold_version: 2, ..position(6, 0) };
        assert_eq!(whole(None, None, &kept), Again::From(0));
        assert_eq!(whole(Some(shadow.clone()), None, &kept), Again::From(6));
        assert_eq!(whole(Some(position(6, 0)), None, &kept), Again::Fresh, "another version");
        assert_eq!(whole(Some(Position { input: 8, ..shadow }), None, &kept), Again::Fresh, "beyond the end");
        assert_eq!(whole(None, Some(Made { version: 2, rebuilding: false }), &kept), Again::Restore);
        assert!(matches!(whole(None, None, &log(Some(7))), Again::Stop(_)), "the input's start is gone");
        assert_eq!(again((2, Refold::Remaining), None, None, &log(Some(7))), Again::From(5));
    }
}
