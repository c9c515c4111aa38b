//! A message's row between `domain` and protobuf: readers' fields first, then the facts that they are a function of.

use std::sync::Arc;

use domain::{Attribution, Beyond, Contribution, Entry, EventId, Message, Outcome, Rank, Status, Time};

use crate::proto::message::v1 as wire;
use crate::{Error, event};

/// The wire form of a message's row.
pub fn to_wire(message: &Message) -> wire::MessageState {
    let attribution = message.attribution();
    let standing = message.standing();
    let mut out = wire::MessageState {
        campaign: attribution.campaign.unwrap_or_default(),
        client: attribution.client.unwrap_or_default(),
        address: attribution.address.map(|hash| hash.0.to_vec().into()).unwrap_or_default(),
        status: status_to_wire(standing.status).into(),
        status_since: message.status_since().map(crate::timestamp_of),
        class: attribution.class.map_or(0, |class| event::class_to_wire(class).into()),
        copy: attribution.copy.unwrap_or_default(),
        origin: attribution.origin.map_or(0, |origin| event::origin_to_wire(origin).into()),
        delivered_inferred: standing.inferred,
        beyond: u32::from(message.beyond().bits()),
        ..wire::MessageState::default()
    };
    put_outcome(&mut out, standing.outcome);
    put_facts(&mut out, message);
    out
}

/// The facts, and once what many of them say: the same attribution of the same source.
fn put_facts(out: &mut wire::MessageState, message: &Message) {
    let mut said: Vec<&Entry> = Vec::with_capacity(4);
    out.facts.reserve(message.facts().len());
    for entry in message.facts() {
        let place = said.iter().position(|first| says_the_same(first, entry)).unwrap_or_else(|| {
            said.push(entry);
            said.len() - 1
        });
        let mut fact = event::Wire { said: u32::try_from(place + 1).unwrap_or(0), ..event::Wire::default() };
        event::put_happened(&mut fact, (entry.id, entry.time, entry.retracted), &entry.fact, &entry.arrival);
        out.facts.push(fact);
    }
    out.said.extend(said.into_iter().map(|entry| {
        let said = event::said_to_wire(&entry.attribution, &entry.provider, entry.rank, entry.decoder);
        event::Wire { source_topic: event::source_to_wire(&entry.arrival.source.topic), ..said }
    }));
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
    let said = row.said.into_iter().map(said).collect::<Result<Vec<_>, _>>()?;
    let entries = row.facts.into_iter().map(|fact| entry(fact, &said)).collect::<Result<Vec<_>, _>>()?;
    Ok(Message::from_facts(entries, Beyond::from_bits(u8::try_from(row.beyond).unwrap_or(0))))
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

fn said(wire: event::Wire) -> Result<Said, Error> {
    Ok(Said {
        rank: event::rank_from_wire(wire.rank)?,
        decoder: wire.decoder,
        provider: Arc::from(wire.provider.as_str()),
        topic: event::source_from_wire(wire.source_topic),
        attribution: Arc::new(event::attribution(wire)?),
    })
}

fn entry(mut fact: event::Wire, said: &[Said]) -> Result<Entry, Error> {
    let place = usize::try_from(fact.said).ok().and_then(|place| place.checked_sub(1));
    let said = place.and_then(|place| said.get(place)).ok_or_else(|| Error::Field {
        field: "facts.said",
        detail: format!("{} is no place in said, of which there are {}", fact.said, said.len()),
    })?;
    Ok(Entry {
        id: EventId(event::sixteen("facts.id", &fact.id)?),
        time: Time::from_micros(fact.time_us),
        decoder: said.decoder,
        retracted: fact.retracted,
        rank: said.rank,
        attribution: Arc::clone(&said.attribution),
        provider: Arc::clone(&said.provider),
        arrival: event::arrival(&fact, said.topic),
        fact: event::fact(&mut fact)?,
    })
}

fn put_outcome(out: &mut wire::MessageState, outcome: Outcome) {
    let word = match outcome {
        Outcome::Pending => wire::Outcome::Pending,
        Outcome::Delivered => wire::Outcome::Delivered,
        Outcome::Bounced(class) => {
            out.bounce = event::bounce_to_wire(class).into();
            wire::Outcome::Bounced
        }
        Outcome::Dropped(reason) => {
            out.drop = event::drop_to_wire(reason).into();
            wire::Outcome::Dropped
        }
        Outcome::Withheld(reason) => {
            out.withheld = event::withheld_to_wire(reason).into();
            wire::Outcome::Withheld
        }
    };
    out.outcome = word.into();
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
