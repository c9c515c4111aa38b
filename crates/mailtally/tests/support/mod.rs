//! The real binary: a command to its end, and a live `run` that can be asked, posted to and killed.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]
#![allow(dead_code, reason = "not every suite needs all of it")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take before it counts as hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What suites are told by the environment: none of it is the binary's configuration.
const SUITES_OWN: [&str; 5] = [
    "MAILTALLY_SEED",
    "MAILTALLY_TEST_KAFKA",
    "MAILTALLY_TEST_EXAMPLES",
    "MAILTALLY_TEST_AXE",
    "MAILTALLY_TEST_PICTURES",
];

/// The binary.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailtally"));
    for name in SUITES_OWN {
        command.env_remove(name);
    }
    command
}

/// Runs a command over a data directory to its end.
pub(crate) fn mailtally(data: &Path, arguments: &[&str]) -> Output {
    let mut command = binary();
    command.args(arguments).arg("--data").arg(data).stdin(Stdio::null()).output().expect("the binary runs")
}

/// Standard output of a command that ends well.
pub(crate) fn said(data: &Path, arguments: &[&str]) -> String {
    let output = mailtally(data, arguments);
    let (out, notes) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {out} {notes}");
    out.into_owned()
}

/// Rows of a command that writes one JSON object a line.
pub(crate) fn rows(data: &Path, arguments: &[&str]) -> Vec<Value> {
    said(data, arguments).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// A send as a JSON line.
pub(crate) fn send(message: &str, campaign: &str) -> String {
    format!(
        r#"{{"organisation":"acme","time":"2026-05-01T10:00:00Z","send":{{"message":"{message}","campaign":"{campaign}","client":"k-{message}","address":"{message}@example.org","provider":"sendgrid","account":"main","provider_message_id":"sg-{message}"}}}}"#
    )
}

/// A live `run`.
pub(crate) struct Run {
    child: Child,
    data: PathBuf,
    agent: ureq::Agent,
    address: Option<String>,
}

impl Run {
    /// Starts one over a data directory, with more arguments.
    pub(crate) fn start(data: &Path, arguments: &[&str]) -> Self {
        Self::start_as("run", data, arguments)
    }

    /// Starts a process that stays: `run` or `processor`.
    pub(crate) fn start_as(command: &str, data: &Path, arguments: &[&str]) -> Self {
        let role = command;
        let mut command = binary();
        command.args([role, "--listen", "127.0.0.1:0", "--data"]).arg(data).args(arguments);
        let notes = std::fs::File::create(data.with_extension("stderr")).expect("a file");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(notes).spawn().expect("it starts");
        let timeout = Some(PATIENCE);
        let agent = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(timeout).build().into();
        Self { child, data: data.to_owned(), agent, address: None }
    }

    /// Where it answers, once it does.
    pub(crate) fn address(&mut self) -> String {
        self.address_unless_ended().expect("run ended by itself")
    }

    /// Where it answers, once it does; nothing when it has ended before.
    pub(crate) fn address_unless_ended(&mut self) -> Option<String> {
        let begun = Instant::now();
        while self.address.is_none() {
            assert!(begun.elapsed() < PATIENCE, "run does not say where it listens");
            let file = std::fs::read(self.data.join("run.json")).unwrap_or_default();
            let control: Value = serde_json::from_slice(&file).unwrap_or(Value::Null);
            if control["pid"].as_u64() == Some(self.child.id().into()) {
                self.address = control["address"].as_str().map(str::to_owned);
            } else if self.child.try_wait().expect("a process").is_some() {
                return None;
            }
            std::thread::yield_now();
        }
        self.address.clone()
    }

    /// What a route answers: status and body.
    pub(crate) fn get(&mut self, route: &str) -> (u16, String) {
        let url = format!("http://{}{route}", self.address());
        let answer = self.agent.get(url).call();
        let mut answer = answer.unwrap_or_else(|why| panic!("{why}; it said:\n{}", self.notes()));
        (answer.status().as_u16(), answer.body_mut().read_to_string().expect("a body"))
    }

    /// What it has said so far.
    fn notes(&self) -> String {
        std::fs::read_to_string(self.data.with_extension("stderr")).unwrap_or_default()
    }

    /// Its process.
    pub(crate) fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Waits until it has ended, however that was.
    pub(crate) fn ended(mut self) -> std::process::ExitStatus {
        self.child.wait().expect("ended")
    }

    /// Posts platform events; how many lines it says are durable. Nothing when it does not answer.
    pub(crate) fn post(&mut self, lines: &[String]) -> Option<usize> {
        let url = format!("http://{}/v1/platform-events", self.address());
        post(&self.agent, &url, lines)
    }

    /// Ends it in order.
    pub(crate) fn stop(mut self) {
        rustix::process::kill_process(self.pid(), rustix::process::Signal::TERM).expect("signalled");
        let status = self.child.wait().expect("ended");
        let notes = std::fs::read_to_string(self.data.with_extension("stderr")).unwrap_or_default();
        assert!(status.success(), "an orderly stop: {status}\n{notes}");
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Posts to an address; how many lines were taken, once they are durable.
pub(crate) fn post(agent: &ureq::Agent, url: &str, lines: &[String]) -> Option<usize> {
    let request = agent.post(url).header("Content-Type", "application/x-ndjson");
    let mut answer = request.send(lines.join("\n").as_bytes()).ok()?;
    let status = answer.status();
    let text = answer.body_mut().read_to_string().ok()?;
    assert!(status.is_success() || status == 503 || status == 429, "{status}: {text}");
    if !status.is_success() {
        return None;
    }
    let taken = text.lines().filter(|line| line.contains(r#""outcome":"taken""#)).count();
    assert_eq!(taken, lines.len(), "{text}");
    Some(taken)
}
