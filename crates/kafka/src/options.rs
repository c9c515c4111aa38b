//! How to reach a cluster and within what bounds; and the librdkafka properties that follow, in one place.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

/// Everything that the adapter must know. Bounds have a unit in their name.
#[derive(Clone, Debug)]
pub struct Options {
    /// `host:port`, several separated by commas.
    pub bootstrap_servers: String,
    /// Properties of librdkafka for TLS and SASL; they override nothing else here.
    pub properties: BTreeMap<String, String>,
    /// What our topics' names begin with, a dot after it: others are not looked at.
    pub prefix: String,
    /// The consumer group of all folds of an installation.
    pub group: String,
    /// Replicas of topics that are made; the cluster's default when absent.
    pub replication: Option<i32>,
    /// Replicas that must have a record before it is acknowledged, for topics that are made.
    pub min_insync_replicas: Option<u32>,
    /// Bytes of fetched records that wait to be polled, in all.
    pub fetch_bytes: usize,
    /// Partitions that share them.
    pub fetch_partitions: usize,
    /// Bytes of records that wait to be sent, a producer.
    pub queue_bytes: usize,
    /// After so long the coordinator aborts a transaction that its producer has left, in milliseconds.
    pub transaction_timeout_ms: u32,
    /// After so long without a heartbeat a member is taken for dead, in milliseconds.
    pub session_timeout_ms: u32,
    /// What the committed offsets carry: whoever has another key of the address hashes is refused. Empty: not checked.
    pub key_fingerprint: String,
    /// How long one question to the cluster may take.
    pub patience: Duration,
    /// Whether a producer is replaced after a doubtful end of a transaction. Only a test that shows why turns it off.
    pub recycle: bool,
}

/// Bytes of one record, key and headers included.
pub const RECORD_BYTES_MAX: usize = 4 << 20;
/// What the topics are made with: a batch of one largest record must fit.
pub const MESSAGE_BYTES_MAX: usize = 8 << 20;
/// Between two attempts of one request, in milliseconds. So long that an end of a transaction that was sent twice cannot be quick
/// (see [`crate::Kafka`] on recycling).
pub(crate) const RETRY_MS: u64 = 1_000;
/// How often clients tell their statistics, in milliseconds: those alone that are asked for it. What nobody takes grows without bound.
const STATISTICS_MS: &str = "1000";
/// How often a member shows that it is alive: so many times within its session.
const HEARTBEATS: u32 = 5;
/// Bytes that one partition may have waiting, at least: below it each fetch is small.
const PARTITION_BYTES_MIN: usize = 256 << 10;

impl Options {
    /// Options for one cluster, with everything else at its default.
    pub fn new(bootstrap_servers: &str, prefix: &str) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.to_owned(),
            properties: BTreeMap::new(),
            prefix: prefix.to_owned(),
            group: format!("{prefix}-processor"),
            replication: None,
            min_insync_replicas: None,
            fetch_bytes: 16 << 20,
            fetch_partitions: 24,
            queue_bytes: 16 << 20,
            transaction_timeout_ms: 10_000,
            session_timeout_ms: 10_000,
            key_fingerprint: String::new(),
            patience: Duration::from_secs(10),
            recycle: true,
        }
    }

    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (key, value) in &self.properties {
            config.set(key, value);
        }
        config.set("bootstrap.servers", &self.bootstrap_servers);
        // Idle connections that the broker closes are no news.
        config.set("log.connection.close", "false");
        config.set("reconnect.backoff.max.ms", "1000");
        config
    }

    /// A client that answers questions and reads without a group.
    pub(crate) fn reader(&self, isolation: &str) -> ClientConfig {
        let partition_bytes = (self.fetch_bytes / self.fetch_partitions.max(1)).max(PARTITION_BYTES_MIN);
        let mut config = self.client();
        config.set("isolation.level", isolation);
        // A lost offset is explained, never jumped over.
        config.set("auto.offset.reset", "error");
        config.set("enable.partition.eof", "true");
        config.set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false");
        config.set("check.crcs", "true");
        config.set("fetch.queue.backoff.ms", "5");
        config.set("queued.min.messages", "100000");
        config.set("queued.max.messages.kbytes", (partition_bytes >> 10).to_string());
        config.set("fetch.message.max.bytes", partition_bytes.min(1 << 20).to_string());
        config.set("receive.message.max.bytes", (64 << 20).to_string());
        config
    }

    /// A client that knows a group's offsets and takes no part in it.
    pub(crate) fn observer(&self, group: &str) -> ClientConfig {
        let mut config = self.reader("read_committed");
        config.set("group.id", group);
        config
    }

    /// A member of a group. It has partitions, it never reads them.
    pub(crate) fn member(&self, group: &str, instance: &str) -> ClientConfig {
        let mut config = self.client();
        config.set("group.id", group);
        config.set("group.instance.id", instance);
        config.set("client.id", instance);
        config.set("partition.assignment.strategy", "cooperative-sticky");
        config.set("session.timeout.ms", self.session_timeout_ms.to_string());
        config.set("heartbeat.interval.ms", (self.session_timeout_ms / HEARTBEATS).to_string());
        config.set("max.poll.interval.ms", self.revoke_within().as_millis().to_string());
        config.set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false");
        config.set("fetch.message.max.bytes", "1024");
        config.set("queued.max.messages.kbytes", "1");
        config.set("statistics.interval.ms", STATISTICS_MS);
        // The end of a session is told as a warning.
        config.set_log_level(RDKafkaLogLevel::Warning);
        config
    }

    /// How long a member may be busy with a revoke.
    pub(crate) fn revoke_within(&self) -> Duration {
        Duration::from_millis(u64::from(self.session_timeout_ms).saturating_mul(6).max(60_000))
    }

    /// A producer that only appends: durable when acknowledged, each record once.
    pub(crate) fn appender(&self) -> ClientConfig {
        let mut config = self.producer();
        config.set("enable.idempotence", "true");
        config.set("delivery.timeout.ms", self.patience.as_millis().to_string());
        config
    }

    /// A producer of transactions.
    pub(crate) fn transactional(&self, id: &str) -> ClientConfig {
        let mut config = self.producer();
        config.set("transactional.id", id);
        config.set("client.id", id);
        config.set("transaction.timeout.ms", self.transaction_timeout_ms.to_string());
        config.set("delivery.timeout.ms", (self.transaction_timeout_ms / 5 * 4).to_string());
        config.set("retry.backoff.ms", RETRY_MS.to_string());
        config.set("retry.backoff.max.ms", RETRY_MS.to_string());
        config.set("statistics.interval.ms", STATISTICS_MS);
        config
    }

    fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config.set("acks", "all");
        config.set("compression.type", "lz4");
        config.set("linger.ms", "1");
        config.set("batch.num.messages", "20000");
        config.set("queue.buffering.max.messages", "0");
        config.set("queue.buffering.max.kbytes", (self.queue_bytes >> 10).max(1_024).to_string());
        config.set("message.max.bytes", (MESSAGE_BYTES_MAX).to_string());
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_whose_statistics_nobody_takes_tell_none() {
        let (options, key) = (Options::new("localhost:1", "p"), "statistics.interval.ms");
        for told in [options.member("g", "a"), options.transactional("a")] {
            assert_eq!(told.get(key), Some(STATISTICS_MS));
        }
        for untold in [options.reader("read_committed"), options.observer("g"), options.appender()] {
            assert_eq!(untold.get(key), None);
        }
    }
}
