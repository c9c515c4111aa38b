//! Contacts between `domain` and protobuf. The key names organisation and subject; the value never repeats them.

use bytes::Bytes;
use domain::contact::{Cause, Contact, ContactEntry, ContactEvent, ContactFact, Subject};
use domain::{AddressHash, Arrival, EventId, Scope, SourcePosition, Time};

use crate::event::{scope_from_wire, scope_to_wire, sixteen, source_from_wire, source_to_wire};
use crate::fields::Reader;
use crate::proto::contact::v1 as wire;
use crate::{Error, key};

/// The wire form of an event's value.
pub fn to_wire(event: &ContactEvent) -> wire::ContactEvent {
    let entry = ContactEntry {
        id: event.id,
        time: event.time,
        decoder: event.decoder,
        retracted: event.retracted,
        version: event.version,
        fact: event.fact.clone(),
        arrival: event.arrival.clone(),
    };
    wire::ContactEvent { part: event.part.clone(), ..entry_to_wire(&entry) }
}

/// The event of a wire value and of the key that it stood under.
///
/// # Errors
/// [`Error::Field`] for a value that this version cannot read: an unknown kind, an id that is not 16 bytes, a fact that
/// cannot be said of the subject.
pub fn from_wire(organisation: &str, subject: &Subject, wire: &wire::ContactEvent) -> Result<ContactEvent, Error> {
    let entry = entry_from_wire(wire)?;
    if !subject.takes(&entry.fact) {
        return Err(Error::Field { field: "kind", detail: "is said of the other kind of contact".to_owned() });
    }
    Ok(ContactEvent {
        organisation: organisation.to_owned(),
        subject: subject.clone(),
        id: entry.id,
        time: entry.time,
        decoder: entry.decoder,
        retracted: entry.retracted,
        version: entry.version,
        fact: entry.fact,
        part: wire.part.clone(),
        arrival: entry.arrival,
    })
}

/// The wire form of a contact's row.
pub fn row_to_wire(contact: &Contact) -> wire::ContactState {
    let (interaction, transaction) = contact.last_interactions();
    let hash = |hash: AddressHash| Bytes::copy_from_slice(&hash.0);
    wire::ContactState {
        changed_at_us: micros(contact.changed_at()),
        erased_at_us: micros(contact.erased_at()),
        registers: contact.registers().iter().map(register).collect(),
        suppressions: contact.suppressions().into_iter().map(suppression).collect(),
        addresses: contact.addresses().into_iter().map(hash).collect(),
        removed_addresses: contact.removed_addresses().into_iter().map(|(removed, _)| hash(removed)).collect(),
        last_interaction_us: micros(interaction),
        last_transaction_us: micros(transaction),
        facts: contact.facts().map(entry_to_wire).collect(),
        held_us: Vec::new(),
    }
}

/// When the latest event of a row's subject happened, in microseconds since the Unix epoch, 0 where none is known: of its bytes, for
/// whoever shows nothing else of it.
///
/// # Errors
/// [`Error::Malformed`].
pub fn changed_at_us(row: &[u8]) -> Result<i64, Error> {
    let (mut changed, mut reader) = (0, Reader { what: "ContactState", rest: row });
    while let Some((tag, wire)) = reader.next()? {
        match tag {
            1 => changed = reader.signed(wire)?,
            _ => reader.skip(tag, wire)?,
        }
    }
    Ok(changed)
}

/// The contact of a row. Only the facts are read: what readers see is recomputed, never trusted.
///
/// # Errors
/// [`Error::Field`] for a fact that this version cannot read.
pub fn row_from_wire(subject: &Subject, row: &wire::ContactState) -> Result<Contact, Error> {
    let entries = row.facts.iter().map(entry_from_wire).collect::<Result<Vec<_>, _>>()?;
    Ok(Contact::from_facts(subject, entries))
}

/// Key of a contact.
pub fn key(organisation: &str, subject: &Subject) -> Bytes {
    match subject {
        Subject::Client(client) => key::client(organisation, client),
        Subject::Address(hash) => key::address(organisation, &hash.0),
    }
}

/// Organisation and subject of a key; `None` when it is not a contact's canonical key.
pub fn subject(key: &[u8]) -> Option<(&str, Subject)> {
    let parts = key::decode(key)?;
    let [organisation, kind, id] = parts.as_slice() else { return None };
    let organisation = std::str::from_utf8(organisation).ok().filter(|organisation| !organisation.is_empty())?;
    let subject = match *kind {
        b"client" => Subject::Client(std::str::from_utf8(id).ok().filter(|id| !id.is_empty())?.to_owned()),
        b"address" => Subject::Address(AddressHash((*id).try_into().ok()?)),
        _ => return None,
    };
    Some((organisation, subject))
}

fn micros(time: Option<Time>) -> i64 {
    time.map_or(0, Time::micros)
}

fn register(register: &domain::contact::Register) -> wire::Register {
    let (scope, list) = scope_to_wire(&register.scope);
    wire::Register {
        scope: scope.into(),
        list: list.to_owned(),
        unsubscribed: register.unsubscribed,
        since_us: register.since.micros(),
        message: register.message.clone().unwrap_or_default(),
    }
}

fn suppression(held: domain::contact::Suppression) -> wire::Suppression {
    wire::Suppression {
        cause: cause_to_wire(held.cause).into(),
        since_us: held.since.micros(),
        message: held.message,
        revealed: held.revealed,
    }
}

/// Wire value of a cause.
pub fn cause_to_wire(cause: Cause) -> wire::Cause {
    match cause {
        Cause::Bounce => wire::Cause::Bounce,
        Cause::Complaint => wire::Cause::Complaint,
        Cause::Invalid => wire::Cause::Invalid,
        Cause::Domain => wire::Cause::Domain,
    }
}

fn cause_from_wire(value: i32) -> Result<Cause, Error> {
    let known = Cause::ALL.into_iter().find(|cause| i32::from(cause_to_wire(*cause)) == value);
    known.ok_or_else(|| Error::Field { field: "cause", detail: format!("{value} is not known to this version") })
}

fn entry_to_wire(entry: &ContactEntry) -> wire::ContactEvent {
    let mut out = wire::ContactEvent {
        id: Bytes::copy_from_slice(&entry.id.0),
        time_us: entry.time.micros(),
        decoder: entry.decoder,
        retracted: entry.retracted,
        version_us: entry.version.micros(),
        ..wire::ContactEvent::default()
    };
    let arrival = &entry.arrival;
    if *arrival != Arrival::default() {
        out.received_after_us = arrival.received.micros().saturating_sub(entry.time.micros());
        out.source_topic = source_to_wire(&arrival.source.topic);
        out.source_partition = arrival.source.partition;
        out.source_offset = arrival.source.offset;
    }
    out.kind = put_fact(&mut out, &entry.fact).into();
    out
}

fn put_fact(out: &mut wire::ContactEvent, fact: &ContactFact) -> wire::Kind {
    use wire::Kind;
    let mut register = |scope: &Scope, message: &Option<String>| {
        let (kind, list) = scope_to_wire(scope);
        out.scope = kind.into();
        list.clone_into(&mut out.list);
        out.message = message.clone().unwrap_or_default();
    };
    match fact {
        ContactFact::Unsubscribed { scope, message } => {
            register(scope, message);
            Kind::Unsubscribed
        }
        ContactFact::Resubscribed { scope, message } => {
            register(scope, message);
            Kind::Resubscribed
        }
        ContactFact::Suppressed { cause, revealed, message } => {
            out.cause = cause_to_wire(*cause).into();
            out.revealed = *revealed;
            out.message.clone_from(message);
            Kind::Suppressed
        }
        ContactFact::Addressed { address, by_send } => {
            out.address = Bytes::copy_from_slice(&address.0);
            if *by_send { Kind::SentTo } else { Kind::Addressed }
        }
        ContactFact::Removed { address } => {
            out.address = Bytes::copy_from_slice(&address.0);
            Kind::Removed
        }
        ContactFact::Interacted { transaction: false } => Kind::Interacted,
        ContactFact::Interacted { transaction: true } => Kind::Transacted,
        ContactFact::Reactivated => Kind::Reactivated,
        ContactFact::Described => Kind::Described,
        ContactFact::Held => Kind::Held,
        ContactFact::Erased => Kind::Erased,
    }
}

fn entry_from_wire(wire: &wire::ContactEvent) -> Result<ContactEntry, Error> {
    let time = Time::from_micros(wire.time_us);
    let topic = source_from_wire(wire.source_topic);
    let came = wire.received_after_us != 0 || !topic.is_empty();
    let source = SourcePosition { topic: topic.into(), partition: wire.source_partition, offset: wire.source_offset };
    Ok(ContactEntry {
        id: EventId(sixteen("id", &wire.id)?),
        time,
        decoder: wire.decoder,
        retracted: wire.retracted,
        version: Time::from_micros(wire.version_us),
        fact: fact(wire)?,
        arrival: if came {
            Arrival { received: time.plus_micros(wire.received_after_us), source }
        } else {
            Arrival::default()
        },
    })
}

fn fact(wire: &wire::ContactEvent) -> Result<ContactFact, Error> {
    use wire::Kind;
    let scope = || scope_from_wire(wire.scope, &wire.list);
    let message = || (!wire.message.is_empty()).then(|| wire.message.clone());
    let address = || sixteen("address", &wire.address).map(AddressHash);
    Ok(match Kind::try_from(wire.kind).unwrap_or(Kind::Unspecified) {
        Kind::Unspecified => {
            let detail = format!("{} is not known to this version", wire.kind);
            return Err(Error::Field { field: "kind", detail });
        }
        Kind::Unsubscribed => ContactFact::Unsubscribed { scope: scope()?, message: message() },
        Kind::Resubscribed => ContactFact::Resubscribed { scope: scope()?, message: message() },
        Kind::Suppressed => ContactFact::Suppressed {
            cause: cause_from_wire(wire.cause)?,
            revealed: wire.revealed,
            message: wire.message.clone(),
        },
        Kind::Reactivated => ContactFact::Reactivated,
        Kind::Addressed => ContactFact::Addressed { address: address()?, by_send: false },
        Kind::SentTo => ContactFact::Addressed { address: address()?, by_send: true },
        Kind::Removed => ContactFact::Removed { address: address()? },
        Kind::Interacted => ContactFact::Interacted { transaction: false },
        Kind::Transacted => ContactFact::Interacted { transaction: true },
        Kind::Described => ContactFact::Described,
        Kind::Held => ContactFact::Held,
        Kind::Erased => ContactFact::Erased,
    })
}
