//! Facts about a store and its log, and what follows from them. Pure; the engine executes the answer.

use crate::Offset;

/// What a store's rows reflect, and which log they belong to. The store keeps it in the same batch as the rows (I1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Next offset of the input partition.
    pub input: Offset,
    /// Next offset of the state partition: rows below it are in the store.
    pub state: Offset,
    /// Version of the fold that made the rows.
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
    /// The rows are of another version of the fold: fold the input again beside them.
    Rebuild {
        /// The input offset up to which the old rows speak.
        to: Offset,
    },
    /// Stop this task and say why: going on would make wrong numbers.
    Stop(String),
}

/// Decides. `horizon_ms` is how long tombstones stay in the state topic.
pub fn decide(version: u32, store: Option<&Position>, log: &LogFacts, now_ms: i64, horizon_ms: i64) -> Plan {
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
    if store.identity != log.identity {
        return Plan::Stop(format!(
            "the store belongs to {:?}, this is {:?}: put the right log or the right state directory in place",
            store.identity, log.identity
        ));
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
    if store.fold_version != version {
        return Plan::Rebuild { to: committed };
    }
    if now_ms.saturating_sub(store.written_ms) > horizon_ms || store.state < log.state_start {
        return if store.state == log.state_end {
            Plan::Replay { from: store.state, to: store.state }
        } else {
            Plan::Full
        };
    }
    Plan::Replay { from: store.state, to: log.state_end }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(input: Offset, state: Offset) -> Position {
        Position { input, state, fold_version: 1, written_ms: 0, ..Position::default() }
    }

    fn log(committed: Option<Offset>) -> LogFacts {
        LogFacts { committed, input_start: 5, input_end: 20, state_start: 2, state_end: 9, ..LogFacts::default() }
    }

    #[test]
    fn a_new_store_replays_all_and_a_known_one_what_it_lacks() {
        assert_eq!(decide(1, None, &log(Some(7)), 0, 10), Plan::Replay { from: 2, to: 9 });
        assert_eq!(decide(1, Some(&position(6, 4)), &log(Some(7)), 0, 10), Plan::Replay { from: 4, to: 9 });
        assert_eq!(decide(1, None, &log(None), 0, 10), Plan::Replay { from: 2, to: 9 });
    }

    #[test]
    fn rows_older_than_the_tombstones_are_replayed_in_full_unless_nothing_came_since() {
        assert_eq!(decide(1, Some(&position(6, 4)), &log(Some(7)), 11, 10), Plan::Full);
        assert_eq!(decide(1, Some(&position(6, 9)), &log(Some(7)), 11, 10), Plan::Replay { from: 9, to: 9 });
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
            assert!(matches!(decide(1, store.as_ref(), &facts, 0, 10), Plan::Stop(_)), "{store:?} {facts:?}");
        }
    }

    #[test]
    fn another_version_of_the_fold_rebuilds() {
        assert_eq!(decide(2, Some(&position(6, 4)), &log(Some(7)), 0, 10), Plan::Rebuild { to: 7 });
    }
}
