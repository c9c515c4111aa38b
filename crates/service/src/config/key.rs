//! Every key: its name, what it may be, its default, and what it is for. Adding one is one line here and one field of
//! [`super::Config`].

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its path in the file; the environment has it in capitals after `MAILTALLY_`, a dot being `_`.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// Its value where no layer gives one.
    pub default: &'static str,
    /// What it is for.
    pub about: &'static str,
}

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A path.
    Path,
    /// 1 to 100 of a to z, 0 to 9, `.`, `_` and `-`.
    Name,
    /// A whole number between two bounds, both included.
    Whole(u64, u64),
    /// Bytes between two bounds, both included: digits, with KiB, MiB or GiB behind them if wanted.
    Bytes(u64, u64),
    /// True or false.
    Switch,
    /// IP address and port.
    Socket,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A text that is never shown.
    Secret,
    /// Any text; empty where it is left to what the key says.
    Text,
}

const MIB: u64 = 1 << 20;

const fn key(name: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Key {
    Key { name, kind, default, about }
}

/// All keys, in the order in which they are printed.
pub const KEYS: &[Key] = &[
    key(
        "data",
        Kind::Path,
        "data",
        "data directory: the log and the stores; a relative path is below the working directory",
    ),
    key("prefix", Kind::Name, "mailtally", "what topic names begin with; fixed when the data directory is made"),
    key("partitions", Kind::Whole(1, 256), "4", "partitions of every topic; fixed when the data directory is made"),
    key("workers", Kind::Whole(1, 64), "2", "threads that fold, each with its share of the partitions"),
    key(
        "memory_bytes",
        Kind::Bytes(64 * MIB, 1 << 40),
        "96 MiB",
        "memory of the log, the stores and the rows that folds keep, together",
    ),
    key("disk_headroom_bytes", Kind::Bytes(0, 1 << 50), "256 MiB", "free space below which the intake takes nothing"),
    key("listen", Kind::Socket, "127.0.0.1:8425", "where HTTP listens; off loopback a token is required"),
    key(
        "gateway.listen",
        Kind::Socket,
        "127.0.0.1:8426",
        "where HTTP listens for providers' webhooks, behind what ends TLS; every request is authenticated",
    ),
    key(
        "gateway.spool_bytes",
        Kind::Bytes(MIB, 1 << 40),
        "256 MiB",
        "bytes of webhooks that wait in the data directory while the log is away; beyond, providers are told to come again",
    ),
    key("token", Kind::Secret, "", "what clients show as: Authorization: Bearer TOKEN"),
    key("token_file", Kind::Path, "", "a file with the token, instead of token"),
    key(
        "address_key_file",
        Kind::Path,
        "",
        "a file with the 32 bytes under which addresses are hashed, the same for all instances; empty: address.key in the data directory",
    ),
    key(
        "json_topics",
        Kind::Switch,
        "false",
        "publish readers' fields of campaign-stats and message-status as JSON too",
    ),
    key("commit.records", Kind::Whole(1, 1_000_000), "20000", "most records of a transaction"),
    key("commit.bytes", Kind::Bytes(MIB, 128 * MIB), "16 MiB", "most bytes of a transaction"),
    key("commit.linger_ms", Kind::Whole(0, 10_000), "0", "how long a transaction waits for more records"),
    key("retention.intake_days", Kind::Whole(1, 3_650), "30", "how long platform events and webhooks are kept"),
    key("retention.correlations_days", Kind::Whole(1, 3_650), "30", "how long providers' message ids are kept"),
    key("retention.dead_letters_days", Kind::Whole(1, 3_650), "30", "how long dead letters are kept"),
    key("breaker.percent", Kind::Whole(1, 100), "50", "refused share of a source that opens its breaker"),
    key("breaker.records", Kind::Whole(1, 1_000_000), "1000", "records of a source before its breaker may open"),
    key("breaker.stops", Kind::Switch, "false", "an open breaker stops its partition; otherwise it alerts and goes on"),
    key(
        "kafka.bootstrap_servers",
        Kind::Text,
        "",
        "brokers to begin with, HOST:PORT separated by commas; empty: the embedded log in the data directory",
    ),
    key("kafka.group", Kind::Text, "", "consumer group that shares the partitions; empty: PREFIX-processor"),
    key(
        "kafka.instance",
        Kind::Text,
        "",
        "name of this instance, its own within the group and the same after a restart; empty: the host's name",
    ),
    key("kafka.replication", Kind::Whole(0, 100), "0", "replicas of topics that are made; 0: the brokers' default"),
    key(
        "kafka.min_insync_replicas",
        Kind::Whole(0, 100),
        "0",
        "replicas that must have a record before it counts; 0: one less than there are, at least 1",
    ),
    key(
        "kafka.transaction_timeout_ms",
        Kind::Whole(1_000, 900_000),
        "10000",
        "after how long the brokers abort the open transaction of an instance that died; readers wait for it",
    ),
    key(
        "kafka.session_timeout_ms",
        Kind::Whole(6_000, 1_800_000),
        "10000",
        "after how long without a heartbeat an instance's partitions go to others",
    ),
    key(
        "kafka.security_protocol",
        Kind::Word(&["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]),
        "plaintext",
        "how brokers are spoken to",
    ),
    key("kafka.ca_file", Kind::Path, "", "certificates (PEM) that sign the brokers'; empty: the system's"),
    key("kafka.certificate_file", Kind::Path, "", "own certificate (PEM), where the brokers ask for one"),
    key("kafka.key_file", Kind::Path, "", "the certificate's key (PEM, not encrypted)"),
    key(
        "kafka.sasl_mechanism",
        Kind::Word(&["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]),
        "SCRAM-SHA-512",
        "how user name and password are shown, with sasl_plaintext and sasl_ssl",
    ),
    key("kafka.username", Kind::Text, "", "user name, with sasl_plaintext and sasl_ssl"),
    key("kafka.password", Kind::Secret, "", "password; better in password_file or the environment"),
    key("kafka.password_file", Kind::Path, "", "a file with the password, instead of password"),
    key("log.format", Kind::Word(&["text", "json"]), "text", "how a log line is written"),
    key("log.level", Kind::Word(&["error", "warn", "info", "debug", "trace"]), "info", "the least that is logged"),
];

impl Key {
    /// The environment variable that sets it.
    pub fn variable(&self) -> String {
        format!("MAILTALLY_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// Whether its value is never shown.
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret)
    }
}

/// The key of this name.
pub(super) fn named(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}
