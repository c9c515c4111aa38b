//! The bytes of a spool's segment: a head with a salt, then frames, each behind its length and its checksum. What cannot be read
//! is skipped to the next frame that can: a tail that was torn off, or damage, which is told apart by what follows.

use std::ops::Range;

/// How a segment begins.
const BEGIN: &[u8; 16] = b"mailtally spool1";
/// How a frame begins.
const MARK: [u8; 4] = [0xA7, b'w', b'h', 0x1D];
const SALT_BYTES: usize = 16;
/// Bytes of a segment's head.
pub(super) const HEAD_BYTES: usize = BEGIN.len() + SALT_BYTES;
/// Bytes of a frame beside what it holds.
pub(super) const FRAME_BYTES: usize = 12;
/// Most bytes that a frame holds.
pub(super) const VALUE_BYTES_MAX: usize = 8 << 20;

/// A segment's salt: nobody who wrote a value can have written a frame into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Salt(pub(super) [u8; SALT_BYTES]);

/// What a segment holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Where each value stands.
    pub(super) values: Vec<Range<usize>>,
    /// Bytes that cannot be read although values follow.
    pub(super) damaged: usize,
    /// Bytes behind the last value: a write that was cut short.
    pub(super) torn: usize,
}

/// A segment's head.
pub(super) fn head(salt: Salt) -> Vec<u8> {
    [&BEGIN[..], &salt.0].concat()
}

/// Adds a value's frame.
pub(super) fn put(salt: Salt, value: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes();
    out.extend_from_slice(&MARK);
    out.extend_from_slice(&length);
    out.extend_from_slice(&sum(salt, length, value).to_be_bytes());
    out.extend_from_slice(value);
}

/// Reads a segment to its end, whatever it holds.
pub(super) fn read(segment: &[u8]) -> Found {
    let mut found = Found::default();
    let Some((head, _)) = segment.split_first_chunk::<HEAD_BYTES>() else {
        return Found { torn: segment.len(), ..found };
    };
    let Some(salt) = salt(head) else { return Found { damaged: segment.len(), ..found } };
    let (mut at, mut skipped) = (HEAD_BYTES, 0);
    while at < segment.len() {
        match value(salt, segment, at) {
            Some(value) => {
                at = value.end;
                found.values.push(value);
                found.damaged += std::mem::take(&mut skipped);
            }
            None => {
                let next = mark_behind(segment, at);
                skipped += next - at;
                at = next;
            }
        }
    }
    found.torn = skipped;
    found
}

fn salt(head: &[u8; HEAD_BYTES]) -> Option<Salt> {
    Some(Salt(head.strip_prefix(&BEGIN[..])?.try_into().ok()?))
}

/// Where the value of the frame at this place stands.
fn value(salt: Salt, segment: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = segment.get(at..)?.strip_prefix(&MARK[..])?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (expected, rest) = rest.split_first_chunk::<4>()?;
    let bytes = usize::try_from(u32::from_be_bytes(*length)).ok().filter(|bytes| *bytes <= VALUE_BYTES_MAX)?;
    let value = rest.get(..bytes)?;
    let start = at + FRAME_BYTES;
    (sum(salt, *length, value) == u32::from_be_bytes(*expected)).then_some(start..start + bytes)
}

/// Where a frame may begin next; the end where none does.
fn mark_behind(segment: &[u8], at: usize) -> usize {
    let from = at + 1;
    let rest = segment.get(from..).unwrap_or_default();
    rest.windows(MARK.len()).position(|window| window == MARK).map_or(segment.len(), |place| from + place)
}

fn sum(salt: Salt, length: [u8; 4], value: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c(&salt.0), &length), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: Salt = Salt([7; SALT_BYTES]);

    fn segment(values: &[&[u8]]) -> Vec<u8> {
        let mut segment = head(SALT);
        values.iter().for_each(|value| put(SALT, value, &mut segment));
        segment
    }

    fn values(segment: &[u8]) -> Vec<&[u8]> {
        read(segment).values.into_iter().map(|place| &segment[place]).collect()
    }

    #[test]
    fn every_cut_gives_the_values_before_it_and_is_no_damage() {
        let whole = segment(&[b"one", b"", b"three"]);
        assert_eq!(values(&whole), [&b"one"[..], b"", b"three"]);
        for cut in 0..whole.len() {
            let found = read(&whole[..cut]);
            assert_eq!(found.damaged, 0, "{cut}");
            assert!(values(&whole[..cut]).iter().zip([&b"one"[..], b"", b"three"]).all(|(one, other)| *one == other));
        }
    }

    #[test]
    fn every_flipped_bit_loses_one_value_at_most() {
        let whole = segment(&[b"one", b"two", b"three"]);
        for bit in HEAD_BYTES * 8..whole.len() * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let left = values(&damaged);
            assert_eq!(left.len(), 2, "{bit}");
            assert!(left.iter().all(|value| [&b"one"[..], b"two", b"three"].contains(value)));
        }
    }

    #[test]
    fn a_frame_that_somebody_wrote_into_a_value_is_none() {
        let mut inner = Vec::new();
        put(Salt([0; SALT_BYTES]), b"forged", &mut inner);
        let mut damaged = segment(&[&inner, b"two"]);
        damaged[HEAD_BYTES] ^= 1;
        assert_eq!(values(&damaged), [b"two"]);
        assert_eq!(read(&damaged).damaged, FRAME_BYTES + inner.len());
    }
}
