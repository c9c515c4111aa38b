//! The bench's two sides count the same, of the same events, in batches of any size; nothing is timed.

use benches::mailtally::System;
use benches::{input, peer, posted};

const MESSAGES: u64 = 3_000;

#[test]
fn mailtally_and_its_peer_count_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let events = folder.path().join("events");
    let count = input::events(&events, 7, MESSAGES).expect("input");
    let (peers, expected) = peer::fold(&events, folder.path(), 1_000).expect("the peer folds");
    assert_eq!(peers.records, count);
    assert_eq!(expected.values().map(|share| share[0]).sum::<i64>(), i64::try_from(MESSAGES).expect("few"));
    for batch in [100, 20_000] {
        let root = folder.path().join(batch.to_string());
        let system = System::open(&root, 2, 64 << 20).expect("the log opens");
        let (records, settled) = system.fold(&events, batch).expect("folded");
        assert_eq!(records, count);
        assert!(settled.records >= count, "every record has a disposition");
        assert_eq!(system.numbers().expect("published rows"), expected, "batches of {batch}");
    }
}

#[test]
fn from_the_intakes_every_message_is_counted_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let intakes = folder.path().join("intakes");
    posted::intakes(&intakes, 7, 500).expect("input");
    let system = System::open(folder.path(), 1, 64 << 20).expect("the log opens");
    system.fold(&intakes, 1_000).expect("folded");
    let numbers = system.numbers().expect("published rows");
    assert_eq!(numbers.values().map(|share| share[0]).sum::<i64>(), 500);
    assert!(numbers.values().all(|share| share[0] == share[1] + share[2] + share[3] + share[8]));
}
