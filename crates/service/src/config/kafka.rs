//! `[kafka]`: which brokers, as whom, and how they are spoken to. What contradicts itself is refused, since a broker would say
//! less about it.

use std::collections::BTreeMap;

use super::Settings;
use super::key::{KEYS, named};
use super::problem::{Origin, Problem};
use super::secret::{self, Secret};

/// An Apache Kafka cluster as the log.
#[derive(Clone, Debug)]
pub struct Kafka {
    /// Brokers to begin with, `HOST:PORT` separated by commas.
    pub bootstrap_servers: String,
    /// The consumer group whose members share the partitions of all folds.
    pub group: String,
    /// This instance's name, its own within the group; the host's name where it is not given.
    pub instance: String,
    /// Replicas of topics that are made; `None` leaves it to the brokers.
    pub replication: Option<i32>,
    /// Replicas that must have a record before it counts; `None`: one less than there are.
    pub min_insync_replicas: Option<u32>,
    /// After how long the brokers abort an open transaction.
    pub transaction_timeout_ms: u32,
    /// After how long without a heartbeat an instance is taken for dead.
    pub session_timeout_ms: u32,
    security: Security,
}

/// How brokers are spoken to.
#[derive(Clone, Debug)]
struct Security {
    protocol: String,
    /// The client library's names of the files, and their paths.
    files: Vec<(&'static str, String)>,
    login: Option<Login>,
}

#[derive(Clone, Debug)]
struct Login {
    mechanism: String,
    username: String,
    password: Secret,
}

/// Keys of files, with the client library's names.
const FILES: [(&str, &str); 3] = [
    ("kafka.ca_file", "ssl.ca.location"),
    ("kafka.certificate_file", "ssl.certificate.location"),
    ("kafka.key_file", "ssl.key.location"),
];
/// Keys of a login.
const LOGIN: [&str; 4] = ["kafka.sasl_mechanism", "kafka.username", "kafka.password", "kafka.password_file"];

impl Kafka {
    /// Security in the client library's words (librdkafka's CONFIGURATION.md), the password among them: never to be printed.
    pub fn properties(&self) -> BTreeMap<String, String> {
        let Security { protocol, files, login } = &self.security;
        let mut properties = BTreeMap::from([("security.protocol".to_owned(), protocol.clone())]);
        properties.extend(files.iter().map(|(name, path)| ((*name).to_owned(), path.clone())));
        if let Some(Login { mechanism, username, password }) = login {
            let login = [("mechanism", mechanism.as_str()), ("username", username), ("password", password.reveal())];
            properties.extend(login.map(|(name, value)| (format!("sasl.{name}"), value.to_owned())));
        }
        properties
    }
}

/// The keys of `[kafka]`, and what is wrong with them.
struct Keys<'a> {
    settings: &'a Settings,
    problems: &'a mut Vec<Problem>,
}

/// The cluster that is configured, if one is.
pub(super) fn read(settings: &Settings, problems: &mut Vec<Problem>) -> Option<Kafka> {
    let mut keys = Keys { settings, problems };
    let bootstrap_servers = keys.text("kafka.bootstrap_servers");
    if bootstrap_servers.is_empty() {
        keys.refuse_without_brokers();
        return None;
    }
    if let Some(bad) = bootstrap_servers.split(',').find(|server| !is_server(server.trim())) {
        let why = format!("has `{bad}`, which is no HOST:PORT: write it like kafka-1:9092,kafka-2:9092");
        keys.wrong("kafka.bootstrap_servers", &why);
    }
    let (replicas, least) = (keys.number("kafka.replication"), keys.number("kafka.min_insync_replicas"));
    if replicas > 0 && least > replicas {
        keys.wrong("kafka.min_insync_replicas", "is more than kafka.replication: nothing could be written");
    }
    let millis = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Some(Kafka {
        group: keys.name("kafka.group", || format!("{}-processor", text(settings, "prefix"))),
        instance: keys.name("kafka.instance", host),
        replication: i32::try_from(replicas).ok().filter(|replicas| *replicas > 0),
        min_insync_replicas: u32::try_from(least).ok().filter(|least| *least > 0),
        transaction_timeout_ms: millis(keys.number("kafka.transaction_timeout_ms")),
        session_timeout_ms: millis(keys.number("kafka.session_timeout_ms")),
        security: keys.security(),
        bootstrap_servers: bootstrap_servers.split(',').map(str::trim).collect::<Vec<_>>().join(","),
    })
}

fn text(settings: &Settings, key: &str) -> String {
    settings.get(key).map(|setting| setting.value.to_string()).unwrap_or_default()
}

fn is_server(server: &str) -> bool {
    let Some((host, port)) = server.rsplit_once(':') else { return false };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte);
    !host.is_empty() && host.bytes().all(is_host) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// The host's name, in letters that a name may have.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let letter = |letter: char| match letter.to_ascii_lowercase() {
        good @ ('a'..='z' | '0'..='9' | '.' | '_' | '-') => good,
        _ => '-',
    };
    let name: String = name.trim().chars().map(letter).take(100).collect();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

impl Keys<'_> {
    fn text(&self, key: &str) -> String {
        text(self.settings, key)
    }

    fn number(&self, key: &str) -> u64 {
        self.settings.get(key).and_then(|setting| setting.value.number()).unwrap_or(0)
    }

    fn is_changed(&self, key: &str) -> bool {
        named(key)
            .is_some_and(|known| self.settings.get(key).is_some_and(|held| known.default != held.value.to_string()))
    }

    fn wrong(&mut self, key: &str, why: &str) {
        let setting = self.settings.get(key);
        let shown = match named(key).is_some_and(super::Key::is_secret) {
            true => "(secret)".to_owned(),
            false => setting.map(|setting| setting.value.to_string()).unwrap_or_default(),
        };
        let origin = setting.map_or(Origin::Default, |setting| setting.origin.clone());
        self.problems.push(Problem::of(key, &shown, origin, why));
    }

    /// A group or instance by its name, or another where none is given.
    fn name(&mut self, key: &str, other: impl FnOnce() -> String) -> String {
        let given = self.text(key);
        if given.is_empty() {
            return other();
        }
        if let Err(why) = super::value::read(super::Kind::Name, &given) {
            self.wrong(key, &why);
        }
        given
    }

    /// Whoever forgets the brokers must not find a new embedded log one day later.
    fn refuse_without_brokers(&mut self) {
        for key in KEYS.iter().map(|key| key.name).filter(|key| key.starts_with("kafka.")) {
            if self.is_changed(key) {
                self.wrong(key, "stands there without kafka.bootstrap_servers: name the brokers, or remove it");
            }
        }
    }

    fn security(&mut self) -> Security {
        let protocol = self.text("kafka.security_protocol");
        let login = if protocol.starts_with("sasl") { self.login() } else { self.refuse(&LOGIN, "sasl_ssl") };
        let files = if protocol.ends_with("ssl") {
            self.files()
        } else {
            self.refuse::<()>(&FILES.map(|(key, _)| key), "ssl or sasl_ssl");
            Vec::new()
        };
        Security { protocol, files, login }
    }

    /// Keys that this protocol does not use: whoever set them believes otherwise.
    fn refuse<T>(&mut self, keys: &[&str], protocol: &str) -> Option<T> {
        let used = self.text("kafka.security_protocol");
        for key in keys {
            if self.is_changed(key) {
                let why =
                    format!("is not used with kafka.security_protocol = {used}: set that to {protocol}, or remove it");
                self.wrong(key, &why);
            }
        }
        None
    }

    fn files(&mut self) -> Vec<(&'static str, String)> {
        for (one, other) in [("kafka.certificate_file", "kafka.key_file"), ("kafka.key_file", "kafka.certificate_file")]
        {
            if self.is_changed(one) && !self.is_changed(other) {
                self.wrong(other, &format!("is missing: {one} needs it"));
            }
        }
        let mut files = Vec::new();
        for (key, name) in FILES {
            let path = self.text(key);
            if path.is_empty() {
                continue;
            }
            match std::fs::File::open(&path) {
                Ok(_) => files.push((name, path)),
                Err(error) => self.wrong(key, &format!("cannot be read ({error}): make it readable for this user")),
            }
        }
        files
    }

    fn login(&mut self) -> Option<Login> {
        let protocol = self.text("kafka.security_protocol");
        let username = self.text("kafka.username");
        let password = secret::read(self.settings, ["kafka.password", "kafka.password_file"], self.problems);
        if username.is_empty() {
            self.wrong("kafka.username", &format!("is missing: kafka.security_protocol = {protocol} needs it"));
        }
        let is_given = ["kafka.password", "kafka.password_file"].iter().any(|key| self.is_changed(key));
        if !is_given {
            let why = format!(
                "is missing: kafka.security_protocol = {protocol} needs one (MAILTALLY_KAFKA_PASSWORD or kafka.password_file)"
            );
            self.wrong("kafka.password_file", &why);
        }
        let mechanism = self.text("kafka.sasl_mechanism");
        password.map(|(password, _)| Login { mechanism, username, password })
    }
}
