//! What stands in a data directory beside the log, and whether it is one of ours. Nothing is written into a foreign one.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// What may stand there before a log does: configuration, what a start that was cut short has left, what a file system makes.
const OURS: [&str; 9] = [
    "address.key",
    "address.key.new",
    "demo.seed",
    "log",
    "lost+found",
    "mailtally.toml",
    "run.json",
    "run.json.new",
    "state",
];
/// The key of the address hashes.
const KEY: &str = "address.key";

/// Makes the directory if it is missing.
///
/// # Errors
/// When it cannot be made, or holds something else.
pub(crate) fn take(root: &Path) -> Result<()> {
    let unwritable =
        || format!("cannot use {} as data directory: give this user the right to, or name another one", root.display());
    // Private rows are in it: made for this user only.
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(root).with_context(unwritable)?;
    if root.join("log").exists() {
        return Ok(());
    }
    let entries = std::fs::read_dir(root).with_context(unwritable)?;
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

/// The key of the address hashes: made once, readable by its owner only. A directory whose log `holds` topics has had one:
/// another would give every address another hash.
///
/// # Errors
/// When it is missing or damaged, or cannot be made.
pub(crate) fn key(root: &Path, holds: bool) -> Result<Vec<u8>> {
    let path = root.join(KEY);
    if !path.exists() && holds {
        bail!(
            "{} is missing: the directory is half-copied, restore the file, or addresses get other hashes",
            path.display()
        );
    }
    if !path.exists() {
        make(&path).with_context(|| format!("make {}", path.display()))?;
    }
    let key = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    if key.len() != 32 {
        let (path, bytes) = (path.display(), key.len());
        bail!("{path} has {bytes} bytes, wanted 32: restore it from a backup, or addresses get other hashes");
    }
    Ok(key)
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
