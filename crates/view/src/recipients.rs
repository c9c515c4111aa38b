//! The rows behind a tile: whom the mail went to, at which address, what became of it, why, and since when.

use bytes::Bytes;
use contract::key as canonical;
use contract::proto::contact::v1::ContactState;
use contract::proto::message::v1::MessageState;
use contract::proto::private::v1::private::Row;
use contract::topic::Topic;
use domain::Time;

use crate::card::Card;
use crate::line::Line;
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
    /// What became of it: readers' fields; in a page of a tile's list without the address's hash and the facts.
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
        let id = |key: &Bytes| std::str::from_utf8(key.get(prefix.len()..)?).ok().map(str::to_owned);
        let listed = listed.into_iter().filter_map(|(key, line)| Some((id(&key)?, line)));
        let found = self.shown((organisation, campaign, tile), listed.collect())?;
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
        let Some(row) = self.get(&key::row(Topic::MessageStatus, &canonical::message(organisation, message)))? else {
            return Ok(None);
        };
        let row: MessageState = contract::decode_shared("MessageState", &row).unwrap_or_default();
        let address = match self.private(&canonical::private(organisation, &row.client, &format!("mail/{message}")))? {
            Some(Row::Mail(mail)) => mail.address,
            _ => String::new(),
        };
        let card = self.get(&key::card(organisation, &row.client))?;
        Ok(Some(recipient(message.to_owned(), Line { row, address }, card.as_ref())))
    }

    /// Those of some messages that are in a tile, in the order asked.
    pub(crate) fn in_tile(
        &self,
        (organisation, campaign, tile): (&str, &str, Tile),
        messages: Vec<String>,
    ) -> Result<Vec<Recipient>, Error> {
        let key = |message: &String| key::recipient(organisation, campaign, tile, message);
        let found = self.gathered(messages.iter().map(key).collect())?;
        let found = messages.into_iter().zip(found).filter_map(|(message, row)| Some((message, row?)));
        self.shown((organisation, campaign, tile), found.collect())
    }

    /// Gives rows of a page of a tile's list the readers' fields that it leaves out.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn complete(&self, organisation: &str, page: &mut RecipientPage) -> Result<(), Error> {
        let key = |row: &Recipient| key::row(Topic::MessageStatus, &canonical::message(organisation, &row.message));
        let rows = self.gathered(page.rows.iter().map(key).collect())?;
        for (recipient, row) in page.rows.iter_mut().zip(rows) {
            let head = row.and_then(|row| contract::decode_shared("MessageState", &contract::message::head(&row)).ok());
            recipient.row = head.unwrap_or_else(|| std::mem::take(&mut recipient.row));
        }
        Ok(())
    }

    /// Messages of a tile, each with what its list has of it, as lists show them.
    fn shown(
        &self,
        (organisation, campaign, tile): (&str, &str, Tile),
        mut listed: Vec<(String, Bytes)>,
    ) -> Result<Vec<Recipient>, Error> {
        if tile != tile.home() {
            let key = |(message, _): &(String, Bytes)| key::recipient(organisation, campaign, tile.home(), message);
            let lines = self.gathered(listed.iter().map(key).collect())?;
            listed = listed.into_iter().zip(lines).filter_map(|((message, _), line)| Some((message, line?))).collect();
        }
        let read = |(message, line): (String, Bytes)| Some((message, Line::read(&line)?));
        let lines: Vec<(String, Line)> = listed.into_iter().filter_map(read).collect();
        let cards = lines.iter().map(|(_, line)| key::card(organisation, &line.row.client));
        let cards = self.gathered(cards.collect())?;
        let all = lines.into_iter().zip(cards);
        Ok(all.map(|((message, line), card)| recipient(message, line, card.as_ref())).collect())
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

/// A message with the card of its client.
fn recipient(message: String, line: Line, card: Option<&Bytes>) -> Recipient {
    let card = card.map(|card| Card::of_row(card)).unwrap_or_default();
    let address = Some(line.address).filter(|address| !address.is_empty());
    let (name, file_changed) = (card.name().map(str::to_owned), card.changed());
    Recipient { message, name, address, file_changed, row: line.row }
}

fn named(said: Option<Row>) -> Option<String> {
    Some(people::name(said.as_ref()).to_owned()).filter(|name| !name.is_empty())
}

fn contact(row: &Bytes) -> Option<ContactState> {
    contract::decode_shared("ContactState", row).ok()
}
