//! Two implementations of one page: the oracle and the domain agree on every set of events.

use std::collections::BTreeMap;

use domain::{
    Agent, Arrival, Attribution, BounceClass, Contribution, Counters, Drop, DropReason, Event, EventId, Fact, Message,
    Origin, Outcome, Rank, Scope, Status, Time, WithheldReason,
};
use oracle::{Part, Recount, Tally};
use proptest::prelude::*;

fn facts() -> impl Strategy<Value = Fact> {
    let class = prop::sample::select(BounceClass::ALL.to_vec());
    let agent = prop::sample::select(vec![Agent::Human, Agent::Machine, Agent::Unknown]);
    let scope = prop::sample::select(vec![Scope::Organisation, Scope::List("news".into()), Scope::Address]);
    prop_oneof![
        Just(Fact::Sent),
        Just(Fact::Queued),
        Just(Fact::Delivered),
        Just(Fact::Complained),
        Just(Fact::Deferred { reason: String::new() }),
        Just(Fact::Withheld(WithheldReason::Inactive)),
        prop::sample::select(DropReason::ALL.to_vec()).prop_map(|reason| Fact::Dropped(Drop {
            reason,
            scope: Scope::Message,
            text: String::new()
        })),
        (class, any::<bool>()).prop_map(|(class, asynchronous)| Fact::Bounced {
            class,
            asynchronous,
            reason: String::new()
        }),
        agent.clone().prop_map(Fact::Opened),
        agent.prop_map(|agent| Fact::Clicked { agent, link: String::new() }),
        (scope.clone(), any::<bool>()).prop_map(|(scope, from_register)| Fact::Unsubscribed { scope, from_register }),
        (scope, any::<bool>()).prop_map(|(scope, from_register)| Fact::Resubscribed { scope, from_register }),
    ]
}

fn events() -> impl Strategy<Value = Event> {
    let attribution = (0..4_u8, prop::option::weighted(0.1, any::<bool>()), prop::option::weighted(0.1, any::<bool>()))
        .prop_map(|(campaign, copy, file)| Attribution {
            campaign: (campaign > 0).then(|| format!("c{campaign}")),
            copy,
            origin: file.map(|file| if file { Origin::ClientFile } else { Origin::Campaign }),
            ..Attribution::default()
        });
    let rank = prop::sample::select(vec![Rank::Send, Rank::CustomData, Rank::Tags]);
    (0..9_u8, 0..6_i64, 1..3_u32, prop::bool::weighted(0.1), rank, attribution, facts()).prop_map(
        |(id, time, decoder, retracted, rank, attribution, fact)| Event {
            organisation: "o".into(),
            message: "m".into(),
            id: EventId([id; 16]),
            time: Time::from_micros(time),
            decoder,
            retracted,
            rank,
            attribution,
            provider: String::new(),
            fact,
            arrival: Arrival::default(),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn the_oracle_and_the_domain_agree(events in prop::collection::vec(events(), 0..12)) {
        let (mut message, mut recount) = (Message::default(), Recount::default());
        for event in &events {
            message.fold(event);
        }
        events.into_iter().rev().for_each(|event| recount.take(event));
        let name = ("o".to_owned(), "m".to_owned());
        let share = recount.shares().next().map(|(_, share)| (share.campaign, share.counters));
        prop_assert_eq!(share, Contribution::of(&message).map(|share| (share.campaign, share.counters)));
        if let Some(row) = recount.row(&name) {
            let standing = message.standing();
            prop_assert_eq!((row.verdict.outcome, row.verdict.status), (standing.outcome, standing.status));
            prop_assert_eq!((row.inferred, row.attribution), (standing.inferred, message.attribution()));
            prop_assert_eq!(Some(row.since), message.status_since());
        }
    }

    #[test]
    fn tallies_taken_on_the_way_are_those_of_a_recount_from_nothing(events in prop::collection::vec((0..3_u8, events()), 0..24)) {
        let mut on_the_way = Recount::default();
        for place in 0..events.len() {
            let named = |(message, event): &(u8, Event)| Event { message: format!("m{message}"), ..event.clone() };
            on_the_way.take(named(&events[place]));
            let mut anew = Recount::default();
            events[..=place].iter().for_each(|event| anew.take(named(event)));
            let tallies = on_the_way.tallies().clone();
            let with_numbers = |(_, tally): &(&(String, String), &Tally)| **tally != Tally::default();
            prop_assert!(tallies.iter().filter(with_numbers).eq(anew.tallies().iter().filter(with_numbers)));
            let mut sums: BTreeMap<(String, String), Counters> = BTreeMap::new();
            for ((organisation, _), share) in anew.shares() {
                sums.entry((organisation.clone(), share.campaign)).or_default().add(&share.counters);
            }
            for (name, sum) in sums {
                prop_assert_eq!(tallies.get(&name).map(|tally| &tally.counters), Some(&sum));
            }
        }
    }
}

#[test]
fn a_message_counted_by_hand() {
    let event = |id: u8, time, fact| Event {
        organisation: "o".into(),
        message: "m".into(),
        id: EventId([id; 16]),
        time: Time::from_micros(time),
        decoder: 1,
        retracted: false,
        rank: Rank::Send,
        attribution: Attribution { campaign: Some("c".into()), ..Attribution::default() },
        provider: String::new(),
        fact,
        arrival: Arrival::default(),
    };
    let hard = Fact::Bounced { class: BounceClass::Hard, asynchronous: true, reason: String::new() };
    let mut recount = Recount::default();
    for event in [event(1, 1, Fact::Sent), event(2, 2, Fact::Delivered), event(3, 9, hard), event(3, 9, Fact::Sent)] {
        recount.take(event);
    }
    let name = ("o".to_owned(), "m".to_owned());
    let verdict = recount.verdict(&name).map(|verdict| (verdict.outcome, verdict.status));
    assert_eq!(
        verdict,
        Some((Outcome::Bounced(BounceClass::Hard), Status::Bounce)),
        "a late bounce takes delivery back"
    );
    recount.take(event(4, 10, Fact::Opened(Agent::Human)));
    let verdict = recount.verdict(&name).map(|verdict| (verdict.outcome, verdict.status));
    assert_eq!(verdict, Some((Outcome::Delivered, Status::Open)), "engaged and delivered: the bounce is defeated");
    let mut tags = event(1, 1, Fact::Sent);
    (tags.decoder, tags.retracted) = (2, true);
    recount.take(tags);
    let parts: Vec<Part> = recount.history(&name).into_iter().map(|(_, part)| part).collect();
    let retracted = Part::Retracted { by: 2 };
    let superseded = Part::Superseded { by: 1 };
    assert_eq!(parts, [retracted, retracted, Part::Counted, Part::Counted, superseded, Part::Counted]);
    recount.take(event(2, 2, Fact::Delivered));
    assert_eq!(recount.history(&name)[3].1, Part::Duplicate);
}
