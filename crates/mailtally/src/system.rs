//! A data directory: the embedded log, the stores, the installation's key, and the folds over them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use contract::topic::{Cleanup, Topic};
use embedded::Embedded;
use engine::{Offset, State, Stored, TaskId, TopicPartition};
use log::{Log, ReadLimit, TopicDescription, TopicSpec};
use processor::accounts::{Account, Accounts};
use processor::breaker::Bounds;
use processor::driver::{Observation, Worker};
use processor::memory::Memory;
use processor::settings::Settings;
use processor::topology::{processor, topology};
use service::config::{self, Config};
use service::health::Board;
use store::{Rocks, Stores};

use crate::directory;
use crate::reply::Progress;
use crate::restore;

/// How long the folds may say nothing.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Rounds of looking at every fold: what is there when a wait begins has gone round the folds by then, whatever comes after it.
const ROUNDS_MAX: usize = 6;
/// How often live folds are looked at when the log is quiet.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// An open data directory.
pub(crate) struct System {
    pub(crate) root: PathBuf,
    pub(crate) log: Arc<dyn Log>,
    /// The same log, for what only the embedded one can do: backups, upkeep, its space on disk.
    pub(crate) embedded: Arc<Embedded>,
    pub(crate) stores: Arc<Rocks>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) options: engine::Options,
    pub(crate) folds: Folds,
}

/// Who folds.
pub(crate) enum Folds {
    /// Nobody, until [`System::settle`] is asked.
    AtRest,
    /// A live `run`; its board says where every task is.
    Live(Arc<Board>),
}

impl System {
    /// Opens a data directory, or makes it, as configured; with accounts besides those of the configuration.
    pub(crate) fn open_as(config: &Config, accounts: Accounts) -> Result<Self> {
        Self::open_accepting(config, accounts, false)
    }

    /// The same, and goes on without what a damage report lists if the loss is accepted.
    pub(crate) fn open_accepting(config: &Config, accounts: Accounts, accept_loss: bool) -> Result<Self> {
        let root = &config.data;
        restore::refuse_unfinished(root)?;
        directory::take(root)?;
        let memory = memory(config);
        let log_options = embedded::Options {
            accept_loss,
            tail_bytes: memory.tail_bytes,
            shared: Some(embedded::Shared::new(memory.cache_bytes, memory.memtable_bytes)),
            ..embedded::Options::default()
        };
        let shared = log_options.shared.clone().context("memory that log and stores share")?;
        let log = Arc::new(Embedded::open(root.join("log"), log_options)?);
        let made = log.topics()?;
        let (prefix, partitions) = layout(config, &made)?;
        let bound = config.accounts.iter().map(account).chain(accounts).collect();
        let key = directory::key(root, !made.is_empty())?;
        let settings = Settings::with_json(&prefix, partitions, key, bound, config.json_topics);
        let config::Breaker { percent, records, stops } = config.breaker;
        settings.breakers.set(Bounds { percent, records, stops });
        log.retain(ages(config, &settings));
        for topic in Topic::ALL {
            let cleanup = match topic.cleanup() {
                Cleanup::Delete(retention_ms) => log::Cleanup::Delete { retention_ms },
                Cleanup::Compact(tombstone_ms) => log::Cleanup::Compact { tombstone_ms },
            };
            log.create_topic(&TopicSpec { name: settings.topic(topic), partitions, cleanup })?;
        }
        let stores = Arc::new(Rocks::sharing(&root.join("state"), &shared.cache, &shared.write_buffers)?);
        let options = engine::Options {
            batch_records_max: config.commit.records,
            batch_bytes_max: config.commit.bytes,
            linger_ms: config.commit.linger_ms,
            rows_bytes_max: memory.rows_bytes,
            ..engine::Options::default()
        };
        let embedded = Arc::clone(&log);
        Ok(Self { root: root.clone(), log, embedded, stores, settings, options, folds: Folds::AtRest })
    }

    /// Returns when every record that is there now is folded.
    pub(crate) fn settle(&self, tell: &mut dyn FnMut(Progress)) -> Result<()> {
        match &self.folds {
            Folds::AtRest => self.fold_all(tell),
            Folds::Live(board) => self.wait(board, tell),
        }
    }

    /// Runs the folds until every record is folded.
    fn fold_all(&self, tell: &mut dyn FnMut(Progress)) -> Result<()> {
        let (say, said) = channel::<Observation>();
        let observe = Box::new(move |observation| {
            // The listener goes first when the folds are to stop.
            say.send(observation).ok();
        });
        let running = self.worker(0, 1, observe).spawn().map_err(anyhow::Error::msg)?;
        let mut done = 0;
        loop {
            let Ok(observation) = said.recv_timeout(SILENCE_MAX) else {
                return running.stop().map_err(anyhow::Error::msg).context("the folds went silent");
            };
            done += observation.counts.dispositions.values().sum::<u64>();
            tell(Progress { what: "folding", done, of: None });
            if let Some((task, State::Stalled(why))) = observation.states.iter().find(|(_, state)| is_stalled(state)) {
                bail!("partition {} of fold {} stopped: {why}", task.partition, task.fold);
            }
            if observation.idle_at == Some(self.log.version()) {
                return running.stop().map_err(anyhow::Error::msg);
            }
        }
    }

    /// Waits until the live folds have committed what is there now, and what they make of it: the folds feed each other in a
    /// circle (an unsubscribe goes from a message to its client's register and back), so it looks again until nothing is left.
    fn wait(&self, board: &Board, tell: &mut dyn FnMut(Progress)) -> Result<()> {
        for _ in 0..ROUNDS_MAX {
            let mut waited = false;
            for fold in topology(&self.settings).folds {
                for partition in 0..self.settings.partitions {
                    let input = TopicPartition { topic: fold.input.clone(), partition };
                    waited |= self.wait_for(fold.name, &input, board, tell)?;
                }
            }
            if !waited {
                break;
            }
        }
        Ok(())
    }

    /// Waits until a fold has committed what its input holds now; whether there was anything to wait for.
    fn wait_for(
        &self,
        fold: &str,
        input: &TopicPartition,
        board: &Board,
        tell: &mut dyn FnMut(Progress),
    ) -> Result<bool> {
        let end = self.log.bounds(input)?.high_watermark;
        let mut seen = self.log.version();
        for looks in 0.. {
            let committed = self.log.committed(fold, std::slice::from_ref(input))?;
            let done = committed.first().copied().flatten().unwrap_or(0);
            if done >= end {
                return Ok(looks > 0);
            }
            tell(Progress { what: "folding", done, of: Some(end) });
            if let Some(why) = stopped(board) {
                bail!("{why}");
            }
            seen = self.log.wait(seen, LOOK_AGAIN);
        }
        Ok(true)
    }

    /// The `place`-th of `of` workers, with its share of the partitions of every fold.
    pub(crate) fn worker(&self, place: u32, of: u32, observe: Box<dyn FnMut(Observation) + Send>) -> Worker {
        let own = self.tasks().filter(|task| task.partition % of.max(1) == place);
        Worker {
            name: format!("processor-{place}"),
            log: Arc::clone(&self.log),
            stores: Arc::clone(&self.stores) as Arc<dyn Stores>,
            topology: topology(&self.settings),
            options: self.options.clone(),
            tasks: own.filter_map(|task| Some((task, processor(&self.settings, task)?))).collect(),
            observe,
        }
    }

    /// Every task of the installation, in flow order.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = TaskId> + use<> {
        let partitions = self.settings.partitions;
        let folds = 0..u8::try_from(topology(&self.settings).folds.len()).unwrap_or(u8::MAX);
        folds.flat_map(move |fold| (0..partitions).map(move |partition| TaskId { fold, partition }))
    }

    /// Every record of a topic from an offset of each partition on, partition by partition.
    pub(crate) fn each(
        &self,
        topic: Topic,
        from: Offset,
        mut take: impl FnMut(u32, Stored) -> Result<()>,
    ) -> Result<()> {
        for partition in 0..self.settings.partitions {
            let source = TopicPartition { topic: self.settings.topic(topic), partition };
            let mut next = from.max(self.log.bounds(&source)?.start);
            while next < self.log.bounds(&source)?.high_watermark {
                let read = self.log.read(&source, next, ReadLimit { records: 10_000, bytes: 8 << 20 })?;
                next = read.next;
                read.records.into_iter().try_for_each(|stored| take(partition, stored))?;
            }
        }
        Ok(())
    }
}

/// Prefix and number of partitions: those that the directory was made with, which no configuration changes in place.
fn layout(config: &Config, topics: &[TopicDescription]) -> Result<(String, u32)> {
    let suffix = Topic::Platform.name("");
    let made =
        topics.iter().find_map(|topic| Some((topic.spec.name.name().strip_suffix(&suffix)?, topic.spec.partitions)));
    let Some((prefix, partitions)) = made else { return Ok((config.prefix.clone(), config.partitions)) };
    let refuse = |key, made: &dyn std::fmt::Display| {
        config.problem(
            key,
            &format!("is not what {} was made with: keep {made}, or begin a new data directory", config.data.display()),
        )
    };
    if config.is_given("prefix") && config.prefix != prefix {
        bail!(refuse("prefix", &prefix));
    }
    if config.is_given("partitions") && config.partitions != partitions {
        bail!(refuse("partitions", &partitions));
    }
    Ok((prefix.to_owned(), partitions))
}

fn account(configured: &config::Account) -> ((String, String), Account) {
    let account = Account { organisations: configured.organisations.clone(), mapping: configured.mapping.clone() };
    ((configured.provider.clone(), configured.name.clone()), account)
}

/// Ages at which records go, as configured.
fn ages(config: &Config, settings: &Settings) -> BTreeMap<engine::Topic, i64> {
    let kept = &config.retention;
    [
        (Topic::Platform, kept.intake_ms),
        (Topic::Webhooks, kept.intake_ms),
        (Topic::Correlations, kept.correlations_ms),
        (Topic::DeadLetters, kept.dead_letters_ms),
    ]
    .map(|(topic, age)| (settings.topic(topic), age))
    .into()
}

/// The shares of the configured memory.
fn memory(config: &Config) -> Memory {
    let bytes = usize::try_from(config.memory_bytes).unwrap_or(usize::MAX);
    Memory::of(bytes, usize::try_from(config.partitions).unwrap_or(1) * processor::topology::FOLDS)
}

/// Now, in milliseconds since the Unix epoch: the receipt time of what is produced.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Which task has stopped, and why.
fn stopped(board: &Board) -> Option<String> {
    let report = board.report(now_ms());
    let stalled = report.tasks.into_iter().find(|task| task.state == "stalled");
    let words = stalled.map(|task| {
        let why = task.why.unwrap_or_default();
        format!("partition {} of fold {} stopped: {why}", task.partition, task.fold)
    });
    report.failed.or(words)
}

fn is_stalled(state: &State) -> bool {
    matches!(state, State::Stalled(_))
}
