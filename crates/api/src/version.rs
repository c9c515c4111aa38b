//! Which HTTP a client speaks, and whether a connection of HTTP/2 has anything to do: both have no timeout in hyper.

use std::sync::Arc;
use std::time::Duration;

use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

/// How a connection of HTTP/2 begins; no method of HTTP/1.1 begins so.
const PREFACE: &[u8; 3] = b"PRI";
/// Between two looks at a beginning that came in pieces.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// HTTP/1.0 and 1.1.
    One,
    /// HTTP/2, without TLS and known beforehand.
    Two,
}

/// What the client speaks, by its first bytes; nothing when they do not come in time.
pub(crate) async fn spoken(stream: &TcpStream, patience: Duration) -> Option<Version> {
    let until = Instant::now() + patience;
    loop {
        let mut first = [0; PREFACE.len()];
        let seen = timeout_at(until, stream.peek(&mut first)).await.ok()?.ok()?;
        let seen = first.get(..seen).filter(|seen| !seen.is_empty())?;
        match (PREFACE.starts_with(seen), seen.len() == PREFACE.len()) {
            (false, _) => return Some(Version::One),
            (true, true) => return Some(Version::Two),
            (true, false) if Instant::now() < until => sleep(LOOK_AGAIN).await,
            (true, false) => return None,
        }
    }
}

/// How many requests of a connection are being answered.
#[derive(Clone)]
pub(crate) struct Busy(Arc<watch::Sender<usize>>);

impl Default for Busy {
    fn default() -> Self {
        Self(Arc::new(watch::channel(0).0))
    }
}

/// Ends with the answer, or with the client that went away.
struct Answering(Busy);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.0.send_modify(|requests| *requests = requests.saturating_sub(1));
    }
}

impl Busy {
    /// Counts a request while it is answered.
    pub(crate) async fn watch(State(busy): State<Self>, request: Request, next: Next) -> Response {
        busy.0.send_modify(|requests| *requests = requests.saturating_add(1));
        let answering = Answering(busy);
        let response = next.run(request).await;
        if response.body().size_hint().exact().is_none() {
            // What has no length may be written for hours: the connection is busy from now on, and its writes have a limit.
            std::mem::forget(answering);
        }
        response
    }

    /// Returns once nothing was answered for so long.
    pub(crate) async fn idle(&self, patience: Duration) {
        let mut requests = self.0.subscribe();
        loop {
            // The sender is there as long as this is.
            drop(requests.wait_for(|requests| *requests == 0).await);
            if tokio::time::timeout(patience, requests.changed()).await.is_err() {
                return;
            }
        }
    }
}
