//! Topics, input, the pass-through limit, and the reader of published counters.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use benches::figures::Figure;
use benches::pace;
use benches::standing::Row;
use benches::usage;
use benches::workload::Workload;
use bytes::Bytes;
use contract::Proto as _;
use contract::proto::campaign::v1::CampaignStats;
use engine::{Output, Record, Topic, TopicPartition};
use kafka::{Kafka, Options};
use log::{Cleanup, Log as _, ReadLimit, TopicSpec, Transaction};

pub(crate) const PEER_STATUS: &str = "mailtally.peer-status.v1";
pub(crate) const PEER_STATS: &str = "mailtally.peer-stats.v1";
const PASSED: &str = "mailtally.passed.v1";
const EVENTS: &str = "mailtally.events.v1";
/// What the folds write and read again.
const FED: [&str; 4] =
    [EVENTS, "mailtally.contact-events.v1", "mailtally.campaign-partials.v1", "mailtally.correlations.v1"];
/// Between two looks at the broker.
const LOOK: Duration = Duration::from_millis(5);
/// How long nothing may change.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// A transaction of the pass-through.
const TRANSACTION: (Duration, usize) = (Duration::from_millis(100), 50_000);

/// Sent, delivered, bounced, dropped, opened, clicked, spam, by a campaign's key.
pub(crate) type Stats = BTreeMap<Bytes, [i64; 7]>;

/// Brokers with topics.
pub(crate) struct Site {
    pub(crate) servers: String,
    partitions: u32,
    kafka: Kafka,
}

impl Site {
    pub(crate) fn open(servers: &str, partitions: u32) -> Result<Self> {
        let kafka = Kafka::open(Options::new(servers, "mailtally"))?;
        for topic in [PEER_STATUS, PEER_STATS, PASSED] {
            let cleanup = Cleanup::Delete { retention_ms: None };
            kafka.create_topic(&TopicSpec { name: Topic::new(topic), partitions, cleanup })?;
        }
        Ok(Self { servers: servers.to_owned(), partitions, kafka })
    }

    /// The product's binary beside this one, for these brokers.
    pub(crate) fn mailtally(&self, data: &Path, role: &str) -> Command {
        let own = std::env::current_exe().unwrap_or_default().with_file_name("mailtally");
        let mut command = Command::new(own);
        command.arg(role).arg("--data").arg(data);
        for pair in [
            format!("kafka.bootstrap_servers={}", self.servers),
            format!("partitions={}", self.partitions),
            "listen=127.0.0.1:0".to_owned(),
            "log.level=warn".to_owned(),
            format!("address_key_file={}", data.with_file_name("address.key").display()),
        ] {
            command.arg("--set").arg(pair);
        }
        std::fs::write(data.with_file_name("address.key"), [7; 32]).ok();
        command
    }

    /// Appends the workload; records, and what every campaign must come to by the rule of `standing`.
    pub(crate) fn load(&self, seed: u64, messages: u64) -> Result<(u64, Stats)> {
        let (mut rows, mut waiting, mut count) = (BTreeMap::<Bytes, (Bytes, Row)>::new(), Vec::new(), 0_u64);
        for report in Workload::new(seed, messages) {
            let event = report.event(count / 4, u32::try_from(count % 4)?);
            let key = contract::key::message(&event.organisation, &event.message);
            let campaign = contract::key::campaign(&event.organisation, &report.names.campaign);
            rows.entry(key.clone()).or_insert_with(|| (campaign, Row::default())).1.fold(&event);
            let value = Bytes::from(contract::event::to_wire(&event).encode_to_vec());
            let partition = contract::key::partition(&key, self.partitions);
            let to = TopicPartition { topic: Topic::new(EVENTS), partition };
            let timestamp_ms = report.received_us / 1_000;
            let record = Record { key: Some(key), value: Some(value), timestamp_ms, ..Record::default() };
            waiting.push(Output { to, record });
            count += 1;
            if waiting.len() == 20_000 {
                self.kafka.append(std::mem::take(&mut waiting))?;
            }
        }
        self.kafka.append(waiting)?;
        let mut stats = Stats::new();
        for (campaign, row) in rows.into_values() {
            let [sent, _, delivered, bounced, _, _, _, _, dropped, opened, clicked, _, _, _, _, spam, ..] = row.share();
            let counters = stats.entry(campaign).or_default();
            let share = [sent, delivered, bounced, dropped, opened, clicked, spam];
            counters.iter_mut().zip(share).for_each(|(counter, one)| *counter += one);
        }
        Ok((count, stats))
    }

    /// Waits until the group of the folds has committed everything that they feed each other.
    pub(crate) fn drained(&self) -> Result<()> {
        for topic in FED {
            for partition in 0..self.partitions {
                let input = TopicPartition { topic: Topic::new(topic), partition };
                pace::until(&format!("{input} is folded"), SILENCE_MAX, || self.is_drained(&input))?;
            }
        }
        Ok(())
    }

    fn is_drained(&self, input: &TopicPartition) -> Result<bool> {
        let committed = self.kafka.committed("mailtally-processor", std::slice::from_ref(input))?;
        let from = committed.first().copied().flatten().unwrap_or(0);
        if from >= self.kafka.stable(input)? {
            return Ok(true);
        }
        // What is left may be the mark of a transaction.
        Ok(self.kafka.read(input, from, ReadLimit { records: 1, bytes: 1 })?.records.is_empty())
    }

    /// Appends events, each to its message's partition.
    pub(crate) fn send(&self, events: Vec<domain::Event>) -> Result<()> {
        let output = |event: domain::Event| {
            let key = contract::key::message(&event.organisation, &event.message);
            let partition = contract::key::partition(&key, self.partitions);
            let to = TopicPartition { topic: Topic::new(EVENTS), partition };
            let value = Some(Bytes::from(contract::event::to_wire(&event).encode_to_vec()));
            let timestamp_ms = event.time.micros() / 1_000;
            Output { to, record: Record { key: Some(key), value, timestamp_ms, ..Record::default() } }
        };
        self.kafka.append(events.into_iter().map(output).collect())?;
        Ok(())
    }

    /// Keys of a topic whose latest record has a value: the rows of the store that is restored from it.
    pub(crate) fn rows(&self, topic: &str) -> Result<u64> {
        let mut rows = BTreeSet::new();
        for partition in 0..self.partitions {
            let of = TopicPartition { topic: Topic::new(topic), partition };
            let (mut next, end) = (self.kafka.bounds(&of)?.start, self.kafka.stable(&of)?);
            while next < end {
                let read = self.kafka.read(&of, next, ReadLimit { records: 20_000, bytes: 8 << 20 })?;
                next = read.next;
                for record in read.records.into_iter().map(|stored| stored.record) {
                    match (record.key, record.value) {
                        (Some(key), Some(_)) => rows.insert(key.to_vec()),
                        (Some(key), None) => rows.remove(&key[..]),
                        (None, _) => false,
                    };
                }
            }
        }
        Ok(u64::try_from(rows.len())?)
    }

    pub(crate) fn watch(&self, topic: &str) -> Watch<'_> {
        let partitions = (0..self.partitions).map(|partition| TopicPartition { topic: Topic::new(topic), partition });
        let next = partitions.map(|partition| (partition, 0)).collect();
        Watch { site: self, next, seen: Stats::new(), own: topic != PEER_STATS }
    }
}

/// The committed rows of a stats topic, latest a key.
pub(crate) struct Watch<'a> {
    site: &'a Site,
    next: BTreeMap<TopicPartition, u64>,
    pub(crate) seen: Stats,
    own: bool,
}

impl Watch<'_> {
    /// Reads on until something holds.
    pub(crate) fn until(&mut self, holds: impl Fn(&Stats) -> bool) -> Result<()> {
        let mut news = Instant::now();
        while !holds(&self.seen) {
            let version = self.site.kafka.version();
            if self.read()? {
                news = Instant::now();
            } else if news.elapsed() > SILENCE_MAX {
                bail!("nothing new for {} s", SILENCE_MAX.as_secs());
            } else {
                self.site.kafka.wait(version, LOOK);
            }
        }
        Ok(())
    }

    /// Skips what is there already.
    pub(crate) fn forward(&mut self) -> Result<()> {
        for (partition, next) in &mut self.next {
            *next = self.site.kafka.stable(partition)?;
        }
        Ok(())
    }

    /// Takes what has come; whether anything had.
    pub(crate) fn read(&mut self) -> Result<bool> {
        let mut any = false;
        for (partition, next) in &mut self.next {
            let read = self.site.kafka.poll(partition, *next, ReadLimit { records: 10_000, bytes: 4 << 20 })?;
            *next = read.next;
            for record in read.records.into_iter().map(|stored| stored.record) {
                let (Some(key), Some(value)) = (record.key, record.value) else { continue };
                self.seen.insert(key, if self.own { own(value)? } else { peers(&value)? });
                any = true;
            }
        }
        Ok(any)
    }
}

fn own(value: Bytes) -> Result<[i64; 7]> {
    let all = CampaignStats::decode(value)?.counters.unwrap_or_default();
    let counters = [all.sent, all.delivered, all.bounced, all.dropped, all.opened, all.clicked, all.spam];
    Ok(counters.map(|counter| i64::try_from(counter).unwrap_or(i64::MAX)))
}

fn peers(value: &[u8]) -> Result<[i64; 7]> {
    let mut counters = [0; 7];
    for (counter, bytes) in counters.iter_mut().zip(value.chunks_exact(8)) {
        *counter = i64::from_be_bytes(bytes.try_into().context("eight bytes")?);
    }
    Ok(counters)
}

/// Reads every event and writes it elsewhere with its offset, in transactions, and does nothing else.
pub(crate) fn pass(servers: &str, partitions: u32, records: u64) -> Result<Figure> {
    let kafka =
        Kafka::open(Options { fetch_bytes: 64 << 20, queue_bytes: 64 << 20, ..Options::new(servers, "mailtally") })?;
    let mut producer = kafka.producer("bench-pass")?;
    let mut next: Vec<u64> = vec![0; usize::try_from(partitions)?];
    let (mut done, began) = (0, Instant::now());
    while done < records {
        let (mut outputs, opened) = (Vec::new(), Instant::now());
        while outputs.len() < TRANSACTION.1 && opened.elapsed() < TRANSACTION.0 && done < records {
            for (partition, next) in (0..partitions).zip(&mut next) {
                let from = TopicPartition { topic: Topic::new(EVENTS), partition };
                let read = kafka.poll(&from, *next, ReadLimit { records: 10_000, bytes: 8 << 20 })?;
                *next = read.next;
                done += u64::try_from(read.records.len())?;
                let to = TopicPartition { topic: Topic::new(PASSED), partition };
                outputs.extend(read.records.into_iter().map(|one| Output { to: to.clone(), record: one.record }));
            }
        }
        let offset = |(partition, next): (u32, &u64)| {
            ("bench-pass".to_owned(), TopicPartition { topic: Topic::new(EVENTS), partition }, *next)
        };
        let offsets = (0..partitions).zip(&next).map(offset).collect();
        producer.commit(Transaction { outputs, offsets }).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let cpu_seconds = usage::cpu_seconds()?;
    let peak_bytes = usage::peak_bytes()?;
    Ok(Figure { phase: "pass-through".to_owned(), seconds, cpu_seconds, peak_bytes, ..Figure::default() })
}
