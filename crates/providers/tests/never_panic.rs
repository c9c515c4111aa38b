//! Whatever bytes come, a decoder gives outcomes or a reason, both of closed sets, and lets no address into a fact.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

mod bodies;

use bodies::{mapping, payloads};
use domain::Fact;
use proptest::prelude::*;
use providers::{ALL, Outcome, Reject, Reported, link_template, scrub, to_json};

/// One change of a body. Places are taken modulo its length.
#[derive(Clone, Debug)]
enum Change {
    Byte(usize, u8),
    Cut(usize, usize),
    Repeat(usize, usize),
    Insert(usize, String),
    End(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let words = [
        "\"", "{", "}", "[", "]", ",", ":", "\\", "\\ud800", "null", "1e999", "-", "\u{feff}", "@", "%40", "\"\"",
        "[[[[", "ä",
    ];
    let place = || any::<usize>();
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (place(), 1..80_usize).prop_map(|(at, length)| Change::Cut(at, length)),
        (place(), 1..400_usize).prop_map(|(at, length)| Change::Repeat(at, length)),
        (place(), prop::sample::select(words.to_vec())).prop_map(|(at, word)| Change::Insert(at, word.to_owned())),
        place().prop_map(Change::End),
    ]
}

fn changed(mut body: Vec<u8>, change: Change) -> Vec<u8> {
    let length = body.len().max(1);
    let span =
        |at: usize, size: usize, body: &[u8]| (at % length).min(body.len())..(at % length + size).min(body.len());
    match change {
        Change::Byte(at, byte) => body.iter_mut().skip(at % length).take(1).for_each(|old| *old = byte),
        Change::Cut(at, size) => drop(body.drain(span(at, size, &body))),
        Change::Repeat(at, size) => {
            let again: Vec<u8> = body.iter().skip(at % length).take(size).copied().collect();
            body.splice(span(at, 0, &body), again);
        }
        Change::Insert(at, word) => drop(body.splice(span(at, 0, &body), word.into_bytes())),
        Change::End(at) => body.truncate(at % length),
    }
    body
}

fn texts(fact: &Fact) -> Vec<&str> {
    match fact {
        Fact::Deferred { reason } | Fact::Bounced { reason, .. } => vec![reason],
        Fact::Dropped(drop) => vec![&drop.text],
        Fact::Clicked { link, .. } => vec![link],
        _ => Vec::new(),
    }
}

/// An `@` with something of a name before it and something of a host behind it.
fn holds_address(text: &str) -> bool {
    let plain = text.to_lowercase().replace("%2540", "@").replace("%40", "@");
    let characters: Vec<char> = plain.chars().collect();
    let names = |place: Option<&char>| place.is_some_and(|character| character.is_alphanumeric());
    characters.windows(3).any(|three| three.get(1) == Some(&'@') && names(three.first()) && names(three.get(2)))
}

fn check_event<F>(report: &Reported<F>) {
    assert!(!report.event_keys().is_empty());
}

fn check(read: &Result<Vec<Outcome>, Reject>) {
    let reason = |why: &Reject| {
        assert!(Reject::REASONS.contains(&why.reason), "{}", why.reason);
        assert!(!why.detail.contains('@'), "{}", why.detail);
    };
    let Ok(outcomes) = read else { return read.as_ref().err().into_iter().for_each(reason) };
    for outcome in outcomes {
        assert!(to_json(outcome).is_object());
        match outcome {
            Outcome::Event(report) => {
                for text in texts(&report.fact) {
                    assert!(!holds_address(text), "{text}");
                    assert!(text.len() <= 512);
                }
                check_event(report);
            }
            Outcome::Note(report) => {
                assert!(report.recipient.is_some(), "a note is of a recipient: {}", to_json(outcome));
                check_event(report);
            }
            Outcome::Ignored { kind, why, .. } => {
                assert!(Outcome::WHYS.contains(why) && kind.len() <= 64 && !holds_address(kind), "{why} {kind}");
            }
            Outcome::Rejected { why, raw } => {
                reason(why);
                assert!(!raw.is_empty());
            }
        }
    }
}

#[test]
fn own_payloads_keep_the_rules() {
    for (provider, _, body) in payloads() {
        check(&(provider.decode)(&body, &mapping()));
    }
}

#[test]
fn very_deep_and_very_wide_bodies_are_read() {
    let deep = "[".repeat(300_000);
    let nested = format!("[{{\"event\": {}", "{\"a\":".repeat(300_000));
    let wide = format!("[{}]", vec!["{}"; 100_000].join(","));
    for body in [deep, nested, wide] {
        ALL.iter().for_each(|provider| check(&(provider.decode)(body.as_bytes(), &mapping())));
    }
}

#[test]
fn one_event_cannot_stand_for_any_number_of_facts() {
    let recipients = vec!["{\"emailAddress\": \"a@example.com\"}"; 5_000].join(",");
    let body = format!(
        "{{\"eventType\": \"Bounce\", \"mail\": {{\"messageId\": \"m\"}}, \"bounce\": {{\"timestamp\": \"2025-01-01T10:00:00Z\", \"bouncedRecipients\": [{recipients}]}}}}"
    );
    let ses = providers::provider("amazon_ses").expect("known");
    let outcomes = (ses.decode)(body.as_bytes(), &mapping()).expect("a body");
    assert!(matches!(outcomes.as_slice(), [Outcome::Rejected { why, .. }] if why.reason == "too_many_facts"));
}

proptest! {
    #[test]
    fn mutated_payloads_keep_the_rules(pick in any::<prop::sample::Index>(), changes in prop::collection::vec(change(), 1..8)) {
        let all = payloads();
        let (_, _, body) = pick.get(&all);
        let body = changes.into_iter().fold(body.clone(), changed);
        for provider in ALL {
            check(&(provider.decode)(&body, &mapping()));
        }
    }

    #[test]
    fn any_bytes_keep_the_rules(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for provider in ALL {
            check(&(provider.decode)(&body, &mapping()));
        }
    }

    #[test]
    fn no_address_outlives_a_scrub(words in prop::collection::vec(prop::sample::select(vec![
        "ada", "b.c+d", "@", "%40", "%2540", "example.com", " ", "<", ">", "\"", "\\", "=", "?", "&", "/", "ä", "例", "[", "]", "192.0.2.1", "%", "%25", ":", ".",
    ]), 0..24)) {
        let text = words.concat();
        let once = scrub(&text);
        prop_assert!(!holds_address(&once), "{text} -> {once}");
        prop_assert_eq!(scrub(&once), once.clone());
        prop_assert!(!holds_address(&link_template(&text)), "{text}");
    }

    #[test]
    fn what_holds_no_at_sign_is_left_alone(text in "[^@%\u{ff20}]{0,80}") {
        prop_assert_eq!(scrub(&text), text);
    }
}
