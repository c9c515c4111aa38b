//! Identity of an event from what its payload says, and the recipient's address in it.

use domain::EventId;
use sha2::{Digest as _, Sha256};

/// The id of these parts, length-safe: no two lists of parts are alike.
pub(crate) fn event(parts: &[&str]) -> EventId {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut id = [0; 16];
    id.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    EventId(id)
}

/// The address of `Name <address>`, or of a bare address, trimmed; as given otherwise.
pub(crate) fn address(given: &str) -> Option<&str> {
    let given = given.trim();
    let inner = given.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')).map_or(given, |(_, inner)| inner.trim());
    (!inner.is_empty()).then_some(inner)
}

/// A message id without the angle brackets that some interfaces put around it and others do not.
pub(crate) fn message_id(given: &str) -> Option<&str> {
    let inner = given.trim().trim_start_matches('<').trim_end_matches('>').trim();
    (!inner.is_empty()).then_some(inner)
}

/// An address as a key spells it.
pub(crate) fn keyed(address: Option<&str>) -> String {
    address.unwrap_or_default().to_lowercase()
}

/// Text of at most this many bytes, cut between characters.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    let end = text.char_indices().map(|(at, _)| at).chain([text.len()]).take_while(|at| *at <= bytes_max).last();
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_out_of_its_name() {
        assert_eq!(address(" Ada <Ada@Example.com> "), Some("Ada@Example.com"));
        assert_eq!(address("\"Lovelace, <A>\" <ada@example.com>"), Some("ada@example.com"));
        assert_eq!(address("ada@example.com"), Some("ada@example.com"));
        assert_eq!(address(" <> "), None);
        assert_eq!(address(""), None);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(event(&["ab", "c"]), event(&["a", "bc"]));
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        assert_eq!(cut("aä", 2), "a");
        assert_eq!(cut("aä", 3), "aä");
        assert_eq!(cut("ä", 0), "");
    }
}
