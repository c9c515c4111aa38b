//! Every file of the log, flipped, cut or missing: the open refuses and says what is lost, or nothing is lost at all.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use embedded::{Embedded, Loss, OpenError, Options};
use log::{Error, Log};

use crate::support::*;

/// Positions tried in each file, spread over it, besides its first and last bytes.
const POSITIONS: usize = 14;

/// A log with tables, blob files and a write-ahead log: 40 commits closed in order, 5 more and a kill.
fn used(home: &Path) -> Seen {
    let log = open(&home.join("log")).unwrap();
    make(&log);
    let mut producer = log.producer("task").unwrap();
    for n in 1..=40 {
        producer.commit(transaction(n)).unwrap();
    }
    let large = (0..3_000).map(|n| output(at(&events(), 1), n, format!("{n:x}").repeat(9))).collect();
    log.append(large).unwrap();
    log.maintain(NOW, 1 << 30).unwrap();
    drop((producer, log));
    let log = open(&home.join("log")).unwrap();
    let mut producer = log.producer("task").unwrap();
    (41..=45).for_each(|n| drop(producer.commit(transaction(n)).unwrap()));
    copy(log.path(), &home.join("killed"));
    seen(&log).unwrap()
}

fn positions(length: usize) -> BTreeSet<usize> {
    let spread = (0..POSITIONS).map(|n| n * length / POSITIONS);
    spread.chain([1, 5, length.saturating_sub(1), length.saturating_sub(9)]).filter(|at| *at < length).collect()
}

/// Opens a damaged image: whether it was refused. What opens must show everything.
fn refused(image: &Path, wanted: &Seen, what: &str) -> bool {
    let found = files(image);
    match open(image) {
        Err(error) => {
            assert_eq!(files(image), found, "{what}: a refusal changes nothing");
            let text = error.to_string();
            assert!(text.contains(image.to_str().unwrap()) && !text.contains('\n'), "{what}: {text}");
            true
        }
        Ok(log) => {
            assert_eq!(seen(&log).unwrap(), *wanted, "{what}: a silent change");
            assert_eq!(log.verify(|_| ()).unwrap(), None, "{what}");
            false
        }
    }
}

/// Runs a kind of harm over all files; how often the open refused, by kind of file.
fn harm(each: impl Fn(&str, &[u8]) -> Vec<(String, Option<Vec<u8>>)>) -> BTreeSet<String> {
    let home = tempfile::tempdir().unwrap();
    let (wanted, killed, image) = (used(home.path()), home.path().join("killed"), home.path().join("image"));
    let mut noticed = BTreeSet::new();
    for (name, bytes) in files(&killed) {
        for (what, harmed) in each(&name, &bytes) {
            copy(&killed, &image);
            match harmed {
                Some(harmed) => fs::write(image.join(name.trim_start_matches('/')), harmed).unwrap(),
                None => fs::remove_file(image.join(name.trim_start_matches('/'))).unwrap(),
            }
            if refused(&image, &wanted, &format!("{name} {what}")) {
                noticed.insert(kind(&name));
            }
            fs::remove_dir_all(&image).unwrap();
        }
    }
    noticed
}

fn kind(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap();
    let kind = name.rsplit_once('.').map_or(name, |(_, kind)| kind);
    kind.split_once('-').filter(|(front, _)| *front == "MANIFEST").map_or(kind, |(front, _)| front).to_owned()
}

fn is_noticed(noticed: &BTreeSet<String>, kinds: &[&str]) {
    for kind in kinds {
        assert!(noticed.contains(*kind), "no damage of a {kind} file was noticed, only of {noticed:?}");
    }
}

#[test]
fn a_flipped_bit_in_any_file_is_noticed_or_harmless() {
    let noticed = harm(|_, bytes| {
        let flip = |at: usize| {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 1 << (at % 8);
            (format!("flipped at {at} of {}", bytes.len()), Some(flipped))
        };
        positions(bytes.len()).into_iter().map(flip).collect()
    });
    is_noticed(&noticed, &["sst", "blob", "log", "MANIFEST", "CURRENT", "mailtally-log"]);
}

#[test]
fn a_cut_or_missing_file_is_noticed_or_harmless() {
    let noticed = harm(|_, bytes| {
        let cut = |at: usize| (format!("cut to {at} of {}", bytes.len()), Some(bytes[..at].to_vec()));
        positions(bytes.len()).into_iter().step_by(2).map(cut).chain([("missing".to_owned(), None)]).collect()
    });
    is_noticed(&noticed, &["sst", "blob", "log", "MANIFEST", "CURRENT", "mailtally-log", "tip"]);
}

#[test]
fn a_damaged_batch_is_named_by_its_offsets_and_can_be_given_up() {
    let home = tempfile::tempdir().unwrap();
    let (wanted, image) = (used(home.path()), home.path().join("killed"));
    let blobs: Vec<String> = files(&image).into_keys().filter(|name| kind(name) == "blob").collect();
    for name in &blobs {
        let path = image.join(name.trim_start_matches('/'));
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        fs::write(path, bytes).unwrap();
    }
    let Err(OpenError::Damaged(damage)) = open(&image).map(drop) else { panic!("not noticed") };
    let [Loss::Offsets { partition, from, to, .. }] = damage.losses.as_slice() else { panic!("{damage}") };
    assert_eq!((partition, *from, *to), (&at(&events(), 1), 40, 3_040), "the large batch");
    drop(Embedded::open(&image, Options { accept_loss: true, ..options() }).unwrap());
    let log = open(&image).unwrap();
    let now = seen(&log).unwrap();
    for (partition, (start, end, records)) in &wanted.records {
        let lost = |offset: u64| *partition == at(&events(), 1) && (40..3_040).contains(&offset);
        let rest: Vec<_> = records.iter().filter(|one| !lost(one.offset)).cloned().collect();
        assert_eq!(now.records[partition], (*start, *end, rest), "{partition}");
    }
    assert_eq!(log.accepted_losses().len(), 1);
}

#[test]
fn what_is_too_large_to_check_at_open_is_noticed_when_read_or_verified() {
    let home = tempfile::tempdir().unwrap();
    let (wanted, image) = (used(home.path()), home.path().join("killed"));
    for (name, mut bytes) in files(&image).into_iter().filter(|(name, _)| kind(name) == "blob") {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        fs::write(image.join(name.trim_start_matches('/')), bytes).unwrap();
    }
    let log = Embedded::open(&image, Options { verify_all_bytes: 0, ..options() }).unwrap();
    let read = log.read(&at(&events(), 1), 40, ALL);
    assert!(matches!(read, Err(Error::Damaged(_))), "{read:?}");
    let (_, end, records) = &wanted.records[&at(&events(), 1)];
    let rest = log.read(&at(&events(), 1), 3_040, ALL).unwrap();
    assert_eq!((rest.next, rest.records.as_slice()), (*end, &records[3_040..]), "what is behind it can be read");
    let damage = log.verify(|_| ()).unwrap().expect("damage");
    assert!(damage.to_string().contains("events/1 offsets 40..3039 are lost"), "{damage}");
}
