//! `decode(encode(x)) == x` for contacts, and which keys are theirs.

use contract::{Proto as _, contact, key, proto::contact::v1 as wire};
use domain::contact::{Cause, Contact, ContactEvent, ContactFact, Subject};
use domain::{AddressHash, Arrival, EventId, Scope, SourcePosition, Time};

const ADDRESS: AddressHash = AddressHash([7; 16]);

fn facts() -> Vec<ContactFact> {
    let (scope, message) = (Scope::List("news".into()), Some("m1".to_owned()));
    vec![
        ContactFact::Unsubscribed { scope: scope.clone(), message: message.clone() },
        ContactFact::Resubscribed { scope, message: None },
        ContactFact::Suppressed { cause: Cause::Domain, revealed: true, message: "m1".into() },
        ContactFact::Reactivated,
        ContactFact::Addressed { address: ADDRESS, by_send: true },
        ContactFact::Addressed { address: ADDRESS, by_send: false },
        ContactFact::Removed { address: ADDRESS },
        ContactFact::Interacted { transaction: true },
        ContactFact::Interacted { transaction: false },
        ContactFact::Described,
        ContactFact::Held,
        ContactFact::Erased,
    ]
}

fn events(subject: &Subject) -> impl Iterator<Item = ContactEvent> {
    let facts = facts().into_iter().filter(|fact| subject.takes(fact)).collect::<Vec<_>>();
    facts.into_iter().zip(1_u8..).map(|(fact, n)| ContactEvent {
        organisation: "acme".into(),
        subject: subject.clone(),
        id: EventId([n; 16]),
        time: Time::from_micros(1_700_000_000_000_000 + i64::from(n)),
        decoder: 3,
        retracted: n == 2,
        version: Time::from_micros(i64::from(n % 3)),
        fact,
        part: [None, Some(String::new()), Some("mail/m1".to_owned())].into_iter().nth(usize::from(n % 3)).flatten(),
        arrival: Arrival {
            received: Time::from_micros(1_700_000_000_000_009),
            source: SourcePosition { topic: "platform".into(), partition: 2, offset: u64::from(n) },
        },
    })
}

#[test]
fn every_kind_of_event_and_a_row_of_them_all_read_back() {
    for subject in [Subject::Client("k".into()), Subject::Address(ADDRESS)] {
        let mut row = Contact::new(&subject);
        for given in events(&subject) {
            let bytes = contact::to_wire(&given).encode_to_vec();
            let read = contract::decode("ContactEvent", &bytes).expect("protobuf");
            assert_eq!(contact::from_wire("acme", &subject, &read), Ok(given.clone()));
            row.fold(&given);
        }
        assert_eq!(contact::row_from_wire(&subject, &contact::row_to_wire(&row)), Ok(row));
    }
}

#[test]
fn what_cannot_be_read_is_refused_by_field() {
    let subject = Subject::Address(ADDRESS);
    let said = |event: wire::ContactEvent| match contact::from_wire("acme", &subject, &event) {
        Err(contract::Error::Field { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    let id = bytes::Bytes::from_static(&[1; 16]);
    assert_eq!(said(wire::ContactEvent::default()), "id");
    assert_eq!(said(wire::ContactEvent { id: id.clone(), ..wire::ContactEvent::default() }), "kind");
    let erased = wire::Kind::Erased.into();
    assert_eq!(said(wire::ContactEvent { id: id.clone(), kind: erased, ..wire::ContactEvent::default() }), "kind");
    let suppressed = wire::Kind::Suppressed.into();
    assert_eq!(said(wire::ContactEvent { id, kind: suppressed, ..wire::ContactEvent::default() }), "cause");
}

#[test]
fn a_contacts_key_names_a_client_or_an_address_and_nothing_else_does() {
    for subject in [Subject::Client("k".into()), Subject::Address(ADDRESS)] {
        let key = contact::key("acme", &subject);
        assert_eq!(contact::subject(&key), Some(("acme", subject)));
    }
    for key in [
        key::encode(&[b"acme", b"client", b""]),
        key::encode(&[b"", b"client", b"k"]),
        key::encode(&[b"acme", b"address", b"short"]),
        key::encode(&[b"acme", b"domain", b"k"]),
        key::client_part("acme", "k", "mail/m1"),
        key::message("acme", "m1"),
    ] {
        assert_eq!(contact::subject(&key), None, "{key:?}");
    }
    assert!(key::client_part("acme", "k", "").starts_with(&key::client("acme", "k")));
}

#[test]
fn an_erasure_waits_for_the_short_retentions_and_for_the_compaction() {
    const DAY_MS: i64 = 86_400_000;
    let retention = contract::topic::erasure_retention(DAY_MS);
    assert_eq!((retention.intake_ms, retention.compaction_lag_ms), (30 * DAY_MS, DAY_MS));
}

#[test]
fn when_a_contact_changed_is_read_without_the_rest() {
    for changed_at_us in [0, -1, i64::MAX] {
        let row =
            wire::ContactState { changed_at_us, addresses: vec![vec![7; 16].into()], ..wire::ContactState::default() };
        assert_eq!(contact::changed_at_us(&row.encode_to_vec()), Ok(changed_at_us));
    }
    assert!(contact::changed_at_us(b"\x08").is_err());
}
