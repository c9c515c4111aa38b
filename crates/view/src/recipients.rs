//! The rows behind a tile: whom the mail went to, at which address, what became of it, why, and since when.

use bytes::Bytes;
use contract::key as canonical;
use contract::proto::contact::v1::ContactState;
use contract::proto::message::v1::MessageState;
use contract::proto::private::v1::private::Row;
use contract::topic::Topic;
use domain::Time;

use crate::overlay::Rows as _;
use crate::place::{Error, Snapshot, cursor, place};
use crate::tile::Tile;
use crate::{PAGE_ROWS_MAX, key, people};

/// Rows that one page of a filtered list looks at before it is handed out short.
const LOOKED_AT_MAX: usize = 2_000;

/// One mail, or one that was withheld.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recipient {
    /// The message's id.
    pub message: String,
    /// The client's name, where the platform gave it and it is not erased.
    pub name: Option<String>,
    /// The address used, while it is kept.
    pub address: Option<String>,
    /// When the latest event about the client happened.
    pub file_changed: Option<Time>,
    /// What became of it: readers' fields; its facts too, but in a page of a tile's list.
    pub row: MessageState,
}

impl Recipient {
    /// The same at an instant, of one that has its facts, by event time and known what is known now; `None` when nothing had happened to it yet.
    pub fn at(&self, at: Time) -> Option<Self> {
        let message = contract::message::from_wire(self.row.clone()).ok()?;
        let until = message.facts().filter(|entry| entry.time <= at).cloned().collect::<Vec<_>>();
        let message = domain::Message::from_facts(until, message.beyond());
        let (campaign, client) = (self.row.campaign.clone(), self.row.client.clone());
        let row = MessageState { campaign, client, copy: self.row.copy, ..contract::message::to_wire(&message) };
        let file_changed = self.file_changed.filter(|changed| *changed <= at);
        (!message.is_empty()).then(|| Self { row, file_changed, ..self.clone() })
    }
}

/// A part of a list.
#[derive(Clone, Debug, Default)]
pub struct RecipientPage {
    /// By message id.
    pub rows: Vec<Recipient>,
    /// How many the whole list has: the tile's number, of the same moment.
    pub count: u64,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

impl Snapshot<'_> {
    /// A page of a tile's messages.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Store`].
    pub fn recipients(
        &self,
        organisation: &str,
        campaign: &str,
        tile: Tile,
        after: Option<&str>,
        rows: usize,
    ) -> Result<RecipientPage, Error> {
        let (prefix, rows) = (key::recipients(organisation, campaign, tile), rows.clamp(1, PAGE_ROWS_MAX));
        let after = place(after, &prefix)?;
        let mut listed = self.scan(&prefix, after.as_deref(), rows + 1)?;
        let more = listed.len() > rows;
        listed.truncate(rows);
        let next = listed.last().filter(|_| more).map(|(key, _)| cursor(key));
        let ids = listed.iter().filter_map(|(key, _)| std::str::from_utf8(key.get(prefix.len()..)?).ok());
        let found = self.recipients_as(organisation, ids, contract::message::head)?;
        let count = self.campaign(organisation, campaign)?.map_or(0, |campaign| tile.count(&campaign.counters));
        Ok(RecipientPage { rows: found, count, next })
    }

    /// The same, of only those rows that `lets` lets through. Looks at a bound of rows, so a page may be short although there
    /// are more; `count` is the tile's number.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Store`].
    pub fn recipients_where(
        &self,
        (organisation, campaign, tile): (&str, &str, Tile),
        lets: impl Fn(&MessageState) -> bool,
        after: Option<&str>,
        rows: usize,
    ) -> Result<RecipientPage, Error> {
        let rows = rows.clamp(1, PAGE_ROWS_MAX);
        let (mut page, mut next) = (RecipientPage::default(), after.map(str::to_owned));
        for _ in 0..LOOKED_AT_MAX / PAGE_ROWS_MAX {
            let looked_at = self.recipients(organisation, campaign, tile, next.as_deref(), PAGE_ROWS_MAX)?;
            page.count = looked_at.count;
            for row in looked_at.rows.into_iter().filter(|row| lets(&row.row)) {
                if page.rows.len() == rows {
                    let last = page.rows.last().map(|row| row.message.as_str()).unwrap_or_default();
                    page.next = Some(cursor(&key::recipient(organisation, campaign, tile, last)));
                    return Ok(page);
                }
                page.rows.push(row);
            }
            page.next.clone_from(&looked_at.next);
            next = looked_at.next;
            if next.is_none() {
                break;
            }
        }
        Ok(page)
    }

    /// One message with what is known of its client; `None` when the organisation has none of this id.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn recipient(&self, organisation: &str, message: &str) -> Result<Option<Recipient>, Error> {
        Ok(self.recipients_of(organisation, std::iter::once(message))?.pop())
    }

    /// Messages with what is known of their clients, in the order asked, without those that the organisation does not have.
    pub(crate) fn recipients_of<'a>(
        &self,
        organisation: &str,
        messages: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<Recipient>, Error> {
        self.recipients_as(organisation, messages, Bytes::clone)
    }

    /// The same of that part of their rows that is wanted.
    fn recipients_as<'a>(
        &self,
        organisation: &str,
        messages: impl Iterator<Item = &'a str>,
        part: fn(&Bytes) -> Bytes,
    ) -> Result<Vec<Recipient>, Error> {
        let messages: Vec<&str> = messages.collect();
        let key = |message: &&str| key::row(Topic::MessageStatus, &canonical::message(organisation, message));
        let rows = self.gathered(messages.iter().map(key).collect())?;
        let found = messages.into_iter().zip(rows).filter_map(|(message, row)| {
            let row = contract::decode_shared("MessageState", &part(&row?)).unwrap_or_default();
            Some((message, row))
        });
        let found: Vec<(&str, MessageState)> = found.collect();
        let about = found.iter().flat_map(|(message, row)| about(organisation, &row.client, message));
        let known = self.gathered(about.collect())?;
        let found = found.into_iter().zip(known.chunks(3));
        Ok(found.map(|((message, row), known)| recipient(message, row, known)).collect())
    }

    /// A client's name, where the platform gave it and it is not erased.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn name(&self, organisation: &str, client: &str) -> Result<Option<String>, Error> {
        Ok(named(self.private(&canonical::private(organisation, client, ""))?))
    }

    pub(crate) fn contact(&self, own: &Bytes) -> Result<Option<ContactState>, Error> {
        let row = self.get(&key::row(Topic::ContactState, own))?;
        Ok(row.as_ref().and_then(contact))
    }
}

/// Keys of what is known of a message's client: the person, the address used, the contact row.
fn about(organisation: &str, client: &str, message: &str) -> [Bytes; 3] {
    let private = |part: &str| key::row(Topic::Private, &canonical::private(organisation, client, part));
    let contact = key::row(Topic::ContactState, &canonical::client(organisation, client));
    [private(""), private(&format!("mail/{message}")), contact]
}

/// A message with the rows of those keys.
fn recipient(message: &str, row: MessageState, known: &[Option<Bytes>]) -> Recipient {
    let [person, mail, changed] = known else {
        return Recipient { message: message.to_owned(), row, ..Recipient::default() };
    };
    let name = named(person.as_ref().and_then(people::private));
    let address = match mail.as_ref().and_then(people::private) {
        Some(Row::Mail(mail)) => Some(mail.address),
        _ => None,
    };
    let changed = changed.as_ref().and_then(|row| contract::contact::changed_at_us(row).ok());
    let file_changed = changed.filter(|at| *at != 0).map(Time::from_micros);
    Recipient { message: message.to_owned(), name, address, file_changed, row }
}

fn named(said: Option<Row>) -> Option<String> {
    match said {
        Some(Row::Person(person)) if !person.name.is_empty() => Some(person.name),
        _ => None,
    }
}

fn contact(row: &Bytes) -> Option<ContactState> {
    contract::decode_shared("ContactState", row).ok()
}
