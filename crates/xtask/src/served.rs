//! A run over the demo's month, for whoever looks at it from outside: a browser, a program that reads the API.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::run::run;
use crate::setup;

/// Where it listens.
pub(crate) const LISTEN: &str = "127.0.0.1:8427";

/// Ends when it is dropped.
pub(crate) struct Served {
    child: Child,
    /// Logs in to the organisation `city-league`, as who may check sends.
    pub(crate) link: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).ok();
    }
}

impl Served {
    /// Plays the demo into a new directory and serves it.
    pub(crate) fn start(data: &Path) -> Result<Self, String> {
        let data = data.display().to_string();
        run(mailtally(&["demo", "--exit", "--events", "20000", "--data", &data]).stdout(Stdio::null()))?;
        let config = format!("{data}/mailtally.toml");
        let mut command = mailtally(&["run", "--data", &data, "--config", &config, "--listen", LISTEN]);
        let child = command.stderr(Stdio::null()).spawn().map_err(|error| error.to_string())?;
        let mut served = Self { child, link: String::new() };
        served.link = served.grant(&data)?;
        served.answers()?;
        Ok(served)
    }

    fn grant(&self, data: &str) -> Result<String, String> {
        let (listen, role) = (format!("listen={LISTEN}"), "sender");
        let whose = ["--organisation", "city-league", "--name", "Ada", "--role", role];
        let mut command = mailtally(&["grant", "--data", data, "--set", &listen]);
        let granted = command.args(whose).stderr(Stdio::null()).output().map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&granted.stdout).trim().to_owned())
    }

    /// Waits until it answers, or has ended.
    fn answers(&mut self) -> Result<(), String> {
        while std::net::TcpStream::connect(LISTEN).is_err() {
            if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
                return Err(format!("mailtally run ended before it answered: {status}"));
            }
            // Nobody tells when a port opens.
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        Ok(())
    }

    /// The token in its link.
    pub(crate) fn token(&self) -> &str {
        self.link.split_once("token=").map_or("", |(_, token)| token)
    }
}

fn mailtally(arguments: &[&str]) -> Command {
    let mut command = setup::cargo(&["run", "-q", "--bin", "mailtally", "--"]);
    command.args(arguments);
    command
}
