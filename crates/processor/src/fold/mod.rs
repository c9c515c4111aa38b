//! The folds: events to rows, rows to numbers. One file a fold.

mod also_json;
mod campaigns;
pub mod contacts;
pub mod correlate;
mod forward;
mod messages;
mod partials;

pub use campaigns::Campaigns;
pub use contacts::Contacts;
pub use correlate::Correlate;
pub use messages::Messages;

use std::collections::BTreeMap;

use bytes::Bytes;
use engine::{Change, Effects, Folded, Found, Headers, Rebuilt, Rows};

/// Looks keys up; the error is what is not loaded yet, to be asked for all at once with [`missing`].
pub(crate) fn load<'a>(
    rows: &dyn Rows,
    keys: impl IntoIterator<Item = &'a Bytes>,
) -> Result<BTreeMap<Bytes, Option<Bytes>>, Vec<Bytes>> {
    let mut found = BTreeMap::new();
    let mut absent = Vec::new();
    for key in keys {
        match rows.get(key) {
            Some(row) => {
                found.insert(key.clone(), row);
            }
            None => absent.push(key.clone()),
        }
    }
    if absent.is_empty() { Ok(found) } else { Err(absent) }
}

/// Asks for keys.
pub(crate) fn missing(keys: Vec<Bytes>) -> Folded {
    Folded::Missing { keys, prefixes: Vec::new() }
}

/// What a rebuild publishes of a fold whose rows say all: those that differ.
pub(crate) fn republished(rebuilt: &Rebuilt<'_>, row_headers: Headers) -> Effects {
    let changes: &[Change] = match rebuilt.found {
        Found::Changes(changes) => changes,
        Found::Sums { .. } => &[],
    };
    let rows = changes.iter().map(|change| (change.key.clone(), change.after.clone())).collect();
    Effects { rows, row_headers, row_timestamp_ms: rebuilt.timestamp_ms, ..Effects::default() }
}
