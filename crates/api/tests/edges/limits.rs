//! Who may ask, how much, and how slowly.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{ask, get, parse, post, raw};
use crate::site::{TOKEN, open, send, site};

#[tokio::test]
async fn without_the_token_nothing_but_health_is_answered() {
    let site = site(Some(TOKEN)).await;
    let path = "/v1/platform-events";
    let json = "content-type: application/x-ndjson\n";
    let wrong = format!("{json}authorization: Bearer wrong\n");
    let twice = format!("{json}authorization: Bearer {TOKEN}\nauthorization: Bearer {TOKEN}\n");
    let mut answers = Vec::new();
    for headers in [json, &wrong, &twice] {
        let answer = ask(site.at, "POST", path, headers, send("m1").as_bytes()).await;
        assert_eq!(answer.status, 401);
        assert!(answer.head.contains("www-authenticate: bearer"));
        answers.push(answer.text());
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "every failure is answered alike: {answers:?}");
    assert_eq!(get(site.at, "/metrics").await.status, 401);
    assert_eq!(site.appended(), 0);
    assert_eq!(get(site.at, "/health/live").await.status, 200);
    assert_eq!(get(site.at, "/health/ready").await.status, 200);
    let right = format!("{json}authorization: Bearer {TOKEN}\n");
    assert_eq!(ask(site.at, "POST", path, &right, send("m1").as_bytes()).await.status, 200);
    assert_eq!(ask(site.at, "GET", "/metrics", &format!("authorization: Bearer {TOKEN}\n"), b"").await.status, 200);
}

#[tokio::test]
async fn what_is_not_offered_is_a_problem_with_its_remedy() {
    let site = open().await;
    let path = "/v1/platform-events";
    for (method, path, headers, body, status, kind) in [
        ("POST", path, "", "{}", 415, "unsupported-media-type"),
        ("POST", path, "content-type: text/csv\n", "{}", 415, "unsupported-media-type"),
        (
            "POST",
            path,
            "content-type: application/x-ndjson\ncontent-encoding: gzip\n",
            "{}",
            415,
            "unsupported-encoding",
        ),
        ("POST", path, "content-type: application/x-ndjson\n", "", 400, "empty-body"),
        ("POST", path, "content-type: application/x-ndjson\n", " \n\n", 400, "empty-body"),
        ("GET", path, "", "", 405, "no-such-method"),
        ("GET", "/", "", "", 404, "no-such-route"),
        ("POST", "/metrics", "", "", 405, "no-such-method"),
    ] {
        let answer = ask(site.at, method, path, headers, body.as_bytes()).await;
        assert_eq!(answer.status, status, "{method} {path} {headers}");
        assert!(answer.head.contains("application/problem+json"), "{}", answer.head);
        assert_eq!(answer.json()["type"], format!("urn:mailtally:problem:{kind}"));
        assert_eq!(answer.json()["status"], status);
    }
}

#[tokio::test]
async fn a_body_over_its_bound_is_refused_before_it_is_read() {
    let site = open().await;
    let head = "POST /v1/platform-events HTTP/1.1\r\nhost: t\r\ncontent-type: application/x-ndjson\r\n";
    let announced =
        raw(site.at, format!("{head}content-length: 2000000000\r\nconnection: close\r\n\r\n").as_bytes()).await;
    assert_eq!(announced.status, 413);
    // One that does not say how long it is is cut where it gets too long.
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, " ".repeat(1 << 20));
    let endless = format!("{head}transfer-encoding: chunked\r\nconnection: close\r\n\r\n{}", chunk.repeat(9));
    assert_eq!(raw(site.at, endless.as_bytes()).await.status, 413);
    assert_eq!(site.appended(), 0);
}

#[tokio::test]
async fn heads_over_their_bounds_are_refused() {
    let site = open().await;
    let many: String = (0..100).map(|n| format!("x-{n}: 1\n")).collect();
    assert_eq!(ask(site.at, "GET", "/health/live", &many, b"").await.status, 431);
    let long = format!("x-long: {}\n", "a".repeat(64 << 10));
    assert_eq!(ask(site.at, "GET", "/health/live", &long, b"").await.status, 431);
    for smuggled in [
        "POST /v1/platform-events HTTP/1.1\r\nhost: t\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabcde",
        "GET /health/live HTTP/1.1\r\nhost: t\r\nx\0y: 1\r\n\r\n",
    ] {
        assert_eq!(raw(site.at, smuggled.as_bytes()).await.status, 400, "{smuggled:?}");
    }
}

/// Time passes as soon as nobody has anything to do: a client that is silent for ever takes no time to test.
#[tokio::test(start_paused = true)]
async fn a_client_that_never_ends_its_head_is_cut_off() {
    let site = open().await;
    for said in ["", "GET /health/live HTTP/1.1\r\nhost: t\r\nx-slow: "] {
        let begun = tokio::time::Instant::now();
        let mut stream = TcpStream::connect(site.at).await.expect("connected");
        stream.write_all(said.as_bytes()).await.expect("written");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.ok();
        let took = begun.elapsed();
        assert!(took >= Duration::from_secs(9) && took < Duration::from_secs(60), "{took:?} after {said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_answered_with_408() {
    let site = open().await;
    let mut stream = TcpStream::connect(site.at).await.expect("connected");
    let head = "POST /v1/platform-events HTTP/1.1\r\nhost: t\r\ncontent-type: application/x-ndjson\r\ncontent-length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    assert_eq!(parse(&answer).status, 408);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_answers_what_was_accepted_and_takes_nothing_more() {
    let site = open().await;
    let (at, slow) = (site.at, std::sync::Arc::clone(&site.slow));
    let accepted = tokio::spawn(async move { post(at, &send("m1")).await.status });
    while slow.appends() == 0 {
        tokio::task::yield_now().await;
    }
    site.server.stop(Duration::from_secs(10)).await;
    assert_eq!(accepted.await.expect("answered"), 200);
    assert!(TcpStream::connect(at).await.is_err(), "nobody listens any more");
}

#[tokio::test(start_paused = true)]
async fn bodies_that_would_fill_the_memory_are_sent_away() {
    let site = open().await;
    let head = "POST /v1/platform-events HTTP/1.1\r\nhost: t\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut slow = Vec::new();
    // Each may become as large as a body may be, and four of them are all the room.
    for _ in 0..4 {
        let mut stream = TcpStream::connect(site.at).await.expect("connected");
        stream.write_all(head.as_bytes()).await.expect("written");
        slow.push(stream);
    }
    let answer = post(site.at, &send("m1")).await;
    assert_eq!((answer.status, site.appended()), (429, 0), "{}", answer.text());
    assert!(answer.head.contains("retry-after: 1"));
    drop(slow);
    while post(site.at, &send("m1")).await.status != 200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_beyond_the_bound_is_closed_and_a_place_is_free_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let server = api::serve(listener, axum::Router::new(), 2).expect("served");
    let at = server.address();
    let hold = [TcpStream::connect(at).await.expect("one"), TcpStream::connect(at).await.expect("two")];
    let mut third = TcpStream::connect(at).await.expect("accepted and closed");
    assert_eq!(third.read(&mut [0; 1]).await.unwrap_or(0), 0);
    drop(hold);
    while get(at, "/").await.status != 404 {
        tokio::task::yield_now().await;
    }
}
