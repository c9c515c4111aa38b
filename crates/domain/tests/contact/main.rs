//! The laws and the rules of contacts, as DESIGN.md sections 1 and 4 state them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod laws;
mod rules;
mod verdicts;

use domain::contact::{Cause, Contact, ContactEvent, ContactFact, Subject};
use domain::{AddressHash, Arrival, EventId, Scope, Time};

pub(crate) const HOUR: i64 = 3_600_000_000;
pub(crate) const DAY: i64 = 24 * HOUR;

pub(crate) fn client() -> Subject {
    Subject::Client("k".into())
}

pub(crate) fn address(n: u8) -> AddressHash {
    AddressHash([n; 16])
}

pub(crate) fn event(subject: &Subject, id: u32, time: i64, fact: ContactFact) -> ContactEvent {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&id.to_be_bytes());
    ContactEvent {
        organisation: "o".into(),
        subject: subject.clone(),
        id: EventId(bytes),
        time: Time::from_micros(time),
        decoder: 1,
        retracted: false,
        version: Time::default(),
        fact,
        part: None,
        arrival: Arrival::default(),
    }
}

/// A contact of facts at their times.
pub(crate) fn row(subject: &Subject, facts: impl IntoIterator<Item = (i64, ContactFact)>) -> Contact {
    let mut contact = Contact::new(subject);
    for (id, (time, fact)) in (1..).zip(facts) {
        contact.fold(&event(subject, id, time, fact));
    }
    contact
}

pub(crate) fn off(message: Option<&str>) -> ContactFact {
    ContactFact::Unsubscribed { scope: Scope::Organisation, message: message.map(str::to_owned) }
}

pub(crate) fn on(message: Option<&str>) -> ContactFact {
    ContactFact::Resubscribed { scope: Scope::Organisation, message: message.map(str::to_owned) }
}

pub(crate) fn list(name: &str, unsubscribed: bool) -> ContactFact {
    let (scope, message) = (Scope::List(name.into()), None);
    if unsubscribed {
        ContactFact::Unsubscribed { scope, message }
    } else {
        ContactFact::Resubscribed { scope, message }
    }
}

pub(crate) fn suppressed(cause: Cause, message: &str) -> ContactFact {
    ContactFact::Suppressed { cause, revealed: false, message: message.into() }
}

pub(crate) const LOGIN: ContactFact = ContactFact::Interacted { transaction: false };
pub(crate) const TRANSACTION: ContactFact = ContactFact::Interacted { transaction: true };

/// Microseconds of a UTC time such as `2024-02-29T12:00:00`.
pub(crate) fn at(utc: &str) -> i64 {
    let (date, time) = utc.split_once('T').unwrap();
    let numbers = |text: &str, by: char| text.split(by).map(|n| n.parse::<i64>().unwrap()).collect::<Vec<_>>();
    let (date, time) = (numbers(date, '-'), numbers(time, ':'));
    // Days from civil, Howard Hinnant's algorithm.
    let (year, month) = if date[1] <= 2 { (date[0] - 1, date[1] + 9) } else { (date[0], date[1] - 3) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + date[2] - 1 - 719_468;
    days * DAY + time[0] * HOUR + time[1] * 60_000_000 + time[2] * 1_000_000
}
