//! What a month has whatever its seed: as many events as asked for, a fifth of them twice, disorder, reports before their
//! sends; and the same bytes for the same seed.

use std::collections::{BTreeMap, BTreeSet};

use contract::proto::platform::v1::{PlatformEvent, platform_event::Event as Kind};
use demo::{CAMPAIGNS, Intake, Item, ORGANISATIONS, Totals, month};

fn of(seed: u64, events: Option<u64>) -> (Vec<Item>, Totals) {
    month(seed, events, |_, _| ())
}

/// The platform's events as they arrive, bad ones left out.
fn platform(items: &[Item]) -> Vec<(i64, PlatformEvent)> {
    let event = |item: &Item| match &item.intake {
        Intake::Platform(bytes) => Some((item.received_ms, contract::decode("PlatformEvent", bytes).ok()?)),
        Intake::Webhook { .. } => None,
    };
    items.iter().filter_map(event).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let (first, totals) = of(7, Some(8_000));
    assert_eq!((first.clone(), totals), of(7, Some(8_000)));
    assert_ne!(first, of(8, Some(8_000)).0);
}

#[test]
fn a_month_has_about_the_events_that_were_asked_for() {
    for asked in [8_000, 15_000, 40_000, 120_000] {
        for seed in 1..4 {
            let events = of(seed, Some(asked)).1.events();
            assert!(events.abs_diff(asked) * 100 <= asked * 8, "asked for {asked}, got {events}");
        }
    }
}

#[test]
fn a_fifth_comes_twice_and_everything_by_its_receipt() {
    let (items, totals) = of(1, Some(40_000));
    let share = totals.duplicates * 1_000 / (totals.platform + totals.reports);
    assert!((190..=210).contains(&share), "{share} in a thousand");
    assert!(items.is_sorted_by_key(|item| item.received_ms));
    let mut seen = BTreeSet::new();
    let again = items.iter().filter(|item| match &item.intake {
        Intake::Platform(bytes) => !seen.insert(bytes.clone()),
        Intake::Webhook { .. } => false,
    });
    assert!(again.count() > 1_000, "platform events come twice, byte for byte");
    let events = platform(&items);
    let earlier = events.windows(2).filter(|pair| matches!(pair, [(_, a), (_, b)] if seconds(a) > seconds(b)));
    assert!(earlier.count() > 1_000, "what happened earlier comes later");
}

fn seconds(event: &PlatformEvent) -> i64 {
    event.time.map_or(0, |time| time.seconds)
}

#[test]
fn reports_come_before_their_sends() {
    let (items, _) = of(1, Some(40_000));
    let mut reported: BTreeMap<String, i64> = BTreeMap::new();
    for item in &items {
        let Intake::Webhook { body, .. } = &item.intake else { continue };
        let body = String::from_utf8_lossy(body);
        for (_, rest) in body.match_indices("mailtally_message\":\"").map(|(at, mark)| body.split_at(at + mark.len())) {
            let message = rest.split('"').next().unwrap_or_default();
            reported.entry(message.to_owned()).or_insert(item.received_ms);
        }
    }
    let sends = platform(&items).into_iter().filter_map(|(received, event)| match event.event {
        Some(Kind::Send(send)) => Some((received, send.message)),
        _ => None,
    });
    let before = sends.filter(|(received, message)| reported.get(message).is_some_and(|report| report < received));
    assert!(before.count() > 20);
}

#[test]
fn forty_campaigns_are_ordinary_and_one_goes_to_everybody() {
    let (items, _) = of(1, None);
    let mut clients: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let mut limits = BTreeMap::new();
    for (_, event) in platform(&items) {
        let (campaign, client) = match event.event {
            Some(Kind::Send(send)) if !send.copy && !send.address.is_empty() => (send.campaign, send.client),
            Some(Kind::Refused(refused)) if !refused.client.is_empty() => (refused.campaign, refused.client),
            Some(Kind::Withheld(withheld)) => (withheld.campaign, withheld.client),
            Some(Kind::Settings(settings)) => {
                limits.insert(event.organisation, settings.send_limit);
                continue;
            }
            _ => continue,
        };
        if !campaign.is_empty() && event.time.is_some_and(|time| time.seconds > 0) {
            clients.entry((event.organisation, campaign)).or_default().insert(client);
        }
    }
    let mut sizes: Vec<usize> = clients.values().map(BTreeSet::len).collect();
    sizes.sort_unstable();
    let large = sizes.pop().unwrap_or(0);
    assert_eq!(u64::try_from(sizes.len()), Ok(CAMPAIGNS));
    // Beyond 150 there are only those whom one request could not take.
    assert!(sizes.iter().all(|size| (15..=159).contains(size)), "{sizes:?}");
    assert!(large > 49_500, "{large}");
    assert_eq!(limits.values().copied().collect::<Vec<_>>(), [150, 150, 50_000], "{ORGANISATIONS:?}");
}

#[test]
fn nobody_is_mailed_after_they_left() {
    let (items, _) = of(1, Some(30_000));
    let mut left: BTreeMap<(String, String), i64> = BTreeMap::new();
    let mut events: Vec<PlatformEvent> = platform(&items).into_iter().map(|(_, event)| event).collect();
    events.sort_by_key(seconds);
    let mut mailed = 0;
    for event in events {
        let at = seconds(&event);
        match event.event {
            Some(Kind::Erase(erase)) => {
                left.insert((event.organisation, erase.client), at);
            }
            Some(Kind::Send(send)) => {
                mailed += 1;
                assert!(!left.contains_key(&(event.organisation, send.client)), "an erased client is mailed at {at}");
            }
            _ => {}
        }
    }
    assert_eq!(left.len(), 1, "one client is erased");
    assert!(mailed > 1_000);
}
