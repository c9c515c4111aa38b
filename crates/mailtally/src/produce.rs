//! `mailtally produce`: platform events into the intake, then through the folds.

use std::path::PathBuf;

use anyhow::Result;
use contract::Proto as _;
use contract::proto::platform::v1::PlatformEvent;
use contract::topic::Topic;
use engine::{Output, Record, TopicPartition};
use serde::{Deserialize, Serialize};

use crate::check;
use crate::reply::Reply;
use crate::request::Place;
use crate::system::{System, now_ms};

/// Records of one append.
const APPEND_RECORDS_MAX: usize = 5_000;

/// What can be asked of `produce`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A file with one JSON object a line, or - for standard input.
    file: PathBuf,
    #[command(flatten)]
    pub(crate) place: Place,
}

impl Arguments {
    /// Reads the lines.
    pub(crate) fn request(&self) -> Result<Produce> {
        Ok(Produce { lines: check::lines(&self.file)?.collect::<Result<_, _>>()? })
    }
}

/// Platform events, as JSON lines.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Produce {
    lines: Vec<String>,
}

impl Produce {
    /// Writes the good lines; a bad one is named with its remedy and makes the exit code 1.
    pub(crate) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        let (mut good, mut refused) = (Vec::new(), 0_u64);
        for (number, line) in (1_u64..).zip(&self.lines) {
            match check::verdict(line.as_bytes()) {
                Ok(event) => good.push(event),
                Err(why) => {
                    refused += 1;
                    writeln!(reply.notes, "{number}: {why}")?;
                }
            }
        }
        append(at, &good, now_ms())?;
        at.settle(reply.progress)?;
        writeln!(reply.notes, "{} events written and folded, {refused} refused", good.len())?;
        Ok(u8::from(refused > 0))
    }
}

/// Appends events to the intake, spread over its partitions.
pub(crate) fn append(system: &System, events: &[PlatformEvent], received_ms: i64) -> Result<()> {
    for chunk in events.chunks(APPEND_RECORDS_MAX) {
        let output = |(event, n): (&PlatformEvent, usize)| output(system, event, n, received_ms);
        system.log.append(chunk.iter().zip(0..).map(output).collect())?;
    }
    Ok(())
}

/// The `n`-th event as a record of the intake.
pub(crate) fn output(system: &System, event: &PlatformEvent, n: usize, received_ms: i64) -> Output {
    let topic = system.settings.topic(Topic::Platform);
    let place = u32::try_from(n).unwrap_or(0).checked_rem(system.settings.partitions).unwrap_or(0);
    Output {
        to: TopicPartition { topic, partition: place },
        record: Record { value: Some(event.encode_to_vec().into()), timestamp_ms: received_ms, ..Record::default() },
    }
}
