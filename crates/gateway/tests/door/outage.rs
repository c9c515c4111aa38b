//! The log goes away: nothing that was answered with 2xx is lost, and what is not kept is answered so that it comes again.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use gateway::rule;

use crate::client::post;
use crate::site::{Plan, Which, delivery, open, until};

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_the_log_is_away_is_spooled_and_goes_into_it_later() {
    let site = open(Plan::default()).await;
    site.model.set_unavailable(true);
    let mut bodies = BTreeSet::new();
    for number in 0..5 {
        for provider in providers::ALL {
            let posting = delivery(provider.name, Which::Old, &format!("n-{number}"), 0);
            assert_eq!(post(site.at, provider.name, &posting).await.status, 200, "{}", provider.name);
            bodies.insert(posting.body);
        }
    }
    assert!(site.spooled() > 0);
    site.model.set_unavailable(false);
    until("the spool is drained", || site.spooled() == 0).await;
    let logged: BTreeSet<Vec<u8>> = site.logged().into_iter().map(|kept| kept.body.to_vec()).collect();
    assert_eq!(logged, bodies);
    // The drain sees that nothing is left after the last segment has gone: what comes between is spooled once more.
    let mut logged_first = false;
    for number in 0..100 {
        let before = site.logged().len();
        post(site.at, "mailgun", &delivery("mailgun", Which::Old, &format!("last-{number}"), 0)).await;
        logged_first = site.spooled() == 0 && site.logged().len() == before + 1;
        if logged_first {
            break;
        }
        until("the spool is drained again", || site.spooled() == 0).await;
    }
    assert!(logged_first, "the log is asked first again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_and_a_full_disk_are_answered_by_each_provider_s_rule() {
    let site = open(Plan { spool_bytes: 100, ..Plan::default() }).await;
    for away in [true, false] {
        site.model.set_unavailable(away);
        site.closed.store(!away, Ordering::SeqCst);
        for provider in providers::ALL {
            let posting = delivery(provider.name, Which::Old, &format!("n-{away}"), 0);
            let answer = post(site.at, provider.name, &posting).await;
            let expected = rule(provider.name).expect("known").away.as_u16();
            assert_eq!((answer.status, answer.body.as_str()), (expected, "come again\n"), "{}", provider.name);
            assert!(answer.head.contains("retry-after: 30"), "{}", answer.head);
        }
    }
    // The same request again is good as soon as it can be kept: no token of it is used up.
    site.closed.store(false, Ordering::SeqCst);
    let posting = delivery("mailgun", Which::Old, "n-9", 0);
    until("the log is asked again", || site.spooled() == 0).await;
    let mut status = 0;
    for _ in 0..100 {
        status = post(site.at, "mailgun", &posting).await.status;
        if status == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(status, 200);
}
