//! The demo's data directory: made anew, with an address key from the seed, and what to do with it afterwards.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use contract::proto::campaign::v1::CampaignStats;
use dashboard::{Role, Viewer};
use embedded::{Embedded, OpenError};
use service::config::{Config, Layers};

use super::feed;
use crate::place::Place;
use crate::run;

/// Says that a directory is a demo's, so that the next one may remove it.
const MARK: &str = "demo.seed";

/// The demo's configuration file.
const CONFIGURATION: &str = "mailtally.toml";
/// What can be asked of the directory, and what it answers.
const COMMANDS: [(&str, &str); 6] = [
    ("campaigns --format json", "every campaign's numbers, one object a line"),
    ("dead-letters list", "what could not be used, by reason"),
    ("status", "bytes, growth, and where every fold is"),
    ("reconcile", "recounts everything from the events a second way and compares"),
    ("consume message-status", "every mail's row"),
    ("inspect unmatched", "reports that wait for their send"),
];

/// Who may look at the dashboard.
const LOOK: [(&str, Role); 3] =
    [("city-league", Role::Admin), ("aquatics", Role::Sender), ("chess-club", Role::Viewer)];

/// A directory without data. The default one may hold an earlier demo, which goes.
pub(super) fn prepare(named: Option<&Path>, seed: u64, set: &[String]) -> Result<PathBuf> {
    let data = named.map_or_else(default, Path::to_owned);
    let holds_something = data.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if holds_something && (named.is_some() || !data.join(MARK).exists()) {
        bail!("{} is not empty: give --data a new directory", data.display());
    }
    if holds_something {
        clear(&data)?;
    }
    std::fs::create_dir_all(&data).with_context(|| format!("make {}", data.display()))?;
    let write = |name: &str, bytes: &[u8]| {
        let path = data.join(name);
        let file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(bytes)).with_context(|| format!("write {}", path.display()))
    };
    // A real installation's key is random; here the same seed gives the same address hashes.
    write("address.key", &contract::identity::event(&[b"demo", &seed.to_be_bytes()]).0.repeat(2))?;
    let secrets = data.canonicalize().context("find the data directory")?.join("secrets");
    std::fs::create_dir_all(&secrets).with_context(|| format!("make {}", secrets.display()))?;
    for organisation in &demo::ORGANISATIONS {
        let (_, checks) = super::door::secret(organisation.provider)?;
        write(&format!("secrets/{}", organisation.provider), checks.as_bytes())?;
    }
    write(CONFIGURATION, feed::configuration(&given(set), &secrets).as_bytes())?;
    write(MARK, seed.to_string().as_bytes())?;
    Ok(data)
}

fn default() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    cache.or_else(home).unwrap_or_else(std::env::temp_dir).join("mailtally/demo")
}

/// Removes an earlier demo, unless a process works on it.
fn clear(data: &Path) -> Result<()> {
    let log = data.join("log");
    if log.exists()
        && let Err(error @ OpenError::Locked { .. }) = Embedded::open(log, embedded::Options::default()).map(drop)
    {
        return Err(error).context("an earlier demo still runs: end it, or give --data a new directory");
    }
    std::fs::remove_dir_all(data).with_context(|| format!("remove {}", data.display()))
}

/// What is needed to open the directory: its own configuration and, beside how Kafka is reached, nothing of this machine's, so
/// that the same seed gives the same bytes everywhere.
pub(super) fn config(data: &Path, set: &[String]) -> Result<Config> {
    let flag = |(key, value)| ("--set".to_owned(), key, value);
    let data_flag = ("--data".to_owned(), "data".to_owned(), data.display().to_string());
    Ok(Config::load(&Layers {
        file: Some(data.join(CONFIGURATION)),
        environment: kafka_variables(),
        flags: given(set).into_iter().map(flag).chain([data_flag]).collect(),
    })?)
}

/// Keys and values of `--set`; on Kafka with a prefix of the demo's own, so that it never writes into an installation's topics.
fn given(set: &[String]) -> Vec<(String, String)> {
    let pair = |pair: &String| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key.trim().to_owned(), value.to_owned())
    };
    let given: Vec<(String, String)> = set.iter().map(pair).collect();
    let on_kafka = given.iter().any(|(key, _)| key.starts_with("kafka.")) || !kafka_variables().is_empty();
    let own =
        (on_kafka && !given.iter().any(|(key, _)| key == "prefix")).then(|| ("prefix".to_owned(), "demo".to_owned()));
    own.into_iter().chain(given).collect()
}

fn kafka_variables() -> Vec<(String, String)> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).filter(|(name, _)| name.starts_with("MAILTALLY_KAFKA_")).collect()
}

/// Commands that work on the directory, and how to be rid of it.
pub(super) fn look_further(data: &Path, on_kafka: bool, shown: Option<&CampaignStats>) {
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("mailtally"));
    let (program, data) = (program.display(), data.display());
    let config = if on_kafka { format!(" --config {data}/{CONFIGURATION}") } else { String::new() };
    eprintln!("\nLook further:");
    let inspect = shown.map(|row| format!("inspect campaign {} {}", row.organisation, row.campaign));
    let inspect =
        inspect.as_deref().map(|one| (one, "one campaign: its invariants, and the parts that it is summed from"));
    for (command, what) in COMMANDS.into_iter().chain(inspect) {
        eprintln!("  {program} {command} --data {data}{config}\n      {what}");
    }
    eprintln!("  {program} run --data {data} --config {data}/{CONFIGURATION}");
    eprintln!(
        "      goes on with it: HTTP intake, health, metrics, dashboard\n  {program} grant --data {data} --organisation city-league --name Ada\n      a link that logs in to the dashboard\n  rm -r {data}\n      is rid of it"
    );
}

/// Serves the month as `mailtally run` serves any directory, until Ctrl-C.
pub(super) fn stay(data: &Path, set: &[String]) -> Result<ExitCode> {
    let (listen, door) = (free_address(8425)?, free_address(8426)?);
    let set = [&[format!("gateway.listen={door}")], set].concat();
    let place = Place { data: Some(data.to_owned()), config: Some(data.join(CONFIGURATION)), set };
    eprintln!("\nThe month is served until Ctrl-C; the commands above work meanwhile. Also to be opened:");
    eprintln!("  http://{listen}/health/ready\n  http://{listen}/metrics");
    eprintln!("Providers' webhooks are taken at http://{door}/v1/webhooks/PROVIDER/ACCOUNT.");
    eprintln!("The Communications dashboard, a link that logs in for each organisation:");
    for (organisation, role) in LOOK {
        let viewer = Viewer { organisation: organisation.to_owned(), role, name: "Demo".to_owned() };
        let token = dashboard::grant(&data.join(run::TOKENS), &viewer).context("make a token")?;
        eprintln!("  http://{listen}/login?token={token}\n      {organisation}");
    }
    run::Arguments { place, listen: Some(listen), ..run::Arguments::default() }.run()
}

/// The address with the usual port, or with any other when that is taken.
fn free_address(usual: u16) -> Result<SocketAddr> {
    let usual = SocketAddr::from(([127, 0, 0, 1], usual));
    let listener = TcpListener::bind(usual).or_else(|_| TcpListener::bind((usual.ip(), 0)));
    listener.and_then(|listener| listener.local_addr()).context("find a free port on 127.0.0.1")
}
