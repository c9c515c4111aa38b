//! What private and contact rows stand for: words that a client is found by, the list of clients, whom mail is withheld
//! from, and who unsubscribed without any mail. Pure functions of the rows: a tombstone takes all of it away.

use std::collections::BTreeSet;

use bytes::Bytes;
use contract::proto::contact::v1::ContactState;
use contract::proto::private::v1::Private;
use contract::proto::private::v1::private::Row;

use crate::key;

/// Words of a row that a client is found by.
const WORDS_MAX: usize = 24;
/// Bytes of one of them.
const WORD_BYTES_MAX: usize = 64;

/// The keys of a private row's words, and of its client's place in the list.
pub(crate) fn of_private(own: &[u8], row: Option<&Bytes>) -> BTreeSet<Bytes> {
    of_said(own, row.and_then(private).as_ref())
}

/// The same of what a row says.
pub(crate) fn of_said(own: &[u8], said: Option<&Row>) -> BTreeSet<Bytes> {
    let mut keys = BTreeSet::new();
    let Some([organisation, client, part]) = contract::key::strings::<3>(own) else { return keys };
    let mut found = |text: &str| {
        keys.extend(words(text).into_iter().map(|word| key::word(organisation, &word, client, part)));
    };
    match said {
        Some(Row::Person(person)) => {
            found(&person.name);
            keys.insert(key::client(organisation, &folded(&person.name), client));
        }
        Some(Row::Address(address)) => found(&address.address),
        Some(Row::Mail(mail)) => found(&mail.address),
        _ => {}
    }
    keys
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

/// The words of a text: a name's, or an address with its parts.
pub(crate) fn words(text: &str) -> BTreeSet<String> {
    let whole = folded(text);
    let parts = whole.split(|letter: char| !letter.is_alphanumeric()).chain(whole.split_whitespace());
    let domain = whole.split_once('@').map(|(_, domain)| domain);
    parts.chain(domain).filter(|word| !word.is_empty()).take(WORDS_MAX).map(clipped).collect()
}

/// What somebody searches for, word by word.
pub(crate) fn terms(text: &str) -> BTreeSet<String> {
    text.split_whitespace().take(WORDS_MAX).map(folded).collect()
}

/// A text without case, as words and lists are ordered by.
pub(crate) fn folded(text: &str) -> String {
    // A zero ends a name in keys.
    clipped(&text.to_lowercase().replace('\0', " "))
}

/// The domain of an address, without case; empty where there is none.
pub(crate) fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map(|(_, domain)| folded(domain)).unwrap_or_default()
}

fn clipped(word: &str) -> String {
    word.char_indices().take_while(|(place, _)| *place < WORD_BYTES_MAX).map(|(_, letter)| letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_found_by_each_part_of_a_name_and_of_an_address() {
        let found = words("Zoé O'Hara");
        assert!(["zoé", "o'hara", "hara"].iter().all(|word| found.contains(*word)), "{found:?}");
        let found = words("Zoe.H@Example.test");
        assert!(["zoe", "zoe.h@example.test", "example.test"].iter().all(|word| found.contains(*word)), "{found:?}");
        assert_eq!(domain_of("a@B.test"), "b.test");
        assert_eq!(domain_of("nobody"), "");
    }
}
