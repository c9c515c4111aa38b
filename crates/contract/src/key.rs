//! Canonical keys, and the partition a key goes to. Bytes: each part as a varint length and its UTF-8 or raw bytes, so
//! that parts may hold anything and no two keys are alike. A part is at most [`PART_BYTES_MAX`] long, so a key never
//! begins with a zero byte nor with 0x80 or above.

use bytes::{BufMut, Bytes, BytesMut};

/// Longest part of a key, in bytes.
pub const PART_BYTES_MAX: usize = 4_096;
/// Longest first part (an organisation's id), in bytes.
pub const ORGANISATION_BYTES_MAX: usize = 100;

/// A key of these parts.
///
/// ```
/// assert_eq!(&contract::key::encode(&[b"acme", b"m1"])[..], b"\x04acme\x02m1");
/// ```
pub fn encode(parts: &[&[u8]]) -> Bytes {
    // To the byte: then the buffer is the key's own, and nothing is allocated beside it.
    let mut key = BytesMut::with_capacity(parts.iter().map(|part| varint_bytes(part.len()) + part.len()).sum());
    for part in parts {
        put_varint(&mut key, part.len());
        key.extend_from_slice(part);
    }
    key.freeze()
}

/// The parts of a key; `None` when the bytes are not canonical.
pub fn decode(mut key: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::with_capacity(4);
    while !key.is_empty() {
        let (length, rest) = take_varint(key)?;
        let (part, rest) = rest.split_at_checked(length)?;
        parts.push(part);
        key = rest;
    }
    Some(parts)
}

/// The first part of a key, with its length, and the rest; `None` when the bytes do not begin with a part.
///
/// ```
/// assert_eq!(contract::key::first(b"\x04acme\x02m1"), Some((&b"\x04acme"[..], &b"\x02m1"[..])));
/// ```
pub fn first(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = take_varint(key)?;
    key.split_at_checked(key.len() - rest.len() + length)
}

/// The parts of a key of exactly `N` UTF-8 parts.
pub fn strings<const N: usize>(key: &[u8]) -> Option<[&str; N]> {
    let (mut parts, mut rest) = ([""; N], key);
    for part in &mut parts {
        let (length, behind) = take_varint(rest)?;
        let (bytes, behind) = behind.split_at_checked(length)?;
        (*part, rest) = (std::str::from_utf8(bytes).ok()?, behind);
    }
    rest.is_empty().then_some(parts)
}

/// Key of a message: events and message-status.
pub fn message(organisation: &str, message: &str) -> Bytes {
    encode(&[organisation.as_bytes(), message.as_bytes()])
}

/// Key of a campaign: campaign-stats, and where its partials go.
pub fn campaign(organisation: &str, campaign: &str) -> Bytes {
    encode(&[organisation.as_bytes(), campaign.as_bytes()])
}

/// Key of one source's partial of a campaign.
pub fn partial(organisation: &str, campaign: &str, source: &str) -> Bytes {
    encode(&[organisation.as_bytes(), campaign.as_bytes(), source.as_bytes()])
}

/// Key of a client's contact row.
pub fn client(organisation: &str, client: &str) -> Bytes {
    encode(&[organisation.as_bytes(), b"client", client.as_bytes()])
}

/// Key of an address's contact row.
pub fn address(organisation: &str, address: &[u8; 16]) -> Bytes {
    encode(&[organisation.as_bytes(), b"address", address])
}

/// Key of the contacts fold's own row about one part of a client's private rows. The client's key is a prefix of it.
pub fn client_part(organisation: &str, client: &str, part: &str) -> Bytes {
    encode(&[organisation.as_bytes(), b"client", client.as_bytes(), part.as_bytes()])
}

/// Key of one recipient of a provider's message id; without an address: an event that names none.
pub fn correlation(provider: &str, account: &str, provider_message: &str, address: Option<&[u8; 16]>) -> Bytes {
    let address: &[u8] = address.map_or(&[], |hash| hash);
    encode(&[provider.as_bytes(), account.as_bytes(), provider_message.as_bytes(), address])
}

/// What decides the partition of a correlation: all recipients of an id stand together.
pub fn correlation_group(provider: &str, account: &str, provider_message: &str) -> Bytes {
    encode(&[provider.as_bytes(), account.as_bytes(), provider_message.as_bytes()])
}

/// What decides the partition of a correlation's key; `None` when it is not canonical.
pub fn correlation_group_of(key: &[u8]) -> Option<Bytes> {
    let parts = decode(key)?;
    let [provider, account, message, address] = parts.as_slice() else { return None };
    matches!(address.len(), 0 | 16).then(|| encode(&[provider, account, message]))
}

/// Key of a private row: `part` is empty (the person), or `address/<hash>`, `mail/<message>`, `body/<message>`, `erased`.
pub fn private(organisation: &str, client: &str, part: &str) -> Bytes {
    encode(&[organisation.as_bytes(), client.as_bytes(), part.as_bytes()])
}

/// What decides the partition of a client's private rows.
pub fn private_group(organisation: &str, client: &str) -> Bytes {
    encode(&[organisation.as_bytes(), client.as_bytes()])
}

/// The partition of a key: murmur2 as the Java client's default partitioner has it, so that any reader can find a row.
/// 0 when there are no partitions.
pub fn partition(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff).checked_rem(partitions).unwrap_or(0)
}

fn varint_bytes(value: usize) -> usize {
    (usize::BITS - value.leading_zeros()).div_ceil(7).max(1) as usize
}

fn put_varint(buffer: &mut BytesMut, mut value: usize) {
    while value >= 0x80 {
        #[expect(clippy::cast_possible_truncation, reason = "masked to seven bits")]
        buffer.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    #[expect(clippy::cast_possible_truncation, reason = "below 0x80")]
    buffer.put_u8(value as u8);
}

fn take_varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let (&second, rest) = rest.split_first()?;
    let value = usize::from(first & 0x7f) | (usize::from(second) << 7);
    (second != 0 && second < 0x80 && value <= PART_BYTES_MAX).then_some((value, rest))
}

fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    #[expect(clippy::cast_possible_truncation, reason = "keys are bounded")]
    let mut hash: u32 = 0x9747_b28c ^ data.len() as u32;
    let mut chunks = data.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes(chunk.try_into().unwrap_or_default());
        k = k.wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let mut tail = [0; 4];
        tail.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        hash = (hash ^ u32::from_le_bytes(tail)).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_those_of_the_java_client() {
        // Expected values: org.apache.kafka.common.utils.UtilsTest#testMurmur2.
        for (key, expected) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), expected, "{key}");
        }
    }

    #[test]
    fn a_key_reads_back_as_its_parts() {
        let long = "x".repeat(300);
        let key = encode(&[b"acme", long.as_bytes(), b"", &[0, 255]]);
        assert_eq!([0, 127, 128, 16_383, 16_384].map(varint_bytes), [1, 1, 2, 2, 3]);
        assert_eq!(decode(&key), Some(vec![&b"acme"[..], long.as_bytes(), b"", &[0, 255]]));
        assert_eq!(decode(b"\x05acme"), None);
        assert_eq!(strings::<2>(&message("acme", "m")), Some(["acme", "m"]));
        assert_eq!(strings::<3>(&message("acme", "m")), None);
        assert_eq!(strings::<1>(&message("acme", "m")), None);
        assert_eq!(strings::<2>(b"\x04acme\x01\xff"), None);
    }

    #[test]
    fn a_length_has_one_spelling() {
        assert_eq!(decode(b"\x81\x00a"), None);
        assert_eq!(decode(b"\xff\xff\x01"), None);
    }
}
