//! `decode(encode(x)) == x` for rows and counters.

use contract::{counters, event, message};
use domain::{
    Agent, Arrival, Attribution, BounceClass, Contribution, Drop, DropReason, Event, EventId, Fact, Message, Rank,
    Scope, SourcePosition, Time, WithheldReason,
};

fn facts() -> Vec<Fact> {
    let drop = Drop { reason: DropReason::Quota, scope: Scope::Account, text: "over".into() };
    let list = Scope::List("news".into());
    vec![
        Fact::Sent,
        Fact::Queued,
        Fact::Deferred { reason: "greylisted".into() },
        Fact::Delivered,
        Fact::Bounced { class: BounceClass::Block, asynchronous: true, reason: "policy".into() },
        Fact::Dropped(drop),
        Fact::Opened(Agent::Machine),
        Fact::Clicked { agent: Agent::Unknown, link: "https://example.org/{id}".into() },
        Fact::Complained,
        Fact::Unsubscribed { scope: list.clone(), from_register: false },
        Fact::Resubscribed { scope: list, from_register: true },
        Fact::Withheld(WithheldReason::NoAddress),
    ]
}

fn events() -> impl Iterator<Item = Event> {
    facts().into_iter().zip(1_u8..).map(|(fact, n)| Event {
        organisation: "acme".into(),
        message: "m1".into(),
        id: EventId([n; 16]),
        time: Time::from_micros(1_700_000_000_000_000 + i64::from(n)),
        decoder: 3,
        retracted: n == 4,
        rank: Rank::Tags,
        attribution: Attribution { campaign: Some("spring".into()), copy: Some(false), ..Attribution::default() },
        provider: "sendgrid".into(),
        fact,
        arrival: Arrival {
            received: Time::from_micros(1_700_000_000_000_009),
            source: SourcePosition { topic: "webhooks".into(), partition: 2, offset: u64::from(n) },
        },
    })
}

#[test]
fn every_kind_of_event_reads_back() {
    for given in events() {
        assert_eq!(event::from_wire("acme", "m1", event::to_wire(&given)), Ok(given));
    }
}

#[test]
fn a_row_reads_back_as_its_facts_and_counts_alike() {
    let mut row = Message::default();
    events().for_each(|given| {
        row.fold(&given);
    });
    let wire = message::to_wire(&row);
    assert_eq!(message::from_wire(wire.clone()).as_ref(), Ok(&row));
    assert_eq!(message::contribution(&wire), Ok(Contribution::of(&row)));
}

#[test]
fn counters_read_back_and_an_unknown_word_is_refused() {
    let row = events().fold(Message::default(), |mut row, given| {
        row.fold(&given);
        row
    });
    let given = Contribution::of(&row).map(|share| share.counters).unwrap_or_default();
    let mut wire = counters::to_wire(&given);
    assert_eq!(counters::from_wire(&wire), Ok(given));
    wire.by_status.insert("tomorrow".into(), 1);
    assert!(counters::from_wire(&wire).is_err());
}
