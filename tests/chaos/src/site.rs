//! The installation under test: brokers, topics, configuration, and the binary's commands.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use broker::Cluster;
use contract::topic::Topic;
use engine::TopicPartition;
use kafka::{Group, Kafka, Options};
use serde_json::Value;

/// Partitions of every topic.
pub(crate) const PARTITIONS: u32 = 4;
/// What topic names begin with.
pub(crate) const PREFIX: &str = "mailtally";
/// The group of the processors.
pub(crate) const GROUP: &str = "mailtally-processor";
/// How long the feeder may wait for brokers that are away.
const PATIENCE: Duration = Duration::from_secs(120);
/// The accounts that the intakes speak for.
const ACCOUNTS: &str =
    "[[account]]\nprovider = \"sendgrid\"\norganisations = [\"aquatics\", \"chess-club\", \"city-league\"]\n";

/// An installation.
pub(crate) struct Site {
    pub(crate) cluster: Cluster,
    pub(crate) kafka: Kafka,
    folder: tempfile::TempDir,
    binary: PathBuf,
    bug: Option<String>,
}

impl Site {
    /// Fresh brokers with Mailtally's topics.
    pub(crate) fn start(brokers: u16, binary: PathBuf, bug: Option<String>) -> Result<Self> {
        let cluster = Cluster::start(&broker::Options { brokers, ..broker::Options::default() });
        let cluster = cluster.map_err(anyhow::Error::msg)?;
        let folder = tempfile::Builder::new().prefix("mailtally-chaos-").tempdir()?;
        std::fs::write(folder.path().join("address.key"), [7; 32])?;
        std::fs::write(folder.path().join("mailtally.toml"), ACCOUNTS)?;
        let options = Options { patience: PATIENCE, ..Options::new(&cluster.bootstrap(), PREFIX) };
        let kafka = Kafka::open(options)?;
        let site = Self { cluster, kafka, folder, binary, bug };
        site.said(&["topics", "create"])?;
        Ok(site)
    }

    /// A place of this run.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Keeps what the instances said, for whoever looks for the reason of a failure.
    pub(crate) fn keep(self) -> PathBuf {
        for node in &self.cluster.plan().nodes {
            let kept = self.path(&format!("broker-{}.log", node.number));
            // Who looks for a reason finds what is there.
            std::fs::copy(self.cluster.plan().log(node), kept).ok();
        }
        self.folder.keep()
    }

    /// The binary in a role or for a command, configured for these brokers.
    pub(crate) fn mailtally(&self, arguments: &[&str], data: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MAILTALLY_")) {
            command.env_remove(name);
        }
        command.args(arguments).arg("--data").arg(data).arg("--config").arg(self.path("mailtally.toml"));
        for pair in [
            format!("kafka.bootstrap_servers={}", self.cluster.bootstrap()),
            format!("address_key_file={}", self.path("address.key").display()),
            format!("partitions={PARTITIONS}"),
            "listen=127.0.0.1:0".to_owned(),
        ] {
            command.arg("--set").arg(pair);
        }
        // Known to a binary that was built to be wrong, and to no other.
        command.envs(self.bug.iter().map(|bug| ("SEEDED_BUG", bug)));
        command.stdin(Stdio::null());
        command
    }

    /// Standard output of a command that ends well.
    pub(crate) fn said(&self, arguments: &[&str]) -> Result<String> {
        let output = self.mailtally(arguments, &self.path("asking")).output().with_context(|| self.missing())?;
        let (out, notes) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "mailtally {arguments:?}: {}\n{out}{notes}", output.status);
        Ok(out.into_owned())
    }

    /// What `mailtally reconcile` finds; a difference is a finding, not an error.
    pub(crate) fn reconcile(&self) -> Result<Value> {
        let mut command = self.mailtally(&["reconcile", "--format", "json"], &self.path("asking"));
        let output = command.output().with_context(|| self.missing())?;
        let notes = String::from_utf8_lossy(&output.stderr).into_owned();
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("mailtally reconcile: {}\n{notes}", output.status))
    }

    /// The group as its coordinator sees it.
    pub(crate) fn group(&self) -> Result<Group> {
        Ok(self.kafka.group(GROUP)?)
    }

    fn missing(&self) -> String {
        format!("{}: build it with cargo build -p mailtally, or use cargo xtask chaos", self.binary.display())
    }
}

/// A topic's full name.
pub(crate) fn topic(topic: Topic) -> engine::Topic {
    engine::Topic::new(&topic.name(PREFIX))
}

/// Every partition of a topic.
pub(crate) fn partitions(of: Topic) -> impl Iterator<Item = TopicPartition> {
    let topic = topic(of);
    (0..PARTITIONS).map(move |partition| TopicPartition { topic: topic.clone(), partition })
}

/// The binary beside this one.
pub(crate) fn beside() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    // A test's program lies one folder deeper.
    own.ancestors()
        .skip(1)
        .map(|folder| folder.join("mailtally"))
        .find(|binary| binary.is_file())
        .ok_or_else(|| anyhow!("no mailtally beside {}: build it with cargo build -p mailtally", own.display()))
}
