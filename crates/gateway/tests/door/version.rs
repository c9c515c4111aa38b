//! HTTP/2, known beforehand, as a proxy speaks it to us.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::path;
use crate::site::{Plan, Which, delivery, open};

#[tokio::test(flavor = "multi_thread")]
async fn requests_share_a_connection_of_http_2() {
    let site = open(Plan::default()).await;
    let stream = TcpStream::connect(site.at).await.expect("connected");
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (sender, connection) = handshake.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let all = providers::ALL.iter().map(|provider| {
        let mut sender = sender.clone();
        let posting = delivery(provider.name, Which::Old, "n-1", 0);
        let uri = format!("https://in.example{}", path(provider.name));
        let request =
            posting.headers.iter().fold(Request::post(uri), |request, (name, value)| request.header(name, value));
        let request = request.body(Body::from(posting.body)).expect("a request");
        tokio::spawn(async move { (provider.name, sender.send_request(request).await.expect("answered").status()) })
    });
    for one in all.collect::<Vec<_>>() {
        let (provider, status) = one.await.expect("asked");
        assert_eq!(status, 200, "{provider}");
    }
    assert_eq!(site.logged().len(), providers::ALL.len());
    drop(sender);
    connection.abort();
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_http_2_that_asks_nothing_is_ended() {
    let site = open(Plan::default()).await;
    for said in [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"] {
        let begun = tokio::time::Instant::now();
        let mut stream = TcpStream::connect(site.at).await.expect("connected");
        stream.write_all(said).await.expect("written");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.ok();
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    }
}
