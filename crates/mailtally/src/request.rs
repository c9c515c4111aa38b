//! A command over a data directory as a value. The command line makes it and reads files and standard input itself, so that it
//! can be executed here or, when a live `run` has the directory, there.

use anyhow::Result;
use processor::accounts::Accounts;
use serde::{Deserialize, Serialize};

pub(crate) use crate::place::Place;
use crate::reply::Reply;
use crate::system::System;
use crate::{
    backup, campaigns, consume, dead_letters, ingest, inspect, produce, rebuild, reconcile, replay, status, verify,
};

/// What is asked of a data directory. One line a command here, and one in [`Request::execute`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// Write platform events and fold them.
    Produce(produce::Produce),
    /// Take webhook bodies in and fold them.
    Ingest(ingest::Ingest),
    /// Print a topic's records.
    Consume(consume::Consume),
    /// Show every campaign's numbers.
    Campaigns(campaigns::Campaigns),
    /// Show space and tasks.
    Status(status::Status),
    /// Recount everything and compare.
    Reconcile(reconcile::Reconcile),
    /// Show one thing with everything that explains it.
    Inspect(inspect::Inspect),
    /// List, show or redrive dead letters.
    DeadLetters(dead_letters::DeadLetters),
    /// Decode kept webhooks once more.
    Replay(replay::Replay),
    /// Copy what cannot be made again.
    Backup(backup::Backup),
    /// Make the view anew.
    Rebuild(rebuild::Rebuild),
    /// Check every batch of the log.
    Verify(verify::Verify),
}

impl Request {
    /// Carries the command out. The exit code: 0 when all is well, 1 when the answer says that something is not.
    ///
    /// # Errors
    /// When there is no answer, and why.
    pub(crate) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        match self {
            Self::Produce(command) => command.execute(at, reply),
            Self::Ingest(command) => command.execute(at, reply),
            Self::Consume(command) => command.execute(at, reply),
            Self::Campaigns(command) => command.execute(at, reply),
            Self::Status(command) => command.execute(at, reply),
            Self::Reconcile(command) => command.execute(at, reply),
            Self::Inspect(command) => command.execute(at, reply),
            Self::DeadLetters(command) => command.execute(at, reply),
            Self::Replay(command) => command.execute(at, reply),
            Self::Backup(command) => command.execute(at, reply),
            Self::Rebuild(command) => command.execute(at, reply),
            Self::Verify(command) => command.execute(at, reply),
        }
    }

    /// Whether it may begin a data directory; the others ask one that is there.
    pub(crate) fn makes(&self) -> bool {
        matches!(self, Self::Produce(_) | Self::Ingest(_))
    }

    /// Whether the process that folds knows more about it than the log, or is to know its result.
    pub(crate) fn is_of_process(&self) -> bool {
        matches!(self, Self::Status(_) | Self::Reconcile(_) | Self::Rebuild(_))
    }

    /// Accounts that the command itself binds, besides those of the configuration.
    pub(crate) fn accounts(&self) -> Accounts {
        match self {
            Self::Ingest(command) => command.accounts(),
            _ => Accounts::new(),
        }
    }
}
