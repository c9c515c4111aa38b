//! What is lost and what is not. Owns the words of a damage report; knows no file.

use std::fmt;
use std::path::PathBuf;

use engine::{Offset, TopicPartition};

/// Most losses that a report spells out; the rest is counted.
const MAX_SPELLED_OUT: usize = 20;

/// One thing that was acknowledged and is not there, or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The last commits are gone: the end of the write-ahead log is missing or unreadable.
    Commits {
        /// The first one lost.
        first: u64,
        /// The last one that is known to have been acknowledged.
        last: u64,
    },
    /// Offsets of a partition are gone or unreadable.
    Offsets {
        /// The partition.
        partition: TopicPartition,
        /// The first offset lost.
        from: Offset,
        /// The offset after the last one lost.
        to: Offset,
        /// How it shows.
        because: String,
    },
    /// Partitions of the topics made last are gone with all their records.
    Partitions {
        /// How many.
        count: usize,
    },
    /// The tip file cannot be read: the last commits before an unclean stop cannot be vouched for.
    Tip,
    /// The database itself cannot be read.
    Database {
        /// What it said.
        said: String,
    },
}

/// A damage report: what is lost, what is intact, and what can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The directory.
    pub path: PathBuf,
    /// What is lost, in the order of partitions and offsets.
    pub losses: Vec<Loss>,
    /// Partitions of which every offset that was looked at is intact.
    pub intact_partitions: usize,
    /// Whether every batch was looked at, or only what was written since the last orderly close.
    pub complete: bool,
}

impl Damage {
    /// Whether opening with accepted loss can go on without what is lost.
    pub fn acceptable(&self) -> bool {
        !self.losses.iter().any(|loss| matches!(loss, Loss::Database { .. }))
    }

    /// The losses in words, without path and remedy.
    pub fn losses_in_words(&self) -> String {
        let mut words: Vec<String> = self.losses.iter().take(MAX_SPELLED_OUT).map(ToString::to_string).collect();
        if let Some(more) = self.losses.len().checked_sub(MAX_SPELLED_OUT).filter(|more| *more > 0) {
            words.push(format!("and {more} losses more"));
        }
        words.join("; ")
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commits { first, last } if first == last => write!(f, "commit {last} is lost"),
            Self::Commits { first, last } => write!(f, "commits {first}..{last} are lost"),
            Self::Offsets { partition, from, to, because } => {
                write!(f, "{partition} offsets {from}..{} are lost ({because})", to.saturating_sub(1))
            }
            Self::Partitions { count } => write!(f, "{count} partitions of the topics made last are lost"),
            Self::Tip => write!(f, "the tip file is unreadable, so the last commits cannot be vouched for"),
            Self::Database { said } => write!(f, "the database cannot be read ({said})"),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the log at {} is damaged: {}; ", self.path.display(), self.losses_in_words())?;
        if !self.acceptable() {
            return write!(f, "nothing was changed; restore a backup");
        }
        let looked_at = if self.complete {
            "every other offset"
        } else {
            "every other offset written since the last orderly close"
        };
        write!(f, "{looked_at} is intact, {} partitions are whole; nothing was changed; ", self.intact_partitions)?;
        write!(f, "restore a backup, or open it once accepting this loss")
    }
}

impl std::error::Error for Damage {}
