//! A client of one request a connection.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// One JSON object a line.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

/// Asks with these headers, each ended by a line break.
pub(crate) async fn ask(at: SocketAddr, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {}\r\n{}\r\n",
        body.len(),
        headers.replace('\n', "\r\n")
    );
    raw(at, &[head.as_bytes(), body].concat()).await
}

pub(crate) async fn get(at: SocketAddr, path: &str) -> Answer {
    ask(at, "GET", path, "", b"").await
}

/// Posts JSON lines to the intake.
pub(crate) async fn post(at: SocketAddr, body: &str) -> Answer {
    ask(at, "POST", "/v1/platform-events", "content-type: application/x-ndjson\n", body.as_bytes()).await
}

/// Sends bytes as they are and reads to the end.
pub(crate) async fn raw(at: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(at).await.expect("connected");
    // A server that refuses early closes while the rest is being written.
    stream.write_all(bytes).await.ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    parse(&answer)
}

pub(crate) fn parse(answer: &[u8]) -> Answer {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(answer.len());
    let (head, body) = answer.split_at(end);
    let head = String::from_utf8_lossy(head).to_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head, body: body.get(4..).unwrap_or_default().to_vec() }
}
