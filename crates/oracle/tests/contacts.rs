//! Two implementations of one page: the oracle and the domain agree on every set of events about a contact, and the oracle
//! notices when somebody was not told.

use domain::contact::{Cause, Contact, ContactEvent, ContactFact, Subject};
use domain::{AddressHash, Arrival, Attribution, BounceClass, Event, EventId, Fact, Rank, Scope, Time};
use oracle::{ContactVerdict, Contacts, Recount};
use proptest::prelude::*;

fn facts() -> impl Strategy<Value = ContactFact> {
    let scope = || prop::sample::select(vec![Scope::Organisation, Scope::List("news".into())]);
    let message = || prop::option::of((0..3_u8).prop_map(|n| format!("m{n}")));
    let address = || (0..3_u8).prop_map(|n| AddressHash([n; 16]));
    let cause = prop::sample::select(Cause::ALL.to_vec());
    prop_oneof![
        (scope(), message()).prop_map(|(scope, message)| ContactFact::Unsubscribed { scope, message }),
        (scope(), message()).prop_map(|(scope, message)| ContactFact::Resubscribed { scope, message }),
        (cause, any::<bool>()).prop_map(|(cause, revealed)| ContactFact::Suppressed {
            cause,
            revealed,
            message: "m".into()
        }),
        Just(ContactFact::Reactivated),
        (address(), any::<bool>()).prop_map(|(address, by_send)| ContactFact::Addressed { address, by_send }),
        address().prop_map(|address| ContactFact::Removed { address }),
        any::<bool>().prop_map(|transaction| ContactFact::Interacted { transaction }),
        Just(ContactFact::Described),
        Just(ContactFact::Held),
        Just(ContactFact::Erased),
    ]
}

/// Copies of few events: a copy may be of another decoder or version, and, of registers, taken back.
fn events() -> impl Strategy<Value = Vec<ContactEvent>> {
    let copies = (any::<prop::sample::Index>(), 1..3_u32, prop::bool::weighted(0.2), 0..3_i64);
    let known = prop::collection::vec((0..6_i64, facts()), 1..8);
    (known, prop::collection::vec(copies, 0..14)).prop_map(|(known, copies)| {
        let copy = |(of, decoder, retracted, version): (prop::sample::Index, u32, bool, i64)| {
            let (time, fact) = of.get(&known).clone();
            let is_register = matches!(fact, ContactFact::Unsubscribed { .. } | ContactFact::Resubscribed { .. });
            ContactEvent {
                decoder,
                retracted: retracted && is_register,
                version: Time::from_micros(version),
                ..contact(u8::try_from(of.index(known.len())).unwrap_or_default(), time, fact)
            }
        };
        copies.into_iter().map(copy).collect()
    })
}

fn folded(contact: &Contact) -> ContactVerdict {
    let (last_interaction, last_transaction) = contact.last_interactions();
    let registers = contact.registers().into_iter();
    ContactVerdict {
        registers: registers.map(|register| (register.scope, register.unsubscribed)).collect(),
        suppressions: contact.suppressions().into_iter().map(|held| held.cause).collect(),
        changed_at: contact.changed_at(),
        erased_at: contact.erased_at(),
        addresses: contact.addresses().into_iter().collect(),
        last_interaction,
        last_transaction,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn the_oracle_and_the_domain_agree(events in events(), of_address in any::<bool>()) {
        let subject = if of_address { Subject::Address(AddressHash([9; 16])) } else { Subject::Client("k".into()) };
        let events = events.into_iter().map(|event| ContactEvent { subject: subject.clone(), ..event });
        let events: Vec<ContactEvent> = events.filter(|event| subject.takes(&event.fact)).collect();
        let (mut contact, mut contacts) = (Contact::new(&subject), Contacts::default());
        for event in &events {
            contact.fold(event);
        }
        events.into_iter().rev().for_each(|event| contacts.take(event));
        prop_assert_eq!(folded(&contact), contacts.verdict(&("o".to_owned(), subject)));
    }
}

fn message(id: u8, time: i64, fact: Fact) -> Event {
    let attribution = Attribution { client: Some("k".into()), ..Attribution::default() };
    Event {
        organisation: "o".into(),
        message: "m".into(),
        id: EventId([id; 16]),
        time: Time::from_micros(time),
        decoder: 1,
        retracted: false,
        rank: Rank::Send,
        attribution,
        provider: String::new(),
        fact,
        arrival: Arrival::default(),
    }
}

fn contact(id: u8, time: i64, fact: ContactFact) -> ContactEvent {
    ContactEvent {
        organisation: "o".into(),
        subject: Subject::Client("k".into()),
        id: EventId([id; 16]),
        time: Time::from_micros(time),
        decoder: 1,
        retracted: false,
        version: Time::default(),
        fact,
        part: None,
        arrival: Arrival::default(),
    }
}

#[test]
fn who_was_not_told_is_found() {
    let (mut messages, mut contacts) = (Recount::default(), Contacts::default());
    let hard = Fact::Bounced { class: BounceClass::Hard, asynchronous: false, reason: String::new() };
    messages.take(message(1, 1, hard));
    let (name, missing) = contacts.untold_by_messages(&messages).unwrap_or_default();
    assert_eq!(name.1, "m");
    assert!(missing.contains("Bounce"), "{missing}");
    contacts.take(contact(
        2,
        1,
        ContactFact::Suppressed { cause: Cause::Bounce, revealed: false, message: "m".into() },
    ));
    assert_eq!(contacts.untold_by_messages(&messages), None);

    let scope = Scope::Organisation;
    contacts.take(contact(3, 2, ContactFact::Unsubscribed { scope: scope.clone(), message: Some("m".into()) }));
    contacts.take(contact(4, 5, ContactFact::Resubscribed { scope: scope.clone(), message: None }));
    assert!(contacts.untold_lifts(&messages).is_some());
    messages.take(message(5, 5, Fact::Resubscribed { scope, from_register: true }));
    assert_eq!(contacts.untold_lifts(&messages), None);
}
