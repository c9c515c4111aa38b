//! What stands in a data directory beside the log, and whether it is one of ours. Nothing is written into a foreign one.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use service::config::Config;

/// What may stand there before a log does: configuration, what a start that was cut short has left, what a file system makes.
const OURS: [&str; 12] = [
    "address.key",
    "address.key.new",
    "demo.seed",
    "lock",
    "log",
    "lost+found",
    "mailtally.toml",
    "run.json",
    "run.json.new",
    "secrets",
    "spool",
    "state",
];
/// The key of the address hashes.
const KEY: &str = "address.key";
/// Held by the process whose directory it is, where the log is Kafka; the embedded log has its own.
const LOCK: &str = "lock";

/// Makes the directory if it is missing.
///
/// # Errors
/// When it cannot be made, or holds something else.
pub(crate) fn take(root: &Path) -> Result<()> {
    make_root(root)?;
    if root.join("log").exists() {
        return Ok(());
    }
    if root.join(LOCK).exists() {
        bail!(
            "{} was made for Kafka as the log: set kafka.bootstrap_servers, or name another directory",
            root.display()
        );
    }
    refuse_foreign(root)
}

/// The same for a directory whose log is Kafka, which then is this process's alone.
///
/// # Errors
/// As [`take`]; [`Locked`] when another process has it.
pub(crate) fn take_for_kafka(root: &Path) -> Result<Lock> {
    make_root(root)?;
    if root.join("log").exists() {
        bail!(
            "{} holds an embedded log, and kafka.bootstrap_servers is set: name another directory, or remove that key",
            root.display()
        );
    }
    refuse_foreign(root)?;
    lock(root)
}

fn make_root(root: &Path) -> Result<()> {
    // Private rows are in it: made for this user only.
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(root);
    made.with_context(|| unwritable(root))
}

fn unwritable(root: &Path) -> String {
    format!("cannot use {} as data directory: give this user the right to, or name another one", root.display())
}

fn refuse_foreign(root: &Path) -> Result<()> {
    let entries = std::fs::read_dir(root).with_context(|| unwritable(root))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut foreign: Vec<String> = names.filter(|name| !OURS.contains(&name.as_str())).collect();
    foreign.sort();
    if let Some(name) = foreign.first() {
        bail!(
            "{} is no data directory, it holds `{name}` and no `log`: name an empty or missing directory",
            root.display()
        );
    }
    Ok(())
}

/// A data directory is one process's.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held until it is closed")] std::fs::File);

/// Another process has the directory.
#[derive(Debug)]
pub(crate) struct Locked {
    path: PathBuf,
    holder: Option<u32>,
}

impl std::fmt::Display for Locked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let holder = self.holder.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
        write!(
            f,
            "{} is open in {holder}: stop that one, or give this instance a data directory of its own",
            self.path.display()
        )
    }
}

impl std::error::Error for Locked {}

fn lock(root: &Path) -> Result<Lock> {
    let path = root.join(LOCK);
    let file = std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = file.with_context(|| unwritable(root))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let holder = std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
            bail!(Locked { path: root.to_owned(), holder });
        }
        Err(error) => return Err(error).with_context(|| unwritable(root)),
    }
    // Who holds it is told to those who come later; that it is held does not depend on the text.
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).with_context(|| unwritable(root))?;
    Ok(Lock(file))
}

/// Where the key of the address hashes is.
pub(crate) struct Key {
    pub(crate) path: PathBuf,
    /// It is the operator's file: never made.
    given: bool,
}

impl Key {
    /// As configured: the data directory's own, or a file that several instances share.
    pub(crate) fn of(config: &Config) -> Self {
        let given = config.address_key_file.clone();
        Self { given: given.is_some(), path: given.unwrap_or_else(|| config.data.join(KEY)) }
    }

    /// The key: made once, readable by its owner only. A log that `holds` something has had one: another would give every
    /// address another hash.
    ///
    /// # Errors
    /// When it is missing or damaged, or cannot be made.
    pub(crate) fn make(&self, holds: bool) -> Result<Vec<u8>> {
        let path = &self.path;
        if !path.exists() && self.given {
            bail!("address_key_file = {} is missing: give every instance the same 32 bytes", path.display());
        }
        if !path.exists() && holds {
            bail!(
                "{} is missing: the directory is half-copied, restore the file (a backup or another instance has it), or addresses get other hashes",
                path.display()
            );
        }
        if !path.exists() {
            make(path).with_context(|| format!("make {}", path.display()))?;
        }
        let key = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
        if key.len() != 32 {
            let (path, bytes) = (path.display(), key.len());
            bail!("{path} has {bytes} bytes, wanted 32: restore it from a backup, or addresses get other hashes");
        }
        Ok(key)
    }
}

/// Beside its name first: a start that is cut short leaves no half key.
fn make(path: &Path) -> std::io::Result<()> {
    let mut random = [0; 32];
    std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut random))?;
    let beside = path.with_extension("key.new");
    // What an earlier start has left there is nobody's key.
    std::fs::remove_file(&beside).ok();
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(&random).and_then(|()| file.sync_all())?;
    std::fs::rename(&beside, path)?;
    path.parent().map_or(Ok(()), |parent| std::fs::File::open(parent)?.sync_all())
}
