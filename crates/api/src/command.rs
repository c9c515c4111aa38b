//! `POST /v1/commands`: a command of the command line, executed by the process that has the data directory open. The
//! answer streams, so that a listing of any length takes no memory; whoever goes away stops it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use hyper::body::Frame as BodyFrame;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::frame::{CONTENT_BYTES_MAX, Frame};
use crate::intake;
use crate::patience::Patience;
use crate::problem::Problem;
use crate::router::Edges;

/// Media type of the answer.
pub const MEDIA_TYPE: &str = "application/vnd.mailtally.frames";
/// Commands that run at once.
const COMMANDS_MAX: u32 = 8;
/// Frames on their way to a client.
const FRAMES_MAX: usize = 16;
/// Largest request, in bytes: what the command line read from a file is in it.
const REQUEST_BYTES_MAX: usize = 256 << 20;

/// Executes commands.
pub trait Commands: Send + Sync {
    /// Executes one, says everything to `answer`, its exit code last. Blocks.
    fn execute(&self, request: &[u8], answer: &mut Answer);
}

/// Where a command speaks to. An error means that nobody listens any more: stop.
pub struct Answer(mpsc::Sender<Bytes>);

impl Answer {
    /// Says a frame.
    ///
    /// # Errors
    /// [`io::ErrorKind::BrokenPipe`] when nobody listens any more.
    pub fn say(&mut self, frame: &Frame) -> io::Result<()> {
        if let Frame::Out(content) | Frame::Err(content) = frame
            && content.len() > CONTENT_BYTES_MAX
        {
            let again = |part: &[u8]| {
                let part = part.to_vec();
                if matches!(frame, Frame::Out(_)) { Frame::Out(part) } else { Frame::Err(part) }
            };
            return content.chunks(CONTENT_BYTES_MAX).try_for_each(|part| self.say(&again(part)));
        }
        let mut wire = Vec::new();
        frame.write(&mut wire)?;
        self.0.blocking_send(wire.into()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Room for commands. Clones are the same room.
#[derive(Clone)]
pub struct Running(Arc<Semaphore>);

impl Running {
    /// Waits until no command runs, at most `patience`. Blocks.
    pub fn wait(&self, patience: Duration) {
        // Its own: the runtime that served the commands has ended by now.
        let Ok(timers) = tokio::runtime::Builder::new_current_thread().enable_time().build() else { return };
        // One that still runs after that is left alone.
        timers.block_on(async { tokio::time::timeout(patience, self.0.acquire_many(COMMANDS_MAX)).await.ok() });
    }
}

impl Default for Running {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(COMMANDS_MAX as usize)))
    }
}

/// Answers a command.
pub(crate) async fn run(
    State(edges): State<Arc<Edges>>,
    Extension(patience): Extension<Patience>,
    body: Body,
) -> Response {
    let Ok(permit) = Arc::clone(&edges.running.0).try_acquire_owned() else {
        let detail = format!("{COMMANDS_MAX} commands run already: wait for one to end");
        return Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-commands", detail).later("1").into_response();
    };
    let request = match intake::read(body, REQUEST_BYTES_MAX).await {
        Ok(request) => request,
        Err(problem) => return problem.into_response(),
    };
    // A listing may wait in a pager for hours.
    patience.last();
    let (say, said) = mpsc::channel(FRAMES_MAX);
    let commands = Arc::clone(&edges.commands);
    let work = move || {
        commands.execute(&request, &mut Answer(say));
        // The permit says that the command has let go of the data directory.
        drop(commands);
        drop::<OwnedSemaphorePermit>(permit);
    };
    if let Err(error) = std::thread::Builder::new().name("command".to_owned()).spawn(work) {
        let detail = format!("no thread for it ({error}): try again");
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no-thread", detail).later("1").into_response();
    }
    ([(CONTENT_TYPE, MEDIA_TYPE)], Body::new(Stream(said))).into_response()
}

/// Frames as a body.
struct Stream(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<BodyFrame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|frame| frame.map(|frame| Ok(BodyFrame::data(frame))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_commands_goes_on_when_the_last_has_ended_or_patience_has() {
        let running = Running::default();
        let held = Arc::clone(&running.0).try_acquire_owned();
        assert!(held.is_ok());
        let (began, patience) = (std::time::Instant::now(), Duration::from_millis(1));
        running.wait(patience);
        assert!(began.elapsed() >= patience, "it was waited for");
        assert_eq!(running.0.available_permits(), 7, "it still runs");
        let ends = std::thread::spawn(move || drop(held));
        running.wait(Duration::MAX);
        assert_eq!(running.0.available_permits(), 8);
        assert!(ends.join().is_ok());
    }
}
