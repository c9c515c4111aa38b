//! Opening: whose directory, is it whole, did it lose anything; only then is it opened for writing. A refusal changes nothing.

use std::io;
use std::path::Path;
use std::sync::Arc;

use engine::Offset;
use log::LogId;
use rocksdb::WriteBatch;

use crate::catalogue::index;
use crate::core::{Core, Embedded};
use crate::damage::{Damage, Loss};
use crate::database::{Database, Refused};
use crate::directory::{self, Found, Home};
use crate::error::OpenError;
use crate::load::{Loaded, load};
use crate::options::Options;
use crate::rebuild::rebuild;
use crate::rows::{self, COUNTER, IDENTITY};
use crate::tip::{self, Tip, TipFile};
use crate::verify::{Range, partitions};

impl Embedded {
    /// Opens the log in a directory, making it if the directory is missing or empty.
    ///
    /// # Errors
    /// See [`OpenError`]; the log is as it was before.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let (home, found) = Home::take(path.as_ref())?;
        let serial = match found {
            Found::Nothing => {
                make(&home, &options)?;
                0
            }
            Found::Log(id) => check(&home, &id, &options)?,
        };
        let database = Database::open(&home.database(), &options, false).map_err(|refused| refusal(&home, refused))?;
        let loaded = load(&database).map_err(|refused| refusal(&home, refused))?;
        let verified: Vec<Offset> = loaded.written.iter().map(|row| row.end).collect();
        let partitions = verified.iter().map(|end| (*end, *end)).collect();
        let tip = Tip { commit: loaded.commit, clean: false, partitions };
        let tip = TipFile::create(&home.tip(), &tip, serial).map_err(|error| unwritable(&home, error))?;
        Ok(Self(Arc::new(Core::new(home, options, database, loaded, tip, verified))))
    }
}

fn make(home: &Home, options: &Options) -> Result<(), OpenError> {
    let id = LogId(directory::random_name().map_err(|error| unwritable(home, error))?);
    directory::begin(home.path(), &id).map_err(|error| unwritable(home, error))?;
    let database = Database::open(&home.database(), options, true).map_err(|refused| refusal(home, refused))?;
    let mut writes = WriteBatch::default();
    writes.put(IDENTITY, rows::identity_row(&id));
    writes.put(COUNTER, 0_u64.to_be_bytes());
    database.write(writes).and_then(|()| database.sync()).map_err(|refused| refusal(home, refused))?;
    drop(database);
    TipFile::create(&home.tip(), &Tip::default(), 0).map_err(|error| unwritable(home, error))?;
    directory::finish(home.path(), &id).map_err(|error| unwritable(home, error))
}

/// Looks for damage without changing anything, and rebuilds where its acceptance is asked for; the serial of the tip.
fn check(home: &Home, id: &LogId, options: &Options) -> Result<u64, OpenError> {
    let tip = tip::read(&home.tip()).map_err(|error| unwritable(home, error))?;
    let serial = tip.as_ref().map_or(0, |(_, serial)| *serial);
    let tip = tip.map(|(tip, _)| tip);
    let database = Database::open_read_only(&home.database(), options).map_err(|refused| refusal(home, refused))?;
    let loaded = load(&database).map_err(|refused| refusal(home, refused))?;
    if loaded.id != *id {
        let missing = format!("the database of log {}, db is of log {}", id.0, loaded.id.0);
        return Err(OpenError::HalfCopied { path: home.path().to_owned(), missing });
    }
    let living: u64 = loaded.written.iter().map(|row| row.bytes).sum::<u64>() - removed(&loaded);
    let complete = living <= options.verify_all_bytes || options.accept_loss || tip.is_none();
    let (found, whole) = partitions(&database, &loaded.catalogue, &ranges(&loaded, tip.as_ref(), complete));
    let mut losses = beyond_the_end(&loaded, tip.as_ref());
    losses.extend(found);
    if losses.is_empty() {
        return Ok(serial);
    }
    let damage = Damage { path: home.path().to_owned(), losses, intact_partitions: whole, complete };
    if !options.accept_loss || !damage.acceptable() {
        return Err(OpenError::Damaged(Box::new(damage)));
    }
    rebuild(home, options, &database, &loaded, tip.as_ref(), &damage).map_err(|refused| refusal(home, refused))?;
    Ok(serial)
}

fn removed(loaded: &Loaded) -> u64 {
    let written: u64 = loaded.written.iter().map(|row| row.bytes).sum();
    loaded.upkeep.iter().map(|row| row.removed).sum::<u64>().min(written)
}

/// What to check of each partition: all of it, or what no orderly close has vouched for, and the last batch in any case.
fn ranges(loaded: &Loaded, tip: Option<&Tip>, complete: bool) -> Vec<Range> {
    let of = |(ordinal, (written, upkeep)): (usize, (&rows::Written, &rows::Upkeep))| {
        let vouched = match tip.filter(|_| !complete) {
            None => 0,
            Some(tip) if tip.clean => written.end,
            Some(tip) => tip.partitions.get(ordinal).map_or(0, |(_, verified)| *verified),
        };
        let from = vouched.min(written.end.saturating_sub(1)).max(upkeep.start);
        Range { from, end: written.end }
    };
    loaded.written.iter().zip(&loaded.upkeep).enumerate().map(of).collect()
}

/// What the tip knows of and the database does not.
fn beyond_the_end(loaded: &Loaded, tip: Option<&Tip>) -> Vec<Loss> {
    let Some(tip) = tip else { return vec![Loss::Tip] };
    let mut losses = Vec::new();
    if tip.commit > loaded.commit {
        losses.push(Loss::Commits { first: loaded.commit + 1, last: tip.commit });
    }
    for place in loaded.catalogue.places() {
        let end = loaded.written.get(index(place.ordinal)).map_or(0, |row| row.end);
        if let Some((to, _)) = tip.partitions.get(index(place.ordinal)).filter(|(to, _)| *to > end) {
            let because = "the end of the log is missing".to_owned();
            losses.push(Loss::Offsets { partition: place.at.clone(), from: end, to: *to, because });
        }
    }
    let count = tip.partitions.len().saturating_sub(loaded.written.len());
    losses.extend((count > 0).then_some(Loss::Partitions { count }));
    losses
}

fn unwritable(home: &Home, source: io::Error) -> OpenError {
    let path = home.path().to_owned();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            OpenError::Unavailable { path, reason: source.to_string() }
        }
        _ => OpenError::Unwritable { path, source },
    }
}

/// What RocksDB's message means for the operator.
fn refusal(home: &Home, refused: Refused) -> OpenError {
    let (path, said) = (home.path().to_owned(), refused.0);
    let any = |signs: &[&str]| signs.iter().any(|sign| said.contains(sign));
    if any(&["No such file or directory"]) {
        return OpenError::HalfCopied { path, missing: format!("a file of its database ({said})") };
    }
    if any(&["Permission denied", "Read-only file system"]) {
        return OpenError::Unwritable { path, source: io::Error::new(io::ErrorKind::PermissionDenied, said) };
    }
    if any(&["No space left", "Too many open files", "Disk quota", "File too large", "Cannot allocate memory"]) {
        return OpenError::Unavailable { path, reason: said };
    }
    let losses = vec![Loss::Database { said }];
    OpenError::Damaged(Box::new(Damage { path, losses, intact_partitions: 0, complete: false }))
}
