//! `DIR/run.json`: where the live `run` takes commands, and what shows that the asker may read the data directory.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use service::config::Secret;

const NAME: &str = "run.json";

/// Where commands go.
#[derive(Serialize, Deserialize)]
pub(crate) struct Control {
    /// Loopback address of the commands.
    pub(crate) address: SocketAddr,
    /// Where webhooks come in, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    webhooks: Option<SocketAddr>,
    /// What to show.
    pub(crate) token: String,
    /// The process, for people.
    pid: u32,
    /// Its version, for people.
    version: String,
}

/// The file of a live `run`.
pub(crate) struct Written(PathBuf);

impl Control {
    /// What the data directory says; nothing when it says nothing that can be read.
    pub(crate) fn read(data: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(data.join(NAME)).ok()?).ok()
    }

    /// Writes it, readable by this user only, over what a killed one has left.
    pub(crate) fn write(
        data: &Path,
        mut address: SocketAddr,
        webhooks: Option<SocketAddr>,
        token: &Secret,
    ) -> Result<Written> {
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        let control = Self {
            address,
            webhooks,
            token: token.reveal().to_owned(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let (path, beside) = (data.join(NAME), data.join("run.json.new"));
        let write = || {
            // Whatever is left there may be readable by others.
            std::fs::remove_file(&beside).ok();
            let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
            file.write_all(&serde_json::to_vec(&control)?)?;
            std::fs::rename(&beside, &path)
        };
        write().with_context(|| format!("write {}", path.display()))?;
        Ok(Written(path))
    }
}

impl Written {
    /// Removes it: nobody takes commands any more.
    pub(crate) fn remove(self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::warn!(%error, "run.json was not removed; commands find nobody behind it");
        }
    }
}

/// A token made anew.
pub(crate) fn token() -> Result<Secret> {
    let mut bytes = [0; 32];
    std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes)).context("make a token")?;
    Ok(Secret::new(&contract::json::hex(&bytes)))
}
