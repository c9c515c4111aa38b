//! Clients of an organisation: all by name, those whom some words find, those from whom mail is withheld, and those who
//! unsubscribed without any mail. Every page reads what it shows, and what its words pass over, within a bound.

use std::collections::BTreeSet;

use bytes::Bytes;
use contract::proto::contact::v1::ContactState;
use domain::AddressHash;
use domain::contact::Subject;
use domain::contact::state::{Holding, held};

use crate::few::SMALL_ROWS;
use crate::listed::Listed;
use crate::place::{Error, Snapshot, cursor, place};
use crate::recipients::{Recipient, RecipientPage};
use crate::search::Among;
use crate::tile::Tile;
use crate::trigrams::Terms;
use crate::{PAGE_ROWS_MAX, key};

/// Messages of one client in one campaign that a search shows.
const OF_CLIENT_MAX: usize = 100;

/// A part of a list of clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientPage {
    /// The clients.
    pub rows: Vec<Listed>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

/// A client or an address from which mail is withheld.
#[derive(Clone, Debug, PartialEq)]
pub struct Suppressed {
    /// Which.
    pub subject: Subject,
    /// Its registers and suppressions: what, since when, because of which message.
    pub contact: ContactState,
    /// The same as Email States, with what lifts each.
    pub holdings: Vec<Holding>,
    /// The mail to an address that it is suppressed because of, where its row is known: it names client and address.
    pub mail: Option<Recipient>,
}

/// A part of the list of those.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SuppressedPage {
    /// Addresses by hash, then clients by id.
    pub rows: Vec<Suppressed>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

impl Snapshot<'_> {
    /// Clients whom the platform named, by name without case and accents; with words, those by id whose name or addresses hold
    /// each of them, without case and accents: a word of three letters or more anywhere, a shorter one where a word begins, a whole
    /// address that somebody has as it is. A page of a search may be short although there are more.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Store`].
    pub fn clients(
        &self,
        organisation: &str,
        words: &str,
        after: Option<&str>,
        rows: usize,
    ) -> Result<ClientPage, Error> {
        let rows = rows.clamp(1, PAGE_ROWS_MAX);
        let terms = Terms::of(words);
        if terms.is_empty() {
            let prefix = key::clients(organisation);
            let (listed, next) = self.page(&prefix, after, rows)?;
            let ids = listed.iter().filter_map(|key| key::client_of(organisation, key));
            return Ok(ClientPage { rows: self.named(organisation, ids)?, next });
        }
        let (mut found, mut next) = (Vec::new(), None);
        let beyond = self.search(organisation, &terms, None, after, |client, past| {
            found.push(client);
            next = (found.len() == rows).then(|| past.to_owned());
            Ok(next.is_none())
        })?;
        let next = next.or(beyond);
        Ok(ClientPage { rows: self.named(organisation, found.into_iter())?, next })
    }

    /// The rows of a tile whose client is found by these words, as [`Snapshot::clients`] says, or whose message or client id it is.
    /// A page may be short although there are more; `count` is the tile's number, not that of the rows found.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Store`].
    pub fn find_recipients(
        &self,
        (organisation, campaign, tile): (&str, &str, Tile),
        words: &str,
        after: Option<&str>,
        rows: usize,
    ) -> Result<RecipientPage, Error> {
        let counters = self.campaign(organisation, campaign)?.map(|campaign| campaign.counters).unwrap_or_default();
        let (count, messages) = (tile.count(&counters), counters.sent + counters.not_sent + counters.copies);
        let mut page = RecipientPage { count, ..RecipientPage::default() };
        if after.is_none() {
            page.rows = self.by_id(organisation, campaign, tile, words.trim())?;
        }
        let rows = rows.clamp(1, PAGE_ROWS_MAX);
        let mut shown: BTreeSet<String> = page.rows.iter().map(|row| row.message.clone()).collect();
        let mut next = None;
        let among = Among {
            list: key::by_client(organisation, campaign),
            is_small: usize::try_from(messages).is_ok_and(|rows| rows <= SMALL_ROWS),
        };
        let beyond = self.search(organisation, &Terms::of(words), Some(among), after, |client, past| {
            let of_client = self.of_client(organisation, campaign, tile, &client)?;
            page.rows.extend(of_client.into_iter().filter(|row| shown.insert(row.message.clone())));
            next = (page.rows.len() >= rows).then(|| past.to_owned());
            Ok(next.is_none())
        })?;
        page.next = next.or(beyond);
        Ok(page)
    }

    /// Clients and addresses from which mail of the organisation is withheld: unsubscribed or suppressed. Who is inactive is
    /// a matter of the clock: see [`Snapshot::states`].
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Store`].
    pub fn suppressions(&self, organisation: &str, after: Option<&str>, rows: usize) -> Result<SuppressedPage, Error> {
        let prefix = key::suppressions(organisation);
        let (listed, next) = self.page(&prefix, after, rows.clamp(1, PAGE_ROWS_MAX))?;
        let mut page = SuppressedPage { rows: Vec::with_capacity(listed.len()), next };
        for key in listed {
            let Some(subject) = subject(key.get(prefix.len()..).unwrap_or_default()) else { continue };
            let own = contract::contact::key(organisation, &subject);
            let Some(contact) = self.contact(&own)? else { continue };
            page.rows.push(self.suppressed(organisation, subject, contact)?);
        }
        Ok(page)
    }

    fn suppressed(&self, organisation: &str, subject: Subject, contact: ContactState) -> Result<Suppressed, Error> {
        let row = contract::contact::row_from_wire(&subject, &contact).ok();
        let holdings = row.map(|row| held(&row, &subject)).unwrap_or_default();
        let named = holdings.iter().filter_map(|holding| holding.message.as_deref()).find(|id| !id.is_empty());
        let mail = named.map(|id| self.recipient(organisation, id)).transpose()?.flatten();
        Ok(Suppressed { subject, contact, holdings, mail })
    }

    /// Clients who unsubscribed in their account and not from a mail: they are in no campaign's number.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Store`].
    pub fn unsubscribed_without_mail(
        &self,
        organisation: &str,
        after: Option<&str>,
        rows: usize,
    ) -> Result<ClientPage, Error> {
        let prefix = key::unsubscribes(organisation);
        let (listed, next) = self.page(&prefix, after, rows.clamp(1, PAGE_ROWS_MAX))?;
        let id = |key: &Bytes| std::str::from_utf8(key.get(prefix.len()..)?).ok().map(str::to_owned);
        Ok(ClientPage { rows: self.named(organisation, listed.iter().filter_map(id))?, next })
    }

    /// How many those are, up to a bound, and whether there are more.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn count_unsubscribed_without_mail(&self, organisation: &str, most: usize) -> Result<(usize, bool), Error> {
        let listed = self.scan(&key::unsubscribes(organisation), None, most + 1)?.len();
        Ok((listed.min(most), listed > most))
    }

    fn page(&self, prefix: &Bytes, after: Option<&str>, rows: usize) -> Result<(Vec<Bytes>, Option<String>), Error> {
        let from = place(after, prefix)?;
        let mut listed = self.scan(prefix, from.as_deref(), rows + 1)?;
        let more = listed.len() > rows;
        listed.truncate(rows);
        let next = listed.last().filter(|_| more).map(|(key, _)| cursor(key));
        Ok((listed.into_iter().map(|(key, _)| key).collect(), next))
    }

    fn named(&self, organisation: &str, ids: impl Iterator<Item = String>) -> Result<Vec<Listed>, Error> {
        ids.map(|client| self.listed(organisation, &client)).collect()
    }

    fn by_id(&self, organisation: &str, campaign: &str, tile: Tile, id: &str) -> Result<Vec<Recipient>, Error> {
        let mut found = self.of_client(organisation, campaign, tile, id)?;
        found.extend(self.in_tile((organisation, campaign, tile), vec![id.to_owned()])?);
        Ok(found)
    }

    fn of_client(&self, organisation: &str, campaign: &str, tile: Tile, client: &str) -> Result<Vec<Recipient>, Error> {
        let prefix = key::in_campaign(organisation, campaign, client);
        let listed = self.scan(&prefix, None, OF_CLIENT_MAX)?;
        let id = |key: &Bytes| std::str::from_utf8(key.get(prefix.len()..)?).ok().map(str::to_owned);
        self.in_tile((organisation, campaign, tile), listed.iter().filter_map(|(key, _)| id(key)).collect())
    }
}

fn subject(key: &[u8]) -> Option<Subject> {
    let (kind, id) = key.split_first()?;
    match kind {
        b'a' => Some(Subject::Address(AddressHash(id.try_into().ok()?))),
        _ => std::str::from_utf8(id).ok().map(|id| Subject::Client(id.to_owned())),
    }
}
