//! `mailtally dead-letters list|show|redrive`: what could not be used, why, and how it gets its second chance.

mod letter;
mod list;
mod redrive;
mod show;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::reply::Reply;
use crate::request::Place;
use crate::system::System;

/// What can be asked of `dead-letters`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: DeadLetters,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// One of the three.
#[derive(Clone, Debug, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeadLetters {
    /// Count them by organisation, reason and source, with first, last and days until they expire.
    List(list::List),
    /// Show one: headers, and its bytes, which may be personal data.
    Show(show::Show),
    /// Put the original bytes back where they came from, and say what became of them.
    Redrive(redrive::Redrive),
}

/// The letter, partition and offset, that this record says was redriven.
pub(crate) fn redriven(record: &engine::Record) -> Option<(u32, engine::Offset)> {
    letter::redriven_by(record)
}

impl DeadLetters {
    /// Carries it out. Exit code 1 when a letter was refused, or failed again.
    pub(crate) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        match self {
            Self::List(list) => list.execute(at, reply),
            Self::Show(show) => show.execute(at, reply),
            Self::Redrive(redrive) => redrive.execute(at, reply),
        }
    }
}
