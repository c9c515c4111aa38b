//! What readers see of a message's row, borrowed from the facts that it is a function of.

use domain::{Message, Outcome};

use crate::fields::put;
use crate::message::status_to_wire;
use crate::proto::message::v1 as wire;
use crate::{event, timestamp_of};

/// Fields 1 to 13 of `proto/message.proto`, and what came beyond the bound.
pub(crate) struct Shown<'a> {
    campaign: &'a str,
    client: &'a str,
    address: &'a [u8],
    status: i32,
    outcome: i32,
    status_since: Option<prost_types::Timestamp>,
    class: i32,
    copy: bool,
    origin: i32,
    delivered_inferred: bool,
    bounce: i32,
    drop: i32,
    withheld: i32,
    pub(crate) beyond: u32,
}

impl<'a> Shown<'a> {
    /// What a message's facts amount to.
    pub(crate) fn of(message: &'a Message) -> Self {
        let standing = message.standing();
        let (outcome, bounce, drop, withheld) = outcome(standing.outcome);
        Self {
            campaign: message.said(|said| said.campaign.as_deref()).unwrap_or_default(),
            client: message.said(|said| said.client.as_deref()).unwrap_or_default(),
            address: message.said(|said| said.address.as_ref()).map_or(&[], |hash| &hash.0),
            status: status_to_wire(standing.status).into(),
            outcome,
            status_since: message.status_since().map(timestamp_of),
            class: message.said(|said| said.class).map_or(0, |class| event::class_to_wire(class).into()),
            copy: message.said(|said| said.copy).unwrap_or_default(),
            origin: message.said(|said| said.origin).map_or(0, |origin| event::origin_to_wire(origin).into()),
            delivered_inferred: standing.inferred,
            bounce,
            drop,
            withheld,
            beyond: u32::from(message.beyond().bits()),
        }
    }

    /// As prost's struct.
    pub(crate) fn to_wire(&self) -> wire::MessageState {
        wire::MessageState {
            campaign: self.campaign.to_owned(),
            client: self.client.to_owned(),
            address: self.address.to_vec().into(),
            status: self.status,
            outcome: self.outcome,
            status_since: self.status_since,
            class: self.class,
            copy: self.copy,
            origin: self.origin,
            delivered_inferred: self.delivered_inferred,
            bounce: self.bounce,
            drop: self.drop,
            withheld: self.withheld,
            beyond: self.beyond,
            ..wire::MessageState::default()
        }
    }

    /// Appends fields 1 to 13, in the order of their numbers.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put::text(out, 1, self.campaign);
        put::text(out, 2, self.client);
        put::bytes(out, 3, self.address);
        put::word(out, 4, self.status);
        put::word(out, 5, self.outcome);
        if let Some(since) = &self.status_since {
            put::nested(out, 6, |out| {
                put::large(out, 1, since.seconds as u64);
                put::word(out, 2, since.nanos);
            });
        }
        put::word(out, 7, self.class);
        put::flag(out, 8, self.copy);
        put::word(out, 9, self.origin);
        put::flag(out, 10, self.delivered_inferred);
        put::word(out, 11, self.bounce);
        put::word(out, 12, self.drop);
        put::word(out, 13, self.withheld);
    }
}

/// An outcome, and the class or reason that it has: bounced, dropped, withheld.
fn outcome(outcome: Outcome) -> (i32, i32, i32, i32) {
    match outcome {
        Outcome::Pending => (wire::Outcome::Pending.into(), 0, 0, 0),
        Outcome::Delivered => (wire::Outcome::Delivered.into(), 0, 0, 0),
        Outcome::Bounced(class) => (wire::Outcome::Bounced.into(), event::bounce_to_wire(class).into(), 0, 0),
        Outcome::Dropped(reason) => (wire::Outcome::Dropped.into(), 0, event::drop_to_wire(reason).into(), 0),
        Outcome::Withheld(reason) => (wire::Outcome::Withheld.into(), 0, 0, event::withheld_to_wire(reason).into()),
    }
}
