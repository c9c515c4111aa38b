//! A message's row between `domain` and protobuf: readers' fields first, then the facts that they are a function of.

use std::sync::Arc;

use domain::{Beyond, Contribution, Entry, Message, Outcome, Status};

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
        facts: message.facts().map(|entry| event::to_wire(&entry.to_event("", ""))).collect(),
        beyond: u32::from(message.beyond().bits()),
        ..wire::MessageState::default()
    };
    put_outcome(&mut out, standing.outcome);
    out
}

/// The message of a row. Only the facts are read: what readers see is recomputed, never trusted.
///
/// # Errors
/// [`Error::Field`] for a fact that this version cannot read.
pub fn from_wire(row: &wire::MessageState) -> Result<Message, Error> {
    let entries = row.facts.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    Ok(Message::from_facts(entries, Beyond::from_bits(u8::try_from(row.beyond).unwrap_or(0))))
}

/// What a row counts for, and where: for whoever recounts from rows.
///
/// # Errors
/// As [`from_wire`].
pub fn contribution(row: &wire::MessageState) -> Result<Option<Contribution>, Error> {
    from_wire(row).map(|message| Contribution::of(&message))
}

fn entry(fact: &crate::proto::event::v1::Event) -> Result<Entry, Error> {
    let event = event::from_wire("", "", fact)?;
    Ok(Entry {
        id: event.id,
        time: event.time,
        decoder: event.decoder,
        retracted: event.retracted,
        rank: event.rank,
        attribution: Arc::new(event.attribution),
        provider: Arc::from(event.provider.as_str()),
        fact: event.fact,
        arrival: event.arrival,
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
