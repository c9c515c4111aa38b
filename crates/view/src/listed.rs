//! A client in a list: what tells one from another of the same name.

use contract::key as canonical;
use contract::proto::private::v1::private::Row;

use crate::key;
use crate::place::{Error, Snapshot};

/// Addresses of one client that a list shows.
pub const ADDRESSES_SHOWN_MAX: usize = 3;

/// A client of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The id.
    pub client: String,
    /// The name, where the platform gave it and it is not erased.
    pub name: Option<String>,
    /// The addresses that the platform gave and has not taken back, at most [`ADDRESSES_SHOWN_MAX`]; where it gave none, that of the
    /// client's latest mail. Empty where all are erased.
    pub addresses: Vec<String>,
}

impl Snapshot<'_> {
    /// A client as lists show them, whether anything is known of the id or not.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn listed(&self, organisation: &str, client: &str) -> Result<Listed, Error> {
        let (name, mut addresses) = (self.name(organisation, client)?, self.addresses(organisation, client)?);
        if addresses.is_empty() {
            addresses.extend(self.latest_address(organisation, client)?);
        }
        Ok(Listed { client: client.to_owned(), name, addresses })
    }

    fn addresses(&self, organisation: &str, client: &str) -> Result<Vec<String>, Error> {
        let contact = self.contact(&canonical::client(organisation, client))?.unwrap_or_default();
        let mut addresses = Vec::new();
        for hash in contact.addresses.iter().take(ADDRESSES_SHOWN_MAX) {
            let part = format!("address/{}", contract::json::hex(hash));
            if let Some(Row::Address(address)) = self.private(&canonical::private(organisation, client, &part))? {
                addresses.push(address.address);
            }
        }
        Ok(addresses)
    }

    fn latest_address(&self, organisation: &str, client: &str) -> Result<Option<String>, Error> {
        let prefix = key::mails(organisation, client);
        let listed = self.scan(&prefix, None, 1)?;
        let Some(id) = listed.first().and_then(|(key, _)| key::listed_id(&prefix, key)) else { return Ok(None) };
        Ok(self.recipient(organisation, &id)?.and_then(|recipient| recipient.address))
    }
}
