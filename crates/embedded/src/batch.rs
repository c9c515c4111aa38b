//! One batch of records as bytes: header, checksum, compression. Owns the value format of the log (crates/adr/0002); knows no
//! database and no topic.
//!
//! ```text
//! value  = crc32c u32 | format u8 | flags u8 | last offset u64 | records u32 | newest time i64 | stays until i64 | raw length u32 | body
//! body   = record*, LZ4 block if flag 1
//! record = gap varint | time zigzag delta varint | key length + 1 varint, key | value length + 1 varint, value | headers length varint, headers
//! ```
//! Integers are big-endian. The checksum covers body, header and key, in this order: a value under another key is damage too.

use bytes::Bytes;
use engine::{Offset, Record, Stored};

use crate::record::{Malformed, decode_record, encode_record};

/// Bytes before the body.
pub(crate) const HEADER_BYTES: usize = 38;
/// Raw bytes after which a batch is closed: it exceeds them by at most one record.
pub(crate) const TARGET_BYTES: usize = 1 << 20;
/// Raw bytes that no batch can have: what claims more is damaged. Target, largest record and lengths.
const MAX_RAW_BYTES: usize = 64 << 20;
/// Compression is kept when it saves at least one byte in this many.
const PAYS_ONE_IN: usize = 8;
const FORMAT: u8 = 1;
const LZ4: u8 = 1;
const LOST: u8 = 2;
/// "Stays until" of a batch whose tombstones compaction has not met, or that has none.
pub(crate) const NO_HORIZON: i64 = i64::MIN;

/// Collects records of one partition whose first offset need not be known yet.
pub(crate) struct Builder {
    raw: Vec<u8>,
    base: Offset,
    next: Offset,
    records: u32,
    time: i64,
    newest: i64,
}

/// A closed batch: encoded, compressed and summed; what depends on its place is filled in by [`Batch::place`].
pub(crate) struct Batch {
    raw: Vec<u8>,
    packed: Option<Vec<u8>>,
    body_crc: u32,
    /// Offsets covered.
    pub(crate) span: u64,
    pub(crate) records: u32,
    newest: i64,
    stays_until: i64,
}

/// A batch as read: its records share one buffer.
#[derive(Clone, Debug)]
pub(crate) struct Decoded {
    pub(crate) base: Offset,
    pub(crate) last: Offset,
    pub(crate) records: u32,
    pub(crate) stays_until: i64,
    body: Bytes,
}

impl Builder {
    /// A batch that starts at `base` (0 while it is not known).
    pub(crate) fn new(base: Offset) -> Self {
        Self { raw: vec![0; HEADER_BYTES], base, next: base, records: 0, time: 0, newest: i64::MIN }
    }

    pub(crate) fn push(&mut self, record: &Record) {
        self.push_at(self.next, record);
    }

    /// A record at its offset, which is not below those before.
    pub(crate) fn push_at(&mut self, offset: Offset, record: &Record) {
        encode_record(
            &mut self.raw,
            offset.saturating_sub(self.next),
            record.timestamp_ms.wrapping_sub(self.time),
            record,
        );
        self.time = record.timestamp_ms;
        self.newest = self.newest.max(record.timestamp_ms);
        self.next = offset.saturating_add(1);
        self.records = self.records.saturating_add(1);
    }

    pub(crate) fn is_full(&self) -> bool {
        self.raw_bytes() >= TARGET_BYTES
    }

    pub(crate) fn raw_bytes(&self) -> usize {
        self.raw.len().saturating_sub(HEADER_BYTES)
    }

    /// Closes it over the offsets up to `next`, exclusive.
    pub(crate) fn seal_to(mut self, next: Offset, stays_until: i64) -> Batch {
        self.next = next;
        self.seal(stays_until)
    }

    pub(crate) fn seal(self, stays_until: i64) -> Batch {
        let packed = compress(self.raw.get(HEADER_BYTES..).unwrap_or_default());
        let body = packed.as_ref().unwrap_or(&self.raw).get(HEADER_BYTES..).unwrap_or_default();
        let body_crc = crc32c::crc32c(body);
        let span = self.next.saturating_sub(self.base);
        Batch { body_crc, packed, span, records: self.records, newest: self.newest, stays_until, raw: self.raw }
    }
}

impl Batch {
    /// The value to store under `key`, whose offset is `base`.
    pub(crate) fn place(&mut self, key: &[u8], base: Offset) -> &[u8] {
        let flags = if self.packed.is_some() { LZ4 } else { 0 };
        let raw_length = self.raw.len().saturating_sub(HEADER_BYTES);
        let last = base.saturating_add(self.span).saturating_sub(1);
        let header = Header {
            flags,
            last,
            records: self.records,
            newest: self.newest,
            stays_until: self.stays_until,
            raw_length,
        };
        let header = header.encode(self.body_crc, key);
        let value = self.packed.as_mut().unwrap_or(&mut self.raw);
        if let Some(front) = value.first_chunk_mut::<HEADER_BYTES>() {
            *front = header;
        }
        value
    }

    /// What a reader of the stored value would get.
    pub(crate) fn into_decoded(self, base: Offset) -> Decoded {
        let last = base.saturating_add(self.span).saturating_sub(1);
        let body = Bytes::from(self.raw).slice(HEADER_BYTES..);
        Decoded { base, last, records: self.records, stays_until: self.stays_until, body }
    }
}

/// A batch without records over offsets whose loss was accepted.
pub(crate) fn lost(key: &[u8], last: Offset) -> [u8; HEADER_BYTES] {
    let header = Header { flags: LOST, last, records: 0, newest: i64::MIN, stays_until: NO_HORIZON, raw_length: 0 };
    header.encode(crc32c::crc32c(&[]), key)
}

impl Decoded {
    /// The batch stored under `key`, whose offset is `base`.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub(crate) fn from_value(key: &[u8], base: Offset, value: &[u8]) -> Result<Self, Malformed> {
        let (header, body) = Header::checked(key, base, value)?;
        let raw = if header.flags & LZ4 == 0 {
            Bytes::copy_from_slice(body)
        } else {
            Bytes::from(lz4_flex::block::decompress(body, header.raw_length).map_err(|_| Malformed("compression"))?)
        };
        if raw.len() != header.raw_length {
            return Err(Malformed("length"));
        }
        let Header { last, records, stays_until, .. } = header;
        Ok(Self { base, last, records, stays_until, body: raw })
    }

    /// Bytes that it holds in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.body.len()
    }

    /// Its records with their offsets, slices of one buffer.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Result<Stored, Malformed>> + '_ {
        let (mut body, mut next, mut time) = (self.body.clone(), self.base, 0_i64);
        std::iter::from_fn(move || {
            if body.is_empty() {
                return None;
            }
            let decoded = decode_record(&mut body, &mut next, &mut time);
            if decoded.is_err() {
                body.clear();
            }
            Some(decoded)
        })
    }
}

/// Checks everything that can be checked without unpacking; the last offset and the newest time.
///
/// # Errors
/// What is wrong with the bytes.
pub(crate) fn check(key: &[u8], base: Offset, value: &[u8]) -> Result<(Offset, i64), Malformed> {
    Header::checked(key, base, value).map(|(header, _)| (header.last, header.newest))
}

struct Header {
    flags: u8,
    last: Offset,
    records: u32,
    newest: i64,
    stays_until: i64,
    raw_length: usize,
}

impl Header {
    fn encode(&self, body_crc: u32, key: &[u8]) -> [u8; HEADER_BYTES] {
        let raw_length = u32::try_from(self.raw_length).unwrap_or(u32::MAX);
        let fields: [&[u8]; 6] = [
            &[FORMAT, self.flags],
            &self.last.to_be_bytes(),
            &self.records.to_be_bytes(),
            &self.newest.to_be_bytes(),
            &self.stays_until.to_be_bytes(),
            &raw_length.to_be_bytes(),
        ];
        let mut header = [0; HEADER_BYTES];
        let (crc, rest) = header.split_at_mut(4);
        rest.iter_mut().zip(fields.concat()).for_each(|(to, from)| *to = from);
        let sum = crc32c::crc32c_append(crc32c::crc32c_append(body_crc, rest), key);
        crc.copy_from_slice(&sum.to_be_bytes());
        header
    }

    fn checked<'a>(key: &[u8], base: Offset, value: &'a [u8]) -> Result<(Self, &'a [u8]), Malformed> {
        let (crc, rest) = value.split_first_chunk::<4>().ok_or(Malformed("length"))?;
        let (fields, body) = rest.split_at_checked(HEADER_BYTES - 4).ok_or(Malformed("length"))?;
        let sum = crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c(body), fields), key);
        if sum != u32::from_be_bytes(*crc) {
            return Err(Malformed("checksum"));
        }
        let header = Self::decode(fields).ok_or(Malformed("format"))?;
        if header.last < base || header.raw_length > MAX_RAW_BYTES {
            return Err(Malformed("range"));
        }
        Ok((header, body))
    }

    fn decode(fields: &[u8]) -> Option<Self> {
        let (&[format, flags], fields) = fields.split_first_chunk::<2>()?;
        let (last, fields) = fields.split_first_chunk::<8>()?;
        let (records, fields) = fields.split_first_chunk::<4>()?;
        let (newest, fields) = fields.split_first_chunk::<8>()?;
        let (stays_until, fields) = fields.split_first_chunk::<8>()?;
        let raw_length = u32::from_be_bytes(*fields.first_chunk::<4>()?);
        (format == FORMAT).then(|| Self {
            flags,
            last: u64::from_be_bytes(*last),
            records: u32::from_be_bytes(*records),
            newest: i64::from_be_bytes(*newest),
            stays_until: i64::from_be_bytes(*stays_until),
            raw_length: usize::try_from(raw_length).unwrap_or(usize::MAX),
        })
    }
}

/// Header space and compressed body, when that is worth reading back.
fn compress(body: &[u8]) -> Option<Vec<u8>> {
    let mut packed = vec![0; HEADER_BYTES + lz4_flex::block::get_maximum_output_size(body.len())];
    let written = lz4_flex::block::compress_into(body, packed.get_mut(HEADER_BYTES..)?).ok()?;
    packed.truncate(HEADER_BYTES + written);
    (written <= body.len() - body.len() / PAYS_ONE_IN && !body.is_empty()).then_some(packed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Headers;
    use proptest::prelude::*;

    fn record() -> impl Strategy<Value = Record> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..200).prop_map(Bytes::from);
        (proptest::option::of(bytes()), proptest::option::of(bytes()), bytes(), any::<i64>()).prop_map(
            |(key, value, headers, timestamp_ms)| Record {
                key,
                value,
                headers: Headers::from_bytes(headers),
                timestamp_ms,
            },
        )
    }

    fn sealed(records: &[(u64, Record)]) -> Batch {
        let (mut builder, mut offset) = (Builder::new(0), 0);
        for (gap, record) in records {
            offset += gap;
            builder.push_at(offset, record);
            offset += 1;
        }
        builder.seal(NO_HORIZON)
    }

    proptest! {
        #[test]
        fn a_batch_reads_back_at_any_place(records in proptest::collection::vec((0_u64..3, record()), 1..40), base in 0_u64..u64::MAX / 2) {
            let mut batch = sealed(&records);
            let value = batch.place(b"key", base).to_vec();
            let span = batch.span;
            for decoded in [Decoded::from_value(b"key", base, &value).unwrap(), batch.into_decoded(base)] {
                prop_assert_eq!((decoded.base, decoded.last), (base, base + span - 1));
                let got: Vec<Stored> = decoded.iter().collect::<Result<_, _>>().unwrap();
                let mut offset = base;
                for ((gap, record), stored) in records.iter().zip(&got) {
                    offset += gap;
                    prop_assert_eq!(stored, &Stored { offset, record: record.clone() });
                    offset += 1;
                }
                prop_assert_eq!(got.len(), records.len());
            }
        }

        #[test]
        fn any_flipped_bit_or_cut_is_damage(records in proptest::collection::vec((0_u64..3, record()), 1..5), at in any::<proptest::sample::Index>(), bit in 0..8) {
            let value = sealed(&records).place(b"key", 7).to_vec();
            let at = at.index(value.len());
            let mut flipped = value.clone();
            flipped[at] ^= 1_u8 << bit;
            prop_assert!(check(b"key", 7, &flipped).is_err());
            prop_assert!(Decoded::from_value(b"key", 7, &value[..at]).is_err());
            prop_assert!(check(b"kez", 7, &value).is_err());
        }

        #[test]
        fn bytes_of_anyone_never_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let decoded = Decoded { base: 0, last: 9, records: 9, stays_until: 0, body: Bytes::from(body) };
            let read: Vec<_> = decoded.iter().collect();
            prop_assert!(read.len() <= 301);
        }
    }

    #[test]
    fn an_accepted_loss_covers_its_offsets_without_records() {
        let decoded = Decoded::from_value(b"key", 5, &lost(b"key", 9)).unwrap();
        assert_eq!((decoded.base, decoded.last, decoded.iter().count()), (5, 9, 0));
    }
}
