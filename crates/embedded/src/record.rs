//! One record inside a batch's body. Knows no header and no offset but by difference.

use bytes::{Buf, Bytes};
use engine::{Headers, Offset, Record, Stored};

/// Which part of stored bytes is not as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} does not fit")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Appends a record: its gap to the offset expected next, its time as difference to the record before.
pub(crate) fn encode_record(to: &mut Vec<u8>, gap: u64, time_delta: i64, record: &Record) {
    put_varint(to, gap);
    put_varint(to, zigzag(time_delta));
    put_optional(to, record.key.as_ref());
    put_optional(to, record.value.as_ref());
    let headers = record.headers.as_bytes();
    put_varint(to, headers.len() as u64);
    to.extend_from_slice(headers);
}

/// Takes the next record off `body`, moving offset and time on.
///
/// # Errors
/// The field that does not fit.
pub(crate) fn decode_record(body: &mut Bytes, next: &mut Offset, time: &mut i64) -> Result<Stored, Malformed> {
    let offset = next.checked_add(take_varint(body)?).ok_or(Malformed("offset"))?;
    *next = offset.checked_add(1).ok_or(Malformed("offset"))?;
    *time = time.wrapping_add(unzigzag(take_varint(body)?));
    let key = take_optional(body)?;
    let value = take_optional(body)?;
    let length = take_varint(body)?;
    let headers = Headers::from_bytes(take(body, length)?);
    Ok(Stored { offset, record: Record { key, value, headers, timestamp_ms: *time } })
}

/// What a record counts against limits: key, value and headers, in bytes.
pub(crate) fn size(record: &Record) -> usize {
    record.key.as_ref().map_or(0, Bytes::len)
        + record.value.as_ref().map_or(0, Bytes::len)
        + record.headers.as_bytes().len()
}

fn put_optional(to: &mut Vec<u8>, bytes: Option<&Bytes>) {
    put_varint(to, bytes.map_or(0, |bytes| bytes.len() as u64 + 1));
    to.extend_from_slice(bytes.map(Bytes::as_ref).unwrap_or_default());
}

fn take_optional(body: &mut Bytes) -> Result<Option<Bytes>, Malformed> {
    take_varint(body)?.checked_sub(1).map(|length| take(body, length)).transpose()
}

fn take(body: &mut Bytes, length: u64) -> Result<Bytes, Malformed> {
    let length = usize::try_from(length).map_err(|_| Malformed("length"))?;
    if length == 0 {
        return Ok(Bytes::new());
    }
    if length > body.len() { Err(Malformed("length")) } else { Ok(body.split_to(length)) }
}

fn put_varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn take_varint(body: &mut Bytes) -> Result<u64, Malformed> {
    let (mut value, mut shift) = (0_u64, 0);
    for (index, &byte) in body.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            body.advance(index + 1);
            return Ok(value);
        }
        shift += 7;
    }
    Err(Malformed("number"))
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
