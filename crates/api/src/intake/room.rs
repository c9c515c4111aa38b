//! Room for requests: bytes of bodies that are held at once, whatever their number.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;

/// Bytes of one permit.
const UNIT_BYTES: usize = 64 << 10;
/// Permits: 32 MiB of bodies, and so at most 512 requests.
const UNITS: usize = 512;
/// How long a request waits for room before it is sent away.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// Room for requests that are being read and appended.
pub struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(UNITS)))
    }
}

impl Room {
    /// Waits for room for so many bytes; 429 when there is none for a while.
    pub(crate) async fn enter(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES).clamp(1, UNITS)).unwrap_or(1);
        let full = || {
            let detail = "too many requests are being read: send fewer at once, or try again";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail).later("1")
        };
        let entered = tokio::time::timeout(WAIT_MAX, Arc::clone(&self.0).acquire_many_owned(units)).await;
        entered.ok().and_then(Result::ok).ok_or_else(full)
    }
}
