//! Events between `domain` and protobuf. The key names organisation and message; the value never repeats them.

use bytes::Bytes;
use domain::{
    AddressHash, Agent, Arrival, Attribution, BounceClass, Drop, DropReason, Event, EventId, Fact, MailClass, Origin,
    Rank, Scope, SourcePosition, Time, WithheldReason,
};

use crate::Error;
use crate::proto::event::v1 as wire;
pub use wire::Event as Wire;

/// The wire form of an event's value.
pub fn to_wire(event: &Event) -> wire::Event {
    let mut out = said_to_wire(&event.attribution, &event.provider, event.rank, event.decoder);
    put_happened(&mut out, (event.id, event.time, event.retracted), &event.fact, &event.arrival);
    out.source_topic = source_to_wire(&event.arrival.source.topic);
    out
}

/// What an event says of its message, and who says it.
pub(crate) fn said_to_wire(said: &Attribution, provider: &str, rank: Rank, decoder: u32) -> wire::Event {
    wire::Event {
        decoder,
        rank: rank_to_wire(rank).into(),
        campaign: said.campaign.clone().unwrap_or_default(),
        client: said.client.clone().unwrap_or_default(),
        address: said.address.map(|hash| Bytes::copy_from_slice(&hash.0)).unwrap_or_default(),
        class: said.class.map_or(0, |class| class_to_wire(class).into()),
        copy: said.copy.map_or(0, |copy| i32::from(copy) + 1),
        origin: said.origin.map_or(0, |origin| origin_to_wire(origin).into()),
        provider: provider.to_owned(),
        ..wire::Event::default()
    }
}

/// What happened, and how it reached us; the source's topic aside.
pub(crate) fn put_happened(
    out: &mut wire::Event,
    (id, time, retracted): (EventId, Time, bool),
    fact: &Fact,
    arrival: &Arrival,
) {
    out.id = Bytes::copy_from_slice(&id.0);
    out.time_us = time.micros();
    out.retracted = retracted;
    out.received_after_us = arrival.received.micros().saturating_sub(time.micros());
    out.source_partition = arrival.source.partition;
    out.source_offset = arrival.source.offset;
    put_fact(out, fact);
}

/// The event of a wire value and of the key that it stood under.
///
/// # Errors
/// [`Error::Field`] for a value that this version cannot read: an unknown kind, an id that is not 16 bytes.
pub fn from_wire(organisation: &str, message: &str, mut wire: wire::Event) -> Result<Event, Error> {
    let (id, time) = (EventId(sixteen("id", &wire.id)?), Time::from_micros(wire.time_us));
    Ok(Event {
        organisation: organisation.to_owned(),
        message: message.to_owned(),
        id,
        time,
        decoder: wire.decoder,
        retracted: wire.retracted,
        rank: rank_from_wire(wire.rank)?,
        fact: fact(&mut wire)?,
        arrival: arrival(&wire, source_from_wire(wire.source_topic)),
        provider: std::mem::take(&mut wire.provider),
        attribution: attribution(wire)?,
    })
}

/// How an event reached us, from a topic.
pub(crate) fn arrival(wire: &wire::Event, topic: &'static str) -> Arrival {
    let received = Time::from_micros(wire.time_us).plus_micros(wire.received_after_us);
    let (partition, offset) = (wire.source_partition, wire.source_offset);
    Arrival { received, source: SourcePosition { topic: topic.into(), partition, offset } }
}

/// Sixteen bytes of a field.
///
/// # Errors
/// [`Error::Field`] when there are not exactly sixteen.
pub fn sixteen(field: &'static str, bytes: &[u8]) -> Result<[u8; 16], Error> {
    bytes.try_into().map_err(|_| Error::Field { field, detail: format!("{} bytes, wanted 16", bytes.len()) })
}

pub(crate) fn attribution(wire: wire::Event) -> Result<Attribution, Error> {
    Ok(Attribution {
        campaign: Some(wire.campaign).filter(|text| !text.is_empty()),
        client: Some(wire.client).filter(|text| !text.is_empty()),
        address: if wire.address.is_empty() { None } else { Some(AddressHash(sixteen("address", &wire.address)?)) },
        class: class_from_wire(wire.class)?,
        copy: match wire.copy {
            0 => None,
            1 => Some(false),
            2 => Some(true),
            other => return Err(unknown("copy", other)),
        },
        origin: origin_from_wire(wire.origin)?,
    })
}

fn put_fact(out: &mut wire::Event, fact: &Fact) {
    use wire::Kind;
    let kind = match fact {
        Fact::Sent => Kind::Sent,
        Fact::Queued => Kind::Queued,
        Fact::Deferred { reason } => {
            out.reason.clone_from(reason);
            Kind::Deferred
        }
        Fact::Delivered => Kind::Delivered,
        Fact::Bounced { class, asynchronous, reason } => {
            out.bounce = bounce_to_wire(*class).into();
            out.asynchronous = *asynchronous;
            out.reason.clone_from(reason);
            Kind::Bounced
        }
        Fact::Dropped(Drop { reason, scope, text }) => {
            out.drop = drop_to_wire(*reason).into();
            put_scope(out, scope);
            out.reason.clone_from(text);
            Kind::Dropped
        }
        Fact::Opened(agent) => {
            out.agent = agent_to_wire(*agent).into();
            Kind::Opened
        }
        Fact::Clicked { agent, link } => {
            out.agent = agent_to_wire(*agent).into();
            out.link.clone_from(link);
            Kind::Clicked
        }
        Fact::Complained => Kind::Complained,
        Fact::Unsubscribed { scope, from_register } => {
            put_scope(out, scope);
            out.from_register = *from_register;
            Kind::Unsubscribed
        }
        Fact::Resubscribed { scope, from_register } => {
            put_scope(out, scope);
            out.from_register = *from_register;
            Kind::Resubscribed
        }
        Fact::Withheld(reason) => {
            out.withheld = withheld_to_wire(*reason).into();
            Kind::Withheld
        }
    };
    out.kind = kind.into();
}

pub(crate) fn fact(wire: &mut wire::Event) -> Result<Fact, Error> {
    use std::mem::take;
    use wire::Kind;
    Ok(match Kind::try_from(wire.kind).unwrap_or(Kind::Unspecified) {
        Kind::Unspecified => return Err(unknown("kind", wire.kind)),
        Kind::Sent => Fact::Sent,
        Kind::Queued => Fact::Queued,
        Kind::Deferred => Fact::Deferred { reason: take(&mut wire.reason) },
        Kind::Delivered => Fact::Delivered,
        Kind::Bounced => Fact::Bounced {
            class: bounce_from_wire(wire.bounce)?,
            asynchronous: wire.asynchronous,
            reason: take(&mut wire.reason),
        },
        Kind::Dropped => Fact::Dropped(Drop {
            reason: drop_from_wire(wire.drop)?,
            scope: scope(wire)?,
            text: take(&mut wire.reason),
        }),
        Kind::Opened => Fact::Opened(agent_from_wire(wire.agent)?),
        Kind::Clicked => Fact::Clicked { agent: agent_from_wire(wire.agent)?, link: take(&mut wire.link) },
        Kind::Complained => Fact::Complained,
        Kind::Unsubscribed => Fact::Unsubscribed { scope: scope(wire)?, from_register: wire.from_register },
        Kind::Resubscribed => Fact::Resubscribed { scope: scope(wire)?, from_register: wire.from_register },
        Kind::Withheld => Fact::Withheld(withheld_from_wire(wire.withheld)?),
    })
}

fn put_scope(out: &mut wire::Event, scope: &Scope) {
    let (kind, list) = scope_to_wire(scope);
    out.scope = kind.into();
    list.clone_into(&mut out.list);
}

fn scope(wire: &wire::Event) -> Result<Scope, Error> {
    scope_from_wire(wire.scope, &wire.list)
}

/// A scope's kind and, for a list, its name.
pub fn scope_to_wire(scope: &Scope) -> (wire::ScopeKind, &str) {
    use wire::ScopeKind;
    match scope {
        Scope::Organisation => (ScopeKind::Organisation, ""),
        Scope::List(list) => (ScopeKind::List, list),
        Scope::Address => (ScopeKind::Address, ""),
        Scope::Domain => (ScopeKind::Domain, ""),
        Scope::Message => (ScopeKind::Message, ""),
        Scope::Campaign => (ScopeKind::Campaign, ""),
        Scope::Account => (ScopeKind::Account, ""),
    }
}

/// The scope of a kind and a list's name.
///
/// # Errors
/// [`Error::Field`] for a kind that this version does not know.
pub fn scope_from_wire(kind: i32, list: &str) -> Result<Scope, Error> {
    use wire::ScopeKind;
    Ok(match ScopeKind::try_from(kind).map_err(|_| unknown("scope", kind))? {
        ScopeKind::Organisation => Scope::Organisation,
        ScopeKind::List => Scope::List(list.to_owned()),
        ScopeKind::Address => Scope::Address,
        ScopeKind::Domain => Scope::Domain,
        ScopeKind::Message => Scope::Message,
        ScopeKind::Campaign => Scope::Campaign,
        ScopeKind::Account => Scope::Account,
    })
}

fn unknown(field: &'static str, value: i32) -> Error {
    Error::Field { field, detail: format!("{value} is not known to this version") }
}

/// Both directions of a closed set: every domain value has one wire value and back; the wire's unspecified is an error.
macro_rules! closed_set {
    ($to:ident, $from:ident, $field:literal, $domain:ident, $wire:ident, [$($value:ident),+ $(,)?]) => {
        #[doc = concat!("Wire value of a `", stringify!($domain), "`.")]
        pub fn $to(value: $domain) -> wire::$wire {
            match value { $($domain::$value => wire::$wire::$value),+ }
        }

        #[doc = concat!("The `", stringify!($domain), "` of a wire value.\n\n# Errors\n[`Error::Field`] when this version does not know it.")]
        pub fn $from(value: i32) -> Result<$domain, Error> {
            match wire::$wire::try_from(value) {
                $(Ok(wire::$wire::$value) => Ok($domain::$value),)+
                Ok(wire::$wire::Unspecified) | Err(_) => Err(unknown($field, value)),
            }
        }
    };
}

closed_set!(bounce_to_wire, bounce_from_wire, "bounce", BounceClass, BounceClass, [Hard, Soft, Block, Undetermined]);
closed_set!(
    drop_to_wire,
    drop_from_wire,
    "drop",
    DropReason,
    DropReason,
    [
        PriorBounce,
        Unsubscribed,
        PriorSpam,
        InvalidAddress,
        DomainFlagged,
        ContentSpam,
        ContentVirus,
        Quota,
        PolicyList,
        SenderError,
        Rendering,
        Duplicate,
        Suppressed,
        Other
    ]
);
closed_set!(agent_to_wire, agent_from_wire, "agent", Agent, Agent, [Human, Machine, Unknown]);
closed_set!(
    withheld_to_wire,
    withheld_from_wire,
    "withheld",
    WithheldReason,
    WithheldReason,
    [
        Inactive,
        ClientUnsubscribed,
        AddressUnsubscribed,
        Invalid,
        Bounced,
        Spam,
        DomainFlagged,
        NoAddress,
        OverLimit,
        Other
    ]
);
closed_set!(rank_to_wire, rank_from_wire, "rank", Rank, Rank, [Send, CustomData, Tags]);

/// Wire value of a class.
pub fn class_to_wire(class: MailClass) -> wire::MailClass {
    match class {
        MailClass::Mass => wire::MailClass::Mass,
        MailClass::Transactional => wire::MailClass::Transactional,
    }
}

fn class_from_wire(value: i32) -> Result<Option<MailClass>, Error> {
    match wire::MailClass::try_from(value) {
        Ok(wire::MailClass::Unspecified) => Ok(None),
        Ok(wire::MailClass::Mass) => Ok(Some(MailClass::Mass)),
        Ok(wire::MailClass::Transactional) => Ok(Some(MailClass::Transactional)),
        Err(_) => Err(unknown("class", value)),
    }
}

/// Wire value of an origin.
pub fn origin_to_wire(origin: Origin) -> wire::Origin {
    match origin {
        Origin::Campaign => wire::Origin::Campaign,
        Origin::ClientFile => wire::Origin::ClientFile,
    }
}

fn origin_from_wire(value: i32) -> Result<Option<Origin>, Error> {
    match wire::Origin::try_from(value) {
        Ok(wire::Origin::Unspecified) => Ok(None),
        Ok(wire::Origin::Campaign) => Ok(Some(Origin::Campaign)),
        Ok(wire::Origin::ClientFile) => Ok(Some(Origin::ClientFile)),
        Err(_) => Err(unknown("origin", value)),
    }
}

/// Topics that an event can come from; their place is their wire value.
const SOURCES: [&str; 6] = ["", "platform", "webhooks", "correlations", "contact-events", "events"];

pub(crate) fn source_to_wire(topic: &str) -> u32 {
    SOURCES.iter().position(|source| *source == topic).and_then(|place| u32::try_from(place).ok()).unwrap_or(0)
}

pub(crate) fn source_from_wire(value: u32) -> &'static str {
    usize::try_from(value).ok().and_then(|place| SOURCES.get(place)).copied().unwrap_or("")
}
