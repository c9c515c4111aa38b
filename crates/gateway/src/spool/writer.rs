//! Group fsync: requests that come while one is on its way share the next.

use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

use super::{Spool, SpoolError};

/// Requests that stand in the queue for an fsync; others wait for a place, as long as their callers do.
const JOBS_MAX: usize = 512;
/// Bytes of one write, exceeded by at most one request.
const BYTES_MAX: usize = 4 << 20;

type Answer = Result<(), Arc<SpoolError>>;
type Job = (Bytes, oneshot::Sender<Answer>);

/// The thread that writes a spool.
pub(crate) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            thread.join().ok();
        }
    }
}

impl Writer {
    pub(crate) fn start(spool: Spool) -> std::io::Result<Self> {
        let (jobs, waiting) = channel(JOBS_MAX);
        let thread = std::thread::Builder::new().name("spool".to_owned()).spawn(move || run(&spool, waiting))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Makes a value durable; why not, in words.
    pub(crate) async fn append(&self, value: Bytes) -> Result<(), String> {
        let (reply, replied) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or("the process is stopping")?;
        jobs.send((value, reply)).await.map_err(|_| "the process is stopping".to_owned())?;
        replied.await.map_err(|_| "the process is stopping".to_owned())?.map_err(|why| why.to_string())
    }
}

fn run(spool: &Spool, mut waiting: Receiver<Job>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut bytes = first.0.len();
        let mut jobs = vec![first];
        while bytes < BYTES_MAX {
            let Ok(job) = waiting.try_recv() else { break };
            bytes += job.0.len();
            jobs.push(job);
        }
        let (values, replies): (Vec<Bytes>, Vec<_>) = jobs.into_iter().unzip();
        let appended = spool.append(&values).map_err(Arc::new);
        // Whoever went away comes again.
        replies.into_iter().for_each(|reply| drop(reply.send(appended.clone())));
    }
}
