//! Group commit: requests that come while an append is on its way share the next one, so that a hundred clients do not
//! cost a hundred fsyncs. [`super::pace`] says when it begins.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Instant;

use axum::http::StatusCode;
use engine::{Offset, Output};
use log::Log;
use service::metric;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::pace::Pace;
use crate::problem::Problem;

/// Requests that stand in the queue for an append.
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
    /// Its place in the queue; nothing once it has left it.
    place: Option<OwnedSemaphorePermit>,
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
    jobs: Option<Sender<Job>>,
    /// Places in the queue: so many jobs are in the channel at most.
    places: Arc<Semaphore>,
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
        let (jobs, waiting) = channel();
        let writer = Writer { log };
        let thread = std::thread::Builder::new().name("intake".to_owned()).spawn(move || writer.run(&waiting))?;
        Ok(Self { jobs: Some(jobs), places: Arc::new(Semaphore::new(JOBS_MAX)), thread: Some(thread) })
    }

    /// Appends records; where each stands, once they are durable. Whoever stops waiting takes its records back, if they are
    /// not on their way yet.
    ///
    /// # Errors
    /// Why they are not known to be there.
    pub async fn append(&self, records: Vec<Output>) -> Result<Vec<Place>, Unkept> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Unkept::Full)?;
        self.queue(records, place).await
    }

    /// The same of a request that waits, for as long as its caller does, until there is a place in the queue.
    ///
    /// # Errors
    /// Why they are not known to be there; never [`Unkept::Full`].
    pub async fn append_in_turn(&self, records: Vec<Output>) -> Result<Vec<Place>, Unkept> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Unkept::Stopping)?;
        self.queue(records, place).await
    }

    async fn queue(&self, records: Vec<Output>, place: OwnedSemaphorePermit) -> Result<Vec<Place>, Unkept> {
        let (reply, replied) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or(Unkept::Stopping)?;
        jobs.send(Job { records, place: Some(place), reply }).map_err(|_| Unkept::Stopping)?;
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
        let (mut pace, mut group) = (Pace::default(), Group::default());
        while group.gather(waiting, &mut pace).is_ok() {
            let begun = Instant::now();
            let appended = self.append(&mut group);
            // Before anybody is answered: who stands there now comes on top of those who come back.
            let mut next = Group::default();
            next.fill(waiting);
            pace.appended(begun.elapsed(), group.jobs.len(), next.jobs.len());
            std::mem::replace(&mut group, next).answer(appended);
        }
    }

    /// Appends what the requests hold; whoever went away keeps it.
    fn append(&self, group: &mut Group) -> Result<Vec<Place>, String> {
        group.jobs.retain(|job| !job.reply.is_closed());
        let outputs: Vec<Output> = group.jobs.iter().flat_map(|job| job.records.iter().cloned()).collect();
        if outputs.is_empty() {
            return Ok(Vec::new());
        }
        let partitions: Vec<u32> = outputs.iter().map(|output| output.to.partition).collect();
        let begun = Instant::now();
        let appended = self.log.append(outputs);
        metrics::histogram!(metric::APPEND_SECONDS).record(begun.elapsed());
        let appended = appended.inspect_err(|error| {
            tracing::error!(%error, requests = group.jobs.len(), "an append failed; nothing of it was taken");
        });
        appended.map(|offsets| partitions.into_iter().zip(offsets).collect()).map_err(|error| error.to_string())
    }
}

/// Requests of one append.
#[derive(Default)]
struct Group {
    jobs: Vec<Job>,
    records: usize,
    bytes: usize,
}

impl Group {
    /// Waits for requests; an error when none can come any more.
    fn gather(&mut self, waiting: &Receiver<Job>, pace: &mut Pace) -> Result<(), RecvError> {
        if self.jobs.is_empty() {
            self.push(waiting.recv()?);
        }
        self.fill(waiting);
        if let Some((wanted, time)) = pace.wait(self.jobs.len()) {
            let until = Instant::now() + time;
            while self.has_room() && self.jobs.len() < wanted {
                let Ok(job) = waiting.recv_timeout(until.saturating_duration_since(Instant::now())) else { break };
                self.push(job);
            }
            pace.waited(self.jobs.len());
        }
        Ok(())
    }

    /// Takes what waits already.
    fn fill(&mut self, waiting: &Receiver<Job>) {
        while self.has_room() {
            let Ok(job) = waiting.try_recv() else { return };
            self.push(job);
        }
    }

    fn has_room(&self) -> bool {
        self.records < RECORDS_MAX && self.bytes < BYTES_MAX
    }

    fn push(&mut self, mut job: Job) {
        job.place = None;
        let bytes = |output: &Output| output.record.value.as_ref().map_or(0, bytes::Bytes::len);
        self.records += job.records.len();
        self.bytes += job.records.iter().map(bytes).sum::<usize>();
        self.jobs.push(job);
    }

    /// Tells each request where its records stand, or why they do not. Whoever went away meanwhile gets no answer.
    fn answer(self, appended: Result<Vec<Place>, String>) {
        let mut places = appended.map(Vec::into_iter);
        for job in self.jobs {
            let own = places.as_mut().map(|places| places.by_ref().take(job.records.len()).collect());
            drop(job.reply.send(own.map_err(|why| why.clone())));
        }
    }
}
