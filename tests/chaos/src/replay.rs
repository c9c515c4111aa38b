//! How much was folded twice: transactions of message-status that came to nothing, by the offsets of their input.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail};
use contract::topic::Topic;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;

use crate::site::PARTITIONS;
use crate::watch::{Sight, reader, reflected};

/// How long nothing may come.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Of every transaction that was aborted, by whatever fault, the records of a partition of events that it had folded and that were
/// folded again. Those that were folded over it, and had not begun to be written, leave no trace: they are at most as many.
pub(crate) fn replayed(servers: &str, sight: &Sight) -> Result<Vec<u64>> {
    let consumer: BaseConsumer = reader(servers, "read_uncommitted", &[Topic::MessageStatus])?;
    let (mut ended, mut seen, mut replayed) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    while ended.len() < usize::try_from(PARTITIONS)? {
        match consumer.poll(SILENCE_MAX) {
            Some(Ok(message)) => {
                let (partition, next) = (message.partition(), reflected(&message)?);
                let batches = sight.batches.get(&partition).map_or(&[][..], Vec::as_slice);
                let before = batches.partition_point(|(first, ..)| *first <= message.offset());
                let before = before.checked_sub(1).and_then(|at| batches.get(at));
                let is_committed = before.is_some_and(|(_, last, of)| message.offset() <= *last && next == *of);
                let from = before.map_or(0, |(.., next)| *next);
                if !is_committed && next > from && seen.insert((partition, from, next)) {
                    replayed.push(next - from);
                }
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                ended.insert(partition);
            }
            Some(Err(error)) => return Err(error.into()),
            None => bail!("message-status could not be read to its end"),
        }
    }
    replayed.sort_unstable();
    Ok(replayed)
}
