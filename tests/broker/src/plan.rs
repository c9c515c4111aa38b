//! What a cluster is: its brokers with their ports, and each broker's `server.properties`. Kept in the cluster's
//! directory, so that every command finds it there.

use std::path::{Path, PathBuf};

use crate::Result;
use crate::secrets::Secrets;

/// The file that a plan is kept in.
const FILE: &str = "cluster";

/// One broker, controller too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// From 1.
    pub number: u16,
    /// The port for clients.
    pub client: u16,
    /// The port for the other brokers: they never go through what stands in front of `client`.
    pub internal: u16,
    /// The port of the controllers' quorum.
    pub controller: u16,
    /// The port that clients are told: that of a proxy, else `client`.
    pub advertised: u16,
}

/// A cluster as planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Everything is in here: properties, logs, data, process ids.
    pub dir: PathBuf,
    /// The cluster's id: 22 letters of URL-safe base64.
    pub id: String,
    /// The brokers.
    pub nodes: Vec<Node>,
    /// TLS and SASL for clients and brokers, and an authorizer.
    pub secure: bool,
    /// Settings of `server.properties` on top of ours, for each broker.
    pub properties: Vec<(String, String)>,
}

impl Plan {
    /// Brokers at `port`, `port + 10`, ...: each with its three ports beside each other. What clients are told is
    /// `advertised`, where it names a port for a broker.
    ///
    /// # Errors
    /// The ports run out of range.
    pub fn at(dir: &Path, brokers: u16, port: u16, advertised: &[u16], secure: bool) -> Result<Self> {
        let node = |index: u16| {
            let client = port.checked_add(10 * index).filter(|client| *client > 0 && *client <= u16::MAX - 2)?;
            let advertised = advertised.get(usize::from(index)).copied().unwrap_or(client);
            Some(Node { number: index + 1, client, internal: client + 1, controller: client + 2, advertised })
        };
        let nodes: Option<Vec<Node>> = (0..brokers).map(node).collect();
        let nodes = nodes.ok_or_else(|| format!("port {port}: choose one from 1 to {}", u16::MAX - 10 * brokers))?;
        Ok(Self { dir: dir.to_owned(), id: fresh_id()?, nodes, secure, properties: Vec::new() })
    }

    /// The plan that a directory holds; `None` where there is none.
    ///
    /// # Errors
    /// The file cannot be read or understood.
    pub fn load(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                parse(dir, &text).map(Some).ok_or_else(|| format!("{}: not understood: remove it", path.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// Writes the plan and every broker's properties.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub(crate) fn save(&self, secrets: Option<&Secrets>) -> Result<()> {
        let said = |error: std::io::Error| format!("{}: {error}", self.dir.display());
        for node in &self.nodes {
            let folder = self.folder(node);
            std::fs::create_dir_all(&folder).map_err(said)?;
            crate::secrets::write_private(&folder.join("server.properties"), &self.server_properties(node, secrets))?;
            std::fs::write(folder.join("log4j2.xml"), include_str!("log4j2.xml")).map_err(said)?;
        }
        std::fs::write(self.dir.join(FILE), print(self)).map_err(said)
    }

    /// Removes the file that the plan is kept in, and its directory where nothing else is in there.
    pub(crate) fn forget(&self) -> Result<()> {
        let path = self.dir.join(FILE);
        std::fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        // It stays where it is not empty.
        std::fs::remove_dir(&self.dir).ok();
        Ok(())
    }

    /// What clients connect to: `host:port`, with commas between.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        let addresses: Vec<String> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.advertised)).collect();
        addresses.join(",")
    }

    /// The broker of this number.
    ///
    /// # Errors
    /// There is none.
    pub fn node(&self, number: u16) -> Result<&Node> {
        let known = || format!("no broker {number}: they are numbered 1 to {}", self.nodes.len());
        self.nodes.iter().find(|node| node.number == number).ok_or_else(known)
    }

    /// A broker's directory.
    #[must_use]
    pub fn folder(&self, node: &Node) -> PathBuf {
        self.dir.join(node.number.to_string())
    }

    /// Where a broker says what it does.
    #[must_use]
    pub fn log(&self, node: &Node) -> PathBuf {
        self.folder(node).join("out.log")
    }

    fn server_properties(&self, node: &Node, secrets: Option<&Secrets>) -> String {
        let mut text = String::new();
        let count = self.nodes.len();
        let protocol = if secrets.is_some() { "SASL_SSL" } else { "PLAINTEXT" };
        let voter = |node: &Node| format!("{}@127.0.0.1:{}", node.number, node.controller);
        let voters: Vec<String> = self.nodes.iter().map(voter).collect();
        let Node { number, client, internal, controller, advertised } = node;
        for (key, value) in [
            ("process.roles", "broker,controller".to_owned()),
            ("node.id", number.to_string()),
            ("controller.quorum.voters", voters.join(",")),
            (
                "listeners",
                format!(
                    "CLIENT://127.0.0.1:{client},INTERNAL://127.0.0.1:{internal},CONTROLLER://127.0.0.1:{controller}"
                ),
            ),
            ("advertised.listeners", format!("CLIENT://127.0.0.1:{advertised},INTERNAL://127.0.0.1:{internal}")),
            ("listener.security.protocol.map", format!("CLIENT:{protocol},INTERNAL:{protocol},CONTROLLER:{protocol}")),
            ("inter.broker.listener.name", "INTERNAL".to_owned()),
            ("controller.listener.names", "CONTROLLER".to_owned()),
            ("log.dirs", self.folder(node).join("data").display().to_string()),
            ("default.replication.factor", count.to_string()),
        ] {
            line(&mut text, key, &value);
        }
        SETTINGS.iter().for_each(|(key, value)| line(&mut text, key, value));
        for topic in ["offsets.topic", "transaction.state.log", "share.coordinator.state.topic"] {
            line(&mut text, &format!("{topic}.replication.factor"), &count.to_string());
        }
        let in_sync = if count > 1 { "2" } else { "1" };
        for key in ["min.insync.replicas", "transaction.state.log.min.isr", "share.coordinator.state.topic.min.isr"] {
            line(&mut text, key, in_sync);
        }
        if let Some(secrets) = secrets {
            secrets.properties().iter().for_each(|(key, value)| line(&mut text, key, value));
        }
        self.properties.iter().for_each(|(key, value)| line(&mut text, key, value));
        text
    }
}

/// Nothing is made by accident, and what tests wait for happens soon.
const SETTINGS: [(&str, &str); 8] = [
    ("auto.create.topics.enable", "false"),
    ("num.partitions", "4"),
    ("offsets.topic.num.partitions", "4"),
    ("transaction.state.log.num.partitions", "4"),
    ("share.coordinator.state.topic.num.partitions", "4"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("group.min.session.timeout.ms", "1000"),
    // How often transactions that outlived their timeout are looked for.
    ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000"),
];

/// The last letter has two bits to say only.
pub(crate) fn fresh_id() -> Result<String> {
    Ok(format!("{:.21}A", crate::secrets::random_word()?))
}

fn line(text: &mut String, key: &str, value: &str) {
    text.extend([key, "=", value, "\n"]);
}

fn print(plan: &Plan) -> String {
    let mut text = format!("id {}\nsecure {}\n", plan.id, plan.secure);
    for Node { number, client, internal, controller, advertised } in &plan.nodes {
        text += &format!("node {number} {client} {internal} {controller} {advertised}\n");
    }
    for (key, value) in &plan.properties {
        text += &format!("property {key} {value}\n");
    }
    text
}

fn parse(dir: &Path, text: &str) -> Option<Plan> {
    let (id, nodes, properties) = (String::new(), Vec::new(), Vec::new());
    let mut plan = Plan { dir: dir.to_owned(), id, nodes, secure: false, properties };
    for line in text.lines() {
        match line.split_once(' ')? {
            ("id", word) => plan.id = word.to_owned(),
            ("secure", word) => plan.secure = word.parse().ok()?,
            ("node", words) => plan.nodes.push(parse_node(words)?),
            ("property", words) => plan.properties.push(words.split_once(' ').map(|(k, v)| (k.into(), v.into()))?),
            _ => return None,
        }
    }
    (!plan.nodes.is_empty() && !plan.id.is_empty()).then_some(plan)
}

fn parse_node(words: &str) -> Option<Node> {
    let numbers: Option<Vec<u16>> = words.split(' ').map(|word| word.parse().ok()).collect();
    let [number, client, internal, controller, advertised] = numbers?.try_into().ok()?;
    Some(Node { number, client, internal, controller, advertised })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let mut plan = Plan::at(Path::new("/d"), 3, 9092, &[7000, 7001], true).unwrap();
        plan.properties.push(("log.retention.ms".into(), "a b".into()));
        assert_eq!(parse(&plan.dir, &print(&plan)), Some(plan.clone()));
        assert_eq!(plan.bootstrap(), "127.0.0.1:7000,127.0.0.1:7001,127.0.0.1:9112");
        for torn in ["", "id a\n", "node 1 2 3 4 5\n", "id a\nnode 1 2 3 4\n", "id a\nnode 1 2 3 4 x\n", "else\n"] {
            assert_eq!(parse(&plan.dir, torn), None, "{torn:?}");
        }
    }

    #[test]
    fn ports_stay_in_range() {
        assert!(Plan::at(Path::new("/d"), 3, 65_520, &[], false).is_err());
        assert!(Plan::at(Path::new("/d"), 1, 0, &[], false).is_err());
        assert!(Plan::at(Path::new("/d"), 3, 65_513, &[], false).is_ok());
    }

    #[test]
    fn brokers_speak_to_each_other_past_what_stands_in_front() {
        let plan = Plan::at(Path::new("/d"), 3, 9092, &[7000], false).unwrap();
        let text = plan.server_properties(&plan.nodes[0], None);
        assert!(text.contains("advertised.listeners=CLIENT://127.0.0.1:7000,INTERNAL://127.0.0.1:9093\n"), "{text}");
        assert!(text.contains("transaction.state.log.replication.factor=3\n"), "{text}");
        assert!(text.contains("transaction.state.log.min.isr=2\n"), "{text}");
        assert!(text.contains("auto.create.topics.enable=false\n"), "{text}");
    }

    #[test]
    fn what_is_asked_for_has_the_last_word() {
        let mut plan = Plan::at(Path::new("/d"), 1, 9092, &[], false).unwrap();
        plan.properties.push(("num.partitions".into(), "7".into()));
        let text = plan.server_properties(&plan.nodes[0], None);
        assert!(text.find("num.partitions=7").unwrap() > text.find("num.partitions=4").unwrap());
    }
}
