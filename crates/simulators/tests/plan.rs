//! What the simulators post is understood as their plan says: every event of every provider, by the decoder and with the account's
//! mapping, as its golden file has it; and the stories have every kind of fact that a provider reports.

use std::collections::BTreeSet;

use simulators::{Plan, SCHEDULES};

/// Kinds of facts that no provider's mail can do without.
const COMMON: [&str; 3] = ["delivered", "opened", "clicked"];

#[test]
fn every_provider_has_stories_of_every_kind_that_it_reports() {
    let mut all = BTreeSet::new();
    let mut stories = 0;
    for schedule in SCHEDULES {
        let plan = Plan::of(schedule.provider).expect("payloads");
        let kinds = plan.kinds();
        for kind in COMMON {
            assert!(kinds.contains(kind), "{} reports nothing as {kind}: {kinds:?}", schedule.provider);
        }
        assert!(kinds.iter().any(|kind| kind.starts_with("bounced")), "{}", schedule.provider);
        stories += plan.stories();
        all.extend(kinds);
    }
    assert!(stories > 300, "{stories} stories");
    for kind in [
        "sent",
        "queued",
        "deferred",
        "bounced hard",
        "bounced soft",
        "bounced block",
        "bounced undetermined",
        "bounced hard later",
        "dropped prior_bounce",
        "dropped unsubscribed",
        "dropped prior_spam",
        "dropped invalid_address",
        "dropped content_spam",
        "dropped content_virus",
        "dropped quota",
        "dropped policy_list",
        "dropped sender_error",
        "dropped rendering",
        "dropped duplicate",
        "dropped suppressed",
        "dropped other",
        "opened by a machine",
        "clicked by a machine",
        "complained",
        "unsubscribed",
        "resubscribed",
    ] {
        assert!(all.contains(kind), "{kind} is not among {all:?}");
    }
}

#[test]
fn mails_of_one_story_share_no_id_and_no_address() {
    for schedule in SCHEDULES {
        let plan = Plan::of(schedule.provider).expect("payloads");
        for number in 0..plan.stories() {
            let one = plan.mail(number).expect("a mail");
            let other = plan.mail(number + plan.stories()).expect("a mail");
            for (report, again) in one.reports.iter().zip(&other.reports) {
                let is_about_a_message = !report.facts.is_empty();
                let (report, again) = (report.event.to_string(), again.event.to_string());
                let provider = schedule.provider;
                assert!(!report.contains("ada@example.com") && !report.contains("m-1001"), "{provider}: {report}");
                assert!(!is_about_a_message || report != again, "{provider}: {report}");
            }
        }
    }
}
