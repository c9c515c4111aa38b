//! Accepts connections within bounds, closes slow ones, and ends in order: what was accepted is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::patience::{Patience, Patient};
use crate::version::{self, Busy, Version};

/// Connections at once, at most; one more is closed unanswered.
pub const CONNECTIONS_MAX: u32 = 4_096;
/// How long the head of a request may take, and how long a connection may be idle.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// Headers of a request.
const HEADERS_MAX: usize = 64;
/// Requests at once on one connection of HTTP/2.
const STREAMS_MAX: u32 = 64;
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// A listener that is being served.
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    connections: Arc<Semaphore>,
    connections_max: u32,
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts nothing more and waits, at most `patience`, until what was accepted is answered.
    pub async fn stop(self, patience: Duration) {
        self.stop.send_replace(true);
        let ended = self.connections.acquire_many(self.connections_max);
        // Whoever has not been answered by then is cut off: nothing was promised to them.
        tokio::time::timeout(patience, ended).await.ok();
    }
}

/// Serves a listener until it is stopped, with at most so many connections at once.
///
/// # Errors
/// When the listener has no address, or the system does not let it listen.
pub fn serve(listener: TcpListener, router: Router, connections_max: u32) -> std::io::Result<Server> {
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let connections_max = connections_max.min(CONNECTIONS_MAX);
    // Who connects while as many wait to be accepted is cut off: the standard library lets 128 wait, and the providers of a busy
    // minute are more. The system's own bound (`net.core.somaxconn`) holds besides.
    rustix::net::listen(&listener, i32::try_from(connections_max).unwrap_or(i32::MAX))?;
    let connections = Arc::new(Semaphore::new(usize::try_from(connections_max).unwrap_or(usize::MAX)));
    tokio::spawn(accept(listener, router, stopped, Arc::clone(&connections)));
    Ok(Server { address, stop, connections, connections_max })
}

async fn accept(
    listener: TcpListener,
    router: Router,
    mut stopped: watch::Receiver<bool>,
    connections: Arc<Semaphore>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = told(&mut stopped) => return,
        };
        match accepted {
            Ok((stream, _)) => {
                if let Ok(permit) = Arc::clone(&connections).try_acquire_owned() {
                    tokio::spawn(connection(stream, router.clone(), stopped.clone(), permit));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    mut stopped: watch::Receiver<bool>,
    permit: OwnedSemaphorePermit,
) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let version = tokio::select! {
        version = version::spoken(&stream, HEAD_MAX) => version,
        () = told(&mut stopped) => return,
    };
    match version {
        Some(Version::One) => one(stream, router, stopped).await,
        Some(Version::Two) => two(stream, router, stopped).await,
        // Nothing was asked.
        None => {}
    }
    drop(permit);
}

/// Serves HTTP/1.1.
async fn one(stream: TcpStream, router: Router, mut stopped: watch::Receiver<bool>) {
    let patience = Patience::default();
    let io = TokioIo::new(Patient::new(stream, patience.clone()));
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_MAX).max_headers(HEADERS_MAX).max_buf_size(HEAD_BYTES_MAX);
    let mut serving = std::pin::pin!(server.serve_connection(io, tower(router, patience)));
    tokio::select! {
        served = serving.as_mut() => tell(served),
        () = told(&mut stopped) => {
            serving.as_mut().graceful_shutdown();
            tell(serving.await);
        }
    }
}

/// Serves HTTP/2, which has no timeout of its own for a client that asks nothing: it is told to end after a while, and cut off
/// when it does not.
async fn two(stream: TcpStream, router: Router, mut stopped: watch::Receiver<bool>) {
    let patience = Patience::default();
    let io = TokioIo::new(Patient::new(stream, patience.clone()));
    let busy = Busy::default();
    let mut server = http2::Builder::new(TokioExecutor::new());
    server
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(usize::try_from(STREAMS_MAX).ok())
        .keep_alive_interval(HEAD_MAX)
        .keep_alive_timeout(HEAD_MAX);
    let service = tower(router.layer(from_fn_with_state(busy.clone(), Busy::watch)), patience);
    let mut serving = std::pin::pin!(server.serve_connection(io, service));
    tokio::select! {
        served = serving.as_mut() => return tell(served),
        () = busy.idle(HEAD_MAX) => {}
        () = told(&mut stopped) => {}
    }
    serving.as_mut().graceful_shutdown();
    tokio::select! {
        served = serving.as_mut() => tell(served),
        // What is being answered is waited for; a client that does not go after that is cut off.
        () = busy.idle(HEAD_MAX) => {}
    }
}

/// Waits until it is to stop.
async fn told(stopped: &mut watch::Receiver<bool>) {
    // Nobody is left to tell: that is the end, too.
    drop(stopped.wait_for(|stopped| *stopped).await);
}

/// The routes as hyper wants them; a request knows its connection's patience.
fn tower(router: Router, patience: Patience) -> TowerToHyperService<Router<()>> {
    TowerToHyperService::new(router.layer(axum::Extension(patience)))
}

/// A client that goes away or is too slow is an everyday thing.
fn tell(served: Result<(), hyper::Error>) {
    if let Err(error) = served {
        tracing::debug!(timeout = error.is_timeout(), parse = error.is_parse(), "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn more_may_connect_at_once_than_are_accepted_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = serve(listener, Router::new(), CONNECTIONS_MAX).unwrap();
        // On this one thread nothing is accepted meanwhile. Beyond the bound a connection is tried again after a second.
        let connect = |_| std::net::TcpStream::connect_timeout(&server.address(), Duration::from_millis(900));
        let connected = (0..400).map(connect).collect::<std::io::Result<Vec<_>>>();
        assert_eq!(connected.map(|all| all.len()).ok(), Some(400));
    }
}
