//! The conformance suite over both implementations, and what only files can suffer.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]
use store::{Batch, Budget, Error, Memory, Rocks, Stores, conformance};

fn rocks(root: &std::path::Path) -> Rocks {
    Rocks::new(root, Budget { cache_bytes: 1 << 20, memtable_bytes: 1 << 20 }).expect("stores")
}

#[test]
fn memory_conforms() {
    conformance::all(&Memory::default());
}

#[test]
fn rocksdb_conforms() {
    let root = tempfile::tempdir().expect("directory");
    conformance::all(&rocks(root.path()));
}

#[test]
fn rocksdb_conforms_with_small_blocks_and_reads_what_large_ones_hold() {
    let root = tempfile::tempdir().expect("directory");
    let (runs, single) = (rocks(root.path()), rocks(root.path()).for_single_rows());
    conformance::all(&single);
    let rows: Vec<_> =
        (0..2_000_u32).map(|row| (row.to_be_bytes().to_vec().into(), Some(vec![7; 100].into()))).collect();
    let keys: Vec<_> = rows.iter().map(|(key, _): &(bytes::Bytes, _)| key.clone()).collect();
    for (writes, reads) in [(&runs, &single), (&single, &runs)] {
        let name = format!("read-{}", std::ptr::eq(writes, &runs));
        let mut store = writes.open(&name).expect("opens");
        store.apply(Batch { writes: rows.clone(), ..Batch::default() }).expect("applied");
        store.flush().expect("flushed");
        drop(store);
        let read = reads.open(&name).expect("opens").get(&keys).expect("reads");
        assert!(read.iter().all(|row| row.as_ref().is_some_and(|row| row.len() == 100)), "{name}");
    }
}

#[test]
fn a_store_has_one_owner() {
    let root = tempfile::tempdir().expect("directory");
    let (first, second) = (rocks(root.path()), rocks(root.path()));
    let _held = first.open("one").expect("opens");
    assert!(matches!(second.open("one"), Err(Error::Locked { .. })));
}

#[test]
fn another_tasks_directory_is_not_taken_for_ours() {
    let root = tempfile::tempdir().expect("directory");
    let stores = rocks(root.path());
    stores.open("messages-0").expect("opens").apply(Batch::default()).expect("applied");
    std::fs::rename(root.path().join("messages-0"), root.path().join("messages-1")).expect("renamed");
    assert!(matches!(stores.open("messages-1"), Err(Error::Damaged { .. })));
}

#[test]
fn a_store_copied_by_halves_is_damaged_and_a_restore_heals_it() {
    let root = tempfile::tempdir().expect("directory");
    let stores = rocks(root.path());
    stores.open("one").expect("opens").flush().expect("flushes");
    std::fs::remove_file(root.path().join("one/CURRENT")).expect("removed");
    assert!(matches!(stores.open("one"), Err(Error::Damaged { .. })));
    stores.quarantine("one").expect("put aside");
    assert!(stores.open("one").expect("new").position().expect("readable").is_none());
}

/// A processor of sixteen partitions has as many in one process.
#[test]
fn stores_that_hold_little_take_little_memory() {
    let root = tempfile::tempdir().expect("directory");
    let stores = Rocks::new(root.path(), Budget { cache_bytes: 1 << 20, memtable_bytes: 48 << 20 }).expect("stores");
    let names: Vec<String> = (0..64).map(|number| format!("messages-{number}")).collect();
    let mut open: Vec<_> = stores.open_all(&names).into_iter().map(|store| store.expect("opens")).collect();
    for store in &mut open {
        store.apply(Batch { writes: vec![("a".into(), Some("1".into()))], ..Batch::default() }).expect("applied");
    }
    let each = stores.memtable_bytes() / open.len();
    assert!(each < 192 << 10, "{each} bytes");
}

#[test]
fn a_store_that_cannot_be_opened_keeps_no_other_closed() {
    let root = tempfile::tempdir().expect("directory");
    let stores = rocks(root.path());
    drop(stores.open("one").expect("opens"));
    std::fs::remove_file(root.path().join("one/CURRENT")).expect("removed");
    let names: Vec<String> = (0..40).map(|number| format!("other-{number}")).chain(["one".to_owned()]).collect();
    let opened = stores.open_all(&names);
    assert_eq!(opened.iter().filter(|store| store.is_ok()).count(), 40);
    assert!(matches!(opened.last(), Some(Err(Error::Damaged { .. }))), "the answers are in the order of the names");
}

/// A file of rows is taken in without a flush first: the name of a new store is in it.
#[test]
fn a_new_store_that_is_filled_is_one_file() {
    let root = tempfile::tempdir().expect("directory");
    let stores = rocks(root.path());
    let mut store = stores.open("messages-0").expect("opens");
    store.fill(Batch { writes: vec![("a".into(), Some("1".into()))], ..Batch::default() }).expect("filled");
    drop(store);
    let files = std::fs::read_dir(root.path().join("messages-0")).expect("a folder").flatten();
    assert_eq!(files.filter(|file| file.path().extension().is_some_and(|ending| ending == "sst")).count(), 1);
    std::fs::rename(root.path().join("messages-0"), root.path().join("messages-1")).expect("renamed");
    assert!(matches!(stores.open("messages-1"), Err(Error::Damaged { .. })), "and it is known by its name");
}

/// A kill between the moment a file of rows became a part of the store and the moment its first name was taken away.
#[test]
fn a_fill_does_not_write_over_the_file_of_one_that_a_crash_cut_short() {
    let root = tempfile::tempdir().expect("directory");
    let stores = rocks(root.path());
    let row = |number: u32| (bytes::Bytes::from(format!("{number:06}")), Some(bytes::Bytes::from(vec![7; 100])));
    let mut store = stores.open("one").expect("opens");
    store.fill(Batch { writes: (0..5_000).map(row).collect(), ..Batch::default() }).expect("filled");
    let folder = root.path().join("one");
    let files = std::fs::read_dir(&folder).expect("a folder").flatten().map(|entry| entry.path());
    let file = files.filter(|path| path.extension().is_some_and(|ending| ending == "sst")).max().expect("a file");
    std::fs::hard_link(file, folder.join("filling.sst")).expect("linked");
    store.fill(Batch { writes: vec![row(5_000)], ..Batch::default() }).expect("filled");
    drop(store);
    let store = stores.open("one").expect("opens");
    let rows = store.scan(b"0", None, 10_000).expect("whole");
    assert_eq!(rows.len(), 5_001);
}

/// A shard of a small cache is half a mebibyte, and a filter has ten bits a row: the whole filter of a table of so many rows is
/// larger than what may keep it.
#[test]
#[cfg(target_os = "linux")]
fn a_get_does_not_read_the_whole_filter_of_a_large_table_anew() {
    let root = tempfile::tempdir().expect("directory");
    let stores = rocks(root.path());
    // Rows that do not compress: of a table that is larger than one and a half memtables nothing is pinned.
    let noise = |number: u64| (1..9).flat_map(move |word| (number * 8 + word).wrapping_pow(9).to_le_bytes());
    let row = |number| (bytes::Bytes::from(format!("{number:08}")), Some(noise(number).collect()));
    let mut store = stores.open("large").expect("opens");
    store.fill(Batch { writes: (0..600_000).map(row).collect(), ..Batch::default() }).expect("filled");
    let get = || assert_eq!(store.get(&["00300000x".into()]).expect("reads"), [None]);
    get();
    let before = bytes_read();
    (0..100).for_each(|_| get());
    assert!(bytes_read() - before < 1 << 20, "{} bytes", bytes_read() - before);
}

/// Bytes that this thread has read from files.
#[cfg(target_os = "linux")]
fn bytes_read() -> u64 {
    let counted = std::fs::read_to_string("/proc/thread-self/io").expect("counted");
    let line = counted.lines().find_map(|line| line.strip_prefix("rchar: ")).expect("a line");
    line.parse().expect("a number")
}
