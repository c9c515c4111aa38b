//! `mailtally backup`: a consistent copy of everything that cannot be made again, while the folds run: the log, the key of the
//! address hashes, the configuration. State directories are not copied: a start restores them from the log (I6).
//! Decision: crates/adr/0006-reconcile-and-backup.md.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use domain::Time;
use embedded::Embedded;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Format;
use crate::place::Place;
use crate::reply::{Progress, Reply};
use crate::system::{System, now_ms};

/// Parts of a backup, and of a data directory.
pub(crate) const LOG: &str = "log";
pub(crate) const KEY: &str = "address.key";
pub(crate) const CONFIGURATION: &str = "mailtally.toml";
/// Written last: a backup without it was interrupted.
pub(crate) const MANIFEST: &str = "backup.json";
/// Layout of a backup; a later one is refused.
pub(crate) const FORMAT: u32 = 1;
/// Between two looks at how far the copy is.
const LOOK: Duration = Duration::from_millis(100);

/// What says that a backup is whole.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    /// Identity of the log.
    pub(crate) log: String,
    /// RFC 3339 UTC.
    pub(crate) made_at: String,
    /// Bytes of the log's files.
    pub(crate) bytes: u64,
    /// Of the mailtally that made it, for people.
    pub(crate) version: String,
}

/// What can be asked of `backup`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A directory that is missing or empty.
    to: PathBuf,
    /// How the result is shown.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    pub(crate) place: Place,
}

impl Arguments {
    /// Makes the path absolute and reads the configuration: a live `run` may stand elsewhere.
    pub(crate) fn request(&self) -> Result<Backup> {
        let read = |path: &PathBuf| std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()));
        let configuration = self.place.config.as_ref().map(read).transpose()?;
        Ok(Backup { to: std::path::absolute(&self.to)?, configuration, format: self.format })
    }
}

/// A backup to be made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Backup {
    to: PathBuf,
    configuration: Option<String>,
    format: Format,
}

impl Backup {
    /// Makes it: everything committed before the call is in it, whole commits only.
    pub(crate) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        let source = at.embedded(
            "the topics are kept by the brokers' replicas, or mirrored to another cluster; keep address.key and the configuration",
        )?;
        make_private(&self.to)?;
        let log = self.to.join(LOG);
        let made_at = Time::from_micros(now_ms().saturating_mul(1_000)).rfc3339();
        copy_log(source, &log, reply.progress)?;
        let key = std::fs::read(&at.key).with_context(|| format!("read {}", at.key.display()))?;
        write_private(&self.to.join(KEY), &key)?;
        if let Some(text) = &self.configuration {
            write_private(&self.to.join(CONFIGURATION), text.as_bytes())?;
        }
        let manifest = Manifest {
            format: FORMAT,
            log: log::Log::id(&**source).0,
            made_at,
            bytes: bytes(&log),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        write_private(&self.to.join(MANIFEST), serde_json::to_string(&manifest)?.as_bytes())?;
        self.tell(&manifest, reply)
    }

    fn tell(&self, manifest: &Manifest, reply: &mut Reply<'_>) -> Result<u8> {
        let to = self.to.display();
        if self.format == Format::Json {
            let configuration = self.configuration.is_some();
            let row = json!({
                "directory": to.to_string(), "log": manifest.log, "made_at": manifest.made_at, "bytes": manifest.bytes,
                "configuration": configuration,
            });
            writeln!(reply.out, "{row}")?;
            return Ok(0);
        }
        writeln!(reply.out, "{} bytes of log as of {} in {to}", manifest.bytes, manifest.made_at)?;
        writeln!(reply.out, "state is not in it: a first start restores it from the log")?;
        if self.configuration.is_none() {
            writeln!(reply.out, "no configuration is in it: name one with --config, or keep it yourself")?;
        }
        writeln!(
            reply.out,
            "files are shared with the original where the file system is the same: copy it to another disk"
        )?;
        writeln!(reply.out, "it holds personal data and the key of the address hashes: keep it as you keep those")?;
        writeln!(reply.out, "  mailtally restore {to} --data DIR")?;
        Ok(0)
    }
}

/// The checkpoint on a thread of its own, so that it can be seen growing.
fn copy_log(source: &Embedded, to: &Path, tell: &mut dyn FnMut(Progress)) -> Result<()> {
    let of = Some(source.bytes_on_disk());
    std::thread::scope(|scope| {
        let (done, ended) = channel();
        scope.spawn(move || done.send(source.checkpoint(to)));
        loop {
            match ended.recv_timeout(LOOK) {
                Ok(made) => return made.context("copy the log"),
                Err(RecvTimeoutError::Timeout) => tell(Progress { what: "copying", done: bytes(to), of }),
                Err(RecvTimeoutError::Disconnected) => bail!("the copy stopped without a reason"),
            }
        }
    })
}

/// A directory that only this user reads; it may be there, if it is empty.
pub(crate) fn make_private(path: &Path) -> Result<()> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("make {}", path.display()))?;
    let mut entries = std::fs::read_dir(path).with_context(|| format!("read {}", path.display()))?;
    if let Some(entry) = entries.find(|entry| entry.as_ref().is_ok_and(|entry| entry.file_name() != "lost+found")) {
        bail!("{} holds {}: name an empty or missing directory", path.display(), entry?.file_name().to_string_lossy());
    }
    Ok(())
}

/// A durable file that only this user reads: all of it, or none.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let write = || {
        let beside = path.with_extension("new");
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(content).and_then(|()| file.sync_all())?;
        std::fs::rename(&beside, path)?;
        path.parent().map_or(Ok(()), |parent| std::fs::File::open(parent)?.sync_all())
    };
    write().with_context(|| format!("write {}", path.display()))
}

/// Bytes of all files below a directory.
pub(crate) fn bytes(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => bytes(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}
