//! Rows of many keys for one page, read together.

use bytes::Bytes;

use crate::overlay::Rows as _;
use crate::place::{Error, Snapshot};

impl Snapshot<'_> {
    /// Rows by key, in the order asked. Each is read once, in the order in which the store has them.
    pub(crate) fn gathered(&self, keys: Vec<Bytes>) -> Result<Vec<Option<Bytes>>, Error> {
        let mut found = vec![None; keys.len()];
        let mut order: Vec<(Bytes, usize)> = keys.into_iter().zip(0..).collect();
        order.sort_unstable();
        // Each key once, and of each place in the answer which of them it wants.
        let (mut asked, mut wants) = (Vec::<Bytes>::with_capacity(order.len()), Vec::with_capacity(order.len()));
        for (key, place) in order {
            if asked.last() != Some(&key) {
                asked.push(key);
            }
            wants.push((place, asked.len() - 1));
        }
        let mut rows = self.all(&asked)?;
        let mut wants = wants.into_iter().peekable();
        while let Some((place, row)) = wants.next() {
            let is_wanted_again = wants.peek().is_some_and(|(_, next)| *next == row);
            let row = rows.get_mut(row).and_then(|row| if is_wanted_again { row.clone() } else { row.take() });
            if let Some(found) = found.get_mut(place) {
                *found = row;
            }
        }
        Ok(found)
    }
}
