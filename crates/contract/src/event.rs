//! Events between `domain` and protobuf. The key names organisation and message; the value never repeats them.

use domain::{
    AddressHash, Agent, Arrival, Attribution, BounceClass, Drop, DropReason, Event, EventId, Fact, MailClass, Origin,
    Rank, Scope, SourcePosition, Time, WithheldReason,
};

use crate::Error;
use crate::fields::Fields;
use crate::proto::event::v1 as wire;
pub use wire::Event as Wire;

/// The wire form of an event's value.
pub fn to_wire(event: &Event) -> wire::Event {
    fields(event).to_wire()
}

/// The bytes of an event's value: those of [`to_wire`].
pub fn encode(event: &Event) -> Vec<u8> {
    let mut out = Vec::with_capacity(VALUE_BYTES);
    fields(event).write(&mut out);
    out
}

/// What a value takes, about.
const VALUE_BYTES: usize = 192;

fn fields(event: &Event) -> Fields<'_> {
    let said = said_fields(&event.attribution, &event.provider, event.rank, event.decoder);
    let happened = happened_fields(&event.id, (event.time, event.retracted), &event.fact, &event.arrival);
    Fields {
        decoder: said.decoder,
        rank: said.rank,
        campaign: said.campaign,
        client: said.client,
        address: said.address,
        class: said.class,
        copy: said.copy,
        origin: said.origin,
        provider: said.provider,
        source_topic: source_to_wire(&event.arrival.source.topic),
        ..happened
    }
}

/// What an event says of its message, and who says it.
pub(crate) fn said_fields<'a>(said: &'a Attribution, provider: &'a str, rank: Rank, decoder: u32) -> Fields<'a> {
    Fields {
        decoder,
        rank: rank_to_wire(rank).into(),
        campaign: said.campaign.as_deref().unwrap_or_default(),
        client: said.client.as_deref().unwrap_or_default(),
        address: said.address.as_ref().map_or(&[][..], |hash| &hash.0),
        class: said.class.map_or(0, |class| class_to_wire(class).into()),
        copy: said.copy.map_or(0, |copy| i32::from(copy) + 1),
        origin: said.origin.map_or(0, |origin| origin_to_wire(origin).into()),
        provider,
        ..Fields::default()
    }
}

/// What happened, and how it reached us; the source's topic aside.
pub(crate) fn happened_fields<'a>(
    id: &'a EventId,
    (time, retracted): (Time, bool),
    fact: &'a Fact,
    arrival: &Arrival,
) -> Fields<'a> {
    Fields {
        id: &id.0,
        time_us: time.micros(),
        retracted,
        received_after_us: arrival.received.micros().saturating_sub(time.micros()),
        source_partition: arrival.source.partition,
        source_offset: arrival.source.offset,
        ..fact_fields(fact)
    }
}

/// The event of a wire value and of the key that it stood under.
///
/// # Errors
/// [`Error::Field`] for a value that this version cannot read: an unknown kind, an id that is not 16 bytes.
pub fn from_wire(organisation: &str, message: &str, wire: wire::Event) -> Result<Event, Error> {
    read(organisation, message, &Fields::of(&wire))
}

/// The event of a value's bytes and of the key that it stood under.
///
/// # Errors
/// [`Error::Malformed`] for bytes that are no event, else as [`from_wire`].
pub fn decode(organisation: &str, message: &str, value: &[u8]) -> Result<Event, Error> {
    read(organisation, message, &Fields::read(value)?)
}

fn read(organisation: &str, message: &str, said: &Fields<'_>) -> Result<Event, Error> {
    Ok(Event {
        organisation: organisation.to_owned(),
        message: message.to_owned(),
        id: EventId(sixteen("id", said.id)?),
        time: Time::from_micros(said.time_us),
        decoder: said.decoder,
        retracted: said.retracted,
        rank: rank_from_wire(said.rank)?,
        fact: fact(said)?,
        arrival: arrival(said, source_from_wire(said.source_topic)),
        provider: said.provider.to_owned(),
        attribution: attribution(said)?,
    })
}

/// How an event reached us, from a topic.
pub(crate) fn arrival(said: &Fields<'_>, topic: &'static str) -> Arrival {
    let received = Time::from_micros(said.time_us).plus_micros(said.received_after_us);
    let (partition, offset) = (said.source_partition, said.source_offset);
    Arrival { received, source: SourcePosition { topic: topic.into(), partition, offset } }
}

/// Sixteen bytes of a field.
///
/// # Errors
/// [`Error::Field`] when there are not exactly sixteen.
pub fn sixteen(field: &'static str, bytes: &[u8]) -> Result<[u8; 16], Error> {
    bytes.try_into().map_err(|_| Error::Field { field, detail: format!("{} bytes, wanted 16", bytes.len()) })
}

pub(crate) fn attribution(said: &Fields<'_>) -> Result<Attribution, Error> {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Ok(Attribution {
        campaign: text(said.campaign),
        client: text(said.client),
        address: if said.address.is_empty() { None } else { Some(AddressHash(sixteen("address", said.address)?)) },
        class: class_from_wire(said.class)?,
        copy: match said.copy {
            0 => None,
            1 => Some(false),
            2 => Some(true),
            other => return Err(unknown("copy", other)),
        },
        origin: origin_from_wire(said.origin)?,
    })
}

fn fact_fields(fact: &Fact) -> Fields<'_> {
    use wire::Kind;
    let none = Fields::default();
    let of = |kind: Kind, fields| Fields { kind: kind.into(), ..fields };
    match fact {
        Fact::Sent => of(Kind::Sent, none),
        Fact::Queued => of(Kind::Queued, none),
        Fact::Deferred { reason } => of(Kind::Deferred, Fields { reason, ..none }),
        Fact::Delivered => of(Kind::Delivered, none),
        Fact::Bounced { class, asynchronous, reason } => {
            let (bounce, asynchronous) = (bounce_to_wire(*class).into(), *asynchronous);
            of(Kind::Bounced, Fields { bounce, asynchronous, reason, ..none })
        }
        Fact::Dropped(Drop { reason, scope, text }) => {
            of(Kind::Dropped, Fields { drop: drop_to_wire(*reason).into(), reason: text, ..scoped(scope) })
        }
        Fact::Opened(agent) => of(Kind::Opened, Fields { agent: agent_to_wire(*agent).into(), ..none }),
        Fact::Clicked { agent, link } => {
            of(Kind::Clicked, Fields { agent: agent_to_wire(*agent).into(), link, ..none })
        }
        Fact::Complained => of(Kind::Complained, none),
        Fact::Unsubscribed { scope, from_register } => {
            of(Kind::Unsubscribed, Fields { from_register: *from_register, ..scoped(scope) })
        }
        Fact::Resubscribed { scope, from_register } => {
            of(Kind::Resubscribed, Fields { from_register: *from_register, ..scoped(scope) })
        }
        Fact::Withheld(reason) => of(Kind::Withheld, Fields { withheld: withheld_to_wire(*reason).into(), ..none }),
    }
}

pub(crate) fn fact(said: &Fields<'_>) -> Result<Fact, Error> {
    use wire::Kind;
    let reason = || said.reason.to_owned();
    Ok(match Kind::try_from(said.kind).unwrap_or(Kind::Unspecified) {
        Kind::Unspecified => return Err(unknown("kind", said.kind)),
        Kind::Sent => Fact::Sent,
        Kind::Queued => Fact::Queued,
        Kind::Deferred => Fact::Deferred { reason: reason() },
        Kind::Delivered => Fact::Delivered,
        Kind::Bounced => {
            Fact::Bounced { class: bounce_from_wire(said.bounce)?, asynchronous: said.asynchronous, reason: reason() }
        }
        Kind::Dropped => {
            Fact::Dropped(Drop { reason: drop_from_wire(said.drop)?, scope: scope(said)?, text: reason() })
        }
        Kind::Opened => Fact::Opened(agent_from_wire(said.agent)?),
        Kind::Clicked => Fact::Clicked { agent: agent_from_wire(said.agent)?, link: said.link.to_owned() },
        Kind::Complained => Fact::Complained,
        Kind::Unsubscribed => Fact::Unsubscribed { scope: scope(said)?, from_register: said.from_register },
        Kind::Resubscribed => Fact::Resubscribed { scope: scope(said)?, from_register: said.from_register },
        Kind::Withheld => Fact::Withheld(withheld_from_wire(said.withheld)?),
    })
}

fn scoped(scope: &Scope) -> Fields<'_> {
    let (kind, list) = scope_to_wire(scope);
    Fields { scope: kind.into(), list, ..Fields::default() }
}

fn scope(said: &Fields<'_>) -> Result<Scope, Error> {
    scope_from_wire(said.scope, said.list)
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

/// Wire value of the topic that an event came from, by its short name; 0 for one that events do not come from.
pub fn source_to_wire(topic: &str) -> u32 {
    SOURCES.iter().position(|source| *source == topic).and_then(|place| u32::try_from(place).ok()).unwrap_or(0)
}

pub(crate) fn source_from_wire(value: u32) -> &'static str {
    usize::try_from(value).ok().and_then(|place| SOURCES.get(place)).copied().unwrap_or("")
}
