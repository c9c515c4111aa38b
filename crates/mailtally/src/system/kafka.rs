//! Opens an installation whose log is Apache Kafka. Whoever folds has the data directory for itself: stores, key, lock. Whoever
//! asks is one client more and needs no directory at all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use contract::topic::Topic;
use engine::{Fold, TopicPartition};
use kafka::Kafka;
use log::Log as _;
use processor::memory::Memory;
use processor::settings::Settings;
use processor::topology::{FOLDS, topology};
use service::config::{self, Config};
use store::{Budget, Rocks};

use super::open::{options, settings};
use super::{Folds, Medium, System};
use crate::{directory, topics};

/// How long a group may be without a coordinator: another broker takes over for one that died.
const COORDINATOR_MAX: Duration = Duration::from_secs(30);
/// Between two questions for it.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Threads that produce besides a worker's: the intake's.
const OTHER_PRODUCERS: u32 = 1;

impl System {
    /// For commands: whatever is asked is answered from the topics; nothing is folded here.
    pub(super) fn to_ask_kafka(config: &Config, brokers: &config::Kafka) -> Result<Self> {
        let key_file = directory::Key::of(config);
        // Without the key everything can be asked but what is known by an address.
        let key = if key_file.path.exists() { key_file.make(true)? } else { Vec::new() };
        let memory = memory(config);
        let kafka = Kafka::open(client(config, brokers, &memory, &key))?;
        let partitions = topics::ready(&kafka, config, brokers)?;
        let settings = settings((&config.prefix, partitions), key, config, Vec::new());
        let system = Self::over(kafka, (config, brokers), settings, &memory, key_file);
        Ok(Self { folds: Folds::Elsewhere, ..system })
    }

    /// For a process that folds.
    pub(super) fn to_fold_kafka(config: &Config, brokers: &config::Kafka) -> Result<Self> {
        let lock = directory::take_for_kafka(&config.data)?;
        let key_file = directory::Key::of(config);
        let memory = memory(config);
        let known = if key_file.path.exists() { key_file.make(true)? } else { Vec::new() };
        let mut kafka = Kafka::open(client(config, brokers, &memory, &known))?;
        let partitions = topics::ready(&kafka, config, brokers)?;
        let key = if known.is_empty() {
            if holds(&kafka, config, partitions)? {
                bail!(
                    "{} is missing, and the topics hold addresses that were hashed under another instance's: set address_key_file to a copy of it",
                    key_file.path.display()
                );
            }
            let made = key_file.make(false)?;
            kafka = Kafka::open(client(config, brokers, &memory, &made))?;
            made
        } else {
            known
        };
        let budget = Budget { cache_bytes: memory.cache_bytes, memtable_bytes: memory.memtable_bytes };
        let stores = Arc::new(Rocks::new(&config.data.join("state"), budget)?);
        let settings = settings((&config.prefix, partitions), key, config, Vec::new());
        same_key(&kafka, &settings, &brokers.group)?;
        let system = Self::over(kafka, (config, brokers), settings, &memory, key_file);
        #[cfg(feature = "seeded-bugs")]
        let system = Self { log: super::seeded::log(Arc::clone(&system.log))?, ..system };
        Ok(Self { stores: Some(stores), _lock: Some(lock), ..system })
    }

    fn over(
        kafka: Kafka,
        (config, brokers): (&Config, &config::Kafka),
        settings: Arc<Settings>,
        memory: &Memory,
        key: directory::Key,
    ) -> Self {
        let kafka = Arc::new(kafka);
        Self {
            root: config.data.clone(),
            log: Arc::clone(&kafka) as Arc<dyn log::Log>,
            medium: Medium::Kafka(kafka, Box::new(brokers.clone())),
            stores: None,
            topology: topology(&settings),
            settings,
            options: options(config, memory),
            folds: Folds::AtRest,
            view: std::sync::OnceLock::new(),
            key: key.path,
            _lock: None,
        }
    }

    /// Why nobody folds: there is no member in the group.
    pub(super) fn nobody_folds(&self) -> Result<Option<String>> {
        let Medium::Kafka(kafka, brokers) = &self.medium else { return Ok(None) };
        let group = kafka.group(&brokers.group)?;
        Ok((group.members.is_empty() && group.state == "Empty").then(|| {
            let group = &brokers.group;
            format!("what was written is safe and not folded yet, since no process folds in group {group}: start `mailtally processor` (or run)")
        }))
    }
}

/// What reaches the brokers.
pub(crate) fn client(config: &Config, brokers: &config::Kafka, memory: &Memory, key: &[u8]) -> kafka::Options {
    let partitions = usize::try_from(config.partitions).unwrap_or(1);
    let producers = usize::try_from(config.workers.saturating_add(OTHER_PRODUCERS)).unwrap_or(1);
    kafka::Options {
        properties: brokers.properties(),
        group: brokers.group.clone(),
        replication: brokers.replication,
        min_insync_replicas: brokers.min_insync_replicas,
        fetch_bytes: memory.fetch_bytes,
        fetch_partitions: partitions.saturating_mul(FOLDS),
        queue_bytes: memory.queue_bytes / producers,
        transaction_timeout_ms: brokers.transaction_timeout_ms,
        session_timeout_ms: brokers.session_timeout_ms,
        key_fingerprint: fingerprint(key),
        ..kafka::Options::new(&brokers.bootstrap_servers, &config.prefix)
    }
}

/// The shares of the configured memory.
pub(crate) fn memory(config: &Config) -> Memory {
    let bytes = usize::try_from(config.memory_bytes).unwrap_or(usize::MAX);
    Memory::kafka(bytes, usize::try_from(config.partitions).unwrap_or(1) * FOLDS)
}

/// Says which key it is and nothing about it.
fn fingerprint(key: &[u8]) -> String {
    if key.is_empty() {
        return String::new();
    }
    let hash = contract::identity::event(&[b"key of the address hashes", key]);
    contract::json::hex(hash.0.get(..8).unwrap_or_default())
}

/// Refuses another key than the group has folded with, before it is joined: committed offsets carry the key's fingerprint.
fn same_key(kafka: &Kafka, settings: &Settings, group: &str) -> Result<()> {
    let of = |fold: Fold| {
        (0..settings.partitions).map(move |partition| TopicPartition { topic: fold.input.clone(), partition })
    };
    let inputs: Vec<TopicPartition> = topology(settings).folds.into_iter().flat_map(of).collect();
    let begun = Instant::now();
    loop {
        match kafka.check_key(group, &inputs) {
            // A group that nobody has asked for yet has no coordinator for a moment.
            Err(log::Error::Unavailable(_)) if begun.elapsed() < COORDINATOR_MAX => std::thread::sleep(LOOK_AGAIN),
            checked => return Ok(checked?),
        }
    }
}

/// Whether events stand in the topics: they hold hashes under some key already.
fn holds(kafka: &Kafka, config: &Config, partitions: u32) -> Result<bool> {
    for topic in [Topic::Events, Topic::ContactEvents, Topic::Private] {
        for partition in 0..partitions {
            let source = TopicPartition { topic: engine::Topic::new(&topic.name(&config.prefix)), partition };
            if kafka.bounds(&source)?.high_watermark > 0 {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
