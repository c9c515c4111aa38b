//! The rows behind a tile: whom the mail went to, at which address, what became of it, why, and since when.

use bytes::Bytes;
use contract::key as canonical;
use contract::proto::contact::v1::ContactState;
use contract::proto::message::v1::MessageState;
use contract::proto::private::v1::private::Row;
use contract::topic::Topic;
use domain::Time;

use crate::overlay::{Overlay, Rows as _};
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
    /// What became of it: readers' fields; its facts too.
    pub row: MessageState,
}

impl Recipient {
    /// The same at an instant, by event time and known what is known now; `None` when nothing had happened to it yet.
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
        let found = self.recipients_of(organisation, ids)?;
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
        let (mut rows, messages) = (Overlay::over(self), messages.collect::<Vec<_>>());
        let key = |message: &&str| key::row(Topic::MessageStatus, &canonical::message(organisation, message));
        rows.load(messages.iter().map(key))?;
        let mut found = Vec::with_capacity(messages.len());
        for message in messages {
            let Some(row) = rows.get(&key(&message))? else { continue };
            let row: MessageState = contract::decode_shared("MessageState", &row).unwrap_or_default();
            found.push((message, About::of(organisation, &row.client, message), row));
        }
        rows.load(found.iter().flat_map(|(_, about, _)| [&about.person, &about.mail, &about.contact]).cloned())?;
        found.into_iter().map(|(message, about, row)| about.recipient(&mut rows, message, row)).collect()
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

/// Keys of what is known of a message's client.
struct About {
    person: Bytes,
    mail: Bytes,
    contact: Bytes,
}

impl About {
    fn of(organisation: &str, client: &str, message: &str) -> Self {
        let private = |part: &str| key::row(Topic::Private, &canonical::private(organisation, client, part));
        let contact = key::row(Topic::ContactState, &canonical::client(organisation, client));
        Self { person: private(""), mail: private(&format!("mail/{message}")), contact }
    }

    fn recipient(
        &self,
        rows: &mut Overlay<'_, Snapshot<'_>>,
        message: &str,
        row: MessageState,
    ) -> Result<Recipient, Error> {
        let name = named(rows.get(&self.person)?.as_ref().and_then(people::private));
        let address = match rows.get(&self.mail)?.as_ref().and_then(people::private) {
            Some(Row::Mail(mail)) => Some(mail.address),
            _ => None,
        };
        let changed = rows.get(&self.contact)?.as_ref().and_then(contact).map(|contact| contact.changed_at_us);
        let file_changed = changed.filter(|at| *at != 0).map(Time::from_micros);
        Ok(Recipient { message: message.to_owned(), name, address, file_changed, row })
    }
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
