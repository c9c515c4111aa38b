//! How a search goes: through those who have a rare word or are in a small list, where there are such; else along the lists of the
//! words' pieces. Both come to the same clients in the same order, so a page may go on where one of the other kind ended.

use std::collections::BTreeSet;

use bytes::Bytes;
use contract::key as canonical;

use crate::few::RARE_ROWS;
use crate::key;
use crate::place::{Error, Snapshot, cursor, place};
use crate::trigrams::Terms;
use crate::walk::{Met, Walk, past};

/// Reads of lists and texts after which a page of a search is handed out short.
const READS_MAX: usize = 1_000;
/// Those of them after which it is asked whether a word is rather rare: most searches need fewer.
const FIRST_READS: usize = 24;

/// A list that those whom a search finds are in, too.
pub(crate) struct Among {
    pub(crate) list: Bytes,
    /// Whether it has few rows, by what is known of it.
    pub(crate) is_small: bool,
}

/// What a search looks for.
struct Sought<'a> {
    organisation: &'a str,
    terms: &'a Terms,
    /// Lists of the words' pieces.
    lists: Vec<Bytes>,
    among: Option<Among>,
}

impl Snapshot<'_> {
    /// Gives `each` every client whom the terms find, and who is in one list more where there is one, by id, with the cursor of
    /// what follows, until it wants no more; where to go on when the bound was met.
    pub(crate) fn search(
        &self,
        organisation: &str,
        terms: &Terms,
        among: Option<Among>,
        after: Option<&str>,
        mut each: impl FnMut(String, &str) -> Result<bool, Error>,
    ) -> Result<Option<String>, Error> {
        let lists = self.lists(organisation, terms)?;
        let Some(first) = lists.first().cloned() else { return Ok(None) };
        let sought = Sought { organisation, terms, lists, among };
        let from_here = |place: &[u8]| cursor(&[&first[..], place].concat());
        let from = place(after, &first)?.unwrap_or_else(|| first.to_vec());
        let mut from = from.get(first.len()..).unwrap_or_default().to_vec();
        let (mut walk, mut may_be_long) = self.begin(&sought)?;
        loop {
            let client = match walk.next(self, &from)? {
                Met::End => return Ok(None),
                Met::Client(client) if walk.may_read() => client,
                Met::Client(place) | Met::Bound(place) if may_be_long => {
                    (walk, may_be_long, from) = (self.go_on(&sought)?, false, place.to_vec());
                    continue;
                }
                Met::Client(place) | Met::Bound(place) => return Ok(Some(from_here(&place))),
            };
            from = past(&client);
            let Some([id]) = canonical::strings::<1>(&client) else { continue };
            if self.is_found(organisation, id, terms)? && !each(id.to_owned(), &from_here(&from))? {
                return Ok(None);
            }
        }
    }

    /// A walk, and whether it is one that may take long.
    fn begin(&self, sought: &Sought<'_>) -> Result<(Walk, bool), Error> {
        let [rare, _] = RARE_ROWS;
        let few = match sought.among.as_ref().filter(|among| among.is_small) {
            Some(among) => self.small(&among.list)?,
            None => self.rare(sought.organisation, sought.terms, rare)?,
        };
        let few = self.through(sought, few)?;
        Ok(few.map_or_else(|| (Walk::over(sought.all(), FIRST_READS), true), |walk| (walk, false)))
    }

    /// How a walk that takes long goes on.
    fn go_on(&self, sought: &Sought<'_>) -> Result<Walk, Error> {
        let [_, rather_rare] = RARE_ROWS;
        let few = self.rare(sought.organisation, sought.terms, rather_rare)?;
        let few = self.through(sought, few)?;
        Ok(few.unwrap_or_else(|| Walk::over(sought.all(), READS_MAX - FIRST_READS)))
    }

    fn through(&self, sought: &Sought<'_>, few: Option<BTreeSet<Bytes>>) -> Result<Option<Walk>, Error> {
        few.map(|few| Ok(Walk::through(self.in_all(&sought.lists, few)?))).transpose()
    }

    /// Lists that everybody is in whom the terms find. Of an address that somebody has, those who have it.
    fn lists(&self, organisation: &str, terms: &Terms) -> Result<Vec<Bytes>, Error> {
        for address in terms.addresses() {
            let list = key::with_piece(organisation, address);
            if !self.scan(&list, None, 1)?.is_empty() {
                return Ok(vec![list]);
            }
        }
        Ok(terms.pieces().iter().map(|piece| key::with_piece(organisation, piece)).collect())
    }
}

impl Sought<'_> {
    /// Every list that is walked.
    fn all(&self) -> Vec<Bytes> {
        self.lists.iter().cloned().chain(self.among.iter().map(|among| among.list.clone())).collect()
    }
}
