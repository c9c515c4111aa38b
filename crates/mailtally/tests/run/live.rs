//! A live `run`, and what is asked of it.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// A run ends when its log has refused everything for 5 s; half as long again for a busy machine.
const REFUSING_MAX: Duration = Duration::from_millis(7_500);

/// A `run` that is ready.
pub(crate) struct Live {
    pub(crate) child: Child,
    pub(crate) address: String,
}

/// The binary with these arguments.
pub(crate) fn mailtally(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailtally"));
    command.args(arguments).env_remove("MAILTALLY_CONFIG");
    command
}

/// Runs it to its end over a data directory.
pub(crate) fn over(data: &Path, arguments: &[&str]) -> Output {
    mailtally(arguments).arg("--data").arg(data).output().expect("the binary runs")
}

/// The command that starts `run` on a free port.
pub(crate) fn run(data: &Path, more: &[&str]) -> Command {
    let mut command = mailtally(&["run", "--listen", "127.0.0.1:0", "--set", "disk_headroom_bytes=0"]);
    command.arg("--data").arg(data).args(more).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Waits for a condition.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what} did not come true");
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Live {
    /// Starts it and waits until it is ready, and its view has everything that was there.
    pub(crate) fn start(data: &Path, more: &[&str]) -> Self {
        let live = Self::from(run(data, more), data);
        until("readiness", || live.get("/health/ready").0 == 200);
        until("everything on the pages", || {
            let report: Value = serde_json::from_str(&live.get("/health/ready").1).unwrap_or_default();
            report["view"].is_null() || report["view"]["state"] == "live"
        });
        live
    }

    /// Starts this command and waits until it says where it listens.
    pub(crate) fn from(mut command: Command, data: &Path) -> Self {
        let child = command.spawn().expect("it starts");
        let mut live = Self { child, address: String::new() };
        until("run.json", || {
            let ended = live.child.try_wait().expect("asked");
            if ended.is_some() {
                let mut said = String::new();
                live.child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
                panic!("it ended: {said}");
            }
            let control = std::fs::read(data.join("run.json")).unwrap_or_default();
            let control: Value = serde_json::from_slice(&control).unwrap_or_default();
            live.address = control["address"].as_str().unwrap_or_default().to_owned();
            control["pid"].as_u64() == Some(u64::from(live.child.id()))
        });
        live
    }

    /// Asks for a path; status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        match agent().get(format!("http://{}{path}", self.address)).call() {
            Ok(mut answer) => {
                let body = answer.body_mut().read_to_string().unwrap_or_default();
                (answer.status().as_u16(), body)
            }
            Err(_) => (0, String::new()),
        }
    }

    /// Posts JSON lines to the intake; status and body, 0 when it is not there.
    pub(crate) fn post(&self, lines: &str) -> (u16, String) {
        let post = agent().post(format!("http://{}/v1/platform-events", self.address));
        match post.header("Content-Type", "application/x-ndjson").send(lines) {
            Ok(mut answer) => {
                let body = answer.body_mut().read_to_string().unwrap_or_default();
                (answer.status().as_u16(), body)
            }
            Err(_) => (0, String::new()),
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Whether it still runs after longer than it lets a log refuse everything.
    pub(crate) fn goes_on(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < REFUSING_MAX {
            if self.child.try_wait().expect("asked").is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }

    /// Waits for its end; its exit code and what it said.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let mut pipe = self.child.stderr.take().expect("a pipe");
        until("the end", || self.child.try_wait().expect("asked").is_some());
        let mut said = String::new();
        pipe.read_to_string(&mut said).expect("text");
        (self.child.wait().expect("ended").code(), said)
    }

    /// Stops it in order.
    pub(crate) fn stop(self) -> String {
        self.signal("TERM");
        let (code, said) = self.ended();
        assert_eq!(code, Some(0), "{said}");
        said
    }
}

/// Nothing outlives its test, whatever became of it.
impl Drop for Live {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).proxy(None).timeout_global(Some(PATIENCE)).build().into()
}

/// A good event.
pub(crate) fn send(message: &str, campaign: &str) -> String {
    format!(
        r#"{{"organisation":"acme","time":"2026-05-01T10:00:00Z","send":{{"message":"{message}","campaign":"{campaign}","client":"k-{message}","address":"{message}@example.org"}}}}"#
    ) + "\n"
}

/// Folds what a stop or a kill has left.
pub(crate) fn settle(data: &Path) {
    let settled = over(data, &["produce", "/dev/null"]);
    assert!(settled.status.success(), "{}", String::from_utf8_lossy(&settled.stderr));
}

/// Sent of a campaign, as `campaigns` says.
pub(crate) fn sent(data: &Path, campaign: &str) -> u64 {
    let rows = over(data, &["campaigns", "--format", "json"]).stdout;
    let rows = String::from_utf8(rows).expect("text");
    let rows = rows.lines().map(|row| serde_json::from_str::<Value>(row).expect("JSON"));
    rows.into_iter().find(|row| row["campaign"] == campaign).and_then(|row| row["sent"].as_u64()).unwrap_or(0)
}
