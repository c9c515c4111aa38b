//! The tip file: how far the log had come when it was last acknowledged. Owns its bytes and slots; knows no database.
//!
//! A write-ahead log that is cut at a record's boundary looks like one that ended there. The tip is written after the commit is
//! durable and before it is acknowledged, without a sync of its own: a lower bound of what must be found at open. Two slots are
//! written in turn, so that a torn write leaves the other.
//!
//! ```text
//! slot = crc32c u32 | serial u64 | commit u64 | clean u8 | partitions u32 | (end u64 | verified to u64)*
//! ```

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::{Buf, BufMut};
use engine::Offset;

/// Smallest slot, in bytes; larger ones are powers of two.
const SLOT_BYTES: usize = 4096;
/// Largest file that is read as a tip, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// What was acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tip {
    /// Number of the last acknowledged commit.
    pub(crate) commit: u64,
    /// The log was closed in order, with everything in its tables.
    pub(crate) clean: bool,
    /// By ordinal: end offset, and the offset below which batches were found good.
    pub(crate) partitions: Vec<(Offset, Offset)>,
}

/// The file, open for writing.
pub(crate) struct TipFile {
    path: PathBuf,
    file: File,
    slot_bytes: usize,
    serial: u64,
}

impl TipFile {
    /// Writes both slots of a file that replaces the one there, and syncs it.
    ///
    /// # Errors
    /// What the file system said.
    pub(crate) fn create(path: &Path, tip: &Tip, serial: u64) -> io::Result<Self> {
        let slot_bytes = encode(tip, 0).len().max(SLOT_BYTES).next_power_of_two();
        let beside = path.with_extension("new");
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&beside)?;
        let mut made = Self { path: path.to_owned(), file, slot_bytes, serial };
        for _ in 0..2 {
            made.write_slot(tip)?;
        }
        made.file.sync_all()?;
        std::fs::rename(&beside, path)?;
        crate::directory::sync(path.parent().unwrap_or(path))?;
        Ok(made)
    }

    /// Overwrites the older slot. A kill after it returned finds it; a power cut may find one before.
    ///
    /// # Errors
    /// What the file system said: the tip then stays a lower bound.
    pub(crate) fn write(&mut self, tip: &Tip) -> io::Result<()> {
        if encode(tip, 0).len() > self.slot_bytes {
            *self = Self::create(&self.path, tip, self.serial)?;
            return Ok(());
        }
        self.write_slot(tip)
    }

    /// As [`TipFile::write`], and on the medium before it returns.
    ///
    /// # Errors
    /// What the file system said.
    pub(crate) fn write_synced(&mut self, tip: &Tip) -> io::Result<()> {
        self.write(tip)?;
        self.file.sync_data()
    }

    #[cfg(test)]
    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    fn write_slot(&mut self, tip: &Tip) -> io::Result<()> {
        self.serial += 1;
        let mut slot = encode(tip, self.serial);
        slot.resize(self.slot_bytes, 0);
        let at = if self.serial % 2 == 0 { 0 } else { self.slot_bytes as u64 };
        self.file.write_all_at(&slot, at)
    }
}

/// The newest readable slot and its serial; `None` when there is no such file or no slot can be read.
///
/// # Errors
/// What the file system said, save that there is no such file.
pub(crate) fn read(path: &Path) -> io::Result<Option<(Tip, u64)>> {
    let bytes = match std::fs::metadata(path) {
        Ok(found) if found.len() <= MAX_FILE_BYTES => std::fs::read(path)?,
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let slots = bytes.split_at(bytes.len() / 2);
    Ok([slots.0, slots.1].into_iter().filter_map(decode).max_by_key(|(_, serial)| *serial))
}

fn encode(tip: &Tip, serial: u64) -> Vec<u8> {
    let mut slot = Vec::with_capacity(25 + tip.partitions.len() * 16);
    slot.put_u32(0);
    slot.put_u64(serial);
    slot.put_u64(tip.commit);
    slot.put_u8(u8::from(tip.clean));
    slot.put_u32(u32::try_from(tip.partitions.len()).unwrap_or(u32::MAX));
    for (end, verified) in &tip.partitions {
        slot.put_u64(*end);
        slot.put_u64(*verified);
    }
    let sum = crc32c::crc32c(slot.get(4..).unwrap_or_default());
    if let Some(front) = slot.first_chunk_mut::<4>() {
        *front = sum.to_be_bytes();
    }
    slot
}

fn decode(slot: &[u8]) -> Option<(Tip, u64)> {
    let (sum, fields) = slot.split_first_chunk::<4>()?;
    let mut rest = fields;
    let (serial, commit) = (rest.try_get_u64().ok()?, rest.try_get_u64().ok()?);
    let (clean, count) = (rest.try_get_u8().ok()? == 1, usize::try_from(rest.try_get_u32().ok()?).ok()?);
    let used = 21_usize.checked_add(count.checked_mul(16)?)?;
    if crc32c::crc32c(fields.get(..used)?) != u32::from_be_bytes(*sum) {
        return None;
    }
    let pair = |rest: &mut &[u8]| Some((rest.try_get_u64().ok()?, rest.try_get_u64().ok()?));
    let partitions = (0..count).map(|_| pair(&mut rest)).collect::<Option<_>>()?;
    Some((Tip { commit, clean, partitions }, serial))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tip(commit: u64, partitions: u64) -> Tip {
        Tip { commit, clean: false, partitions: (0..partitions).map(|n| (n * 7, n)).collect() }
    }

    #[test]
    fn the_newest_tip_is_read_and_a_torn_slot_leaves_the_one_before() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("tip");
        let mut file = TipFile::create(&path, &tip(1, 3), 0).unwrap();
        for commit in 2..20 {
            file.write(&tip(commit, commit)).unwrap();
            assert_eq!(read(&path).unwrap().unwrap(), (tip(commit, commit), file.serial()));
            let whole = std::fs::read(&path).unwrap();
            let mut torn = whole.clone();
            let newest = if file.serial() % 2 == 0 { 0 } else { whole.len() / 2 };
            torn[newest + 9] ^= 1;
            let other = home.path().join("torn");
            std::fs::write(&other, &torn).unwrap();
            assert_eq!(read(&other).unwrap().unwrap().0.commit, commit - 1);
        }
    }

    #[test]
    fn the_file_grows_with_the_partitions() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("tip");
        let mut file = TipFile::create(&path, &tip(1, 0), 0).unwrap();
        for partitions in [1, 254, 255, 256, 5_000] {
            file.write_synced(&tip(partitions, partitions)).unwrap();
            assert_eq!(read(&path).unwrap().unwrap().0, tip(partitions, partitions));
        }
    }

    #[test]
    fn what_is_no_tip_reads_as_none() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("tip");
        assert_eq!(read(&path).unwrap(), None);
        for bytes in [vec![], vec![0; 10], vec![0; 8192], vec![255; 8192]] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read(&path).unwrap(), None);
        }
    }
}
