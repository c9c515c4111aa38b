//! A cluster that lives as long as its owner: in a fresh directory, on free ports, gone when it is dropped or its owner's
//! process ends in whatever way.

use std::net::TcpListener;
use std::ops::Deref;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::plan::{Node, Plan, fresh_id};
use crate::running::Running;
use crate::{Result, jars};

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Options {
    /// 1 or 3.
    pub brokers: u16,
    /// TLS and SASL (PLAIN, SCRAM-SHA-512) and an authorizer that denies what was not granted.
    pub secure: bool,
    /// For each broker the port that clients are told: a proxy's, bound before. Empty: the brokers' own.
    pub advertised: Vec<u16>,
    /// Settings of `server.properties` on top of ours.
    pub properties: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self { brokers: 1, secure: false, advertised: Vec::new(), properties: Vec::new() }
    }
}

/// A cluster for tests. What it can do is on [`Running`]: `kill`, `stop`, `restart`,
/// `start_one`, `signal`, `tool`, ...
#[derive(Debug)]
pub struct Cluster {
    running: Running,
    guard: Child,
}

/// Ends what is left of a cluster and removes its directory, when its standard input closes: when the owner drops it,
/// ends, or was killed.
const GUARD: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
for file in "$1"/*/pid; do
    pid=$(cat "$file" 2>/dev/null) && grep -qs -F "$1" "/proc/$pid/cmdline" && kill -9 "$pid"
done
rm -rf "$1" 2>/dev/null || { sleep 1; rm -rf "$1"; }
"#;

impl Cluster {
    /// Starts a cluster and waits until every broker serves.
    ///
    /// # Errors
    /// Jars cannot be fetched, or a broker does not come up: with what its log says.
    pub fn start(options: &Options) -> Result<Self> {
        jars::fetch()?;
        let mut attempts = 0;
        loop {
            attempts += 1;
            match Self::attempt(options) {
                // Somebody took a port between our choosing and the broker's binding.
                Err(why) if why.contains("Address already in use") && attempts < 3 => {}
                result => return result,
            }
        }
    }

    /// What clients connect to.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        self.plan().bootstrap()
    }

    /// Where everything of it is.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.plan().dir
    }

    fn attempt(options: &Options) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("mailtally-kafka-{}-{count}", std::process::id()));
        let Options { secure, properties, .. } = options.clone();
        let plan = Plan { dir: dir.clone(), id: fresh_id()?, nodes: nodes(options)?, secure, properties };
        // The guard first: whatever happens from here on, nothing is left.
        let guard = guard(&dir)?;
        let cluster = Self { running: Running::new(plan)?, guard };
        cluster.running.start(&mut |_| ())?;
        Ok(cluster)
    }
}

impl Deref for Cluster {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // Where waiting fails the guard goes on without us.
        self.guard.wait().ok();
    }
}

fn guard(dir: &Path) -> Result<Child> {
    use std::os::unix::process::CommandExt as _;
    let mut sh = Command::new("sh");
    sh.args(["-c", GUARD, "guard"]).arg(dir).process_group(0);
    sh.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| format!("sh: {error}"))
}

/// Ports that were free a moment ago, all different.
fn nodes(options: &Options) -> Result<Vec<Node>> {
    let said = |error: std::io::Error| format!("no free port: {error}");
    let bind = |_| TcpListener::bind("127.0.0.1:0").map_err(said);
    let held: Vec<TcpListener> = (0..3 * options.brokers).map(bind).collect::<Result<_>>()?;
    let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port()).map_err(said);
    let ports: Vec<u16> = held.iter().map(port).collect::<Result<_>>()?;
    let node = |(number, ports): (u16, &[u16])| match ports {
        [client, internal, controller] => {
            let advertised = options.advertised.get(usize::from(number) - 1).copied().unwrap_or(*client);
            Some(Node { number, client: *client, internal: *internal, controller: *controller, advertised })
        }
        _ => None,
    };
    Ok((1..).zip(ports.chunks(3)).filter_map(node).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[test]
    fn the_guard_ends_what_runs_and_nothing_else_and_removes_the_directory() {
        let dir = std::env::temp_dir().join(format!("mailtally-guard-{}", std::process::id()));
        let sleep = |said: &Path| Command::new("sh").args(["-c", "sleep 60; :"]).arg(said).spawn().unwrap();
        let mut ours = sleep(&dir.join("1/server.properties"));
        let mut others = sleep(Path::new("/else"));
        for (node, process) in [("1", ours.id()), ("2", others.id()), ("3", u32::MAX)] {
            std::fs::create_dir_all(dir.join(node)).unwrap();
            std::fs::write(dir.join(node).join("pid"), process.to_string()).unwrap();
        }
        let mut guard = guard(&dir).unwrap();
        drop(guard.stdin.take());
        guard.wait().unwrap();
        assert!(!dir.exists());
        assert_eq!(ours.wait().unwrap().signal(), Some(9));
        assert_eq!(others.try_wait().unwrap(), None);
        others.kill().unwrap();
        others.wait().unwrap();
    }
}
