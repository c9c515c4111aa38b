//! A connection whose client reads nothing is closed: a stream that gives up on a write after a while.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// How long a client may take nothing of what is written to it.
const WRITE_MAX: Duration = Duration::from_secs(30);

/// Whether a connection waits for its client for ever.
#[derive(Clone, Default)]
pub(crate) struct Patience(Arc<AtomicBool>);

impl Patience {
    /// It waits for ever from now on.
    pub(crate) fn last(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A stream with patience.
pub(crate) struct Patient {
    stream: TcpStream,
    patience: Patience,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    pub(crate) fn new(stream: TcpStream, patience: Patience) -> Self {
        Self { stream, patience, stalled: None }
    }

    /// What a write came to; one that waits too long is given up.
    fn judge<T>(&mut self, wrote: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if wrote.is_ready() || self.patience.0.load(Ordering::Relaxed) {
            self.stalled = None;
            return wrote;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(WRITE_MAX)));
        match stalled.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(wrote, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wrote = Pin::new(&mut self.stream).poll_flush(context);
        self.judge(wrote, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wrote = Pin::new(&mut self.stream).poll_shutdown(context);
        self.judge(wrote, context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;
    use tokio::time::{Instant, timeout};

    use super::*;

    /// More than the buffers of both ends take, to a client that reads nothing; time passes when nobody can go on.
    async fn written(patience: Patience) -> (Result<io::Result<()>, tokio::time::error::Elapsed>, Duration) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let begun = Instant::now();
        let rows = vec![0; 64 << 20];
        let mut patient = Patient::new(stream, patience);
        let done = timeout(Duration::from_secs(3_600), patient.write_all(&rows)).await;
        drop(client);
        (done, begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_is_given_up() {
        let (done, took) = written(Patience::default()).await;
        assert_eq!(done.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(took >= WRITE_MAX && took < WRITE_MAX * 4, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pager_is_waited_for() {
        let patience = Patience::default();
        patience.last();
        assert!(written(patience).await.0.is_err(), "it is still being written after an hour");
    }
}
