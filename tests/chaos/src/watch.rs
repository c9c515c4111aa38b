//! A reader of the published topics, read-committed, beside everything that happens: no row that it ever sees may break a rule,
//! and nothing may go back. It has a client of its own, none of the adapter's code.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use contract::proto::campaign::v1::{CampaignPartial, CampaignStats};
use contract::topic::Topic;
use contract::{header, key};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::{Offset as Position, TopicPartitionList};

use crate::input::Numbers;
use crate::row;
use crate::site::partitions;

/// What is read: rows of every fold that has some, and its partials.
const WATCHED: [Topic; 6] = [
    Topic::MessageStatus,
    Topic::CampaignPartials,
    Topic::CampaignStats,
    Topic::ContactState,
    Topic::CorrelationState,
    Topic::DeadLetters,
];
/// How long one look waits for news.
const LOOK: Duration = Duration::from_millis(100);
/// Broken rules that are kept.
const KEPT: usize = 20;

/// What the reader has seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sight {
    /// The latest counters of each campaign.
    pub(crate) numbers: Numbers,
    /// Rows read, by topic.
    pub(crate) rows: BTreeMap<String, u64>,
    /// Dead letters among them.
    pub(crate) dead_letters: u64,
    /// Rules that a row broke.
    pub(crate) broken: u64,
    /// The first of them.
    pub(crate) first_broken: Vec<String>,
    /// Of each partition of a state topic, the next offset of its input that its last row reflects.
    sources: BTreeMap<(String, i32), u64>,
    /// Of each partition of message-status, the transactions: first and last offset, and the next offset of the input.
    pub(crate) batches: BTreeMap<i32, Vec<(i64, i64, u64)>>,
    /// Of each campaign and source, the version of the last partial, in its own topic and inside the rows.
    partials: BTreeMap<Place, (u32, u64, u32)>,
}

/// Where a partial stands (in its own topic or in a row), its campaign's key, its source.
type Place = (&'static str, Vec<u8>, String);

/// The reader.
#[derive(Default)]
pub(crate) struct Watch {
    sight: Mutex<Sight>,
    over: AtomicBool,
}

impl Watch {
    /// Reads until it is told to end.
    pub(crate) fn read(&self, servers: &str) -> Result<()> {
        let consumer = reader(servers, "read_committed", &WATCHED)?;
        while !self.over.load(Ordering::Acquire) {
            match consumer.poll(LOOK) {
                Some(Ok(message)) => self.lock().take(&message),
                // Brokers are taken away; an offset that is gone is no such thing.
                Some(Err(error)) if error.to_string().contains("OffsetReset") => return Err(error.into()),
                Some(Err(_)) | None => {}
            }
        }
        Ok(())
    }

    /// What it has seen so far.
    pub(crate) fn now(&self) -> Sight {
        self.lock().clone()
    }

    /// Something of what it has seen so far.
    pub(crate) fn with<T>(&self, of: impl FnOnce(&Sight) -> T) -> T {
        of(&self.lock())
    }

    /// Ends the reading.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Release);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Sight> {
        self.sight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A consumer of these topics from their beginning.
pub(crate) fn reader(servers: &str, isolation: &str, topics: &[Topic]) -> Result<BaseConsumer> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", servers).set("group.id", "chaos-watch").set("enable.auto.commit", "false");
    config.set("isolation.level", isolation).set("auto.offset.reset", "error");
    config.set("reconnect.backoff.max.ms", "500").set("fetch.wait.max.ms", "100").set("check.crcs", "true");
    config.set("enable.partition.eof", "true");
    config.set("queued.max.messages.kbytes", "16384");
    let consumer: BaseConsumer = config.create()?;
    let mut list = TopicPartitionList::new();
    for of in topics.iter().copied().flat_map(partitions) {
        list.add_partition_offset(of.topic.name(), i32::try_from(of.partition)?, Position::Offset(0))?;
    }
    consumer.assign(&list)?;
    Ok(consumer)
}

/// The next offset of the input that a row reflects.
pub(crate) fn reflected(message: &BorrowedMessage<'_>) -> Result<u64> {
    let headers = message.headers().context("a row without headers")?;
    let source = headers.iter().find(|header| header.key == header::SOURCE).and_then(|header| header.value);
    let source = std::str::from_utf8(source.context("a row that does not say what it reflects")?)?;
    Ok(source.rsplit_once('@').context(source.to_owned())?.1.parse()?)
}

impl Sight {
    fn take(&mut self, message: &BorrowedMessage<'_>) {
        let topic = message.topic().to_owned();
        *self.rows.entry(topic.clone()).or_default() += 1;
        let short = WATCHED.into_iter().find(|known| known.name(crate::site::PREFIX) == topic);
        let (name, value) = (message.key().unwrap_or_default(), message.payload().unwrap_or_default());
        let checked = match short {
            Some(Topic::DeadLetters) => {
                self.dead_letters += 1;
                Ok(())
            }
            Some(Topic::CampaignPartials) => self.partial(name, value),
            Some(Topic::CampaignStats) => self.source(message).and_then(|()| self.stats(name, value)),
            _ => self.source(message),
        };
        if let Err(why) = checked {
            self.broken += 1;
            if self.first_broken.len() < KEPT {
                let (partition, offset) = (message.partition(), message.offset());
                self.first_broken.push(format!("{topic}/{partition}@{offset}: {why:#}"));
            }
        }
    }

    /// Rows of one partition reflect ever more of its input: a transaction of somebody who had lost it, or one that was made
    /// twice, would go back.
    fn source(&mut self, message: &BorrowedMessage<'_>) -> Result<()> {
        let next = reflected(message)?;
        let last = self.sources.entry((message.topic().to_owned(), message.partition())).or_default();
        anyhow::ensure!(next >= *last, "it reflects its input below {next}, after one that did below {last}");
        *last = next;
        if message.topic() == Topic::MessageStatus.name(crate::site::PREFIX) {
            let (batches, offset) = (self.batches.entry(message.partition()).or_default(), message.offset());
            match batches.last_mut() {
                Some((_, end, of)) if *of == next => *end = offset,
                _ => batches.push((offset, offset, next)),
            }
        }
        Ok(())
    }

    fn stats(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        let stats: CampaignStats = contract::decode("CampaignStats", value)?;
        let [organisation, campaign] = key::strings::<2>(name).context("a key that is not canonical")?;
        let counters = row::stats(&stats).map_err(anyhow::Error::msg)?;
        self.numbers.insert((organisation.to_owned(), campaign.to_owned()), counters);
        for held in stats.sources {
            let Some(partial) = held.partial else { continue };
            self.version("row", name, held.source, &partial, false)?;
        }
        Ok(())
    }

    fn partial(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        let partial: CampaignPartial = contract::decode("CampaignPartial", value)?;
        row::partial(&partial).map_err(anyhow::Error::msg)?;
        self.version("partial", name, String::new(), &partial, true)
    }

    /// A source's version never goes back; in its own topic no version comes twice.
    fn version(
        &mut self,
        of: &'static str,
        name: &[u8],
        source: String,
        is: &CampaignPartial,
        once: bool,
    ) -> Result<()> {
        let version = (is.generation, is.offset, is.fold_version);
        let last = self.partials.entry((of, name.to_vec(), source)).or_insert((0, 0, 0));
        let good = if once { version > *last } else { version >= *last };
        anyhow::ensure!(good, "version {version:?} after {last:?}");
        *last = version;
        Ok(())
    }
}
