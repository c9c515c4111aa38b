//! The browser's process, from its start to its end.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use tempfile::TempDir;

use crate::PATIENCE;
use crate::page::Page;
use crate::wire::Wire;

/// Programs that are a Chromium; the first that is there is taken. The one without windows draws the same pages for half the
/// processor time.
const PROGRAMS: [&str; 4] = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

/// No window, no profile but its own, nothing that it does of its own accord, and no name that resolves.
const FLAGS: [&str; 14] = [
    "--headless=new",
    // As browsers with windows do by themselves: a sealed frame has a process of its own.
    "--site-per-process",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--lang=en",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
];

/// What it writes once it can be driven.
const LISTENING: &str = "DevTools listening on ";

/// A running browser. It ends when this is dropped, and nothing of its profile stays.
pub struct Browser {
    child: Child,
    wire: Wire,
    /// Where each target has its socket.
    base: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts one.
    ///
    /// # Errors
    /// When none is installed, or it does not come up.
    pub fn start() -> Result<Self> {
        let profile = tempfile::tempdir().context("a folder for the browser's profile")?;
        let mut child = spawn(&profile)?;
        let address = match listening(&mut child) {
            Ok(address) => address,
            Err(why) => {
                child.kill().ok();
                child.wait().ok();
                return Err(why);
            }
        };
        let base = address.split("/devtools/").next().unwrap_or_default().to_owned();
        Ok(Self { child, wire: Wire::connect(&address)?, base, _profile: profile })
    }

    /// A page in a context of its own: it shares no cookie with another.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn page(&mut self) -> Result<Page> {
        let context = self.wire.call("Target.createBrowserContext", &json!({}))?;
        let about = json!({ "url": "about:blank", "browserContextId": context["browserContextId"] });
        let made = self.wire.call("Target.createTarget", &about)?;
        let target = made["targetId"].as_str().context("a target")?;
        Page::open(Wire::connect(&format!("{}/devtools/page/{target}", self.base))?, target)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // In order, so that its helpers end too; by force where it does not hear.
        if self.wire.call("Browser.close", &json!({})).is_err() {
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}

fn spawn(profile: &TempDir) -> Result<Child> {
    for program in PROGRAMS {
        let mut command = Command::new(program);
        command.args(FLAGS).arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn() {
            Ok(child) => return Ok(child),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).context(program),
        }
    }
    bail!("no browser: cargo xtask setup installs one (Debian package chromium-headless-shell)")
}

/// Where the browser says that it listens. What it writes afterwards is read and left, so that it never waits for a reader.
fn listening(child: &mut Child) -> Result<String> {
    let written = child.stderr.take().context("its notes")?;
    let (say, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(written).lines().map_while(Result::ok);
        lines.for_each(|line| drop(say.send(line)));
    });
    let mut notes = Vec::new();
    loop {
        let Ok(line) = heard.recv_timeout(PATIENCE) else { bail!("the browser did not come up: {notes:?}") };
        match line.strip_prefix(LISTENING) {
            Some(address) => return Ok(address.trim().to_owned()),
            None => notes.push(line),
        }
    }
}
