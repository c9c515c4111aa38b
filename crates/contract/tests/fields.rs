//! Events and rows read and written without prost's structs are byte for byte and fact for fact what prost makes of them.

#![expect(clippy::indexing_slicing, reason = "a test says what it expects by failing")]

use contract::proto::campaign::v1::{CampaignStats, Counters as WireCounters, Source};
use contract::proto::event::v1 as wire;
use contract::proto::message::v1::MessageState;
use contract::{Proto as _, campaign, counters, event, message};
use domain::{
    Agent, Arrival, Attribution, BounceClass, Counters, Drop, DropReason, Event, EventId, Fact, Message, Origin, Rank,
    Scope, SourcePosition, Status, Time, WithheldReason,
};
use proptest::prelude::*;

fn fact() -> impl Strategy<Value = Fact> {
    let text = "[a-zä/{}]{0,150}";
    let scope = prop_oneof![Just(Scope::Organisation), "[a-z]{0,9}".prop_map(Scope::List), Just(Scope::Account)];
    prop_oneof![
        Just(Fact::Sent),
        Just(Fact::Queued),
        text.prop_map(|reason| Fact::Deferred { reason }),
        Just(Fact::Delivered),
        (any::<bool>(), text).prop_map(|(asynchronous, reason)| Fact::Bounced {
            class: BounceClass::Block,
            asynchronous,
            reason
        }),
        (scope.clone(), text).prop_map(|(scope, text)| Fact::Dropped(Drop { reason: DropReason::Quota, scope, text })),
        Just(Fact::Opened(Agent::Machine)),
        text.prop_map(|link| Fact::Clicked { agent: Agent::Human, link }),
        Just(Fact::Complained),
        (scope.clone(), any::<bool>()).prop_map(|(scope, from_register)| Fact::Unsubscribed { scope, from_register }),
        (scope, any::<bool>()).prop_map(|(scope, from_register)| Fact::Resubscribed { scope, from_register }),
        Just(Fact::Withheld(WithheldReason::NoAddress)),
    ]
}

fn attribution() -> impl Strategy<Value = Attribution> {
    let part = || proptest::option::of("[a-z]{1,40}");
    (part(), part(), proptest::option::of(any::<[u8; 16]>()), proptest::option::of(any::<bool>())).prop_map(
        |(campaign, client, address, copy)| Attribution {
            campaign,
            client,
            address: address.map(domain::AddressHash),
            class: copy.map(|_| domain::MailClass::Mass),
            copy,
            origin: copy.map(|_| Origin::ClientFile),
        },
    )
}

fn given() -> impl Strategy<Value = Event> {
    let times = (-9_i64..2_000_000_000_000_000, -5_i64..9_000_000);
    let place = (0_u32..300, any::<u64>(), 0_u32..400, any::<bool>(), 0_usize..3);
    (any::<[u8; 16]>(), times, place, fact(), attribution(), "[a-z]{0,9}").prop_map(
        |(id, (time, after), (partition, offset, decoder, retracted, rank), fact, attribution, provider)| {
            let topic = if retracted { "platform" } else { "webhooks" };
            Event {
                organisation: "acme".into(),
                message: "m1".into(),
                id: EventId(id),
                time: Time::from_micros(time),
                decoder,
                retracted,
                rank: [Rank::Send, Rank::CustomData, Rank::Tags][rank],
                attribution,
                provider,
                fact,
                arrival: Arrival {
                    received: Time::from_micros(time + after),
                    source: SourcePosition { topic: topic.into(), partition, offset },
                },
            }
        },
    )
}

proptest! {
    #[test]
    fn an_event_is_the_bytes_that_prost_writes_and_reads_back(event in given()) {
        let bytes = event::encode(&event);
        prop_assert_eq!(&bytes, &event::to_wire(&event).encode_to_vec());
        prop_assert_eq!(event::decode("acme", "m1", &bytes), Ok(event));
    }

    #[test]
    fn a_row_is_the_bytes_that_prost_writes_and_reads_back(events in proptest::collection::vec(given(), 0..12)) {
        let mut row = Message::default();
        events.iter().for_each(|event| { row.fold(event); });
        let bytes = message::encode(&row);
        prop_assert_eq!(&bytes, &message::to_wire(&row).encode_to_vec());
        prop_assert_eq!(&message::decode(&bytes), &message::from_wire(MessageState::decode(&bytes[..]).unwrap()));
        prop_assert_eq!(message::decode(&bytes), Ok(row));
    }

    #[test]
    fn bytes_that_are_cut_or_changed_are_read_as_prost_reads_them(event in given(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = event::encode(&event);
        let place = at.index(bytes.len());
        bytes[place] = byte;
        for bytes in [&bytes[..], &bytes[..place]] {
            let theirs = wire::Event::decode(bytes);
            let ours = event::decode("acme", "m1", bytes);
            match theirs {
                Ok(wire) => prop_assert_eq!(ours, event::from_wire("acme", "m1", wire)),
                Err(_) => prop_assert!(ours.is_err()),
            }
        }
    }
}

#[test]
fn keys_and_groups_are_read_as_prost_reads_them() {
    // A varint field with the largest number, the same with a key beyond 32 bits.
    let (largest, beyond) = (vec![0xf8, 0xff, 0xff, 0xff, 0x0f, 1], vec![0xf8, 0xff, 0xff, 0xff, 0x1f, 1]);
    // Groups of field 255: empty, with a field and a group in it, ended by another's end, not ended; an end alone; too deep.
    let groups = [vec![0xfb, 0x0f, 0xfc, 0x0f], vec![0xfb, 0x0f, 0xf8, 0x0f, 1, 0x83, 0x10, 0x84, 0x10, 0xfc, 0x0f]];
    let wrong = [vec![0xfb, 0x0f, 0x84, 0x10], vec![0xfb, 0x0f], vec![0xfc, 0x0f], [0xfb, 0x0f].repeat(200)];
    let deep = |depth| [[0xfb, 0x0f].repeat(depth), [0xfc, 0x0f].repeat(depth)].concat();
    let depths = [deep(99), deep(100), deep(101), deep(102)];
    for tail in [largest, beyond].iter().chain(&groups).chain(&wrong).chain(&depths) {
        let bytes =
            [&wire::Event { id: vec![7; 16].into(), ..wire::Event::default() }.encode_to_vec(), &tail[..]].concat();
        let (theirs, ours) = (wire::Event::decode(&bytes[..]), event::decode("acme", "m1", &bytes));
        match theirs {
            Ok(wire) => assert_eq!(ours, event::from_wire("acme", "m1", wire), "{tail:x?}"),
            Err(why) => assert!(matches!(ours, Err(contract::Error::Malformed { .. })), "{tail:x?}: {why}: {ours:?}"),
        }
    }
}

#[test]
fn fields_that_are_not_known_are_passed_over() {
    let mut bytes =
        vec![0xf8, 0x0f, 1, 0xf9, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 0xfa, 0x0f, 2, 7, 7, 0xfd, 0x0f, 0, 0, 0, 0];
    assert!(matches!(event::decode("o", "m", &bytes), Err(contract::Error::Field { field: "id", .. })));
    bytes.extend_from_slice(&[0xfa, 0x0f, 9]);
    assert!(matches!(event::decode("o", "m", &bytes), Err(contract::Error::Malformed { .. })));
}

fn counted() -> impl Strategy<Value = Counters> {
    let number = prop_oneof![Just(0_u64), any::<u64>()];
    (number.clone(), number.clone(), number, 0..DropReason::ALL.len(), 0..Status::ALL.len()).prop_map(
        |(sent, opened, said, drop, status)| {
            let mut counters = Counters { sent, opened, client_file: said, ..Counters::default() };
            counters.dropped_by.insert(DropReason::ALL[drop], said);
            counters.not_sent_by.insert(WithheldReason::NoAddress, sent);
            counters.by_status.insert(Status::ALL[status], opened);
            counters
        },
    )
}

proptest! {
    #[test]
    fn a_campaigns_row_and_its_counters_are_read_as_prost_reads_them(
        counters in counted(), text in "[a-zé]{0,9}", at in any::<prop::sample::Index>(), byte: u8, seconds: i64,
    ) {
        let created_at = Some(prost_types::Timestamp { seconds, nanos: 7 });
        let row = CampaignStats {
            name: text.clone(), subject: text, created_at, automated: true, class: 2,
            counters: Some(counters::to_wire(&counters)), sources: vec![Source::default(); 2],
            ..CampaignStats::default()
        };
        let (shown, bytes) = campaign::shown(&row.encode_to_vec().into()).unwrap();
        prop_assert_eq!(&shown, &CampaignStats { counters: None, sources: vec![], ..row });
        prop_assert_eq!(counters::decode(&bytes), Ok(counters));
        // Cut or changed they are read as prost reads them, too.
        let mut bytes = bytes.to_vec();
        if !bytes.is_empty() {
            let place = at.index(bytes.len());
            bytes[place] = byte;
            for bytes in [&bytes[..], &bytes[..place]] {
                match WireCounters::decode(bytes) {
                    Ok(theirs) => prop_assert_eq!(counters::decode(bytes).ok(), counters::from_wire(&theirs).ok()),
                    Err(_) => prop_assert!(counters::decode(bytes).is_err()),
                }
            }
        }
    }

    #[test]
    fn a_rows_head_is_what_readers_see(events in proptest::collection::vec(given(), 0..4)) {
        let mut row = Message::default();
        for event in &events {
            row.fold(event);
        }
        let bytes = bytes::Bytes::from(message::encode(&row));
        let head = MessageState::decode(message::head(&bytes)).unwrap();
        let whole = MessageState { facts: vec![], said: vec![], beyond: 0, ..message::to_wire(&row) };
        prop_assert_eq!(head, whole.clone());
        prop_assert_eq!(message::client(&bytes), Some(whole.client.as_str()).filter(|client| !client.is_empty()));
        // A writer that has another order loses nothing.
        let turned = bytes::Bytes::from([&MessageState { beyond: 3, ..MessageState::default() }.encode_to_vec()[..], &bytes].concat());
        let head = MessageState::decode(message::head(&turned)).unwrap();
        prop_assert_eq!((head.campaign, head.status), (whole.campaign, whole.status));
    }
}
