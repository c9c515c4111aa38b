//! One client: name, contact row, and every mail sent to them or withheld from them, in a campaign or not.

use contract::key as canonical;
use contract::proto::contact::v1::ContactState;
use contract::proto::platform::v1::Body;
use contract::proto::private::v1::private::Row;
use contract::topic::Topic;
use domain::Time;

use crate::fold::stats;
use crate::overlay::Rows as _;
use crate::place::{Error, Snapshot, cursor, place};
use crate::recipients::Recipient;
use crate::stands::first;
use crate::{PAGE_ROWS_MAX, key};

/// A mail of a client.
#[derive(Clone, Debug)]
pub struct Mail {
    /// What became of it.
    pub recipient: Recipient,
    /// The campaign's name; empty for a mail from the client's file, or while nobody named it.
    pub campaign: String,
    /// When the first thing happened to it.
    pub at: Option<Time>,
}

/// A client with a page of their mails.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The name, where the platform gave it and it is not erased.
    pub name: Option<String>,
    /// The contact row, where there is one.
    pub contact: Option<ContactState>,
    /// Mails, newest first.
    pub mails: Vec<Mail>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

impl Snapshot<'_> {
    /// A client with a page of mails; `None` when the organisation knows nothing of the id.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Store`].
    pub fn client(
        &self,
        organisation: &str,
        client: &str,
        after: Option<&str>,
        rows: usize,
    ) -> Result<Option<Client>, Error> {
        self.client_until(organisation, client, None, after, rows)
    }

    /// The same with only those mails to which something had happened until an instant. Each is as it is now:
    /// [`Recipient::at`] tells what it was.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Store`].
    pub fn client_until(
        &self,
        organisation: &str,
        client: &str,
        until: Option<Time>,
        after: Option<&str>,
        rows: usize,
    ) -> Result<Option<Client>, Error> {
        let (prefix, rows) = (key::mails(organisation, client), rows.clamp(1, PAGE_ROWS_MAX));
        let begins = until.map(|until| key::mailed(organisation, client, until, "").to_vec());
        let from = place(after, &prefix)?.or(begins);
        let mut listed = self.scan(&prefix, from.as_deref(), rows + 1)?;
        let more = listed.len() > rows;
        listed.truncate(rows);
        let next = listed.last().filter(|_| more).map(|(key, _)| cursor(key));
        let ids = listed.iter().filter_map(|(key, _)| key::listed_id(&prefix, key));
        let mails = ids.map(|id| self.mail(organisation, &id)).collect::<Result<Vec<_>, _>>()?;
        let mails: Vec<Mail> = mails.into_iter().flatten().collect();
        let name = self.name(organisation, client)?;
        let contact = self.contact(&canonical::client(organisation, client))?;
        let is_known = name.is_some() || contact.is_some() || !mails.is_empty();
        Ok(is_known.then_some(Client { name, contact, mails, next }))
    }

    /// What was given of a mail's body: itself, or its fields.
    pub(crate) fn body(&self, organisation: &str, client: &str, message: &str) -> Result<Option<Body>, Error> {
        let key = canonical::private(organisation, client, &format!("body/{message}"));
        Ok(match self.private(&key)? {
            Some(Row::Body(body)) => Some(body),
            _ => None,
        })
    }

    fn mail(&self, organisation: &str, id: &str) -> Result<Option<Mail>, Error> {
        let Some(recipient) = self.recipient(organisation, id)? else { return Ok(None) };
        let key = key::row(Topic::CampaignStats, &canonical::campaign(organisation, &recipient.row.campaign));
        let campaign = self.get(&key)?.map(|row| stats(&row).name).unwrap_or_default();
        let at = first(&contract::message::from_wire(recipient.row.clone()).unwrap_or_default());
        Ok(Some(Mail { recipient, campaign, at }))
    }
}
