//! `mailtally inspect message|campaign|contact|partition|unmatched`: one thing with everything that explains it, out of the
//! published topics. Looks keys up by passes over single partitions; see [`crate::scan`] for what bounds them.

mod campaign;
mod contact;
mod message;
mod partition;
mod unmatched;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::Format;
use crate::reply::Reply;
use crate::request::Place;
use crate::system::System;

/// What can be asked of `inspect`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) command: Inspect,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// One thing, and how it is shown.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub(crate) struct Inspect {
    #[command(subcommand)]
    what: What,
    /// How it is shown.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Debug, clap::Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    /// A message: its timeline, its status and why, its address.
    Message {
        /// The organisation's id.
        organisation: String,
        /// The message's id.
        message: String,
    },
    /// A campaign: its tiles, what adds up, each source's partial, its definition.
    Campaign {
        /// The organisation's id.
        organisation: String,
        /// The campaign's id.
        campaign: String,
    },
    /// A client, or an address: the states that hold, since when, why, and what lifts them.
    Contact {
        /// The organisation's id.
        organisation: String,
        /// The client's id, or an address.
        subject: String,
    },
    /// A partition: bounds, who reads it and how far, bytes of its topic.
    Partition {
        /// The topic: its full name, or the part between prefix and version.
        topic: String,
        /// The partition.
        partition: u32,
    },
    /// Events that wait for the send that names their message.
    Unmatched,
}

impl Inspect {
    /// Shows it. Exit code 1 when there is no such thing.
    pub(crate) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        match &self.what {
            What::Message { organisation, message } => message::show(at, organisation, message, self.format, reply),
            What::Campaign { organisation, campaign } => campaign::show(at, organisation, campaign, self.format, reply),
            What::Contact { organisation, subject } => contact::show(at, organisation, subject, self.format, reply),
            What::Partition { topic, partition } => partition::show(at, topic, *partition, self.format, reply),
            What::Unmatched => unmatched::show(at, self.format, reply),
        }
    }
}

/// Says that there is no such thing, and how to find one.
fn absent(reply: &mut Reply<'_>, what: &str, how: &str) -> Result<u8> {
    writeln!(reply.notes, "mailtally: there is no {what}: {how}")?;
    Ok(1)
}
