//! The product's binary: `mailtally run`, with pages and intake.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use benches::pace;
use benches::process::{self, Process};
use serde_json::Value;

use crate::feed::ORGANISATION;

/// How long it may take to be ready.
const READY_MAX: Duration = Duration::from_secs(60);

/// A `run` that is ready.
pub(crate) struct Product {
    process: Process,
    pub(crate) address: String,
    /// A viewer's.
    pub(crate) token: String,
}

impl Product {
    /// Starts it over a new data directory, on these brokers or on the embedded log.
    pub(crate) fn start(folder: &Path, servers: Option<String>) -> Result<Self> {
        let data = folder.join("data");
        std::fs::write(folder.join("address.key"), [7; 32])?;
        let mut set = vec!["listen=127.0.0.1:0".to_owned(), "log.level=warn".to_owned()];
        set.push(format!("address_key_file={}", folder.join("address.key").display()));
        set.extend(servers.iter().map(|servers| format!("kafka.bootstrap_servers={servers}")));
        let command = |role: &[&str]| {
            let own = std::env::current_exe().unwrap_or_default().with_file_name("mailtally");
            let mut command = Command::new(own);
            command.args(role).arg("--data").arg(&data);
            command
        };
        let configured = |role: &[&str]| {
            let mut command = command(role);
            set.iter().for_each(|pair| {
                command.arg("--set").arg(pair);
            });
            command
        };
        if servers.is_some() {
            process::ended(&mut configured(&["topics", "create"]))?;
        }
        let process = Process::start(configured(&["run"]).stdout(Stdio::null()))?;
        let address = ready(&data)?;
        let granted =
            command(&["grant", "--organisation", ORGANISATION, "--role", "viewer", "--name", "Ada"]).output()?;
        ensure!(granted.status.success(), "grant: {}", String::from_utf8_lossy(&granted.stderr));
        let link = String::from_utf8(granted.stdout)?;
        let token = link.trim().split_once("token=").context("a link with a token")?.1.to_owned();
        Ok(Self { process, address, token })
    }

    /// Ends it in order.
    pub(crate) fn stop(self) -> Result<()> {
        self.process.stop()
    }
}

/// Where it answers, once every task is live.
fn ready(data: &Path) -> Result<String> {
    let mut address = String::new();
    pace::until("mailtally run is ready", READY_MAX, || {
        let control = std::fs::read(data.join("run.json")).unwrap_or_default();
        let control: Value = serde_json::from_slice(&control).unwrap_or_default();
        address = control.get("address").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(!address.is_empty() && ureq::get(format!("http://{address}/health/ready")).call().is_ok())
    })?;
    Ok(address)
}
