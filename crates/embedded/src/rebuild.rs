//! Going on without what is lost: everything readable is copied into a new database, lost offsets are covered by batches that
//! say so, and the two are exchanged. The damaged one stays beside it. Offsets are never given twice.

use std::io;

use engine::Offset;
use rocksdb::WriteBatch;

use crate::batch::{check, lost};
use crate::catalogue::{Place, index};
use crate::damage::{Damage, Loss};
use crate::database::{Database, Refused};
use crate::directory::{self, Home};
use crate::load::Loaded;
use crate::options::Options;
use crate::rows::{self, COUNTER, Written};
use crate::tip::Tip;

/// Bytes copied in one write.
const COPY_BYTES: usize = 4 << 20;

/// # Errors
/// RocksDB's message or the file system's: the damaged log is then as it was.
pub(crate) fn rebuild(
    home: &Home,
    options: &Options,
    from: &Database,
    loaded: &Loaded,
    tip: Option<&Tip>,
    damage: &Damage,
) -> Result<(), Refused> {
    let beside = home.path().join("db.rebuilt");
    if beside.exists() {
        std::fs::remove_dir_all(&beside).map_err(|error| Refused(error.to_string()))?;
    }
    let to = Database::open(&beside, options, true)?;
    for place in loaded.catalogue.places() {
        copy(from, &to, place, loaded, damage)?;
    }
    rows(from, &to, loaded, tip, damage)?;
    to.flush()?;
    to.sync()?;
    drop(to);
    exchange(home).map_err(|error| Refused(format!("cannot put the rebuilt database in place: {error}")))
}

/// Rows as they were, with the ends as they are known to have been, and what was accepted.
fn rows(from: &Database, to: &Database, loaded: &Loaded, tip: Option<&Tip>, damage: &Damage) -> Result<(), Refused> {
    let mut writes = WriteBatch::default();
    from.rows()?.into_iter().for_each(|(key, value)| writes.put(key, value));
    for place in loaded.catalogue.places() {
        let row = loaded.written.get(index(place.ordinal)).copied().unwrap_or_default();
        let end = holes(place, damage).map(|(_, to)| to).fold(row.end, Offset::max);
        writes.put(rows::ordinal_key(b'p', place.ordinal), Written { end, ..row }.encode());
    }
    writes.put(COUNTER, tip.map_or(0, |tip| tip.commit).max(loaded.commit).to_be_bytes());
    let number = u32::try_from(loaded.accepted.len()).unwrap_or(u32::MAX);
    writes.put(rows::accepted_key(number), damage.losses_in_words());
    to.write(writes)
}

fn holes<'a>(place: &'a Place, damage: &'a Damage) -> impl Iterator<Item = (Offset, Offset)> + 'a {
    damage.losses.iter().filter_map(|loss| match loss {
        Loss::Offsets { partition, from, to, .. } if *partition == place.at => Some((*from, *to)),
        _ => None,
    })
}

/// Batches between the holes, and the holes.
fn copy(from: &Database, to: &Database, place: &Place, loaded: &Loaded, damage: &Damage) -> Result<(), Refused> {
    let start = loaded.upkeep.get(index(place.ordinal)).map_or(0, |row| row.start);
    let end = loaded.written.get(index(place.ordinal)).map_or(0, |row| row.end);
    let mut holes: Vec<(Offset, Offset)> = holes(place, damage).collect();
    holes.sort_unstable();
    let mut at = start;
    for (hole, after) in holes {
        copy_range(from, to, place, at, hole)?;
        let (mut writes, key) = (WriteBatch::default(), rows::batch_key(place.ordinal, hole));
        writes.put_cf(to.family(place.family())?, key, lost(&key, after.saturating_sub(1)));
        to.write(writes)?;
        at = after;
    }
    copy_range(from, to, place, at, end)
}

fn copy_range(from: &Database, to: &Database, place: &Place, at: Offset, end: Offset) -> Result<(), Refused> {
    if at >= end {
        return Ok(());
    }
    let family = to.family(place.family())?;
    let (mut writes, mut failed) = (WriteBatch::default(), None);
    from.scan(place.family(), place.ordinal, at, |base, value| {
        let key = rows::batch_key(place.ordinal, base);
        let Ok((last, _)) = check(&key, base, value) else { return false };
        if base >= at && last < end {
            writes.put_cf(family, key, value);
        }
        if writes.size_in_bytes() >= COPY_BYTES {
            failed = to.write(std::mem::take(&mut writes)).err();
        }
        // What follows the last one may be what cannot be read.
        failed.is_none() && last.saturating_add(1) < end
    })?;
    failed.map_or_else(|| to.write(writes), Err)
}

/// Puts the rebuilt database in the place of the damaged one in one step, then gives that one a name of its own.
fn exchange(home: &Home) -> io::Result<()> {
    let (beside, place) = (home.path().join("db.rebuilt"), home.database());
    let here = rustix::fs::CWD;
    rustix::fs::renameat_with(here, &beside, here, &place, rustix::fs::RenameFlags::EXCHANGE)?;
    let mut number = 1;
    let mut name = home.path().join("db.damaged-1");
    while name.exists() {
        number += 1;
        name = home.path().join(format!("db.damaged-{number}"));
    }
    std::fs::rename(beside, name)?;
    directory::sync(home.path())
}
