//! Group commit: requests that come while an append is on its way share the next one, so that a hundred clients do not
//! cost a hundred fsyncs.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use axum::http::StatusCode;
use contract::topic::Topic;
use engine::{Offset, Output, Record, TopicPartition};
use log::Log;
use processor::settings::Settings;
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

/// One request's events.
struct Job {
    events: Vec<Vec<u8>>,
    received_ms: i64,
    reply: oneshot::Sender<Result<Vec<Place>, String>>,
}

/// The only writer of the platform intake of this process.
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
    pub fn start(log: Arc<dyn Log>, settings: Arc<Settings>) -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel(JOBS_MAX);
        let mut writer = Writer { log, settings, next: 0 };
        let thread = std::thread::Builder::new().name("intake".to_owned()).spawn(move || writer.run(&waiting))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Appends encoded events; where each stands, once they are durable.
    pub(crate) async fn append(&self, events: Vec<Vec<u8>>, received_ms: i64) -> Result<Vec<Place>, Problem> {
        let unavailable =
            |detail: String| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "log-unavailable", detail).later("5");
        let stopping = || unavailable("the process is stopping: send it again".to_owned());
        let (reply, replied) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(stopping)?;
        jobs.try_send(Job { events, received_ms, reply }).map_err(|refused| match refused {
            TrySendError::Full(_) => {
                let detail = format!("{JOBS_MAX} requests wait already: send more events in fewer requests");
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail).later("1")
            }
            TrySendError::Disconnected(_) => stopping(),
        })?;
        match replied.await {
            Ok(Ok(places)) => Ok(places),
            Ok(Err(why)) => Err(unavailable(format!("nothing of it was taken ({why}): send it again"))),
            Err(_) => Err(stopping()),
        }
    }
}

struct Writer {
    log: Arc<dyn Log>,
    settings: Arc<Settings>,
    /// The partition that the next record goes to.
    next: u32,
}

impl Writer {
    fn run(&mut self, waiting: &Receiver<Job>) {
        while let Ok(first) = waiting.recv() {
            let mut jobs = vec![first];
            while size(&jobs).is_some() {
                let Ok(job) = waiting.try_recv() else { break };
                jobs.push(job);
            }
            self.append(jobs);
        }
    }

    fn append(&mut self, jobs: Vec<Job>) {
        let begun = Instant::now();
        let outputs: Vec<Output> = jobs.iter().flat_map(|job| self.outputs(job)).collect();
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
        for job in jobs {
            let own = places.by_ref().take(job.events.len()).collect();
            drop(job.reply.send(Ok(own)));
        }
    }

    fn outputs(&mut self, job: &Job) -> Vec<Output> {
        let topic = self.settings.topic(Topic::Platform);
        let one = |event: &Vec<u8>| {
            let to = TopicPartition { topic: topic.clone(), partition: self.next % self.settings.partitions };
            self.next = self.next.wrapping_add(1);
            let value = Some(bytes::Bytes::copy_from_slice(event));
            Output { to, record: Record { value, timestamp_ms: job.received_ms, ..Record::default() } }
        };
        job.events.iter().map(one).collect()
    }
}

/// Records and bytes, while there is room for more.
fn size(jobs: &[Job]) -> Option<(usize, usize)> {
    let records = jobs.iter().map(|job| job.events.len()).sum();
    let bytes = jobs.iter().flat_map(|job| &job.events).map(Vec::len).sum();
    (records < RECORDS_MAX && bytes < BYTES_MAX).then_some((records, bytes))
}
