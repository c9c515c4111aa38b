//! What of a message goes on to its contacts: unsubscribes made from it and their reversals, and what suppresses its
//! address. A pure function of the row; what is sent is the difference of the row after and before, so a restore sends nothing.
//!
//! It goes to every client and address that a fact of the row names, a copy's client aside: that set only grows, so the
//! order of the facts does not show.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use contract::{identity, key};
use domain::contact::{Cause, ContactEvent, ContactFact, Subject};
use domain::{BounceClass, DropReason, Entry, EventId, Fact, Message, Time};

use crate::emit::Emit;

/// Items by contact and event.
type Items = BTreeMap<(Subject, EventId), ContactEvent>;

/// Sends on what the row says now and did not say before.
pub(super) fn difference(key: &Bytes, before: impl FnOnce() -> Message, after: &Message, emit: &mut Emit<'_>) {
    if !after.facts().any(|entry| said(&entry.fact, "").is_some()) {
        return;
    }
    let Some([organisation, message]) = key::strings::<2>(key) else { return };
    let known = items(organisation, message, &before());
    for (key, item) in items(organisation, message, after) {
        if known.get(&key) != Some(&item) {
            emit.contact(&item);
        }
    }
}

/// What a fact means for a contact. A block suppresses nothing, whenever it came; neither does a drop for a reason that is
/// the message's, the campaign's or the account's.
fn said(fact: &Fact, message: &str) -> Option<ContactFact> {
    let suppressed = |cause, revealed| ContactFact::Suppressed { cause, revealed, message: message.to_owned() };
    let made_from = || Some(message.to_owned());
    Some(match fact {
        Fact::Unsubscribed { scope, from_register: false } => {
            ContactFact::Unsubscribed { scope: scope.clone(), message: made_from() }
        }
        Fact::Resubscribed { scope, from_register: false } => {
            ContactFact::Resubscribed { scope: scope.clone(), message: made_from() }
        }
        Fact::Bounced { class: BounceClass::Hard, .. } => suppressed(Cause::Bounce, false),
        Fact::Complained => suppressed(Cause::Complaint, false),
        Fact::Dropped(drop) => match drop.reason {
            DropReason::PriorBounce => suppressed(Cause::Bounce, true),
            DropReason::PriorSpam => suppressed(Cause::Complaint, true),
            DropReason::InvalidAddress => suppressed(Cause::Invalid, true),
            DropReason::DomainFlagged => suppressed(Cause::Domain, true),
            _ => return None,
        },
        _ => return None,
    })
}

fn items(organisation: &str, message: &str, row: &Message) -> Items {
    let subjects = subjects(row);
    let mut items = Items::new();
    for (entry, live) in spoken(row) {
        let Some(fact) = said(&entry.fact, message) else { continue };
        for (subject, named) in &subjects {
            let retracted = !(live && *named);
            let item = ContactEvent {
                organisation: organisation.to_owned(),
                subject: subject.clone(),
                // One report may be about several messages of one contact.
                id: identity::event(&[b"message", message.as_bytes(), &entry.id.0]),
                time: entry.time,
                decoder: if retracted { decoder(row) } else { entry.decoder },
                retracted,
                version: Time::default(),
                fact: fact.clone(),
                part: None,
                arrival: entry.arrival.clone(),
            };
            items.insert((subject.clone(), item.id), item);
        }
    }
    items
}

/// The latest version of any decoder that spoke of the message.
fn decoder(row: &Message) -> u32 {
    row.facts().map(|entry| entry.decoder).max().unwrap_or_default()
}

/// Whom the facts name, and whether one that counts does.
fn subjects(row: &Message) -> BTreeMap<Subject, bool> {
    let mut subjects = BTreeMap::new();
    for (place, entry) in row.facts().enumerate() {
        let said = &entry.attribution;
        let client = said.client.clone().filter(|_| said.copy != Some(true)).map(Subject::Client);
        for subject in client.into_iter().chain(said.address.map(Subject::Address)) {
            *subjects.entry(subject).or_default() |= row.is_live(place);
        }
    }
    subjects
}

/// Of every event that goes on the copy that counts, or, when none does or it says something else now, the last that did.
fn spoken(row: &Message) -> impl Iterator<Item = (&Entry, bool)> {
    let goes_on = |entry: &Entry| said(&entry.fact, "").is_some();
    let places = || row.facts().enumerate().filter(move |(_, entry)| goes_on(entry));
    let live: BTreeSet<EventId> =
        places().filter(|(place, _)| row.is_live(*place)).map(|(_, entry)| entry.id).collect();
    places()
        .map(|(place, entry)| (entry, row.is_live(place)))
        .filter(move |(entry, is_live)| *is_live || !live.contains(&entry.id))
}
