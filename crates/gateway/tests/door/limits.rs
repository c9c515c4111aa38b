//! How much, how deep, how slowly, how many: refused cheaply, and nothing is kept.

use std::time::{Duration, Instant};

use gateway::BODY_BYTES_MAX;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{ask, path, post, raw};
use crate::site::{Plan, Site, Which, delivery, open};

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_its_bound_is_refused_before_it_is_read() {
    let site = open(Plan::default()).await;
    for (provider, status) in [("sendgrid", 413), ("amazon_ses", 503), ("brevo", 429), ("postmark", 413)] {
        let head = format!("POST {} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n", path(provider));
        let announced = raw(site.at, format!("{head}content-length: 2000000000\r\n\r\n").as_bytes()).await;
        assert_eq!(announced.status, status, "{provider}");
        let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, " ".repeat(1 << 20));
        let endless = format!("{head}transfer-encoding: chunked\r\n\r\n{}", chunk.repeat(5));
        assert_eq!(raw(site.at, endless.as_bytes()).await.status, status, "{provider}");
    }
    assert!(site.logged().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_bodies_are_not_unpacked() {
    let site = open(Plan::default()).await;
    for coding in ["gzip", "br", "zstd", "deflate, gzip"] {
        let headers = [("content-encoding".to_owned(), coding.to_owned())];
        assert_eq!(ask(site.at, "POST", &path("mailgun"), &headers, &[0x1f, 0x8b, 8, 0]).await.status, 415, "{coding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn smuggled_lengths_and_bad_heads_are_refused() {
    let site = open(Plan::default()).await;
    let post = format!("POST {} HTTP/1.1\r\nhost: t\r\n", path("mailgun"));
    for head in [
        format!("{post}content-length: 3\r\ncontent-length: 5\r\n\r\nabcde"),
        format!("{post}content-length: -1\r\n\r\n"),
        format!("{post}content-length: 3, 5\r\n\r\nabc"),
        format!("{post}transfer-encoding: gzip\r\n\r\nabc"),
        format!("{post}x\0y: 1\r\ncontent-length: 3\r\n\r\nabc"),
        format!("{post}content-length : 3\r\n\r\nabc"),
    ] {
        assert_eq!(raw(site.at, head.as_bytes()).await.status, 400, "{head:?}");
    }
    // With both, the chunks decide, and the connection ends with them: nothing behind them is a request.
    let both = format!(
        "{post}content-length: 60\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: t\r\n\r\n"
    );
    let answer = raw(site.at, both.as_bytes()).await;
    assert!(answer.head.matches("http/1.1 ").count() <= 1 && !answer.body.contains("HTTP/1.1"), "{answer:?}");
    let many: Vec<(String, String)> = (0..100).map(|n| (format!("x-{n}"), "1".to_owned())).collect();
    assert_eq!(ask(site.at, "POST", &path("mailgun"), &many, b"{}").await.status, 431);
    let long = [("x-long".to_owned(), "a".repeat(64 << 10))];
    assert_eq!(ask(site.at, "POST", &path("mailgun"), &long, b"{}").await.status, 431);
    assert!(site.logged().is_empty());
}

/// Every provider's check over bodies that are made to be expensive.
#[tokio::test(flavor = "multi_thread")]
async fn deep_and_huge_bodies_are_refused_cheaply() {
    let site = open(Plan::default()).await;
    let size = BODY_BYTES_MAX - 100;
    let deep = "[".repeat(size);
    let objects = "{\"a\":".repeat(size / 5);
    let keys = format!("{{{}", (0..size / 12).map(|n| format!("\"{n:07}\":1,")).collect::<String>());
    let fields = "a=b&".repeat(size / 4);
    for body in [deep, objects, keys, fields] {
        for provider in providers::ALL {
            let mut posting = delivery(provider.name, Which::Foreign, "n-1", 0);
            posting.body = body.clone().into_bytes();
            let begun = Instant::now();
            let answer = post(site.at, provider.name, &posting).await;
            assert_ne!(answer.status, 200, "{}", provider.name);
            assert!(begun.elapsed() < Duration::from_secs(5), "{}: {:?}", provider.name, begun.elapsed());
        }
    }
    assert!(site.logged().is_empty());
}

/// Time passes as soon as nobody has anything to do.
#[tokio::test(start_paused = true)]
async fn slow_heads_slow_beginnings_and_slow_bodies_are_ended() {
    let site = open(Plan::default()).await;
    let head = format!("POST {} HTTP/1.1\r\nhost: t\r\ncontent-length: 100\r\n", path("mailgun"));
    for (said, status) in [("", 0), ("P", 0), ("PR", 0), (&head[..40], 0), (&format!("{head}\r\n{{"), 408)] {
        let begun = tokio::time::Instant::now();
        let mut stream = TcpStream::connect(site.at).await.expect("connected");
        stream.write_all(said.as_bytes()).await.expect("written");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok();
        assert!(begun.elapsed() < Duration::from_secs(60), "{said:?}");
        let answered =
            String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        assert!(answered == status || (status == 0 && answered == 408), "{said:?}: {answered}");
    }
}

/// The slowest of a hundred, of so many requests one after another.
async fn p99(site: &Site, requests: usize, name: &str) -> Duration {
    let mut took = Vec::with_capacity(requests);
    for number in 0..requests {
        let posting = delivery("mailersend", Which::Old, &format!("{name}-{number}"), 0);
        let begun = Instant::now();
        assert_eq!(post(site.at, "mailersend", &posting).await.status, 200);
        took.push(begun.elapsed());
    }
    took.sort();
    took[requests * 99 / 100]
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_idle_and_slow_connections_cost_honest_requests_little() {
    const CONNECTIONS: usize = 2_000;
    let site = open(Plan::default()).await;
    p99(&site, 100, "warm").await;
    let head = format!("POST {} HTTP/1.1\r\nhost: t\r\ncontent-length: 100\r\n", path("mailgun"));
    let mut best = f64::MAX;
    // The machine is others' too: the best of some tries is what the connections cost.
    for number in 0..5 {
        let alone = p99(&site, 300, &format!("alone-{number}")).await;
        let mut held = Vec::with_capacity(CONNECTIONS);
        for connection in 0..CONNECTIONS {
            let mut stream = TcpStream::connect(site.at).await.expect("connected");
            let said = match connection % 3 {
                0 => "",
                1 => &head,
                _ => &format!("{head}\r\n{{"),
            };
            stream.write_all(said.as_bytes()).await.expect("written");
            held.push(stream);
        }
        let among = p99(&site, 300, &format!("among-{number}")).await;
        drop(held);
        best = best.min(among.as_secs_f64() / alone.as_secs_f64());
        if best < 2.0 {
            return;
        }
    }
    panic!("honest requests took {best:.1} times as long");
}
