//! The folds: events to rows, rows to numbers. One file a fold.

mod campaigns;
mod messages;

pub use campaigns::Campaigns;
pub use messages::Messages;

use std::collections::BTreeMap;

use bytes::Bytes;
use engine::{Folded, Rows};

/// Looks keys up; what is not loaded is asked for all at once.
pub(crate) fn load<'a>(
    rows: &dyn Rows,
    keys: impl IntoIterator<Item = &'a Bytes>,
) -> Result<BTreeMap<Bytes, Option<Bytes>>, Folded> {
    let mut found = BTreeMap::new();
    let mut missing = Vec::new();
    for key in keys {
        match rows.get(key) {
            Some(row) => {
                found.insert(key.clone(), row);
            }
            None => missing.push(key.clone()),
        }
    }
    if missing.is_empty() { Ok(found) } else { Err(Folded::Missing { keys: missing, prefixes: Vec::new() }) }
}
