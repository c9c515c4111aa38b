//! Configuration as one validated value. A later layer overrides an earlier one: default, TOML file, environment, flag.
//! The page to begin with is [`key::KEYS`]; all problems are reported at once.

mod account;
mod door;
mod file;
mod kafka;
mod key;
mod layer;
mod print;
mod problem;
mod secret;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use account::Account;
pub use kafka::Kafka;
pub use key::{KEYS, Key, Kind};
pub use layer::Layers;
pub use print::{json, toml};
pub use problem::{Origin, Problem, Problems};
pub use secret::Secret;
pub use value::Value;

/// Everything that an installation can set, validated.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data directory.
    pub data: PathBuf,
    /// What topic names begin with.
    pub prefix: String,
    /// Partitions of every topic of a new data directory.
    pub partitions: u32,
    /// Threads that fold.
    pub workers: u32,
    /// A file with the key of the address hashes, where it is not the data directory's own.
    pub address_key_file: Option<PathBuf>,
    /// The brokers; `None` with the embedded log.
    pub kafka: Option<Kafka>,
    /// Memory of log and stores together, in bytes.
    pub memory_bytes: u64,
    /// Free bytes of the disk below which the intake takes nothing.
    pub disk_headroom_bytes: u64,
    /// Where HTTP listens.
    pub listen: SocketAddr,
    /// Where webhooks come in.
    pub gateway: Gateway,
    /// What a client must show.
    pub token: Option<Secret>,
    /// Whether readers' fields are also published as JSON.
    pub json_topics: bool,
    /// Bounds of one transaction.
    pub commit: Commit,
    /// How long deleted topics keep their records.
    pub retention: Retention,
    /// When too much of a source is refused.
    pub breaker: Breaker,
    /// How and how much is logged.
    pub log: Log,
    /// Providers' accounts.
    pub accounts: Vec<Account>,
    settings: Settings,
}

/// Where webhooks come in, and what waits of them while the log is away.
#[derive(Clone, Copy, Debug)]
pub struct Gateway {
    /// Where HTTP listens for them.
    pub listen: SocketAddr,
    /// Most bytes of the spool.
    pub spool_bytes: u64,
}

/// Bounds of one transaction.
#[derive(Clone, Copy, Debug)]
pub struct Commit {
    /// Most records.
    pub records: usize,
    /// Most bytes.
    pub bytes: usize,
    /// How long a batch waits for more records, in milliseconds.
    pub linger_ms: i64,
}

/// How long deleted topics keep their records, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Platform events and webhooks as received.
    pub intake_ms: i64,
    /// What is said of providers' message ids.
    pub correlations_ms: i64,
    /// What could not be used.
    pub dead_letters_ms: i64,
}

/// When too much of what one organisation sends through one source is refused.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    /// Refused share in per cent that opens it.
    pub percent: u32,
    /// Records of the window before which it stays closed.
    pub records: u32,
    /// Whether an open one stops the partition.
    pub stops: bool,
}

/// How and how much is logged.
#[derive(Clone, Debug)]
pub struct Log {
    /// One JSON object a line, or text.
    pub json: bool,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
}

/// Every key's value.
type Settings = BTreeMap<&'static str, Setting>;

/// One key's value, and where it came from.
#[derive(Clone)]
struct Setting {
    value: Value,
    origin: Origin,
}

impl fmt::Debug for Setting {
    /// The value may be the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {}", self.origin)
    }
}

impl Config {
    /// Reads and validates all layers.
    ///
    /// # Errors
    /// Every problem of every layer.
    pub fn load(layers: &Layers) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut raw = layer::merged(layers, &mut problems);
        let variables = layers.environment.iter().cloned().collect();
        let accounts = account::all(std::mem::take(&mut raw.accounts), &variables, &mut problems);
        let settings = raw.settings(&mut problems);
        let token = secret::token(&settings, &mut problems);
        let kafka = kafka::read(&settings, &mut problems);
        let config = Self { token, kafka, ..Self::of(settings, accounts) };
        config.check_token(&mut problems);
        if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
    }

    fn of(settings: Settings, accounts: Vec<Account>) -> Self {
        let value = |key: &str| settings.get(key).map(|setting| &setting.value);
        let text = |key: &str| value(key).map(Value::to_string).unwrap_or_default();
        let number = |key: &str| value(key).and_then(Value::number).unwrap_or_default();
        let small = |key: &str| u32::try_from(number(key)).unwrap_or(u32::MAX);
        let size = |key: &str| usize::try_from(number(key)).unwrap_or(usize::MAX);
        let days = |key: &str| i64::from(small(key)).saturating_mul(86_400_000);
        let switch = |key: &str| matches!(value(key), Some(Value::Switch(true)));
        let unset = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            data: PathBuf::from(text("data")),
            prefix: text("prefix"),
            partitions: small("partitions"),
            workers: small("workers"),
            address_key_file: Some(text("address_key_file")).filter(|path| !path.is_empty()).map(PathBuf::from),
            kafka: None,
            memory_bytes: number("memory_bytes"),
            disk_headroom_bytes: number("disk_headroom_bytes"),
            listen: value("listen").and_then(Value::socket).unwrap_or(unset),
            gateway: Gateway {
                listen: value("gateway.listen").and_then(Value::socket).unwrap_or(unset),
                spool_bytes: number("gateway.spool_bytes"),
            },
            token: None,
            json_topics: switch("json_topics"),
            commit: Commit {
                records: size("commit.records"),
                bytes: size("commit.bytes"),
                linger_ms: i64::from(small("commit.linger_ms")),
            },
            retention: Retention {
                intake_ms: days("retention.intake_days"),
                correlations_ms: days("retention.correlations_days"),
                dead_letters_ms: days("retention.dead_letters_days"),
            },
            breaker: Breaker {
                percent: small("breaker.percent"),
                records: small("breaker.records"),
                stops: switch("breaker.stops"),
            },
            log: Log { json: text("log.format") == "json", level: text("log.level") },
            accounts,
            settings,
        }
    }

    /// Whether a layer gives this key; otherwise its default holds.
    pub fn is_given(&self, key: &str) -> bool {
        self.settings.get(key).is_some_and(|setting| setting.origin != Origin::Default)
    }

    /// A problem of a key that shows only when it is used: its value, its origin and what would be right.
    pub fn problem(&self, key: &str, why: &str) -> Problems {
        let setting = self.settings.get(key);
        let value = setting.map(|setting| setting.value.to_string()).unwrap_or_default();
        let origin = setting.map_or(Origin::Default, |setting| setting.origin.clone());
        Problems(vec![Problem::of(key, &value, origin, why)])
    }

    /// Whoever can reach the intake can write events: off loopback it asks for a token.
    fn check_token(&self, problems: &mut Vec<Problem>) {
        if self.token.is_none() && !self.listen.ip().is_loopback() {
            let origin = self.settings.get("listen").map_or(Origin::Default, |setting| setting.origin.clone());
            let why = "is not a loopback address and there is no token: set token_file (or MAILTALLY_TOKEN), or listen on 127.0.0.1";
            problems.push(Problem::of("listen", &self.listen.to_string(), origin, why));
        }
    }
}
