//! What pages read of a campaign's row: not what each source said, and its counters only where somebody wants them.

use bytes::Bytes;
use prost::Message as _;
use prost_types::Timestamp;

use crate::Error;
use crate::fields::Reader;
use crate::proto::campaign::v1::CampaignStats;

/// A row's words, dates and kind without `counters` and `sources`, and the bytes of its counters (see
/// [`crate::counters::decode`]; counters of the same numbers have the same bytes).
///
/// # Errors
/// [`Error::Malformed`].
pub fn shown(row: &Bytes) -> Result<(CampaignStats, Bytes), Error> {
    let (mut stats, mut counters) = (CampaignStats::default(), Bytes::new());
    let mut reader = Reader { what: "CampaignStats", rest: row };
    while let Some((tag, wire)) = reader.next()? {
        match tag {
            1 => stats.organisation = reader.text(wire)?.to_owned(),
            2 => stats.campaign = reader.text(wire)?.to_owned(),
            3 => stats.name = reader.text(wire)?.to_owned(),
            4 => merge(&mut stats.created_at, reader.bytes(wire)?)?,
            5 => stats.class = reader.word(wire)?,
            6 => stats.automated = reader.flag(wire)?,
            7 => stats.sender = reader.text(wire)?.to_owned(),
            8 => stats.subject = reader.text(wire)?.to_owned(),
            9 => counters = both(counters, row.slice_ref(reader.bytes(wire)?)),
            10 => merge(&mut stats.as_of, reader.bytes(wire)?)?,
            _ => reader.skip(tag, wire)?,
        }
    }
    Ok((stats, counters))
}

/// A message that is there twice is the two, one after the other.
fn both(before: Bytes, more: Bytes) -> Bytes {
    if before.is_empty() { more } else { [before, more].concat().into() }
}

fn merge(into: &mut Option<Timestamp>, bytes: &[u8]) -> Result<(), Error> {
    let malformed = |error: prost::DecodeError| Error::Malformed { what: "CampaignStats", detail: error.to_string() };
    into.get_or_insert_default().merge(bytes).map_err(malformed)
}
