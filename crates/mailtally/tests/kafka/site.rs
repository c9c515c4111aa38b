//! An installation of its own on the suites' broker: a prefix that nobody else has, data directories, the real binary.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use serde_json::Value;

use crate::support::{PATIENCE, Run, binary};

/// An installation.
pub(crate) struct Site {
    root: tempfile::TempDir,
    pub(crate) servers: String,
    pub(crate) prefix: String,
    /// How a secure broker is reached.
    security: Vec<String>,
}

impl Site {
    /// On the shared broker, without topics.
    pub(crate) fn new() -> Self {
        Self::at(broker::shared().expect("a broker"))
    }

    /// On this broker.
    pub(crate) fn at(servers: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = tempfile::tempdir().expect("directory");
        let name = root.path().file_name().expect("a name").to_string_lossy().to_lowercase();
        let prefix = format!("t{number}{}", name.trim_start_matches('.'));
        Self { root, servers: servers.to_owned(), prefix, security: Vec::new() }
    }

    /// On a secure cluster, as one of its users.
    pub(crate) fn secure(cluster: &broker::Cluster, user: &str) -> Self {
        let prefix = Self::at("").prefix;
        Self::secure_at(cluster, user, &prefix)
    }

    /// The same with this prefix.
    pub(crate) fn secure_at(cluster: &broker::Cluster, user: &str, prefix: &str) -> Self {
        let site = Self::at(&cluster.bootstrap());
        let password = site.path("password");
        std::fs::write(&password, cluster.password(user).expect("a password")).expect("written");
        let authority = cluster.authority().expect("an authority");
        let security = vec![
            "kafka.security_protocol=sasl_ssl".to_owned(),
            format!("kafka.ca_file={}", authority.display()),
            format!("kafka.username={user}"),
            format!("kafka.password_file={}", password.display()),
        ];
        Self { prefix: prefix.to_owned(), security, ..site }
    }

    /// With its topics.
    pub(crate) fn made() -> Self {
        let site = Self::new();
        site.said(&["topics", "create"]);
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A file of lines.
    pub(crate) fn file(&self, name: &str, lines: &[String]) -> String {
        let path = self.path(name);
        std::fs::write(&path, lines.join("\n") + "\n").expect("written");
        path.to_str().expect("a path").to_owned()
    }

    pub(crate) fn flags(&self) -> Vec<String> {
        let (servers, prefix) = (&self.servers, &self.prefix);
        // Not the usual port: somebody else may have it.
        let listen = "listen=127.0.0.1:0".to_owned();
        [format!("kafka.bootstrap_servers={servers}"), format!("prefix={prefix}"), listen]
            .into_iter()
            .chain(self.security.iter().cloned())
            .flat_map(|pair| ["--set".to_owned(), pair])
            .collect()
    }

    /// Runs a command to its end.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Output {
        let mut command = binary();
        command.args(arguments).args(self.flags()).arg("--data").arg(self.path("0"));
        command.stdin(std::process::Stdio::null()).output().expect("the binary runs")
    }

    /// Standard output of a command that ends well.
    pub(crate) fn said(&self, arguments: &[&str]) -> String {
        let output = self.ask(arguments);
        let (out, notes) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {out} {notes}");
        out.into_owned()
    }

    /// Rows of a command that ends well.
    pub(crate) fn rows(&self, arguments: &[&str]) -> Vec<Value> {
        let arguments = [arguments, &["--format", "json"]].concat();
        self.said(&arguments).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// Starts an instance with a data directory and a name of its own.
    pub(crate) fn start(&self, role: &str, instance: &str) -> Run {
        self.start_with(role, instance, &[])
    }

    /// The same with more arguments.
    pub(crate) fn start_with(&self, role: &str, instance: &str, arguments: &[&str]) -> Run {
        let named = format!("kafka.instance={instance}");
        let key = format!("address_key_file={}", self.key("address.key", 7).display());
        let more = ["--set".to_owned(), named, "--set".to_owned(), key];
        let flags = [self.flags(), more.to_vec()].concat();
        let flags: Vec<&str> = flags.iter().map(String::as_str).chain(arguments.iter().copied()).collect();
        Run::start_as(role, &self.path(instance), &flags)
    }

    /// A key of the address hashes; all instances have the one of sevens.
    pub(crate) fn key(&self, name: &str, byte: u8) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, [byte; 32]).expect("written");
        path
    }
}

/// Waits until something holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not after {} s", PATIENCE.as_secs());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// Waits until an instance is ready.
pub(crate) fn until_ready(run: &mut Run) {
    until("an instance is ready", || run.get("/health/ready").0 == 200);
}

/// What a command that must not succeed says: its code, and one line.
pub(crate) fn refused(output: &Output, code: i32, words: &[&str]) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    // Before it a process that stays may have logged how it tried.
    let said: Vec<&str> = said.lines().filter(|line| line.starts_with("mailtally: ")).collect();
    let [said] = said[..] else { panic!("one line: {said:#?}") };
    words.iter().for_each(|word| assert!(said.contains(word), "{word} is not in: {said}"));
    said.to_owned()
}

/// What an instance has said on standard error.
pub(crate) fn notes(data: &Path) -> String {
    std::fs::read_to_string(data.with_extension("stderr")).expect("notes")
}
