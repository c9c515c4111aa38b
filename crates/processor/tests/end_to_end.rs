//! Platform events in, campaign rows out: the real log, the real stores, through stops and a lost state directory.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

mod support;

use std::collections::BTreeMap;

use contract::Proto as _;
use contract::proto::campaign::v1::CampaignStats;
use contract::proto::message::v1::MessageState;
use contract::topic::Topic;
use domain::Counters;
use log::Log;
use processor::accounts::Accounts;
use processor::settings::Settings;
use support::{open, send, settle, table};

/// Each campaign's counters, recounted from the published message rows, and as published (I3).
fn recounted_and_published(log: &dyn Log, settings: &Settings) -> [BTreeMap<String, Counters>; 2] {
    let mut recounted: BTreeMap<String, Counters> = BTreeMap::new();
    for row in table(log, settings, Topic::MessageStatus).values() {
        let row = MessageState::decode(&row[..]).expect("a row");
        let share = contract::message::contribution(&row).expect("readable").expect("a fact");
        recounted.entry(share.campaign).or_default().add(&share.counters);
    }
    let stats = table(log, settings, Topic::CampaignStats).into_values();
    let published = stats.map(|row| {
        let row = CampaignStats::decode(&row[..]).expect("stats");
        (row.campaign, contract::counters::from_wire(&row.counters.unwrap_or_default()).expect("counters"))
    });
    [recounted, published.collect()]
}

fn month() -> Vec<String> {
    let mut lines = Vec::new();
    for n in 0..200 {
        let (campaign, at) = (n % 5, format!("2026-05-01T10:{:02}:{:02}Z", n / 60, n % 60));
        let message =
            format!(r#""message":"m{n}","campaign":"c{campaign}","client":"k{n}","address":"k{n}@example.org""#);
        if n % 7 == 0 {
            // Refusals come before their send, and twice.
            let refused =
                format!(r#"{{"organisation":"acme","time":"{at}","refused":{{{message},"reason":"quota"}}}}"#);
            lines.extend([refused.clone(), refused]);
        }
        lines.push(format!(r#"{{"organisation":"acme","time":"{at}","send":{{{message}}}}}"#));
    }
    let at = "2026-05-01T09:00:00Z";
    lines.push(format!(r#"{{"organisation":"acme","time":"{at}","campaign":{{"campaign":"c0","name":"Spring"}}}}"#));
    lines.push(format!(
        r#"{{"organisation":"acme","time":"{at}","withheld":{{"campaign":"c0","client":"z","reason":"inactive"}}}}"#
    ));
    lines
}

fn check(log: &dyn Log, settings: &Settings) {
    let [recounted, published] = recounted_and_published(log, settings);
    assert_eq!(recounted, published);
    let (mut sent, mut dropped) = (0, 0);
    for (campaign, counters) in &published {
        assert_eq!(counters.violations(), Vec::<String>::new(), "{campaign}");
        sent += counters.sent;
        dropped += counters.dropped;
    }
    assert_eq!((published.len(), sent, dropped), (5, 200, 29));
    assert_eq!(published.get("c0").map(|counters| counters.not_sent), Some(1));
}

#[test]
fn campaign_rows_equal_the_recount_through_restarts_duplicates_and_a_lost_state_directory() {
    let root = tempfile::tempdir().expect("directory");
    let lines = month();
    let (half, rest) = lines.split_at(100);
    {
        let (log, settings) = open(root.path(), Accounts::new());
        send(log.as_ref(), &settings, half);
        settle(root.path(), &log, &settings);
    }
    std::fs::remove_dir_all(root.path().join("state")).expect("the state is lost");
    let (log, settings) = open(root.path(), Accounts::new());
    send(log.as_ref(), &settings, rest);
    send(log.as_ref(), &settings, half);
    settle(root.path(), &log, &settings);
    check(log.as_ref(), &settings);
    let named = table(log.as_ref(), &settings, Topic::CampaignStats).into_values();
    let names: Vec<String> = named.map(|row| CampaignStats::decode(&row[..]).expect("stats").name).collect();
    assert!(names.contains(&"Spring".to_owned()), "{names:?}");
}
