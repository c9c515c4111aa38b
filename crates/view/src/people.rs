//! What private and contact rows stand for: words that a client is found by, the list of clients, whom mail is withheld
//! from, and who unsubscribed without any mail. Pure functions of the rows: a tombstone takes all of it away.

use std::collections::BTreeSet;

use bytes::Bytes;
use contract::proto::contact::v1::ContactState;
use contract::proto::private::v1::Private;
use contract::proto::private::v1::private::Row;

use crate::{key, trigrams};

/// Bytes of a name that lists are ordered by.
const NAME_BYTES_MAX: usize = 64;

/// The keys of a private row's client in the list by name.
pub(crate) fn named(own: &[u8], said: Option<&Row>) -> BTreeSet<Bytes> {
    let Some([organisation, client, _]) = contract::key::strings::<3>(own) else { return BTreeSet::new() };
    match said {
        Some(Row::Person(person)) => BTreeSet::from([key::client(organisation, &folded(&person.name), client)]),
        _ => BTreeSet::new(),
    }
}

/// The name that a private row says; empty where it says none.
pub(crate) fn name(said: Option<&Row>) -> &str {
    match said {
        Some(Row::Person(person)) => &person.name,
        _ => "",
    }
}

/// What a client is found by of a private row.
pub(crate) fn text(said: &Row) -> Option<&str> {
    match said {
        Row::Person(person) => Some(&person.name),
        Row::Address(address) => Some(&address.address),
        Row::Mail(mail) => Some(&mail.address),
        _ => None,
    }
}

/// The keys of a contact row's lists.
pub(crate) fn of_contact(own: &[u8], row: Option<&Bytes>) -> BTreeSet<Bytes> {
    let mut keys = BTreeSet::new();
    let Some((organisation, subject)) = contract::contact::subject(own) else { return keys };
    let said: Option<ContactState> = row.and_then(|row| contract::decode_shared("ContactState", row).ok());
    let Some(said) = said else { return keys };
    let off = said.registers.iter().any(|register| register.unsubscribed);
    match subject {
        domain::contact::Subject::Client(client) => {
            if off {
                keys.insert(key::suppressed(organisation, client.as_bytes(), b'c'));
            }
            if said.registers.iter().any(|register| register.unsubscribed && register.message.is_empty()) {
                keys.insert(key::unsubscribed(organisation, &client));
            }
        }
        domain::contact::Subject::Address(address) => {
            if off || !said.suppressions.is_empty() {
                keys.insert(key::suppressed(organisation, &address.0, b'a'));
            }
        }
    }
    keys
}

/// What a private row says; `None` for one that cannot be read.
pub(crate) fn private(row: &Bytes) -> Option<Row> {
    contract::decode::<Private>("Private", row).ok().and_then(|private| private.row)
}

/// A text without case and accents, as lists are ordered by.
pub(crate) fn folded(text: &str) -> String {
    clipped(&trigrams::folded(text))
}

/// The domain of an address, without case; empty where there is none.
pub(crate) fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map(|(_, domain)| clipped(&domain.to_lowercase().replace('\0', " "))).unwrap_or_default()
}

fn clipped(name: &str) -> String {
    name.char_indices().take_while(|(place, _)| *place < NAME_BYTES_MAX).map(|(_, letter)| letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_without_case_and_a_name_without_accents_too() {
        assert_eq!(domain_of("a@B\u{e9}.test"), "b\u{e9}.test");
        assert_eq!(domain_of("nobody"), "");
        assert_eq!(folded("Zo\u{e9} \u{c9}"), "zoe e");
    }
}
