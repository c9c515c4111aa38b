//! One message: every fact that its row keeps, in the order of their times, and what each did.

use contract::topic::Topic;
use domain::{Entry, Status, Time};

use crate::key;
use crate::overlay::Rows as _;
use crate::place::{Error, Snapshot};
use crate::recipients::Recipient;

/// One fact of a message.
#[derive(Clone, Debug)]
pub struct Step {
    /// What happened, when, how it arrived and from where.
    pub entry: Entry,
    /// Whether it counts; otherwise a later version of it does, or its decoder took it back.
    pub counts: bool,
    /// The status after it, by event time, where it changed.
    pub status: Option<Status>,
}

/// One message in full.
#[derive(Clone, Debug)]
pub struct Message {
    /// Whose it is and what became of it.
    pub recipient: Recipient,
    /// Its facts by time. Duplicates are not among them: a row keeps each event once.
    pub steps: Vec<Step>,
    /// More came than a row keeps: totals are "at least".
    pub more: bool,
}

impl Snapshot<'_> {
    /// A message; `None` when the organisation has none of this id.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn message(&self, organisation: &str, id: &str) -> Result<Option<Message>, Error> {
        let Some(recipient) = self.recipient(organisation, id)? else { return Ok(None) };
        let message = contract::message::from_wire(recipient.row.clone()).unwrap_or_default();
        let steps = message.facts().enumerate().map(|(place, entry)| {
            let counts = message.is_live(place);
            let status = |at: Time| message.standing_at(at).status;
            let before = status(entry.time.plus_micros(-1));
            let is_first = message.facts().next().is_some_and(|first| first.time == entry.time);
            let after = status(entry.time);
            let status = (counts && (is_first || before != after)).then_some(after);
            Step { entry: entry.clone(), counts, status }
        });
        let steps = steps.collect();
        Ok(Some(Message { recipient, steps, more: message.beyond() != domain::Beyond::default() }))
    }

    /// What the status of a message was at an instant, by event time; `None` when it did not exist yet.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn status_at(&self, organisation: &str, id: &str, at: Time) -> Result<Option<Status>, Error> {
        let Some(message) = self.row(organisation, id)? else { return Ok(None) };
        let existed = message.live().next().is_some_and(|entry| entry.time <= at);
        Ok(existed.then(|| message.standing_at(at).status))
    }

    /// The facts of a message.
    pub(crate) fn row(&self, organisation: &str, id: &str) -> Result<Option<domain::Message>, Error> {
        let key = key::row(Topic::MessageStatus, &contract::key::message(organisation, id));
        let row = self.get(&key)?;
        Ok(row.map(|row| {
            let row = contract::decode_shared("MessageState", &row).unwrap_or_default();
            contract::message::from_wire(row).unwrap_or_default()
        }))
    }
}
