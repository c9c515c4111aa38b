//! Mailtally over a bench's input: the real embedded log, the real stores, the real folds, as `mailtally run` wires them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use contract::Proto as _;
use contract::proto::campaign::v1::CampaignStats;
use contract::topic::{Cleanup, Topic};
use embedded::{Embedded, Shared};
use engine::{Output, Record, State, TaskId, TopicPartition};
use log::{Log, ReadLimit, TopicSpec};
use processor::accounts::{Account, Accounts};
use processor::driver::{Observation, Worker};
use processor::memory::Memory;
use processor::settings::Settings;
use processor::topology::{processor, topology};
use store::{Rocks, Stores};

use crate::figures::Numbers;
use crate::input::Reader;
use crate::pace::Pace;
use crate::plan::ORGANISATIONS;
use crate::standing::{COUNTERS, Share};
use crate::usage;
use crate::workload::{Report, Workload};

/// Partitions of every topic, as of a new data directory of the product.
const PARTITIONS: u32 = 4;
/// Bytes that a round of upkeep reads, and the rest after it: as in the product.
const UPKEEP_BYTES: u64 = 8 << 20;
/// See [`UPKEEP_BYTES`].
const UPKEEP_BREATH: Duration = Duration::from_millis(50);
/// Between two appends of a steady rate, as an intake gathers what comes within a moment.
const GATHERED: Duration = Duration::from_millis(10);
/// How long the folds may say nothing.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// A data directory of a bench.
pub struct System {
    root: PathBuf,
    workers: u32,
    memory: Memory,
    stores: Arc<Rocks>,
    log: Arc<Embedded>,
    settings: Arc<Settings>,
}

/// How far a settled system is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settled {
    /// Records with a disposition, by no fold in particular.
    pub records: u64,
    /// Transactions.
    pub commits: u64,
}

impl System {
    /// Opens or makes one, to be folded by so many workers; `memory_bytes` as in the configuration.
    ///
    /// # Errors
    /// What the log says.
    pub fn open(root: &Path, workers: u32, memory_bytes: usize) -> Result<Self> {
        let memory = Memory::of(memory_bytes, usize::try_from(PARTITIONS)? * processor::topology::FOLDS);
        let shared = Shared::new(memory.cache_bytes, memory.memtable_bytes);
        let stores = Rocks::sharing(&root.join("state"), &shared.cache, &shared.write_buffers)?;
        let options =
            embedded::Options { tail_bytes: memory.tail_bytes, shared: Some(shared), ..embedded::Options::default() };
        let log = Embedded::open(root.join("log"), options)?;
        let account = Account { organisations: ORGANISATIONS.map(str::to_owned).into(), ..Account::default() };
        let accounts = Accounts::from([(("sendgrid".to_owned(), "main".to_owned()), account)]);
        let settings = Settings::with_accounts("mailtally", PARTITIONS, b"bench".to_vec(), accounts);
        for topic in Topic::ALL {
            let cleanup = match topic.cleanup() {
                Cleanup::Delete(retention_ms) => log::Cleanup::Delete { retention_ms },
                Cleanup::Compact(tombstone_ms) => log::Cleanup::Compact { tombstone_ms },
            };
            log.create_topic(&TopicSpec { name: settings.topic(topic), partitions: PARTITIONS, cleanup })?;
        }
        let workers = workers.clamp(1, PARTITIONS);
        Ok(Self { root: root.to_owned(), workers, memory, stores: Arc::new(stores), log: Arc::new(log), settings })
    }

    /// Appends the input in batches and folds beside it until everything is folded; records appended, and the rest.
    ///
    /// # Errors
    /// What log, stores or a fold say.
    pub fn fold(&self, input: &Path, batch: usize) -> Result<(u64, Settled)> {
        let mut reader = Reader::open(input)?;
        let fed = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let feeder = scope.spawn(|| {
                let appended = self.feed(&mut reader, batch);
                fed.store(true, Ordering::Release);
                appended
            });
            let settled = self.settle(batch, || fed.load(Ordering::Acquire));
            let appended = feeder.join().map_err(|_| anyhow!("the feeder panicked"))??;
            Ok((appended, settled?))
        })
    }

    /// Appends events of a workload, so many a second, until `stop`; how many came. Where the log is slower, it has what comes in time.
    ///
    /// # Errors
    /// What the log says.
    pub fn pace(&self, reports: Workload, per_second: u64, stop: &AtomicBool) -> Result<u64> {
        let (mut reports, mut pace) = (reports.zip(0..), Pace::of(per_second, GATHERED));
        while !stop.load(Ordering::Acquire) {
            let due = usize::try_from(pace.due(u64::MAX))?;
            let outputs: Vec<Output> =
                reports.by_ref().take(due).map(|(one, place)| self.output(&one, place)).collect();
            if !outputs.is_empty() {
                self.log.append(outputs)?;
            }
        }
        Ok(pace.given())
    }

    fn output(&self, report: &Report, place: u64) -> Output {
        let event = report.event(place / 4, u32::try_from(place % 4).unwrap_or_default());
        let key = contract::key::message(&event.organisation, &event.message);
        let value = contract::event::to_wire(&event).encode_to_vec();
        let to = self.settings.partition_of(Topic::Events, &key);
        let timestamp_ms = report.received_us / 1_000;
        Output { to, record: Record { key: Some(key), value: Some(value.into()), timestamp_ms, ..Record::default() } }
    }

    fn feed(&self, reader: &mut Reader, batch: usize) -> Result<u64> {
        let mut appended = 0;
        loop {
            let records = reader.batch(batch)?;
            if records.is_empty() {
                return Ok(appended);
            }
            appended += u64::try_from(records.len())?;
            let output = |(topic, record): (Topic, Record)| {
                let key = record.key.clone().unwrap_or_default();
                Output { to: self.settings.partition_of(topic, &key), record }
            };
            self.log.append(records.into_iter().map(output).collect())?;
        }
    }

    /// Runs the folds until every record is folded and `ended` says that no more will come; upkeep goes on beside them, as in
    /// `mailtally run`.
    ///
    /// # Errors
    /// What log, stores or a fold say.
    pub fn settle(&self, batch: usize, ended: impl Fn() -> bool) -> Result<Settled> {
        std::thread::scope(|scope| {
            let (stop, stopped) = channel();
            let upkeep = scope.spawn(move || self.upkeep(&stopped));
            let settled = self.watch(batch, ended);
            drop(stop);
            upkeep.join().map_err(|_| anyhow!("upkeep panicked"))??;
            settled
        })
    }

    fn watch(&self, batch: usize, ended: impl Fn() -> bool) -> Result<Settled> {
        let (say, said) = channel::<(u32, Observation)>();
        let start = |place| self.worker(place, batch, say.clone())?.spawn().map_err(anyhow::Error::msg);
        let running = (0..self.workers).map(start).collect::<Result<Vec<_>>>()?;
        let (mut settled, mut idle_at) = (Settled::default(), BTreeMap::new());
        loop {
            // Asked before the version is read: what was appended by then is in it.
            let all_there = ended();
            let (place, observation) = said.recv_timeout(SILENCE_MAX).context("the folds went silent")?;
            settled.records += observation.counts.dispositions.values().sum::<u64>();
            settled.commits += observation.counts.commits;
            if let Some((task, State::Stalled(why))) =
                observation.states.iter().find(|(_, state)| matches!(state, State::Stalled(_)))
            {
                bail!("partition {} of fold {} stopped: {why}", task.partition, task.fold);
            }
            idle_at.insert(place, observation.idle_at);
            let version = Some(self.log.version());
            if all_there && (0..self.workers).all(|place| idle_at.get(&place) == Some(&version)) {
                drop(said);
                running.into_iter().try_for_each(|worker| worker.stop().map_err(anyhow::Error::msg))?;
                return Ok(settled);
            }
        }
    }

    fn worker(&self, place: u32, batch: usize, say: Sender<(u32, Observation)>) -> Result<Worker> {
        let topology = topology(&self.settings);
        let folds = u8::try_from(topology.folds.len())?;
        let own = (0..PARTITIONS).filter(|partition| partition % self.workers == place);
        let tasks = (0..folds).flat_map(|fold| own.clone().map(move |partition| TaskId { fold, partition }));
        let tasks = tasks.filter_map(|task| Some((task, processor(&self.settings, task)?))).collect();
        Ok(Worker {
            name: format!("processor-{place}"),
            log: Arc::clone(&self.log) as Arc<dyn Log>,
            stores: Arc::clone(&self.stores) as Arc<dyn Stores>,
            topology,
            options: engine::Options {
                batch_records_max: batch,
                rows_bytes_max: self.memory.rows_bytes,
                ..engine::Options::default()
            },
            tasks,
            observe: Box::new(move |observation| {
                // The listener goes first when the folds are to stop.
                say.send((place, observation)).ok();
            }),
        })
    }

    /// Until the other end of the channel goes.
    fn upkeep(&self, stopped: &Receiver<()>) -> Result<()> {
        loop {
            // The input's own time: by the clock's, retention would take its intakes away.
            let more = self.log.maintain(crate::workload::BEGIN_US / 1_000, UPKEEP_BYTES)?.more;
            // As in `run`: upkeep without a pause would take the folds' time, and nothing tells when there is more to do.
            let pause = if more { UPKEEP_BREATH } else { 10 * UPKEEP_BREATH };
            if stopped.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
                return Ok(());
            }
        }
    }

    /// The published counters of every campaign: the latest row of each.
    ///
    /// # Errors
    /// What the log says.
    pub fn numbers(&self) -> Result<Numbers> {
        let mut numbers = BTreeMap::new();
        for partition in 0..PARTITIONS {
            let at = TopicPartition { topic: self.settings.topic(Topic::CampaignStats), partition };
            let (mut next, end) = (self.log.bounds(&at)?.start, self.log.bounds(&at)?.high_watermark);
            while next < end {
                let read = self.log.read(&at, next, ReadLimit { records: 10_000, bytes: 8 << 20 })?;
                next = read.next;
                for value in read.records.into_iter().filter_map(|stored| stored.record.value) {
                    let row = CampaignStats::decode(value)?;
                    numbers.insert((row.organisation.clone(), row.campaign.clone()), share(&row)?);
                }
            }
        }
        Ok(numbers)
    }

    /// Bytes of the stores on disk.
    pub fn state_bytes(&self) -> u64 {
        usage::bytes_below(&self.root.join("state"))
    }

    /// Bytes of the log on disk.
    pub fn log_bytes(&self) -> u64 {
        self.log.bytes_on_disk()
    }
}

/// The numbers of a published row, by the field names of `proto/`.
fn share(row: &CampaignStats) -> Result<Share> {
    let counters = row.counters.clone().unwrap_or_default();
    let json = contract::json::value("mailtally.campaign.v1.Counters", &counters.encode_to_vec())?;
    let mut share = Share::default();
    for (count, name) in share.iter_mut().zip(COUNTERS) {
        let read = json.get(name).and_then(serde_json::Value::as_i64);
        *count = read.with_context(|| format!("no counter {name} in a campaign's row"))?;
    }
    Ok(share)
}
