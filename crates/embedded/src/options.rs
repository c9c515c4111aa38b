//! What a log may use. Owns defaults and bounds.

use std::time::Duration;

/// Largest key, value and headers of one record, in bytes: a body of 1 MiB compressed and its merge fields fit well.
pub const MAX_RECORD_BYTES: usize = 8 << 20;
/// Largest sum of keys, values and headers of one commit, in bytes.
pub const MAX_COMMIT_BYTES: usize = 256 << 20;
/// Most partitions of all topics.
pub const MAX_PARTITIONS: u32 = 10_000;

/// Shared memory of all RocksDB instances of the process: its own budget holds for them together.
#[derive(Clone)]
pub struct Shared {
    /// Blocks of tables.
    pub cache: rocksdb::Cache,
    /// Memtables.
    pub write_buffers: rocksdb::WriteBufferManager,
}

impl Shared {
    /// Memory for the log and whoever else is handed a copy of it.
    pub fn new(cache_bytes: usize, memtable_bytes: usize) -> Self {
        Self {
            cache: rocksdb::Cache::new_lru_cache(cache_bytes),
            write_buffers: rocksdb::WriteBufferManager::new_write_buffer_manager(memtable_bytes, false),
        }
    }
}

/// How a log is opened. The defaults use about 80 MiB when busy.
#[derive(Clone)]
pub struct Options {
    /// Block cache in bytes, unless `shared` is given.
    pub cache_bytes: usize,
    /// One memtable of records in bytes, unless `shared` is given; all memtables together take three times as much.
    pub write_buffer_bytes: usize,
    /// Decompressed batches kept for readers near the tail, in bytes.
    pub tail_bytes: usize,
    /// Cache and memtables shared with other databases.
    pub shared: Option<Shared>,
    /// Up to this many bytes every batch is read and checked at open; beyond it only those since the last orderly close.
    pub verify_all_bytes: u64,
    /// Go on without what a damage report lists. The damaged database stays beside the new one; what was given up is recorded.
    pub accept_loss: bool,
    /// When compaction is worth its work.
    pub compaction: Compaction,
}

/// A partition of a compacted topic is compacted when one of these says so.
#[derive(Clone, Copy, Debug)]
pub struct Compaction {
    /// Bytes written since the last time are this share of its bytes, in per cent, and at least `dirty_bytes`.
    pub dirty_percent: u64,
    /// See `dirty_percent`.
    pub dirty_bytes: u64,
    /// What was not compacted for so long is, whatever its size: it bounds the time of an erasure.
    pub max_lag: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: 16 << 20,
            write_buffer_bytes: 16 << 20,
            tail_bytes: 16 << 20,
            shared: None,
            verify_all_bytes: 1 << 30,
            accept_loss: false,
            compaction: Compaction::default(),
        }
    }
}

impl Default for Compaction {
    fn default() -> Self {
        Self { dirty_percent: 50, dirty_bytes: 4 << 20, max_lag: Duration::from_secs(24 * 3600) }
    }
}
