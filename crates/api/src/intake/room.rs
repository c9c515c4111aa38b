//! Room for requests: bytes of bodies that are held at once, whatever their number.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::StatusCode;
use bytes::BytesMut;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{BODY_TIME_MAX, Unread};
use crate::problem::Problem;

/// Bytes of one permit.
const UNIT_BYTES: usize = 64 << 10;
/// Permits: 32 MiB of bodies, and so at most 512 requests.
const UNITS: usize = 512;
/// Bytes of a body that need no room: there are no more of them than connections.
const FREE_BYTES: usize = 16 << 10;
/// How long a request waits for room before it is sent away.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// Room that a request holds.
#[derive(Default)]
pub struct Held(Vec<OwnedSemaphorePermit>);

/// Room for requests that are being read and appended.
pub struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(UNITS)))
    }
}

impl Room {
    /// Reads a body within its bounds, and takes room as it arrives: whoever announces much and sends little holds little. The room
    /// is held as long as what comes with the body.
    ///
    /// # Errors
    /// Which bound it broke.
    pub async fn read(&self, body: Body, bytes_max: usize) -> Result<(Bytes, Held), Unread> {
        let read = tokio::time::timeout(BODY_TIME_MAX, self.frames(body, bytes_max)).await;
        read.map_err(|_| Unread::Slow)?
    }

    async fn frames(&self, mut body: Body, bytes_max: usize) -> Result<(Bytes, Held), Unread> {
        let (mut read, mut held) = (BytesMut::new(), Held::default());
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            let Ok(data) = frame.map_err(|_| Unread::Cut)?.into_data() else { continue };
            let bytes = read.len() + data.len();
            if bytes > bytes_max {
                return Err(Unread::Large);
            }
            while bytes > FREE_BYTES + held.0.len() * UNIT_BYTES {
                held.0.push(self.wait(UNIT_BYTES).await.ok_or(Unread::NoRoom)?);
            }
            read.extend_from_slice(&data);
        }
        Ok((read.freeze(), held))
    }

    /// Waits for room for so many bytes; none when there is none for a while.
    async fn wait(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES).clamp(1, UNITS)).unwrap_or(1);
        let entered = tokio::time::timeout(WAIT_MAX, Arc::clone(&self.0).acquire_many_owned(units)).await;
        entered.ok().and_then(Result::ok)
    }

    /// Waits for room for so many bytes; 429 when there is none for a while.
    pub(crate) async fn enter(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        self.wait(bytes).await.ok_or_else(full)
    }
}

/// What is answered when there is no room.
pub(super) fn full() -> Problem {
    let detail = "too many requests are being read: send fewer at once, or try again";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail).later("1")
}
