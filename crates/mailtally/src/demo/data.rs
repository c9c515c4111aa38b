//! The demo's data directory: made anew, with an address key from the seed, and what to do with it afterwards.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::feed;

/// Says that a directory is a demo's, so that the next one may remove it.
const MARK: &str = "demo.seed";

/// A directory without data. The default one may hold an earlier demo, which goes.
pub(super) fn prepare(named: Option<&Path>, seed: u64) -> Result<PathBuf> {
    let data = named.map_or_else(default, Path::to_owned);
    if data.join("log").exists() {
        if named.is_some() || !data.join(MARK).exists() {
            bail!("{} holds data already: give --data a new directory", data.display());
        }
        clear(&data)?;
    }
    std::fs::create_dir_all(&data).with_context(|| format!("make {}", data.display()))?;
    let write = |name: &str, bytes: &[u8]| {
        let path = data.join(name);
        let file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(bytes)).with_context(|| format!("write {}", path.display()))
    };
    // A real installation's key is random; here the same seed gives the same address hashes.
    write("address.key", &contract::identity::event(&[b"demo", &seed.to_be_bytes()]).0.repeat(2))?;
    write("mailtally.toml", feed::configuration().as_bytes())?;
    write(MARK, seed.to_string().as_bytes())?;
    Ok(data)
}

fn default() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    cache.or_else(home).unwrap_or_else(std::env::temp_dir).join("mailtally/demo")
}

/// Removes an earlier demo, unless a process works on it.
fn clear(data: &Path) -> Result<()> {
    if let Err(error @ embedded::OpenError::Locked { .. }) =
        embedded::Embedded::open(data.join("log"), embedded::Options::default()).map(drop)
    {
        return Err(error).context("an earlier demo still runs: end it, or give --data a new directory");
    }
    std::fs::remove_dir_all(data).with_context(|| format!("remove {}", data.display()))
}

/// Commands that work on the directory, and how to be rid of it.
pub(super) fn look_further(data: &Path) {
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("mailtally"));
    let (program, data) = (program.display(), data.display());
    eprintln!("\nLook further (the month is in {data}; to be rid of it: rm -r {data}):");
    for (command, what) in [
        ("campaigns --format json", "every campaign's numbers"),
        ("reconcile", "recounts everything from the events a second way"),
        ("consume message-status", "every mail's row"),
        ("consume dead-letters", "what could not be used, and why"),
        ("help", "everything else"),
    ] {
        let of = if command == "help" { String::new() } else { format!(" --data {data}") };
        eprintln!("  {program} {command}{of}\n      {what}");
    }
}
