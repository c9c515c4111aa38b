//! Clients are found by exactly what their rows hold, whatever the rows and however they were cut into batches; of what is taken
//! back nothing is left.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use contract::proto::campaign::v1::CampaignStats;
use contract::proto::platform::v1::Address;
use contract::proto::private::v1::private::Row;
use contract::proto::private::v1::{Mail, Person, Private};
use contract::topic::Topic;
use contract::{Proto as _, key};
use engine::{Output, Record, TopicPartition};
use log::model::Model;
use log::{Cleanup, Log as _, TopicSpec};
use proptest::prelude::*;
use store::{Memory, Stores as _};
use view::{Filter, Follow, TOPICS, View};

const ORGANISATIONS: [&str; 2] = ["acme", "acme2"];

/// A private row: organisation, client, part, and what it says; `None` takes it back.
type Said = (usize, String, usize, Option<String>);

fn output((organisation, client, part, text): &Said) -> Output {
    let (part, row): (&str, fn(String) -> Row) = match part {
        0 => ("", |name| Row::Person(Person { name, ..Person::default() })),
        1 => ("address/1", |address| Row::Address(Address { address, ..Address::default() })),
        2 => ("mail/m1", |address| Row::Mail(Mail { address, ..Mail::default() })),
        _ => ("mail/m2", |address| Row::Mail(Mail { address, ..Mail::default() })),
    };
    let value = text.clone().map(|text| Private { row: Some(row(text)), ..Private::default() }.encode_to_vec().into());
    let key = Some(key::private(ORGANISATIONS.get(*organisation).unwrap(), client, part));
    let to = TopicPartition { topic: engine::Topic::new(&Topic::Private.name("t")), partition: 0 };
    Output { to, record: Record { key, value, ..Record::default() } }
}

fn log() -> Model {
    let log = Model::new("model");
    for topic in TOPICS {
        let name = engine::Topic::new(&topic.name("t"));
        log.create_topic(&TopicSpec { name, partitions: 1, cleanup: Cleanup::Compact { tombstone_ms: 1 } }).unwrap();
    }
    log
}

fn follow(log: &Model, memory: &Memory) -> Arc<View> {
    let view = Arc::new(View::new(memory.open("view").unwrap(), "model").unwrap());
    let of = Arc::new(log.clone());
    let follow = Follow { log: of, view: Arc::clone(&view), prefix: "t".to_owned(), partitions: 1, now_ms: || 0 };
    while follow.catch_up(&AtomicBool::new(false)).unwrap() {}
    view
}

/// Those whom the words find, by reading every text.
fn expected(rows: &BTreeMap<(usize, String, usize), String>, organisation: usize, words: &str) -> BTreeSet<String> {
    let terms: Vec<String> = words.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let mut texts: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for ((_, client, _), text) in rows.iter().filter(|((of, ..), _)| *of == organisation) {
        texts.entry(client).or_default().insert(text.to_lowercase());
    }
    let begins = |text: &str, term: &str| {
        let starts = text.char_indices().map(|(place, _)| place);
        let mut begins = starts.filter(|place| !text.get(..*place).unwrap().ends_with(char::is_alphanumeric));
        begins.any(|place| text.get(place..).unwrap().starts_with(term))
    };
    let has = |text: &String, term: &String| if term.len() < 3 { begins(text, term) } else { text.contains(term) };
    let whole = terms
        .iter()
        .find(|term| term.len() > 3 && term.contains('@') && texts.values().any(|texts| texts.contains(*term)));
    let found = texts.iter().filter(|(_, texts)| {
        terms.iter().all(|term| texts.iter().any(|text| has(text, term)))
            && whole.is_none_or(|whole| texts.contains(whole))
    });
    found.map(|(client, _)| (*client).to_owned()).collect()
}

fn found(view: &View, organisation: usize, words: &str) -> BTreeSet<String> {
    let (mut found, mut after) = (BTreeSet::new(), None);
    loop {
        let rows = view.snapshot();
        let page = rows.clients(ORGANISATIONS.get(organisation).unwrap(), words, after.as_deref(), 2).unwrap();
        for row in page.rows {
            assert!(found.insert(row.client), "each once");
        }
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

#[test]
fn a_campaign_is_found_by_any_part_of_its_name_subject_and_sender() {
    let log = log();
    let said = |name: &str| CampaignStats {
        name: name.into(),
        sender: "Zo\u{e9} <z@example.test>".into(),
        ..CampaignStats::default()
    };
    let to = TopicPartition { topic: engine::Topic::new(&Topic::CampaignStats.name("t")), partition: 0 };
    for (id, name) in [("c1", "Été 2026"), ("c2", "Hiver")] {
        let (key, value) = (Some(key::campaign("acme", id)), Some(said(name).encode_to_vec().into()));
        log.append(vec![Output { to: to.clone(), record: Record { key, value, ..Record::default() } }]).unwrap();
    }
    let view = follow(&log, &Memory::default());
    let found = |words: &str| {
        let filter = Filter { words: words.to_owned(), ..Filter::default() };
        let page = view.snapshot().campaigns("acme", &filter, None, 9).unwrap();
        page.rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    for words in ["ete", "ÉT", "zoe 2026", "te 20"] {
        assert_eq!(found(words), ["c1"], "{words}");
    }
    assert_eq!(found("zoé"), ["c1", "c2"]);
    assert_eq!(found("spring"), [""; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_search_finds_those_whose_rows_hold_its_words(
        said in prop::collection::vec((0_usize..2, "k{1,3}", 0_usize..4, prop::option::weighted(0.8, "[aAb'@. ]{1,6}")), 1..40),
        words in prop::collection::vec("[aAb'@.]{1,4}( [ab@]{1,3})?", 1..8),
        cut in 0_usize..40,
    ) {
        let (log, memory, cut_memory) = (log(), Memory::default(), Memory::default());
        let mut rows = BTreeMap::new();
        for (place, one) in said.iter().enumerate() {
            log.append(vec![output(one)]).unwrap();
            let (organisation, client, part, text) = one.clone();
            let place_of = (organisation, client, part);
            match text {
                Some(text) => drop(rows.insert(place_of, text)),
                None => drop(rows.remove(&place_of)),
            }
            if place == cut {
                drop(follow(&log, &cut_memory));
            }
        }
        let view = follow(&log, &memory);
        drop(follow(&log, &cut_memory));
        prop_assert_eq!(memory.dump("view"), cut_memory.dump("view"));
        for (organisation, words) in (0..2).flat_map(|organisation| words.iter().map(move |words| (organisation, words))) {
            prop_assert_eq!(found(&view, organisation, words), expected(&rows, organisation, words), "{}", words);
        }
        for (organisation, client, part) in rows.into_keys() {
            log.append(vec![output(&(organisation, client, part, None))]).unwrap();
        }
        drop(follow(&log, &memory));
        // What says how far it has read.
        let left: Vec<_> = memory.dump("view").into_keys().filter(|key| !key.starts_with(b"t") && !key.starts_with(b"a")).collect();
        prop_assert!(left.is_empty(), "{left:?}");
    }
}
