//! A client of one request a connection.

use std::net::SocketAddr;

use providers::sign::Posting;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer: its status and its head in lower case.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Asks with these headers.
pub(crate) async fn ask(at: SocketAddr, method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Answer {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: in.example\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    raw(at, &[head.as_bytes(), body].concat()).await
}

/// Posts what a provider posts, for the account `main`.
pub(crate) async fn post(at: SocketAddr, provider: &str, posting: &Posting) -> Answer {
    ask(at, "POST", &path(provider), &posting.headers, &posting.body).await
}

pub(crate) fn path(provider: &str) -> String {
    format!("/v1/webhooks/{provider}/main")
}

/// Sends bytes as they are and reads to the end.
pub(crate) async fn raw(at: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(at).await.expect("connected");
    // A server that refuses early closes while the rest is being written.
    stream.write_all(bytes).await.ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}
