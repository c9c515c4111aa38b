//! Identities made from bytes: event ids and address hashes. Pure functions; the installation's key is a parameter.

use domain::{AddressHash, EventId};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

/// An event's id from the parts of its raw payload's identity, length-safe: no two lists of parts are alike.
pub fn event(parts: &[&[u8]]) -> EventId {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    EventId(first_sixteen(&hash.finalize()))
}

/// An address as it is compared: trimmed, lower case. Two spellings that differ in case only are one address.
pub fn normalise(address: &str) -> String {
    address.trim().to_lowercase()
}

/// An address's hash under the installation's key: the first 16 bytes of HMAC-SHA256 of the normalised address.
pub fn address(key: &[u8], address: &str) -> AddressHash {
    Hmac::<Sha256>::new_from_slice(key).map_or(AddressHash::default(), |mut mac| {
        mac.update(normalise(address).as_bytes());
        AddressHash(first_sixteen(&mac.finalize().into_bytes()))
    })
}

fn first_sixteen(digest: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_whatever_its_case_and_unknown_without_the_key() {
        assert_eq!(address(b"k", " Ada@Example.com "), address(b"k", "ada@example.com"));
        assert_ne!(address(b"k", "ada@example.com"), address(b"other", "ada@example.com"));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(event(&[b"ab", b"c"]), event(&[b"a", b"bc"]));
    }
}
