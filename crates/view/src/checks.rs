//! What may be sent, and what stands in the way, at any instant of event time: Email States and the send check, over the facts
//! of contacts until then, known what is known now.

use std::collections::BTreeMap;

use contract::contact;
use domain::contact::check::{Mail, Verdict, verdict, within_limit};
use domain::contact::state::{Holding, email_state};
use domain::contact::{Contact, Policy, Subject};
use domain::{AddressHash, Time};

use crate::place::{Error, Snapshot};

/// A client's row, and those of the addresses that it uses.
pub(crate) type Known = (Contact, BTreeMap<AddressHash, Contact>);

/// Clients whose states one request may ask for.
pub const STATES_MAX: usize = 500;

/// What the send check says of one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The client.
    pub client: String,
    /// The organisation knows the id.
    pub is_known: bool,
    /// The address that the verdict is about: of those that the client uses the one with least against it.
    pub address: Option<AddressHash>,
    /// Whether to send, and every reason against it.
    pub verdict: Verdict,
}

impl Snapshot<'_> {
    /// One verdict a client, in the order asked, each client once. The limit is the organisation's.
    ///
    /// # Errors
    /// [`Error::OverLimit`], [`Error::Store`].
    pub fn send_check(&self, organisation: &str, clients: &[String], mail: &Mail) -> Result<Vec<Checked>, Error> {
        let limit = self.organisation(organisation)?.unwrap_or_default().send_limit;
        within_limit(clients.iter().map(String::as_str), limit)?;
        let policy = self.policy(organisation)?;
        let mut seen = std::collections::BTreeSet::new();
        let distinct = clients.iter().filter(|client| seen.insert(client.as_str()));
        distinct.map(|client| self.checked(organisation, client, mail, &policy)).collect()
    }

    /// Every Email State that holds of a client at an instant, the gravest first; empty when the organisation knows no such
    /// client.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn states(&self, organisation: &str, client: &str, at: Time) -> Result<Vec<Holding>, Error> {
        let policy = self.policy(organisation)?;
        let Some((known, addresses)) = self.contact_at(organisation, client, at)? else { return Ok(Vec::new()) };
        Ok(email_state(&known, &addresses, &policy, at))
    }

    /// The states of up to [`STATES_MAX`] clients, in the order asked.
    ///
    /// # Errors
    /// [`Error::TooMany`], [`Error::Store`].
    pub fn states_of(&self, organisation: &str, clients: &[String], at: Time) -> Result<Vec<Vec<Holding>>, Error> {
        if clients.len() > STATES_MAX {
            return Err(Error::TooMany { given: clients.len(), most: STATES_MAX });
        }
        clients.iter().map(|client| self.states(organisation, client, at)).collect()
    }

    fn checked(&self, organisation: &str, client: &str, mail: &Mail, policy: &Policy) -> Result<Checked, Error> {
        let found = self.contact_at(organisation, client, mail.at)?;
        let is_known = found.is_some();
        let (known, rows) =
            found.unwrap_or_else(|| (Contact::new(&Subject::Client(client.to_owned())), BTreeMap::new()));
        let of = |hash: AddressHash| (Some(hash), verdict(&known, Some((hash, rows.get(&hash))), mail, policy));
        let best = known.addresses().into_iter().map(of).min_by_key(|(_, verdict)| verdict.hindrances.len());
        let (address, verdict) = best.unwrap_or_else(|| (None, verdict(&known, None, mail, policy)));
        Ok(Checked { client: client.to_owned(), is_known, address, verdict })
    }

    /// A client and the addresses it used, as they were at an instant.
    pub(crate) fn contact_at(&self, organisation: &str, client: &str, at: Time) -> Result<Option<Known>, Error> {
        let Some(known) = self.subject_at(organisation, &Subject::Client(client.to_owned()), at)? else {
            return Ok(None);
        };
        let mut rows = BTreeMap::new();
        for hash in known.addresses() {
            rows.extend(self.subject_at(organisation, &Subject::Address(hash), at)?.map(|row| (hash, row)));
        }
        Ok(Some((known, rows)))
    }

    /// A contact of the facts until an instant; `None` where there is no fact of it.
    pub(crate) fn subject_at(&self, organisation: &str, subject: &Subject, at: Time) -> Result<Option<Contact>, Error> {
        let row = self.contact(&contact::key(organisation, subject))?;
        let known = row.and_then(|row| contact::row_from_wire(subject, &row).ok());
        let until = known.map(|known| {
            let facts: Vec<_> = known.facts().filter(|fact| fact.time <= at).cloned().collect();
            Contact::from_facts(subject, facts)
        });
        Ok(until.filter(|known| known.facts().len() > 0))
    }

    pub(crate) fn policy(&self, organisation: &str) -> Result<Policy, Error> {
        let said = self.organisation(organisation)?.unwrap_or_default();
        Ok(Policy::new(&said.zone, said.inactivity_months).unwrap_or_default())
    }
}
