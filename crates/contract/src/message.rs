//! A message's row between `domain` and protobuf: readers' fields first, then the facts that they are a function of.

use std::sync::Arc;

use bytes::Bytes;
use domain::{Attribution, Beyond, Contribution, Entry, EventId, Message, Rank, Status, Time};

use crate::fields::{Fields, Reader, put};
use crate::proto::message::v1 as wire;
use crate::shown::Shown;
use crate::{Error, event};

/// The wire form of a message's row.
pub fn to_wire(message: &Message) -> wire::MessageState {
    let mut out = Shown::of(message).to_wire();
    put_facts(&mut out, message);
    out
}

/// The bytes of a message's row: those of [`to_wire`].
pub fn encode(message: &Message) -> Vec<u8> {
    let mut out = Vec::with_capacity(ROW_BYTES + FACT_BYTES * message.facts().len());
    let shown = Shown::of(message);
    shown.write(&mut out);
    let said = said_of(message);
    for (entry, place) in message.facts().zip(&said.places) {
        put::nested(&mut out, 15, |out| fact_fields(entry, *place).write(out));
    }
    put::small(&mut out, 16, shown.beyond);
    for entry in said.first {
        put::nested(&mut out, 17, |out| said_fields(entry).write(out));
    }
    out
}

/// What a row takes without its facts, and what each of them adds, about.
const ROW_BYTES: usize = 192;
const FACT_BYTES: usize = 64;

/// The facts, and once what many of them say: the same attribution of the same source.
fn put_facts(out: &mut wire::MessageState, message: &Message) {
    let said = said_of(message);
    out.facts = message.facts().zip(&said.places).map(|(entry, place)| fact_fields(entry, *place).to_wire()).collect();
    out.said = said.first.into_iter().map(|entry| said_fields(entry).to_wire()).collect();
}

/// The first fact that says something, of each; and for each fact 1 + the place of the one that says the same.
struct SaidOf<'a> {
    first: Vec<&'a Entry>,
    places: Vec<u32>,
}

fn said_of(message: &Message) -> SaidOf<'_> {
    let mut first: Vec<&Entry> = Vec::with_capacity(4);
    let place = |entry| {
        let place = first.iter().position(|first| says_the_same(first, entry)).unwrap_or_else(|| {
            first.push(entry);
            first.len() - 1
        });
        u32::try_from(place + 1).unwrap_or(0)
    };
    let places = message.facts().map(place).collect();
    SaidOf { first, places }
}

fn fact_fields(entry: &Entry, said: u32) -> Fields<'_> {
    let fields = event::happened_fields(&entry.id, (entry.time, entry.retracted), &entry.fact, &entry.arrival);
    Fields { said, ..fields }
}

fn said_fields(entry: &Entry) -> Fields<'_> {
    let said = event::said_fields(&entry.attribution, &entry.provider, entry.rank, entry.decoder);
    Fields { source_topic: event::source_to_wire(&entry.arrival.source.topic), ..said }
}

fn says_the_same(one: &Entry, other: &Entry) -> bool {
    one.rank == other.rank
        && one.decoder == other.decoder
        && one.arrival.source.topic == other.arrival.source.topic
        && one.provider == other.provider
        && (Arc::ptr_eq(&one.attribution, &other.attribution) || one.attribution == other.attribution)
}

/// The message of a row. Only the facts are read: what readers see is recomputed, never trusted.
///
/// # Errors
/// [`Error::Field`] for a fact that this version cannot read.
pub fn from_wire(row: wire::MessageState) -> Result<Message, Error> {
    let said = row.said.iter().map(|wire| said(&Fields::of(wire))).collect::<Result<Vec<_>, _>>()?;
    let entries = row.facts.iter().map(|fact| entry(&Fields::of(fact), &said)).collect::<Result<Vec<_>, _>>()?;
    Ok(Message::from_facts(entries, Beyond::from_bits(u8::try_from(row.beyond).unwrap_or(0))))
}

/// The last field that is for readers.
const READERS_LAST: u64 = 13;

/// The message of a row's bytes, as [`from_wire`].
///
/// # Errors
/// [`Error::Malformed`] for bytes that are no row, else as [`from_wire`].
pub fn decode(row: &[u8]) -> Result<Message, Error> {
    let mut reader = Reader { what: "MessageState", rest: row };
    let (mut facts, mut says, mut beyond): (Vec<&[u8]>, Vec<Said>, u32) = (Vec::with_capacity(8), Vec::new(), 0);
    while let Some((tag, wire)) = reader.next()? {
        match tag {
            15 => facts.push(reader.bytes(wire)?),
            16 => beyond = reader.small(wire)?,
            17 => says.push(said(&Fields::read(reader.bytes(wire)?)?)?),
            _ => reader.skip(tag, wire)?,
        }
    }
    let entry = |fact| entry(&Fields::read(fact)?, &says);
    let entries = facts.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    Ok(Message::from_facts(entries, Beyond::from_bits(u8::try_from(beyond).unwrap_or(0))))
}

/// A row's bytes without its facts and what they say, for whoever shows only what stands before them; all of it where its fields are
/// not in the order of their numbers, as every writer has them.
pub fn head(row: &Bytes) -> Bytes {
    match head_bytes(row) {
        Ok(Some(bytes)) => row.slice(..bytes),
        _ => row.clone(),
    }
}

/// The client that a row's bytes name; `None` where they name none or cannot be read.
pub fn client(row: &[u8]) -> Option<&str> {
    let mut reader = Reader { what: "MessageState", rest: row };
    loop {
        let (tag, wire) = reader.next().ok()??;
        match tag {
            2 => return reader.text(wire).ok(),
            _ => reader.skip(tag, wire).ok()?,
        }
    }
}

/// Bytes before the first field that is not for readers, where there is one and none for readers comes after it.
fn head_bytes(row: &[u8]) -> Result<Option<usize>, Error> {
    let (mut reader, mut head) = (Reader { what: "MessageState", rest: row }, None);
    loop {
        let at = row.len() - reader.rest.len();
        let Some((tag, wire)) = reader.next()? else { return Ok(head) };
        match (tag > READERS_LAST, head) {
            (true, None) => head = Some(at),
            (false, Some(_)) => return Ok(None),
            _ => {}
        }
        reader.skip(tag, wire)?;
    }
}

/// What a row counts for, and where: for whoever recounts from rows.
///
/// # Errors
/// As [`from_wire`].
pub fn contribution(row: &wire::MessageState) -> Result<Option<Contribution>, Error> {
    from_wire(row.clone()).map(|message| Contribution::of(&message))
}

/// What several facts of a row say.
struct Said {
    rank: Rank,
    decoder: u32,
    attribution: Arc<Attribution>,
    provider: Arc<str>,
    topic: &'static str,
}

fn said(fields: &Fields<'_>) -> Result<Said, Error> {
    Ok(Said {
        rank: event::rank_from_wire(fields.rank)?,
        decoder: fields.decoder,
        provider: Arc::from(fields.provider),
        topic: event::source_from_wire(fields.source_topic),
        attribution: Arc::new(event::attribution(fields)?),
    })
}

fn entry(fact: &Fields<'_>, said: &[Said]) -> Result<Entry, Error> {
    let place = usize::try_from(fact.said).ok().and_then(|place| place.checked_sub(1));
    let said = place.and_then(|place| said.get(place)).ok_or_else(|| Error::Field {
        field: "facts.said",
        detail: format!("{} is no place in said, of which there are {}", fact.said, said.len()),
    })?;
    Ok(Entry {
        id: EventId(event::sixteen("facts.id", fact.id)?),
        time: Time::from_micros(fact.time_us),
        decoder: said.decoder,
        retracted: fact.retracted,
        rank: said.rank,
        attribution: Arc::clone(&said.attribution),
        provider: Arc::clone(&said.provider),
        arrival: event::arrival(fact, said.topic),
        fact: event::fact(fact)?,
    })
}

/// Wire value of a status.
pub fn status_to_wire(status: Status) -> wire::Status {
    match status {
        Status::Sent => wire::Status::Sent,
        Status::Delivered => wire::Status::Delivered,
        Status::Open => wire::Status::Open,
        Status::Click => wire::Status::Click,
        Status::Bounce => wire::Status::Bounce,
        Status::Dropped => wire::Status::Dropped,
        Status::Spam => wire::Status::Spam,
        Status::Unsubscribed => wire::Status::Unsubscribed,
        Status::Withheld => wire::Status::Withheld,
    }
}
