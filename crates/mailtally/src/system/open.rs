//! Opens an installation as configured.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use contract::topic::{Cleanup, Topic};
use embedded::Embedded;
use log::{Log as _, TopicDescription, TopicSpec};
use processor::accounts::{Account, Accounts};
use processor::breaker::Bounds;
use processor::memory::Memory;
use processor::settings::Settings;
use processor::topology::topology;
use service::config::{self, Config};
use store::Rocks;

use super::{Folds, Medium, System};
use crate::{directory, restore};

impl System {
    /// Opens an installation for a command, or makes its data directory; with accounts besides those of the configuration.
    pub(crate) fn to_ask(config: &Config, accounts: Accounts) -> Result<Self> {
        match &config.kafka {
            Some(brokers) => Self::to_ask_kafka(config, brokers),
            None => Self::over_embedded(config, accounts, false),
        }
    }

    /// Opens it for a process that folds until it is stopped; goes on without what a damage report lists if the loss is accepted.
    pub(crate) fn to_fold(config: &Config, accept_loss: bool) -> Result<Self> {
        match &config.kafka {
            Some(brokers) => Self::to_fold_kafka(config, brokers),
            None => Self::over_embedded(config, Accounts::new(), accept_loss),
        }
    }

    /// Opens it for a process that takes webhooks in and folds nothing: its data directory holds the spool.
    pub(crate) fn to_take(config: &Config) -> Result<Self> {
        let brokers = config.kafka.as_ref().context("kafka.bootstrap_servers is missing")?;
        let lock = directory::take_for_kafka(&config.data)?;
        Ok(Self { _lock: Some(lock), ..Self::to_ask_kafka(config, brokers)? })
    }

    /// A data directory with the log in it.
    fn over_embedded(config: &Config, accounts: Accounts, accept_loss: bool) -> Result<Self> {
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
        let key = directory::Key::of(config);
        let settings = settings((&prefix, partitions), key.make(!made.is_empty())?, config, accounts);
        log.retain(ages(config, &settings));
        for topic in Topic::ALL {
            let cleanup = match topic.cleanup() {
                Cleanup::Delete(retention_ms) => log::Cleanup::Delete { retention_ms },
                Cleanup::Compact(tombstone_ms) => log::Cleanup::Compact { tombstone_ms },
            };
            log.create_topic(&TopicSpec { name: settings.topic(topic), partitions, cleanup })?;
        }
        let stores = Arc::new(Rocks::sharing(&root.join("state"), &shared.cache, &shared.write_buffers)?);
        Ok(Self {
            root: root.clone(),
            medium: Medium::Embedded(Arc::clone(&log)),
            log,
            stores: Some(stores),
            topology: topology(&settings),
            settings,
            options: options(config, &memory),
            folds: Folds::AtRest,
            view: std::sync::OnceLock::new(),
            key: key.path,
            _lock: None,
        })
    }
}

/// The installation as decode and folds see it.
pub(super) fn settings(
    layout: (&str, u32),
    key: Vec<u8>,
    config: &Config,
    accounts: impl IntoIterator<Item = ((String, String), Account)>,
) -> Arc<Settings> {
    let (prefix, partitions) = layout;
    let bound = config.accounts.iter().map(account).chain(accounts).collect();
    let settings = Settings::with_json(prefix, partitions, key, bound, config.json_topics);
    let config::Breaker { percent, records, stops } = config.breaker;
    settings.breakers.set(Bounds { percent, records, stops });
    settings
}

/// The bounds of a worker.
pub(super) fn options(config: &Config, memory: &Memory) -> engine::Options {
    engine::Options {
        batch_records_max: config.commit.records,
        batch_bytes_max: config.commit.bytes,
        linger_ms: config.commit.linger_ms,
        rows_bytes_max: memory.rows_bytes,
        // A store that is filled needs no memtable meanwhile. Half of it is gathered while the other half is written.
        restore_bytes_max: memory.memtable_bytes / 2 / usize::try_from(config.workers).unwrap_or(1).max(1),
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
