//! Stores in RocksDB: one database a task, one column family, so that rows and position flush together without a WAL.
//! Cache and memtables of all databases share one budget.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread::{Builder, ScopedJoinHandle};

use bytes::Bytes;
use engine::Position;
use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ColumnFamilyDescriptor, DB, DBCompressionType, ErrorKind,
    IngestExternalFileOptions, IteratorMode, LogLevel, Options, ReadOptions, SstFileWriter, WriteBatch,
    WriteBufferManager, WriteOptions,
};
use rustix::fs::{CWD, RenameFlags};

use crate::{Batch, Error, SHADOW, Store, Stores, codec};

/// Key of the position. No row begins with 0xff: a published key begins with a length below 0x80, a derived one with 0.
const POSITION: &[u8] = b"\xffposition";
/// Key of the store's own name, so that another task's directory is not mistaken for it.
const NAME: &[u8] = b"\xffname";
/// The file that rows are written to before they are a part of the store.
const FILLING: &str = "filling.sst";
/// A memtable of one database, in bytes.
const MEMTABLE_BYTES: usize = 16 << 20;
/// A block of rows that are read in runs, in bytes. Rows of a kind repeat each other: LZ4 finds more of it in larger blocks.
const RUN_BLOCK: usize = 16 << 10;
/// A block of rows that are read one here and one there, in bytes.
const SINGLE_BLOCK: usize = 4 << 10;
/// Share of a memtable that its filter takes, whole from the first row on: sixteen bits for each of 40,000 rows of 400 bytes.
const MEMTABLE_FILTER: f64 = 0.005;
/// What a memtable takes of memory at a time, in bytes. By default it is a mebibyte, and of a hundred stores most hold little.
const ARENA_BLOCK_BYTES: usize = 64 << 10;
/// Files that one database holds open.
const OPEN_FILES_MAX: i32 = 64;
/// Stores that are opened at the same time. Each syncs a dozen small files when it is new, and file systems sync those of several at once.
const OPENERS_MAX: usize = 16;

/// Memory of all stores together, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Blocks read from disk.
    pub cache_bytes: usize,
    /// Rows not yet flushed.
    pub memtable_bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { cache_bytes: 48 << 20, memtable_bytes: 64 << 20 }
    }
}

/// The stores below one directory.
pub struct Rocks {
    root: PathBuf,
    options: Options,
    cache: Cache,
    memtables: WriteBufferManager,
}

impl Rocks {
    /// Stores below `root`, which is made if it is not there.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be made.
    pub fn new(root: &Path, budget: Budget) -> Result<Self, Error> {
        let cache = Cache::new_lru_cache(budget.cache_bytes);
        let memtables = WriteBufferManager::new_write_buffer_manager(budget.memtable_bytes, false);
        Self::sharing(root, &cache, &memtables)
    }

    /// Stores below `root` whose blocks and memtables count against memory that others use too.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when `root` cannot be made.
    pub fn sharing(root: &Path, cache: &Cache, memtables: &WriteBufferManager) -> Result<Self, Error> {
        std::fs::create_dir_all(root).map_err(|error| unavailable(root, &error))?;
        let (options, cache, memtables) = (options(cache, memtables, RUN_BLOCK), cache.clone(), memtables.clone());
        Ok(Self { root: root.to_owned(), options, cache, memtables })
    }

    /// The same directory and memory, for stores whose rows are read one here and one there, by somebody who waits: blocks of a
    /// quarter of the size, of which less is unpacked for a row and less of the cache goes to its neighbours. They take a tenth more
    /// disk.
    #[must_use]
    pub fn for_single_rows(&self) -> Self {
        let options = options(&self.cache, &self.memtables, SINGLE_BLOCK);
        Self { root: self.root.clone(), options, cache: self.cache.clone(), memtables: self.memtables.clone() }
    }

    /// Bytes of blocks held in memory.
    pub fn cache_bytes(&self) -> usize {
        self.cache.get_usage()
    }

    /// Bytes of rows that are not flushed.
    pub fn memtable_bytes(&self) -> usize {
        self.memtables.get_usage()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

fn options(cache: &Cache, memtables: &WriteBufferManager, block_bytes: usize) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(cache);
    blocks.set_bloom_filter(10.0, false);
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    // In pieces: a whole filter of a large table is larger than a shard of the cache, which then never keeps it, and every get
    // reads it from disk anew.
    blocks.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
    blocks.set_partition_filters(true);
    blocks.set_pin_top_level_index_and_filter(true);
    blocks.set_format_version(6);
    blocks.set_block_size(block_bytes);
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_paranoid_checks(true);
    options.set_block_based_table_factory(&blocks);
    options.set_write_buffer_manager(memtables);
    options.set_write_buffer_size(MEMTABLE_BYTES);
    options.set_max_open_files(OPEN_FILES_MAX);
    // By default the open files are kept in 64 shards of one file each, and two of one shard are opened anew in turns.
    options.set_table_cache_num_shard_bits(0);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_memtable_whole_key_filtering(true);
    options.set_memtable_prefix_bloom_ratio(MEMTABLE_FILTER);
    options.set_arena_block_size(ARENA_BLOCK_BYTES);
    // Beforehand RocksDB takes 4 MiB of disk for each manifest, and there is one a task.
    options.set_manifest_preallocation_size(64 << 10);
    options.set_keep_log_file_num(2);
    // Each opening tells all options otherwise, and every ten minutes each store what it has done.
    options.set_log_level(LogLevel::Warn);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    // A store has few files, and a worker opens many stores: sixteen threads for each cost more than they read.
    options.set_max_file_opening_threads(1);
    options.set_skip_stats_update_on_db_open(true);
    options.set_max_background_jobs(2);
    options
}

impl Stores for Rocks {
    fn open(&self, name: &str) -> Result<Box<dyn Store>, Error> {
        let path = self.path(name);
        let begun = path.join("IDENTITY").exists();
        if begun && !path.join("CURRENT").exists() {
            return Err(damaged(&path, "CURRENT is missing: it was copied by halves"));
        }
        let family = ColumnFamilyDescriptor::new(rocksdb::DEFAULT_COLUMN_FAMILY_NAME, self.options.clone());
        let database =
            DB::open_cf_descriptors(&self.options, &path, [family]).map_err(|error| failed(&path, &error))?;
        let mut write = WriteOptions::default();
        write.disable_wal(true);
        // A shadow bears the name of the store that it will be.
        let name = name.strip_suffix(SHADOW).unwrap_or(name).to_owned();
        let mut store = One { database, options: self.options.clone(), write, path, unnamed: None };
        match store.read(NAME)? {
            Some(known) if known == name.as_bytes() => {}
            Some(known) => {
                let known = String::from_utf8_lossy(&known).into_owned();
                return Err(damaged(&store.path, &format!("it is the store {known}")));
            }
            None => store.unnamed = Some(name),
        }
        Ok(Box::new(store))
    }

    fn open_all(&self, names: &[String]) -> Vec<Result<Box<dyn Store>, Error>> {
        let in_turn = move |names: &[String]| names.iter().map(|name| self.open(name)).collect::<Vec<_>>();
        let share = names.len().div_ceil(OPENERS_MAX).max(1);
        std::thread::scope(|scope| {
            let begin = |names| (names, Builder::new().spawn_scoped(scope, move || in_turn(names)));
            let begun: Vec<_> = names.chunks(share).map(begin).collect();
            let end = |(names, opening): (_, std::io::Result<ScopedJoinHandle<'_, _>>)| match opening {
                Ok(opening) => opening.join().unwrap_or_else(|panic| resume_unwind(panic)),
                // No thread is to be had: it takes longer.
                Err(_) => in_turn(names),
            };
            begun.into_iter().flat_map(end).collect()
        })
    }

    fn quarantine(&self, name: &str) -> Result<(), Error> {
        let path = self.path(name);
        if !path.exists() {
            return Ok(());
        }
        let aside = (0_u32..).map(|n| self.path(&format!("{name}.aside-{n}"))).find(|aside| !aside.exists());
        let aside = aside.unwrap_or_else(|| self.path(&format!("{name}.aside")));
        std::fs::rename(&path, aside).map_err(|error| unavailable(&path, &error))
    }

    fn discard(&self, name: &str) -> Result<(), Error> {
        let path = self.path(name);
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unavailable(&path, &error)),
            _ => Ok(()),
        }
    }

    /// Exchanges the two directories in one step where the file system can; where not, a crash between two steps leaves no
    /// store, which is then restored from the log.
    fn promote(&self, name: &str) -> Result<(), Error> {
        let (path, shadow) = (self.path(name), self.path(&crate::shadow(name)));
        if rustix::fs::renameat_with(CWD, &shadow, CWD, &path, RenameFlags::EXCHANGE).is_err() {
            self.quarantine(name)?;
            std::fs::rename(&shadow, &path).map_err(|error| unavailable(&path, &error))?;
        }
        let synced = std::fs::File::open(&self.root).and_then(|root| root.sync_all());
        synced.map_err(|error| unavailable(&self.root, &error))?;
        self.discard(&crate::shadow(name))
    }
}

struct One {
    database: DB,
    options: Options,
    write: WriteOptions,
    path: PathBuf,
    /// The name, until it is written with the first rows: by itself it would be a memtable to flush before a file is taken in.
    unnamed: Option<String>,
}

impl One {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.database.get(key).map_err(|error| failed(&self.path, &error))
    }
}

impl Store for One {
    fn position(&self) -> Result<Option<Position>, Error> {
        match self.read(POSITION)? {
            None => Ok(None),
            Some(bytes) => {
                codec::decode(&bytes).map(Some).ok_or_else(|| damaged(&self.path, "its position is unreadable"))
            }
        }
    }

    fn get(&self, keys: &[Bytes]) -> Result<Vec<Option<Bytes>>, Error> {
        if let [key] = keys {
            return Ok(vec![self.read(key)?.map(Bytes::from)]);
        }
        let Some(family) = self.database.cf_handle(rocksdb::DEFAULT_COLUMN_FAMILY_NAME) else {
            return Err(damaged(&self.path, "it has no default column family"));
        };
        let found = self.database.batched_multi_get_cf(&family, keys, keys.is_sorted());
        found
            .into_iter()
            .map(|row| match row {
                Ok(row) => Ok(row.map(|row| Bytes::copy_from_slice(&row))),
                Err(error) => Err(failed(&self.path, &error)),
            })
            .collect()
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<(Bytes, Bytes)>, Error> {
        let mut read = ReadOptions::default();
        read.set_iterate_range(rocksdb::PrefixRange(prefix.to_vec()));
        let start = after.unwrap_or(prefix).max(prefix);
        let rows = self.database.iterator_opt(IteratorMode::From(start, rocksdb::Direction::Forward), read);
        let mut found = Vec::new();
        for row in rows {
            let (key, value) = row.map_err(|error| failed(&self.path, &error))?;
            let reserved = key.first() == Some(&0xff);
            if !reserved && after.is_none_or(|after| &key[..] > after) {
                found.push((Bytes::from(key), Bytes::from(value)));
            }
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    fn apply(&mut self, batch: Batch) -> Result<(), Error> {
        let mut write = WriteBatch::default();
        for (key, row) in &batch.writes {
            match row {
                Some(row) => write.put(key, row),
                None => write.delete(key),
            }
        }
        write.put(POSITION, codec::encode(&batch.position));
        if let Some(name) = &self.unnamed {
            write.put(NAME, name);
        }
        self.database.write_opt(write, &self.write).map_err(|error| failed(&self.path, &error))?;
        self.unnamed = None;
        Ok(())
    }

    fn fill(&mut self, batch: Batch) -> Result<(), Error> {
        let failed = |error: rocksdb::Error| failed(&self.path, &error);
        let file = self.path.join(FILLING);
        // One that a crash left may be a part of the store already, by another name: it is not written over.
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unavailable(&self.path, &error)),
            _ => {}
        }
        let mut writer = SstFileWriter::create(&self.options);
        writer.open(&file).map_err(failed)?;
        for (key, row) in &batch.writes {
            match row {
                Some(row) => writer.put(key, row),
                None => writer.delete(key),
            }
            .map_err(failed)?;
        }
        if let Some(name) = &self.unnamed {
            writer.put(NAME, name).map_err(failed)?;
        }
        writer.put(POSITION, codec::encode(&batch.position)).and_then(|()| writer.finish()).map_err(failed)?;
        let mut ingest = IngestExternalFileOptions::default();
        ingest.set_move_files(true);
        self.database.ingest_external_file_opts(&ingest, vec![file]).map_err(failed)?;
        self.unnamed = None;
        Ok(())
    }

    fn remove(&mut self, prefix: &[u8]) -> Result<(), Error> {
        let mut after = prefix.to_vec();
        while let Some(last) = after.pop() {
            if let Some(next) = last.checked_add(1) {
                after.push(next);
                break;
            }
        }
        let mut write = WriteBatch::default();
        write.delete_range(prefix, &after);
        self.database.write_opt(write, &self.write).map_err(|error| failed(&self.path, &error))
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.database.flush().map_err(|error| failed(&self.path, &error))
    }
}

fn failed(path: &Path, error: &rocksdb::Error) -> Error {
    let detail = error.to_string();
    let path = path.display().to_string();
    match error.kind() {
        ErrorKind::Corruption | ErrorKind::NotFound | ErrorKind::InvalidArgument => Error::Damaged { path, detail },
        _ if detail.contains("/LOCK") => Error::Locked { path, detail },
        _ if detail.contains("No such file") => Error::Damaged { path, detail },
        _ => Error::Unavailable { path, detail },
    }
}

fn damaged(path: &Path, detail: &str) -> Error {
    Error::Damaged { path: path.display().to_string(), detail: detail.to_owned() }
}

fn unavailable(path: &Path, error: &std::io::Error) -> Error {
    Error::Unavailable { path: path.display().to_string(), detail: error.to_string() }
}
