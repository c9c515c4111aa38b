//! The topics as the design wants them on Kafka: partitions, replicas, and every setting that decides whether rows and events are
//! kept as long as they must be, and no longer.

use std::collections::BTreeMap;

use contract::topic::{Cleanup, Topic};
use service::config::{Config, Kafka};

/// How long a superseded row of personal data may stay readable, in milliseconds: what an erasure's receipt promises.
pub(super) const COMPACTION_LAG_MS: i64 = 86_400_000;

/// A topic as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) partitions: u32,
    /// Replicas; `None` leaves them to the brokers.
    pub(super) replication: Option<i32>,
    /// Replicas that must have a record before it counts, where that is configured.
    pub(super) min_insync_replicas: Option<u32>,
    pub(super) settings: Vec<Setting>,
}

/// A setting of a topic, and which values of it are right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) right: Right,
}

/// Which values are as good as the wanted one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// Only itself.
    Equal,
    /// It or a greater number; -1 is no bound and the greatest.
    AtLeast,
    /// It or a smaller number.
    AtMost,
}

/// All topics of a configuration.
pub(super) fn all(config: &Config, kafka: &Kafka) -> Vec<Wanted> {
    Topic::ALL.into_iter().map(|topic| wanted(topic, config, kafka)).collect()
}

fn wanted(topic: Topic, config: &Config, kafka: &Kafka) -> Wanted {
    let set = |name, value: String, right| Setting { name, value, right };
    let mut settings = match topic.cleanup() {
        Cleanup::Delete(age) => {
            let age = retention_ms(topic, config).or(age).unwrap_or(-1);
            vec![
                set("cleanup.policy", "delete".to_owned(), Right::Equal),
                set("retention.ms", age.to_string(), Right::Equal),
                set("retention.bytes", "-1".to_owned(), Right::Equal),
            ]
        }
        Cleanup::Compact(tombstones_ms) => vec![
            set("cleanup.policy", "compact".to_owned(), Right::Equal),
            set("delete.retention.ms", tombstones_ms.to_string(), Right::AtLeast),
        ],
    };
    if topic == Topic::Private {
        settings.push(set("max.compaction.lag.ms", COMPACTION_LAG_MS.to_string(), Right::AtMost));
    }
    settings.push(set("max.message.bytes", kafka::MESSAGE_BYTES_MAX.to_string(), Right::AtLeast));
    settings.push(set("unclean.leader.election.enable", "false".to_owned(), Right::Equal));
    Wanted {
        name: topic.name(&config.prefix),
        partitions: config.partitions,
        replication: kafka.replication,
        min_insync_replicas: kafka.min_insync_replicas,
        settings,
    }
}

/// How long a topic's records are kept, where that is configured.
fn retention_ms(topic: Topic, config: &Config) -> Option<i64> {
    match topic {
        Topic::Platform | Topic::Webhooks => Some(config.retention.intake_ms),
        Topic::Correlations => Some(config.retention.correlations_ms),
        Topic::DeadLetters => Some(config.retention.dead_letters_ms),
        _ => None,
    }
}

impl Wanted {
    /// Replicas that must have a record, where a topic has so many: one may be away.
    pub(super) fn insync(&self, replication: u32) -> u32 {
        self.min_insync_replicas.unwrap_or(replication.saturating_sub(1)).max(1)
    }

    /// What the topic is made with.
    pub(super) fn configs(&self) -> BTreeMap<String, String> {
        let settings = self.settings.iter().map(|setting| (setting.name.to_owned(), setting.value.clone()));
        let replicas = self.replication.and_then(|replicas| u32::try_from(replicas).ok());
        let least = replicas.map(|replicas| self.insync(replicas)).or(self.min_insync_replicas);
        let least = least.map(|least| ("min.insync.replicas".to_owned(), least.to_string()));
        settings.chain(least).collect()
    }
}

impl Setting {
    /// Whether a value is as good as the wanted one.
    pub(super) fn takes(&self, found: &str) -> bool {
        let number = |words: &str| words.parse::<i64>().ok();
        let unbounded = |number: i64| if number < 0 { i64::MAX } else { number };
        match (self.right, number(&self.value), number(found)) {
            (Right::AtLeast, Some(wanted), Some(found)) => unbounded(found) >= unbounded(wanted),
            (Right::AtMost, Some(wanted), Some(found)) => unbounded(found) <= unbounded(wanted),
            _ => self.value == found,
        }
    }

    /// The wanted value in words.
    pub(super) fn words(&self) -> String {
        match self.right {
            Right::Equal => self.value.clone(),
            Right::AtLeast => format!("{} or more", self.value),
            Right::AtMost => format!("{} or less", self.value),
        }
    }
}
