//! `mailtally restore`: a backup into a new data directory, every batch checked. Stores are not there: the first start
//! restores them from the log, with progress. A copy that is cut short is never taken for a whole one.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use embedded::{Embedded, Options};
use serde_json::json;

use crate::Format;
use crate::backup::{CONFIGURATION, FORMAT, KEY, LOG, MANIFEST, Manifest, bytes, make_private, write_private};
use crate::place::Place;
use crate::reply::Progress;
use crate::terminal::Bar;

/// In a data directory whose restore has not ended.
const UNFINISHED: &str = "restore-unfinished";
/// Bytes copied at once.
const CHUNK_BYTES: usize = 1 << 20;

/// What can be asked of `restore`.
#[derive(clap::Args)]
pub(crate) struct Restore {
    /// The directory that `mailtally backup` made.
    backup: PathBuf,
    /// How the result is shown.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    place: Place,
}

impl Restore {
    /// Copies, checks, and says how to start. Exit code 1 when the backup is damaged or the directory is not free.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let manifest = manifest(&self.backup)?;
        let data = self.place.config()?.data;
        refuse_unfinished(&data)?;
        make_private(&data)?;
        write_private(&data.join(UNFINISHED), self.backup.display().to_string().as_bytes())?;
        let bar = Bar::new();
        self.copy(&data, &manifest, &mut |progress| bar.show(progress))?;
        let records = check(&data.join(LOG), &manifest, &mut |progress| bar.show(progress))?;
        drop(bar);
        std::fs::remove_file(data.join(UNFINISHED)).context("remove the mark of the unfinished restore")?;
        std::fs::File::open(&data)?.sync_all()?;
        self.tell(&data, &manifest, records)
    }

    fn copy(&self, data: &Path, manifest: &Manifest, tell: &mut dyn FnMut(Progress)) -> Result<()> {
        let mut done = 0;
        let mut count = |bytes: u64| {
            done += bytes;
            tell(Progress { what: "copying", done, of: Some(manifest.bytes) });
        };
        copy(&self.backup.join(LOG), &data.join(LOG), &mut count)?;
        for name in [KEY, CONFIGURATION] {
            let from = self.backup.join(name);
            if name == KEY || from.exists() {
                let content = std::fs::read(&from).with_context(|| format!("read {}", from.display()))?;
                write_private(&data.join(name), &content)?;
            }
        }
        Ok(())
    }

    fn tell(&self, data: &Path, manifest: &Manifest, offsets: u64) -> Result<ExitCode> {
        let mut out = std::io::stdout().lock();
        let shown = data.display();
        if self.format == Format::Json {
            let row = json!({"data": shown.to_string(), "log": manifest.log, "made_at": manifest.made_at, "offsets": offsets});
            writeln!(out, "{row}")?;
            return Ok(ExitCode::SUCCESS);
        }
        writeln!(
            out,
            "restored the backup of {} into {shown}: every batch checked, {offsets} offsets",
            manifest.made_at
        )?;
        let config = data.join(CONFIGURATION);
        let config = if config.exists() { format!(" --config {}", config.display()) } else { String::new() };
        writeln!(out, "the first start restores the state from the log, with progress:")?;
        writeln!(out, "  mailtally run{config} --data {shown}")?;
        if config.is_empty() {
            writeln!(out, "no configuration is in the backup: name your own with --config, or webhooks are refused")?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Refuses a data directory whose restore has not ended.
pub(crate) fn refuse_unfinished(data: &Path) -> Result<()> {
    if data.join(UNFINISHED).exists() {
        bail!("{} holds a restore that was interrupted: remove the directory and restore again", data.display());
    }
    Ok(())
}

/// What the backup says of itself.
fn manifest(backup: &Path) -> Result<Manifest> {
    let path = backup.join(MANIFEST);
    if !path.exists() {
        bail!(
            "{} is no whole backup, it lacks {MANIFEST}: it was interrupted, or name what backup made",
            backup.display()
        );
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let manifest: Manifest = serde_json::from_str(&text).with_context(|| format!("read {}", path.display()))?;
    if manifest.format > FORMAT {
        let (format, version) = (manifest.format, &manifest.version);
        bail!(
            "{} has format {format}, this version knows up to {FORMAT}: use version {version} or later",
            path.display()
        );
    }
    Ok(manifest)
}

/// Copies a directory's files, durably; never links: the copy lives on where the backup fails.
fn copy(from: &Path, to: &Path, count: &mut dyn FnMut(u64)) -> Result<()> {
    make_private(to)?;
    for entry in std::fs::read_dir(from).with_context(|| format!("read {}", from.display()))? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&source, &target, count)?;
            continue;
        }
        copy_file(&source, &target, count)
            .with_context(|| format!("copy {} to {}", source.display(), target.display()))?;
    }
    std::fs::File::open(to)?.sync_all().with_context(|| format!("write {}", to.display()))
}

fn copy_file(from: &Path, to: &Path, count: &mut dyn FnMut(u64)) -> std::io::Result<()> {
    let (mut source, mut target) = (std::fs::File::open(from)?, std::fs::File::create_new(to)?);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = source.read(&mut chunk)?;
        if read == 0 {
            return target.sync_all();
        }
        target.write_all(chunk.get(..read).unwrap_or_default())?;
        count(u64::try_from(read).unwrap_or(0));
    }
}

/// Reads every batch of the copy; the offsets that it has.
fn check(path: &Path, manifest: &Manifest, tell: &mut dyn FnMut(Progress)) -> Result<u64> {
    let failed = || format!("the backup cannot be restored; {} bytes were copied", bytes(path));
    let log = Embedded::open(path, Options { verify_all_bytes: 0, ..Options::default() }).with_context(failed)?;
    if log::Log::id(&log).0 != manifest.log {
        bail!(
            "the backup holds log {}, its {MANIFEST} says {}: parts of two backups are mixed",
            log::Log::id(&log).0,
            manifest.log
        );
    }
    let damage = log.verify(|progress| {
        tell(Progress { what: "checking", done: progress.done_bytes, of: Some(progress.total_bytes) });
    });
    if let Some(damage) = damage? {
        return Err(damage).with_context(failed);
    }
    let mut offsets = 0;
    for topic in log::Log::topics(&log)? {
        for partition in 0..topic.spec.partitions {
            let at = engine::TopicPartition { topic: topic.spec.name.clone(), partition };
            let bounds = log::Log::bounds(&log, &at)?;
            offsets += bounds.high_watermark.saturating_sub(bounds.start);
        }
    }
    Ok(offsets)
}
