//! Numbers are the lengths of their lists; answers carry what they reflect, and are not sent twice.

use std::sync::atomic::AtomicBool;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use dashboard::Role;
use serde_json::{Value, json};
use view::Tile;

use crate::site::{ENCODED, Site, facts};

/// All rows of a list, page by page.
async fn all(site: &Site, path: &str) -> Vec<Value> {
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let mut page = site.data(&format!("{path}{mark}limit=2{after}")).await;
        rows.extend(page["rows"].as_array().expect("rows").clone());
        match page["next"].take() {
            Value::String(next) => after = format!("&after={next}"),
            _ => return rows,
        }
    }
}

#[tokio::test]
async fn a_tile_is_the_length_of_its_list_and_the_campaigns_number() {
    let site = Site::of("Ada");
    let campaign = format!("/v1/orgs/acme/campaigns/{ENCODED}");
    let whole = site.data(&campaign).await;
    let listed = site.data("/v1/orgs/acme/campaigns").await;
    assert_eq!(listed["rows"][0], whole["campaign"], "a row of the list is the campaign's");
    let counted = |name: &str| whole["campaign"][name].as_u64().expect("a number");
    assert_eq!(counted("sent"), u64::try_from(facts("").len() - 1).unwrap());
    for tile in Tile::ALL {
        let page = site.data(&format!("{campaign}/recipients/{}?limit=1", tile.word())).await;
        let length = all(&site, &format!("{campaign}/recipients/{}", tile.word())).await.len();
        assert_eq!(page["tile"], length, "{tile:?}");
        assert_eq!(page["count"], length, "{tile:?}");
    }
    for (tile, of, words) in
        [("dropped", "dropped_by", "reason"), ("not-sent", "not_sent_by", "reason"), ("sent", "by_status", "status")]
    {
        for (word, count) in whole["campaign"][of].as_object().expect("a tally") {
            if tile == "sent" && word == "withheld" {
                continue;
            }
            let narrowed = format!("{campaign}/recipients/{tile}?{words}={word}");
            assert_eq!(
                all(&site, &narrowed).await.len(),
                count.as_u64().map_or(0, |count| usize::try_from(count).unwrap()),
                "{narrowed}"
            );
            assert_eq!(&site.data(&narrowed).await["count"], count, "{narrowed}");
        }
    }
    let invariant = &whole["invariant"];
    assert_eq!(invariant["holds"], true, "{invariant}");
    assert_eq!(whole["campaign"]["agrees"], true);
    assert_eq!(whole["campaign"]["open_rate"], json!(0.2));
}

#[tokio::test]
async fn an_answer_that_is_known_is_not_sent_again_and_still_says_what_it_reflects() {
    let site = Site::of("Ada");
    let (_, headers, body) = site.get("/v1/orgs/acme/campaigns").await;
    let answer: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(answer["as_of"]["position"], headers["mailtally-position"].to_str().unwrap());
    assert_eq!((&answer["as_of"]["live"], &answer["as_of"]["complete"]), (&json!(true), &json!(true)));
    let token = site.token("acme", Role::Viewer);
    let tags = format!("W/\"another\", {}", headers["etag"].to_str().unwrap());
    let again = |position: &str| {
        Request::get("/v1/orgs/acme/campaigns")
            .header("authorization", format!("Bearer {token}"))
            .header("if-none-match", &tags)
            .header("mailtally-at-least", position)
            .body(Body::empty())
            .unwrap()
    };
    let (status, second, body) = site.ask(again(headers["mailtally-position"].to_str().unwrap())).await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(second["mailtally-position"], headers["mailtally-position"]);
    let sent = Request::post("/v1/orgs/acme/email-states")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("if-none-match", "*");
    let (status, ..) = site.ask(sent.body(Body::from(r#"{"clients":[]}"#)).unwrap()).await;
    assert_eq!(status, StatusCode::OK, "who sends something is answered");
    let (status, _, body) = site.ask(again("anything")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_position_that_nobody_has_reached_is_waited_for_within_a_bound() {
    let site = Site::of("Ada");
    let token = site.token("acme", Role::Viewer);
    let request = Request::get("/v1/orgs/acme/campaigns")
        .header("authorization", format!("Bearer {token}"))
        .header("mailtally-at-least", "1.0.ffff");
    let (status, headers, body) = site.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    assert!(headers.contains_key("retry-after") && body.contains("not-yet"), "{body}");
}

#[tokio::test]
async fn a_message_tells_every_fact_with_its_source_and_what_can_be_done() {
    let site = Site::of("Ada");
    let whole = site.data("/v1/orgs/acme/messages/m7").await;
    let message = &whole["message"];
    assert_eq!(
        (&message["status"], &message["bounce"], &message["client_name"]),
        (&json!("bounce"), &json!("block"), &json!("Ada"))
    );
    assert!(message["remedy"].as_str().expect("a remedy").contains("spam folder"), "{message}");
    let timeline = whole["timeline"].as_array().expect("facts");
    let types: Vec<&str> = timeline.iter().map(|step| step["type"].as_str().expect("a word")).collect();
    assert_eq!(types, ["sent", "bounced"]);
    assert_eq!(
        (&timeline[1]["qualifier"], &timeline[1]["counts"], &timeline[1]["status"]),
        (&json!("block"), &json!(true), &json!("bounce"))
    );
    assert_eq!(timeline[1]["source"]["offset"], 0);
    let dropped = site.data("/v1/orgs/acme/messages/m9").await;
    assert_eq!(
        (&dropped["cause"]["refusal"], &dropped["cause"]["reason"]),
        (&json!("dropped"), &json!("prior_bounce"))
    );
}

#[tokio::test]
async fn checks_answer_in_the_order_asked_within_their_bounds() {
    let site = Site::of("Ada");
    let many = |count: usize| json!({ "clients": (0..count).map(|place| format!("x{place}")).collect::<Vec<_>>() });
    for (path, most) in [("email-states", 500), ("send-check", 150)] {
        let path = format!("/v1/orgs/acme/{path}");
        let (status, body) = site.post(&path, &many(most)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let answer: Value = serde_json::from_str(&body).expect("JSON");
        let asked = many(most);
        let clients: Vec<&Value> =
            answer["data"].as_array().expect("a list").iter().map(|one| &one["client"]).collect();
        assert_eq!(clients, asked["clients"].as_array().expect("a list").iter().collect::<Vec<_>>());
        let (status, body) = site.post(&path, &many(most + 1)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert!(body.contains("too-many-clients") && body.contains(&most.to_string()), "{body}");
        let (status, body) = site.post(&path, &json!({ "clients": ["a"], "clas": "mass" })).await;
        assert!(status.is_client_error() && body.contains("clas"), "{status} {body}");
    }
    let (_, body) = site.post("/v1/orgs/acme/send-check", &json!({ "clients": ["nobody"] })).await;
    let answer: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(
        (&answer["data"][0]["known"], &answer["data"][0]["verdict"]),
        (&json!(false), &json!("withhold")),
        "{body}"
    );
}

#[tokio::test]
async fn rows_that_are_not_all_read_yet_are_said_to_lack_and_are_no_file() {
    let site = Site::of("Ada");
    site.follow.begin();
    let (status, _, body) = site.get("/v1/orgs/acme/campaigns").await;
    let answer: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, &answer["as_of"]["live"]), (StatusCode::OK, &json!(true)));
    assert_eq!(answer["as_of"]["complete"], false);
    let (status, headers, body) = site.get("/v1/orgs/acme/campaigns?format=csv").await;
    assert_eq!((status, headers["retry-after"].to_str().unwrap()), (StatusCode::SERVICE_UNAVAILABLE, "2"));
    assert!(body.contains("not all read yet"), "{body}");
    site.follow.catch_up(&AtomicBool::new(false)).expect("follows");
    let (status, ..) = site.get("/v1/orgs/acme/campaigns?format=csv").await;
    assert_eq!(status, StatusCode::OK);
}
