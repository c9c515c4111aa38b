//! Configuration as one validated value. A later layer overrides an earlier one: default, TOML file, environment, flag.
//! The page to begin with is [`key::KEYS`]; all problems are reported at once.

mod account;
mod file;
mod key;
mod layer;
mod print;
mod problem;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use account::Account;
pub use key::{KEYS, Key, Kind};
pub use layer::Layers;
pub use print::{json, toml};
pub use problem::{Origin, Problem, Problems};
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
    /// Memory of log and stores together, in bytes.
    pub memory_bytes: u64,
    /// Free bytes of the disk below which the intake takes nothing.
    pub disk_headroom_bytes: u64,
    /// Where HTTP listens.
    pub listen: SocketAddr,
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
    settings: BTreeMap<&'static str, Setting>,
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

/// A value that is compared and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a value.
    pub fn new(value: &str) -> Self {
        Self(value.to_owned())
    }

    /// The value, for the one comparison that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

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
        let accounts = account::all(std::mem::take(&mut raw.accounts), &mut problems);
        let settings = raw.settings(&mut problems);
        let token = token(&settings, &mut problems);
        let config = Self::of(settings, token, accounts);
        config.check_token(&mut problems);
        if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
    }

    fn of(settings: BTreeMap<&'static str, Setting>, token: Option<Secret>, accounts: Vec<Account>) -> Self {
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
            memory_bytes: number("memory_bytes"),
            disk_headroom_bytes: number("disk_headroom_bytes"),
            listen: value("listen").and_then(Value::socket).unwrap_or(unset),
            token,
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

/// The token itself, or the content of its file.
fn token(settings: &BTreeMap<&'static str, Setting>, problems: &mut Vec<Problem>) -> Option<Secret> {
    const SHORTEST: usize = 16;
    let given = |key: &str| settings.get(key).filter(|setting| !setting.value.to_string().is_empty());
    let (token, setting, key) = match (given("token"), given("token_file")) {
        (None, None) => return None,
        (Some(_), Some(file)) => {
            let why = "token is given too: keep one of them";
            problems.push(Problem::of("token_file", &file.value.to_string(), file.origin.clone(), why));
            return None;
        }
        (Some(token), None) => (token.value.to_string(), token, "token"),
        (None, Some(file)) => match std::fs::read_to_string(Path::new(&file.value.to_string())) {
            Ok(token) => (token.trim().to_owned(), file, "token_file"),
            Err(error) => {
                let why = format!("cannot be read ({error}): make it readable for this user");
                problems.push(Problem::of("token_file", &file.value.to_string(), file.origin.clone(), &why));
                return None;
            }
        },
    };
    let is_good = token.len() >= SHORTEST && token.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_good {
        let why = format!("wants {SHORTEST} or more visible ASCII characters, e.g. from: openssl rand -hex 32");
        problems.push(Problem::of(key, "(secret)", setting.origin.clone(), &why));
    }
    Some(Secret(token))
}
