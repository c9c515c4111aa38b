//! `mailtally produce`: platform events into the intake, then through the folds.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use contract::Proto as _;
use contract::proto::platform::v1::PlatformEvent;
use contract::topic::Topic;
use engine::{Output, Record, TopicPartition};

use crate::system::{System, now_ms};
use crate::{check, demo};

/// Records of one append.
const APPEND_RECORDS_MAX: usize = 5_000;

/// Writes the good lines; a bad one is named with its remedy and makes the exit code 1.
pub(crate) fn run(file: &Path, data: &Path) -> Result<ExitCode> {
    let system = System::open(data)?;
    let (mut good, mut refused) = (Vec::new(), 0_u64);
    for (number, line) in (1_u64..).zip(check::lines(file)?) {
        match check::verdict(line?.as_bytes()) {
            Ok(event) => good.push(event),
            Err(why) => {
                refused += 1;
                eprintln!("{number}: {why}");
            }
        }
    }
    append(&system, &good, now_ms())?;
    system.settle(demo::progress)?;
    eprintln!("{} events written and folded, {refused} refused", good.len());
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
