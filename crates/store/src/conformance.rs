//! What every implementation of [`Stores`] must do. Each function panics with a sentence when it does not.

use bytes::Bytes;
use engine::Position;

use crate::{Batch, Store, Stores};

/// The whole suite on new stores.
///
/// # Panics
/// When the implementation is wrong.
pub fn all(stores: &dyn Stores) {
    rows_and_position_are_written_together(stores);
    scans_are_bounded_by_prefix_start_and_limit(stores);
    what_is_flushed_is_there_after_a_reopen(stores);
    a_filled_store_is_as_if_it_were_applied_and_durable(stores);
    what_begins_with_a_prefix_is_removed(stores);
    a_quarantined_store_is_new(stores);
    a_shadow_stands_beside_and_then_in_place(stores);
    a_discarded_store_is_new(stores);
    several_are_opened_in_the_order_asked(stores);
}

#[expect(clippy::expect_used, reason = "a suite fails by panicking")]
fn open(stores: &dyn Stores, name: &str) -> Box<dyn Store> {
    stores.open(name).expect("a store opens")
}

fn batch(rows: &[(&'static str, Option<&'static str>)], input: u64) -> Batch {
    let writes = rows.iter().map(|(key, row)| (Bytes::from(*key), row.map(Bytes::from))).collect();
    Batch { writes, position: Position { input, fold_version: 1, ..Position::default() } }
}

fn values(store: &dyn Store, keys: &[&'static str]) -> Vec<Option<Bytes>> {
    let keys: Vec<Bytes> = keys.iter().map(|key| Bytes::from(*key)).collect();
    store.get(&keys).unwrap_or_default()
}

fn rows_and_position_are_written_together(stores: &dyn Stores) {
    let mut store = open(stores, "together");
    assert!(matches!(store.position(), Ok(None)), "a new store has no position");
    assert!(store.apply(batch(&[("a", Some("1")), ("b", Some("2"))], 7)).is_ok());
    assert!(store.apply(batch(&[("a", None), ("c", Some("3"))], 9)).is_ok());
    let found = values(store.as_ref(), &["a", "b", "c", "d"]);
    assert_eq!(found, [None, Some("2".into()), Some("3".into()), None], "one answer a key, in the order asked");
    assert_eq!(store.position().ok().flatten().map(|position| position.input), Some(9));
}

fn scans_are_bounded_by_prefix_start_and_limit(stores: &dyn Stores) {
    let mut store = open(stores, "scans");
    let rows = [("a", Some("0")), ("p1", Some("1")), ("p2", Some("2")), ("p3", Some("3")), ("q", Some("4"))];
    assert!(store.apply(batch(&rows, 1)).is_ok());
    let keys = |after: Option<&[u8]>, limit| -> Vec<Bytes> {
        let rows = store.scan(b"p", after, limit).unwrap_or_default();
        rows.into_iter().map(|(key, _)| key).collect()
    };
    assert_eq!(keys(None, 10), ["p1", "p2", "p3"], "only the prefix, by key");
    assert_eq!(keys(None, 2), ["p1", "p2"], "at most the limit");
    assert_eq!(keys(Some(b"p1"), 10), ["p2", "p3"], "after, not from");
    assert_eq!(store.scan(b"", None, 10).map(|rows| rows.len()).ok(), Some(5), "the position is no row");
}

fn what_is_flushed_is_there_after_a_reopen(stores: &dyn Stores) {
    let mut store = open(stores, "reopened");
    assert!(store.apply(batch(&[("a", Some("1"))], 3)).is_ok());
    assert!(store.apply(batch(&[("b", Some("2")), ("c", Some("3"))], 3)).is_ok());
    assert!(store.flush().is_ok());
    drop(store);
    let store = open(stores, "reopened");
    let found = values(store.as_ref(), &["c", "z", "a", "b", "a"]);
    assert_eq!(found, [Some("3".into()), None, Some("1".into()), Some("2".into()), Some("1".into())], "in any order");
    assert_eq!(values(store.as_ref(), &["a"]), [Some("1".into())]);
    assert_eq!(store.position().ok().flatten().map(|position| position.input), Some(3));
}

fn a_shadow_stands_beside_and_then_in_place(stores: &dyn Stores) {
    let (name, shadow) = ("promoted", crate::shadow("promoted"));
    let (mut store, mut next) = (open(stores, name), open(stores, &shadow));
    assert!(store.apply(batch(&[("a", Some("old")), ("b", Some("old"))], 3)).is_ok());
    assert!(next.apply(batch(&[("a", Some("new"))], 4)).and_then(|()| next.flush()).is_ok());
    assert_eq!(values(store.as_ref(), &["a"]), [Some("old".into())], "neither sees the other");
    drop((store, next));
    assert!(stores.promote(name).is_ok());
    let store = open(stores, name);
    assert_eq!(values(store.as_ref(), &["a", "b"]), [Some("new".into()), None]);
    assert_eq!(store.position().ok().flatten().map(|position| position.input), Some(4));
    assert!(matches!(open(stores, &shadow).position(), Ok(None)), "nothing is left of the one before");
}

fn a_filled_store_is_as_if_it_were_applied_and_durable(stores: &dyn Stores) {
    let mut store = open(stores, "filled");
    assert!(store.apply(batch(&[("a", Some("applied")), ("c", Some("applied"))], 3)).is_ok());
    assert!(store.fill(batch(&[("a", Some("1")), ("b", Some("1")), ("c", None)], 4)).is_ok());
    assert!(store.fill(batch(&[("b", Some("2"))], 5)).is_ok());
    drop(store);
    let store = open(stores, "filled");
    let found = values(store.as_ref(), &["a", "b", "c"]);
    assert_eq!(found, [Some("1".into()), Some("2".into()), None], "the latest wins, deletions too");
    assert_eq!(store.position().ok().flatten().map(|position| position.input), Some(5));
}

fn what_begins_with_a_prefix_is_removed(stores: &dyn Stores) {
    let mut store = open(stores, "removed");
    assert!(
        store.fill(batch(&[("a", Some("1")), ("p1", Some("1")), ("p\u{7f}", Some("1")), ("q", Some("1"))], 4)).is_ok()
    );
    assert!(store.apply(batch(&[("p3", Some("2"))], 5)).is_ok());
    assert!(store.remove(b"p").is_ok());
    let left: Vec<Bytes> = store.scan(b"", None, 10).unwrap_or_default().into_iter().map(|(key, _)| key).collect();
    assert_eq!(left, ["a", "q"]);
    assert_eq!(store.position().ok().flatten().map(|position| position.input), Some(5), "the position stays");
}

fn a_discarded_store_is_new(stores: &dyn Stores) {
    let mut store = open(stores, "discarded");
    assert!(store.apply(batch(&[("a", Some("1"))], 3)).is_ok());
    drop(store);
    assert!(stores.discard("discarded").is_ok() && stores.discard("discarded").is_ok(), "twice is once");
    assert!(matches!(open(stores, "discarded").position(), Ok(None)));
}

fn several_are_opened_in_the_order_asked(stores: &dyn Stores) {
    let names: Vec<String> = (0..40).map(|number| format!("several-{number}")).collect();
    for (name, input) in names.iter().zip(0..) {
        assert!(open(stores, name).apply(batch(&[], input)).is_ok());
    }
    let inputs = stores.open_all(&names).into_iter().map(|store| store.and_then(|store| store.position()));
    let inputs: Vec<_> = inputs.map(|position| position.ok().flatten().map(|position| position.input)).collect();
    assert_eq!(inputs, (0..40).map(Some).collect::<Vec<_>>(), "one answer a name");
    assert!(stores.open_all(&[]).is_empty());
}

fn a_quarantined_store_is_new(stores: &dyn Stores) {
    let mut store = open(stores, "aside");
    assert!(store.apply(batch(&[("a", Some("1"))], 3)).is_ok());
    drop(store);
    assert!(stores.quarantine("aside").is_ok());
    let store = open(stores, "aside");
    assert_eq!(values(store.as_ref(), &["a"]), [None]);
    assert!(matches!(store.position(), Ok(None)));
}
