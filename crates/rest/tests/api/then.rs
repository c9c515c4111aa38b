//! What was so at an instant.

use axum::http::StatusCode;
use serde_json::json;
use view::Tile;

use crate::site::{BEGIN, CAMPAIGN, ENCODED, Site, facts};

fn at(hours: i64) -> String {
    domain::Time::from_micros((BEGIN + hours * 3_600) * 1_000_000).rfc3339()
}

#[tokio::test]
async fn numbers_of_an_instant_are_those_of_the_facts_until_then() {
    let site = Site::of("Ada");
    let long = i64::try_from(facts("").iter().map(Vec::len).max().unwrap()).unwrap();
    let path = |hours| format!("/v1/orgs/acme/campaigns/{ENCODED}?as_of={}", at(hours));
    let now = site.data(&format!("/v1/orgs/acme/campaigns/{ENCODED}")).await;
    let last = site.data(&path(long)).await;
    assert_eq!(last["invariant"], now["invariant"]);
    let before = site.data(&path(-1)).await;
    assert_eq!((&before["campaign"]["sent"], &before["campaign"]["not_sent"]), (&json!(0), &json!(0)));
    let first = site.data(&path(0)).await;
    assert_eq!((&first["campaign"]["sent"], &first["campaign"]["pending"]), (&json!(10), &json!(10)));
    let second = site.data(&path(1)).await;
    let of = |name: &str| second["campaign"][name].as_u64().expect("a number");
    assert_eq!((of("delivered"), of("bounced"), of("dropped"), of("opened"), of("pending")), (5, 2, 2, 0, 1));
    for hours in -1..=long {
        let counted =
            site.view.counters_at("acme", CAMPAIGN, domain::Time::from_micros((BEGIN + hours * 3_600) * 1_000_000));
        let counted = counted.expect("read");
        assert_eq!(counted.sent, counted.pending + counted.delivered + counted.bounced + counted.dropped);
        assert!(Tile::Blocked.count(&counted) <= Tile::Bounce.count(&counted));
    }
}

#[tokio::test]
async fn a_message_of_an_instant_knows_nothing_later() {
    let site = Site::of("Ada");
    let path = |hours| format!("/v1/orgs/acme/messages/m4?as_of={}", at(hours));
    for (hours, status, steps) in
        [(0, json!("sent"), 1), (1, json!("delivered"), 2), (2, json!("open"), 3), (3, json!("click"), 4)]
    {
        let then = site.data(&path(hours)).await;
        assert_eq!((&then["message"]["status"], then["timeline"].as_array().map(Vec::len)), (&status, Some(steps)));
    }
    assert_eq!(site.data(&path(-1)).await["message"], json!(null));
    let (status, _, body) = site.get("/v1/orgs/acme/messages/m4?as_of=2026-05-02").await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
}
