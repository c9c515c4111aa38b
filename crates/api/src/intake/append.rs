//! Group commit: requests that come while an append is on its way share the next one, so that a hundred clients do not
//! cost a hundred fsyncs.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use axum::http::StatusCode;
use engine::{Offset, Output};
use log::Log;
use service::metric;
use tokio::sync::oneshot;

use crate::problem::Problem;

/// Requests that wait for an append.
const JOBS_MAX: usize = 512;
/// Records of one append.
const RECORDS_MAX: usize = 20_000;
/// Bytes of one append, exceeded by at most one request.
const BYTES_MAX: usize = 32 << 20;

/// Where a record stands.
type Place = (u32, Offset);

/// One request's records.
struct Job {
    records: Vec<Output>,
    reply: oneshot::Sender<Result<Vec<Place>, String>>,
}

/// Why records are not known to be in the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unkept {
    /// Too many requests wait.
    #[error("{JOBS_MAX} requests wait already")]
    Full,
    /// The process is stopping.
    #[error("the process is stopping")]
    Stopping,
    /// The log did not take them, and why.
    #[error("{0}")]
    Failed(String),
}

/// The only writer of an intake of this process.
pub struct Appender {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Appender {
    /// The thread has let go of the log when this returns.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            thread.join().ok();
        }
    }
}

impl Appender {
    /// Starts its thread; it ends when the appender is dropped and everything accepted is answered.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(log: Arc<dyn Log>) -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel(JOBS_MAX);
        let writer = Writer { log };
        let thread = std::thread::Builder::new().name("intake".to_owned()).spawn(move || writer.run(&waiting))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Appends records; where each stands, once they are durable. Whoever stops waiting takes its records back, if they are
    /// not on their way yet.
    ///
    /// # Errors
    /// Why they are not known to be there.
    pub async fn append(&self, records: Vec<Output>) -> Result<Vec<Place>, Unkept> {
        let (reply, replied) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or(Unkept::Stopping)?;
        jobs.try_send(Job { records, reply }).map_err(|refused| match refused {
            TrySendError::Full(_) => Unkept::Full,
            TrySendError::Disconnected(_) => Unkept::Stopping,
        })?;
        replied.await.map_err(|_| Unkept::Stopping)?.map_err(Unkept::Failed)
    }
}

impl From<Unkept> for Problem {
    fn from(why: Unkept) -> Self {
        let unavailable =
            |detail: String| Self::new(StatusCode::SERVICE_UNAVAILABLE, "log-unavailable", detail).later("5");
        match why {
            Unkept::Full => {
                let detail = format!("{why}: send more events in fewer requests");
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail).later("1")
            }
            Unkept::Stopping => unavailable(format!("{why}: send it again")),
            Unkept::Failed(why) => unavailable(format!("nothing of it was taken ({why}): send it again")),
        }
    }
}

struct Writer {
    log: Arc<dyn Log>,
}

impl Writer {
    fn run(&self, waiting: &Receiver<Job>) {
        while let Ok(first) = waiting.recv() {
            let mut jobs = vec![first];
            while size(&jobs).is_some() {
                let Ok(job) = waiting.try_recv() else { break };
                jobs.push(job);
            }
            self.append(jobs);
        }
    }

    fn append(&self, mut jobs: Vec<Job>) {
        let begun = Instant::now();
        jobs.retain(|job| !job.reply.is_closed());
        let records: Vec<usize> = jobs.iter().map(|job| job.records.len()).collect();
        let outputs: Vec<Output> = jobs.iter_mut().flat_map(|job| std::mem::take(&mut job.records)).collect();
        if outputs.is_empty() {
            return;
        }
        let partitions: Vec<u32> = outputs.iter().map(|output| output.to.partition).collect();
        let appended = self.log.append(outputs);
        metrics::histogram!(metric::APPEND_SECONDS).record(begun.elapsed());
        let mut places = match appended {
            Ok(offsets) => partitions.into_iter().zip(offsets),
            Err(error) => {
                tracing::error!(%error, requests = jobs.len(), "an append failed; nothing of it was taken");
                // Whoever went away meanwhile gets no answer; their events were not taken.
                return jobs.into_iter().for_each(|job| drop(job.reply.send(Err(error.to_string()))));
            }
        };
        for (job, records) in jobs.into_iter().zip(records) {
            let own = places.by_ref().take(records).collect();
            drop(job.reply.send(Ok(own)));
        }
    }
}

/// Records and bytes, while there is room for more.
fn size(jobs: &[Job]) -> Option<(usize, usize)> {
    let records = jobs.iter().map(|job| job.records.len()).sum();
    let values = jobs.iter().flat_map(|job| &job.records).filter_map(|output| output.record.value.as_ref());
    let bytes = values.map(bytes::Bytes::len).sum();
    (records < RECORDS_MAX && bytes < BYTES_MAX).then_some((records, bytes))
}
