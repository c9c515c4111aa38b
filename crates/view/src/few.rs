//! A search that few clients can meet: those who are in a small list, or who have a rare word. They are asked one by one whether they
//! are in the other lists too, instead of reading along lists that grow with the number of clients.

use std::collections::BTreeSet;

use bytes::Bytes;
use contract::key as canonical;

use crate::card::Card;
use crate::key;
use crate::overlay::Rows as _;
use crate::place::{Error, Snapshot};
use crate::trigrams::{Terms, searched};

/// Messages of a list that is small: to ask for each of its clients is less work than to seek in long lists.
pub(crate) const SMALL_ROWS: usize = 1_000;
/// Rows that a rare word may have, and one that is rare enough where walking takes long.
pub(crate) const RARE_ROWS: [usize; 2] = [64, 512];
/// Texts of one client, by the alphabet, that a search looks at.
const TEXTS_MAX: usize = 100;

impl Snapshot<'_> {
    /// Everybody in a list, as keys have them and in that order; `None` when it is not small.
    pub(crate) fn small(&self, list: &Bytes) -> Result<Option<BTreeSet<Bytes>>, Error> {
        let listed = self.scan(list, None, SMALL_ROWS + 1)?;
        let client = |key: &Bytes| Some(key.slice_ref(canonical::first(key.get(list.len()..)?)?.0));
        Ok((listed.len() <= SMALL_ROWS).then(|| listed.iter().filter_map(|(key, _)| client(key)).collect()))
    }

    /// Everybody who has one of the words, where it has so few rows.
    pub(crate) fn rare(
        &self,
        organisation: &str,
        terms: &Terms,
        rows: usize,
    ) -> Result<Option<BTreeSet<Bytes>>, Error> {
        for begins in terms.rests() {
            // One of a domain may be everybody's.
            if !self.scan(&key::of_domain(organisation, &begins), None, 1)?.is_empty() {
                continue;
            }
            let listed = self.scan(&key::with_rest(organisation, &begins), None, rows + 1)?;
            if listed.len() <= rows {
                return Ok(Some(listed.iter().filter_map(|(key, _)| key::with_rest_of(key)).collect()));
            }
        }
        Ok(None)
    }

    /// Those of some clients who are in every list. The last list is asked first: it is not of the word that they were found by.
    pub(crate) fn in_all(&self, lists: &[Bytes], clients: BTreeSet<Bytes>) -> Result<Vec<Bytes>, Error> {
        let mut clients: Vec<Bytes> = clients.into_iter().collect();
        for list in lists.iter().rev() {
            if clients.is_empty() {
                break;
            }
            let found = self.gathered(clients.iter().map(|client| key::among(list, client)).collect())?;
            clients = clients.into_iter().zip(found).filter_map(|(client, row)| row.map(|_| client)).collect();
        }
        Ok(clients)
    }

    /// Whether a client's texts have all terms. The name says it most often, and is at hand.
    pub(crate) fn is_found(&self, organisation: &str, client: &str, terms: &Terms) -> Result<bool, Error> {
        let card = self.get(&key::card(organisation, client))?.map(|row| Card::of_row(&row)).unwrap_or_default();
        Ok(terms.are_in(&[searched(&card.name)]) || terms.are_in(&self.texts(organisation, client)?))
    }

    fn texts(&self, organisation: &str, client: &str) -> Result<Vec<String>, Error> {
        let prefix = key::texts(organisation, client);
        let listed = self.scan(&prefix, None, TEXTS_MAX)?;
        let text = |key: &Bytes| std::str::from_utf8(key.get(prefix.len()..)?).ok().map(str::to_owned);
        Ok(listed.iter().filter_map(|(key, _)| text(key)).collect())
    }
}
