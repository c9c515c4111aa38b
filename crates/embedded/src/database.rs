//! The database below the log: the only file that sets RocksDB's options, names its column families and reads its errors.
//! Knows keys and bytes, no topic and no batch.

use std::path::Path;

use engine::Offset;
use log::Cleanup;
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, DBRawIterator,
    DBRecoveryMode, FlushOptions, Options as RocksOptions, ReadOptions, WriteBatch,
};

use crate::options::Options;
use crate::rows::{Ordinal, batch_key, parse_batch_key};

/// Values from this size on go to blob files, which compaction does not rewrite.
const BLOB_BYTES: u64 = 1 << 10;
/// Share of garbage in the oldest blob files that makes RocksDB rewrite what lives in them.
const BLOB_GARBAGE: f64 = 0.5;
/// Share of blob files, oldest first, from which living values are moved out.
const BLOB_AGE: f64 = 0.5;
/// Write-ahead logs beyond this many bytes are flushed away: it bounds the replay at open.
const MAX_WAL_BYTES: u64 = 64 << 20;
/// Files that RocksDB keeps open.
const MAX_OPEN_FILES: i32 = 512;
/// Memtable of the rows that are no batches, in bytes.
const ROWS_BUFFER_BYTES: usize = 2 << 20;
/// First level of the compacted topics, in bytes.
const LEVEL_BASE_BYTES: u64 = 128 << 20;
/// RocksDB's own diagnostics: files, and bytes of each.
const DIAGNOSTICS: (usize, usize) = (2, 1 << 20);

/// Where batches of a partition are. Rows are in RocksDB's default family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Topics deleted by age: large values in blob files.
    Kept,
    /// Compacted topics: values in the tables, so that compacting them removes the bytes of what was superseded.
    Compacted,
}

/// Key and value.
pub(crate) type Row = (Vec<u8>, Vec<u8>);

/// An open database.
pub(crate) struct Database {
    db: DB,
    /// Stands for a medium that takes writes and fails to sync them.
    #[cfg(test)]
    pub(crate) refuse_sync: std::sync::atomic::AtomicBool,
}

/// RocksDB's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

impl From<rocksdb::Error> for Refused {
    fn from(error: rocksdb::Error) -> Self {
        // One line: it ends up in a message to the operator.
        Self(error.into_string().split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

impl Family {
    pub(crate) const ALL: [Self; 2] = [Self::Kept, Self::Compacted];

    pub(crate) fn of(cleanup: Cleanup) -> Self {
        match cleanup {
            Cleanup::Delete { .. } => Self::Kept,
            Cleanup::Compact { .. } => Self::Compacted,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Compacted => "compacted",
        }
    }
}

impl Database {
    /// Opens for writing. A torn end of the write-ahead log is cut off: whether it was acknowledged is for the tip to say.
    ///
    /// # Errors
    /// RocksDB's message.
    pub(crate) fn open(path: &Path, options: &Options, make: bool) -> Result<Self, Refused> {
        let mut settings = settings(options);
        settings.create_if_missing(make);
        settings.create_missing_column_families(make);
        let db = DB::open_cf_descriptors(&settings, path, families(options))?;
        Ok(Self {
            db,
            #[cfg(test)]
            refuse_sync: false.into(),
        })
    }

    /// Opens for reading only: the write-ahead log is replayed into memory, no data file is touched.
    ///
    /// # Errors
    /// RocksDB's message.
    pub(crate) fn open_read_only(path: &Path, options: &Options) -> Result<Self, Refused> {
        let db = DB::open_cf_descriptors_read_only(&settings(options), path, families(options), false)?;
        Ok(Self {
            db,
            #[cfg(test)]
            refuse_sync: false.into(),
        })
    }

    /// A batch of writes, and the handle to put batches of records into a family.
    pub(crate) fn family(&self, family: Family) -> Result<&ColumnFamily, Refused> {
        self.db.cf_handle(family.name()).ok_or_else(|| Refused(format!("column family {} is missing", family.name())))
    }

    /// Writes atomically, into the operating system's hands. [`Database::sync`] makes it durable.
    pub(crate) fn write(&self, batch: WriteBatch) -> Result<(), Refused> {
        Ok(self.db.write(batch)?)
    }

    /// Makes everything written before durable.
    pub(crate) fn sync(&self) -> Result<(), Refused> {
        #[cfg(test)]
        if self.refuse_sync.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(Refused("IO error: refused by the test".to_owned()));
        }
        Ok(self.db.flush_wal(true)?)
    }

    /// Moves everything into tables, all families at one point.
    pub(crate) fn flush(&self) -> Result<(), Refused> {
        let mut handles: Vec<&ColumnFamily> = self.db.cf_handle("default").into_iter().collect();
        for family in Family::ALL {
            handles.push(self.family(family)?);
        }
        let mut options = FlushOptions::default();
        options.set_wait(true);
        Ok(self.db.flush_cfs_opt(&handles, &options)?)
    }

    /// Gives back the space of what was removed from these offsets.
    pub(crate) fn reclaim(&self, family: Family, ordinal: Ordinal, from: Offset, to: Offset) -> Result<(), Refused> {
        let (from, to) = (batch_key(ordinal, from), batch_key(ordinal, to));
        self.db.compact_range_cf(self.family(family)?, Some(from), Some(to));
        Ok(())
    }

    /// A consistent copy in a directory that does not exist; tables are linked, not copied, where the file system can.
    pub(crate) fn checkpoint(&self, to: &Path) -> Result<(), Refused> {
        Ok(rocksdb::checkpoint::Checkpoint::new(&self.db)?.create_checkpoint(to)?)
    }

    /// All rows that are no batches, in key order.
    pub(crate) fn rows(&self) -> Result<Vec<Row>, Refused> {
        let mut rows = Vec::new();
        let mut at = self.db.raw_iterator();
        at.seek_to_first();
        while let Some((key, value)) = at.item() {
            rows.push((key.to_vec(), value.to_vec()));
            at.next();
        }
        at.status()?;
        Ok(rows)
    }

    /// Visits the batches of a partition from the one that covers or follows `from`, until the visitor says no.
    ///
    /// # Errors
    /// RocksDB's message; what was visited before is good.
    pub(crate) fn scan(
        &self,
        family: Family,
        ordinal: Ordinal,
        from: Offset,
        mut visit: impl FnMut(Offset, &[u8]) -> bool,
    ) -> Result<(), Refused> {
        let mut at = self.iterator(family, ordinal)?;
        at.seek_for_prev(batch_key(ordinal, from));
        if !at.valid() {
            at.status()?;
            at.seek(batch_key(ordinal, from));
        }
        while let Some((key, value)) = at.item() {
            let Some((_, base)) = parse_batch_key(key) else { return Err(Refused("a key that is none".to_owned())) };
            if !visit(base, value) {
                return Ok(());
            }
            at.next();
        }
        Ok(at.status()?)
    }

    /// The first batch at or after an offset by its key alone.
    pub(crate) fn seek(
        &self,
        family: Family,
        ordinal: Ordinal,
        from: Offset,
    ) -> Result<Option<(Offset, Vec<u8>)>, Refused> {
        let mut at = self.iterator(family, ordinal)?;
        at.seek(batch_key(ordinal, from));
        let found = at.item().and_then(|(key, value)| Some((parse_batch_key(key)?.1, value.to_vec())));
        at.status()?;
        Ok(found)
    }

    /// The base of the batch that covers or precedes an offset.
    pub(crate) fn base_before(
        &self,
        family: Family,
        ordinal: Ordinal,
        offset: Offset,
    ) -> Result<Option<Offset>, Refused> {
        let mut at = self.iterator(family, ordinal)?;
        at.seek_for_prev(batch_key(ordinal, offset));
        let found = at.key().and_then(parse_batch_key).map(|(_, base)| base);
        at.status()?;
        Ok(found)
    }

    /// Keys of a family that belong to no partition below `count`.
    pub(crate) fn strays(&self, family: Family, count: Ordinal) -> Result<bool, Refused> {
        let mut at = self.db.raw_iterator_cf(self.family(family)?);
        at.seek(batch_key(count, 0));
        let found = at.valid();
        at.status()?;
        Ok(found)
    }

    fn iterator(&self, family: Family, ordinal: Ordinal) -> Result<DBRawIterator<'_>, Refused> {
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(batch_key(ordinal, 0));
        options.set_iterate_upper_bound(batch_key(ordinal.saturating_add(1), 0));
        options.fill_cache(false);
        Ok(self.db.raw_iterator_cf_opt(self.family(family)?, options))
    }
}

fn settings(options: &Options) -> RocksOptions {
    let mut settings = RocksOptions::default();
    settings.set_paranoid_checks(true);
    settings.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    // All families reach the tables at one point, so a write-ahead log that is cut never leaves one ahead of another.
    settings.set_atomic_flush(true);
    settings.set_max_total_wal_size(MAX_WAL_BYTES);
    settings.set_max_open_files(MAX_OPEN_FILES);
    settings.set_max_background_jobs(2);
    settings.set_bytes_per_sync(1 << 20);
    settings.set_keep_log_file_num(DIAGNOSTICS.0);
    settings.set_max_log_file_size(DIAGNOSTICS.1);
    settings.set_stats_dump_period_sec(0);
    match &options.shared {
        Some(shared) => settings.set_write_buffer_manager(&shared.write_buffers),
        None => settings.set_db_write_buffer_size(options.write_buffer_bytes.saturating_mul(3)),
    }
    settings
}

fn families(options: &Options) -> Vec<ColumnFamilyDescriptor> {
    let cache = options
        .shared
        .as_ref()
        .map_or_else(|| Cache::new_lru_cache(options.cache_bytes), |shared| shared.cache.clone());
    let mut rows = family(&cache, ROWS_BUFFER_BYTES);
    rows.set_max_write_buffer_number(2);
    let mut kept = family(&cache, options.write_buffer_bytes);
    kept.set_enable_blob_files(true);
    kept.set_min_blob_size(BLOB_BYTES);
    kept.set_blob_compression_type(DBCompressionType::None);
    kept.set_enable_blob_gc(true);
    kept.set_blob_gc_age_cutoff(BLOB_AGE);
    kept.set_blob_gc_force_threshold(BLOB_GARBAGE);
    let mut compacted = family(&cache, options.write_buffer_bytes);
    compacted.set_max_bytes_for_level_base(LEVEL_BASE_BYTES);
    [("default", rows), (Family::Kept.name(), kept), (Family::Compacted.name(), compacted)]
        .map(|(name, options)| ColumnFamilyDescriptor::new(name, options))
        .into()
}

fn family(cache: &Cache, write_buffer_bytes: usize) -> RocksOptions {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_block_size(16 << 10);
    table.set_cache_index_and_filter_blocks(true);
    let mut options = RocksOptions::default();
    options.set_block_based_table_factory(&table);
    // Batches are compressed already.
    options.set_compression_type(DBCompressionType::None);
    options.set_write_buffer_size(write_buffer_bytes);
    options.set_max_write_buffer_number(3);
    options
}
