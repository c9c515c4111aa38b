//! A program under measurement: how it is started, when it has counted everything, and how it restores.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use benches::figures::Figure;
use benches::pace;
use benches::process::{self, Process};
use benches::usage;

use crate::site::{self, Site, Stats};

/// Store cache of the peer, beside 2 threads and a heap of at most 2 GiB.
const PEER_CACHE_BYTES: &str = "268435456";
/// Mailtally's share of what the peer has in all: the cache alone.
const OWN_MEMORY: &str = "memory_bytes=256 MiB";
/// The longest wait for a restore.
const RESTORE_MAX: Duration = Duration::from_secs(600);

/// Programs that share the work under one name.
pub(crate) struct Side {
    name: &'static str,
    /// Where campaigns' counters appear.
    pub(crate) stats: &'static str,
    /// The topics that its stores are restored from.
    changelogs: &'static [&'static str],
    commands: Vec<Start>,
}

/// One program.
struct Start {
    program: PathBuf,
    arguments: Vec<std::ffi::OsString>,
    /// What it keeps on disk.
    state: PathBuf,
    /// Where its words go.
    said: PathBuf,
    /// Where it is asked how it is.
    health: Option<std::net::SocketAddr>,
}

/// The natural topology of Kafka Streams.
pub(crate) fn streams(site: &Site, folder: &Path) -> Result<Side> {
    let out = folder.join("peer");
    let pom = Path::new(env!("CARGO_MANIFEST_DIR")).join("kafka-streams/pom.xml");
    let mut maven = Command::new("mvn");
    process::ended(maven.args(["-B", "-q", "package", "-f"]).arg(pom).arg(format!("-Dout={}", out.display())))?;
    let state = folder.join("peer-state");
    let mut java = Command::new("java");
    java.args(["-Xmx2g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp"]);
    java.arg(format!("{0}/classes:{0}/lib/*", out.display())).arg("peer.Peer").arg(&site.servers);
    java.args(["mailtally.events.v1", site::PEER_STATUS, site::PEER_STATS]).arg(&state);
    java.args(["2", PEER_CACHE_BYTES]);
    Ok(Side {
        name: "kafka streams",
        stats: site::PEER_STATS,
        changelogs: &["mailtally.events.v1-peer-messages-changelog", "mailtally.events.v1-peer-campaigns-changelog"],
        commands: vec![Start::of(&java, state, folder.join("peer-said"), None)],
    })
}

/// `mailtally processor`, so many instances.
pub(crate) fn mailtally(site: &Site, folder: &Path, instances: u32, set: &[String]) -> Result<Side> {
    let start = |place: u32| {
        let data = folder.join(format!("mailtally-{place}"));
        let mut command = site.mailtally(&data, "processor");
        let own = [format!("kafka.instance=bench-{place}"), OWN_MEMORY.to_owned(), "commit.records=50000".to_owned()];
        own.iter().chain(set).for_each(|pair| {
            command.arg("--set").arg(pair);
        });
        let health = free_address()?;
        command.arg("--set").arg(format!("listen={health}"));
        Ok(Start::of(&command, data, folder.join(format!("mailtally-{place}-said")), Some(health)))
    };
    let changelogs: &[_] = &[
        "mailtally.message-status.v1",
        "mailtally.contact-state.v1",
        "mailtally.campaign-stats.v1",
        "mailtally.correlation-state.v1",
    ];
    let (stats, commands) = ("mailtally.campaign-stats.v1", (0..instances).map(start).collect::<Result<_>>()?);
    Ok(Side { name: "mailtally", stats, changelogs, commands })
}

impl Start {
    fn of(command: &Command, state: PathBuf, said: PathBuf, health: Option<std::net::SocketAddr>) -> Self {
        let arguments = command.get_args().map(ToOwned::to_owned).collect();
        Self { program: command.get_program().into(), arguments, state, said, health }
    }

    fn run(&self) -> Result<Process> {
        let said = std::fs::File::create(&self.said)?;
        Process::start(Command::new(&self.program).args(&self.arguments).stdout(Stdio::from(said)))
    }
}

/// An address of this machine that nobody listens on just now.
fn free_address() -> Result<std::net::SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// SIGTERM to all, and waits.
pub(crate) fn stop(running: Vec<Process>) -> Result<()> {
    running.into_iter().try_for_each(Process::stop)
}

fn cpu(running: &[Process]) -> Result<f64> {
    running.iter().map(Process::cpu_seconds).sum()
}

fn peak(running: &[Process]) -> Result<u64> {
    running.iter().map(Process::peak_bytes).sum()
}

impl Side {
    pub(crate) fn start(&self) -> Result<Vec<Process>> {
        self.commands.iter().map(Start::run).collect()
    }

    pub(crate) fn state_bytes(&self) -> u64 {
        self.commands.iter().map(|one| usage::bytes_below(&one.state)).sum()
    }

    /// From the start of the programs until every campaign has what it must have. CPU is all that they used until then, and
    /// until whatever else they do is done.
    pub(crate) fn settle(&self, site: &Site, running: &[Process], expected: &Stats) -> Result<Figure> {
        let (began, name) = (Instant::now(), self.name);
        let mut watch = site.watch(self.stats);
        watch.until(|seen| !seen.is_empty()).with_context(|| format!("{name} published nothing"))?;
        let first_seconds = began.elapsed().as_secs_f64();
        // Whoever was probed before has left campaigns of the probes' own.
        let counts = |seen: &Stats| expected.iter().all(|(campaign, counters)| seen.get(campaign) == Some(counters));
        let settled = watch.until(counts);
        let seconds = began.elapsed().as_secs_f64();
        if let Err(why) = settled {
            let wrong = expected.iter().filter(|(campaign, counters)| watch.seen.get(*campaign) != Some(*counters));
            return Err(why.context(format!(
                "{name} counts otherwise in {} of {} campaigns",
                wrong.count(),
                expected.len()
            )));
        }
        if name == "mailtally" {
            site.drained()?;
        }
        let (cpu_seconds, peak_bytes) = (cpu(running)?, peak(running)?);
        Ok(Figure { phase: name.to_owned(), seconds, first_seconds, cpu_seconds, peak_bytes, ..Figure::default() })
    }

    /// Every row and position on disk goes.
    pub(crate) fn wipe(&self) -> Result<()> {
        let gone = |one: &Start| std::fs::remove_dir_all(&one.state).with_context(|| one.state.display().to_string());
        self.commands.iter().try_for_each(gone)
    }

    /// The rows of all its stores.
    pub(crate) fn rows(&self, site: &Site) -> Result<u64> {
        self.changelogs.iter().map(|topic| site.rows(topic)).sum()
    }

    /// From wiped disks: from the first sign of a restore until so many rows are back and the programs go on.
    pub(crate) fn restore(&self, rows: u64) -> Result<Figure> {
        let began = Instant::now();
        let running = self.start()?;
        let mut first = None;
        let done = |word: &str| self.commands.iter().map(|one| one.says(word)).collect::<Result<Vec<_>>>();
        pace::until(&format!("{} has restored", self.name), RESTORE_MAX, || {
            if first.is_none() && done("restoring")?.contains(&true) {
                first = Some(began.elapsed().as_secs_f64());
            }
            Ok(done("restored")?.into_iter().all(|said| said))
        })?;
        let (seconds, first_seconds) = (began.elapsed().as_secs_f64(), first.context("no restore was seen")?);
        let (cpu_seconds, peak_bytes) = (cpu(&running)?, peak(&running)?);
        stop(running)?;
        let (phase, seconds) = (format!("{} restore", self.name), seconds - first_seconds);
        Ok(Figure { phase, records: rows, seconds, first_seconds, cpu_seconds, peak_bytes, ..Figure::default() })
    }
}

impl Start {
    /// Whether it says so: Kafka Streams by a line, Mailtally by the states of its tasks.
    fn says(&self, word: &str) -> Result<bool> {
        let Some(address) = &self.health else {
            return Ok(std::fs::read_to_string(&self.said)?.lines().any(|line| line == word));
        };
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let Ok(mut answer) = config.new_agent().get(format!("http://{address}/health/ready")).call() else {
            return Ok(false);
        };
        let report: serde_json::Value = serde_json::from_slice(&answer.body_mut().read_to_vec()?)?;
        let state = |task: &'_ serde_json::Value| task.get("state").and_then(|state| state.as_str()).map(str::to_owned);
        let states: Vec<String> =
            report.get("tasks").and_then(|tasks| tasks.as_array()).into_iter().flatten().filter_map(state).collect();
        Ok(match word {
            "restored" => !states.is_empty() && states.iter().all(|state| *state == "live"),
            _ => states.iter().any(|state| state == "restoring"),
        })
    }
}
