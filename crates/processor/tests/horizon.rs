//! A store that missed more than the topic's tombstones remember is restored in full: how long they stay is what the topic
//! says (`delete.retention.ms`), not what it was to be.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

mod support;

use std::sync::Arc;

use bytes::Bytes;
use contract::topic::Topic;
use log::Log;
use log::model::Model;
use processor::accounts::Accounts;
use store::{Batch, Budget, Position, Rocks, Stores as _};
use support::{made_keeping, send, settle};

const SEND: &str = r#"{"organisation":"acme","time":"2026-05-01T10:00:00Z","send":{"message":"m","campaign":"c","client":"k","address":"k@example.org"}}"#;
const DAY_MS: i64 = 86_400_000;
/// The key of a row whose tombstone is gone.
const GHOST: &[u8] = b"\x04acme\x01x";

/// Whether a row that the store kept, and the topic has not, is still there after a restart two days later.
fn stands(tombstone_ms: i64) -> bool {
    let root = tempfile::tempdir().expect("directory");
    let log: Arc<dyn Log> = Arc::new(Model::new("model"));
    let of = |topic, wanted| if topic == Topic::CampaignStats { tombstone_ms } else { wanted };
    let settings = made_keeping(log.as_ref(), Accounts::new(), of);
    send(log.as_ref(), &settings, &[SEND.to_owned()]);
    settle(root.path(), &log, &settings);
    let partition = settings.partition_of(Topic::CampaignStats, &contract::key::campaign("acme", "c")).partition;
    let name = format!("campaigns-{partition}");
    let open = || {
        let stores = Rocks::new(&root.path().join("state"), Budget::default()).expect("stores");
        stores.open(&name).expect("opens")
    };
    let mut store = open();
    let known = store.position().expect("readable").expect("it was written");
    assert!(known.state > 0, "it has read its rows back");
    let position = Position { state: known.state - 1, written_ms: known.written_ms - 2 * DAY_MS, ..known };
    let writes = vec![(Bytes::from_static(GHOST), Some(Bytes::from_static(b"row")))];
    store.apply(Batch { writes, position }).and_then(|()| store.flush()).expect("written");
    drop(store);
    settle(root.path(), &log, &settings);
    let found = open().get(&[Bytes::from_static(GHOST)]).expect("readable");
    found != [None]
}

#[test]
fn a_store_older_than_the_topics_tombstones_is_restored_in_full() {
    assert!(!stands(DAY_MS), "its tombstone may be gone");
    assert!(stands(7 * DAY_MS), "a tombstone would still be there");
}
