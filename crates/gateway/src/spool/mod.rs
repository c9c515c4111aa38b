//! Webhooks that wait on this machine while the log is away: segments that are only appended to, durable before a provider is
//! answered, bounded in bytes, private, drained oldest first. A segment goes once all of it is in the log; a kill before that
//! drains it again, which the folds count once.

mod frame;
mod writer;

use std::collections::VecDeque;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use service::metric;

use frame::Salt;
pub(crate) use writer::Writer;

/// Bytes after which a segment is closed.
const SEGMENT_BYTES: u64 = 4 << 20;
/// Held by the process whose spool it is.
const LOCK: &str = "lock";
const SEGMENT: &str = "spool";
const DAMAGED: &str = "damaged";

/// What the bytes of a segment hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Values that can be read.
    pub values: usize,
    /// Their bytes.
    pub values_bytes: usize,
    /// Bytes that cannot be read although values follow.
    pub damaged: usize,
    /// Bytes behind the last value: a write that was cut short.
    pub torn: usize,
}

/// Reads a segment's file, whatever is in it.
pub fn held(segment: &[u8]) -> Held {
    let found = frame::read(segment);
    let values_bytes = found.values.iter().map(ExactSizeIterator::len).sum();
    Held { values: found.values.len(), values_bytes, damaged: found.damaged, torn: found.torn }
}

/// Why a spool does not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Another process has it.
    #[error("{0} is another process's spool: give this one a data directory of its own")]
    Locked(PathBuf),
    /// The file system refused.
    #[error("the spool {0} cannot be used ({1}): give this user the right to, and space")]
    Unusable(PathBuf, io::Error),
    /// It holds as much as it may.
    #[error("the spool holds its {0} bytes")]
    Full(u64),
}

/// A spool in a directory.
#[derive(Clone)]
pub struct Spool(Arc<Inner>);

struct Inner {
    root: PathBuf,
    bytes_max: u64,
    state: Mutex<State>,
    /// Told when something waits, and by [`Spool::wake`].
    news: Condvar,
    /// Keeps other processes out.
    _lock: File,
}

#[derive(Default)]
struct State {
    /// Oldest first; the last one is appended to while `open` is there.
    segments: VecDeque<Segment>,
    open: Option<(File, Salt)>,
    next: u64,
}

/// A file of the spool.
#[derive(Clone, Debug)]
struct Segment {
    path: PathBuf,
    bytes: u64,
}

/// The values of the oldest segment.
pub(crate) struct Oldest {
    path: PathBuf,
    pub(crate) values: Vec<Bytes>,
    damaged: usize,
}

impl Spool {
    /// Opens the spool in this directory, or makes it; it holds at most so many bytes.
    ///
    /// # Errors
    /// [`SpoolError::Locked`], [`SpoolError::Unusable`].
    pub fn open(root: &Path, bytes_max: u64) -> Result<Self, SpoolError> {
        let unusable = |error: io::Error| SpoolError::Unusable(root.to_owned(), error);
        DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(unusable)?;
        let lock = private().write(true).create(true).truncate(false).open(root.join(LOCK)).map_err(unusable)?;
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| SpoolError::Locked(root.to_owned()))?;
        let mut found = Vec::new();
        for entry in std::fs::read_dir(root).map_err(unusable)?.flatten() {
            let path = entry.path();
            if let Some(number) = number(&path) {
                let bytes = entry.metadata().map_err(unusable)?.len();
                found.push((number, Segment { path, bytes }));
            }
        }
        found.sort_by_key(|(number, _)| *number);
        let next = found.last().map_or(0, |(number, _)| number + 1);
        let segments: VecDeque<Segment> = found.into_iter().map(|(_, segment)| segment).collect();
        let state = State { segments, open: None, next };
        if state.bytes() > 0 {
            tracing::warn!(bytes = state.bytes(), "webhooks wait in the spool since before; they go into the log now");
        }
        metrics::gauge!(metric::SPOOL_BYTES_MAX).set(float(bytes_max));
        metrics::gauge!(metric::SPOOL_BYTES).set(float(state.bytes()));
        let (root, state) = (root.to_owned(), Mutex::new(state));
        Ok(Self(Arc::new(Inner { root, bytes_max, state, news: Condvar::new(), _lock: lock })))
    }

    /// Bytes of what waits.
    pub fn bytes(&self) -> u64 {
        self.lock().bytes()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lock().segments.is_empty()
    }

    /// Returns when something waits, or after a [`Spool::wake`] once `is_called` holds. Blocks.
    pub(crate) fn wait(&self, is_called: impl Fn() -> bool) {
        let idle = |state: &mut State| state.segments.is_empty() && !is_called();
        drop(self.0.news.wait_while(self.lock(), idle));
    }

    /// Returns after `time`, or once `is_called` holds and [`Spool::wake`] was called. Blocks.
    pub(crate) fn pause(&self, time: Duration, is_called: impl Fn() -> bool) {
        drop(self.0.news.wait_timeout_while(self.lock(), time, |_| !is_called()));
    }

    /// Lets who waits look at what calls it, which was changed before.
    pub(crate) fn wake(&self) {
        // Not between a look and the wait after it.
        drop(self.lock());
        self.0.news.notify_all();
    }

    /// Makes values durable, all or none of them acknowledged.
    ///
    /// # Errors
    /// [`SpoolError::Full`], [`SpoolError::Unusable`]: then they may be drained, and are not known to be kept.
    pub fn append(&self, values: &[Bytes]) -> Result<(), SpoolError> {
        let size = |value: &Bytes| u64::try_from(value.len() + frame::FRAME_BYTES).unwrap_or(u64::MAX);
        let bytes: u64 = values.iter().map(size).sum();
        let mut state = self.lock();
        if state.bytes().saturating_add(bytes) > self.0.bytes_max {
            return Err(SpoolError::Full(self.0.bytes_max));
        }
        let appended = state.append(&self.0.root, values);
        if appended.is_err() {
            // What of it stands there is not known: nothing is written behind it.
            state.open = None;
        }
        self.0.news.notify_all();
        metrics::gauge!(metric::SPOOL_BYTES).set(float(state.bytes()));
        appended.map_err(|error| SpoolError::Unusable(self.0.root.clone(), error))
    }

    /// The values of the oldest segment, to which nothing is appended any more; none when nothing waits.
    ///
    /// # Errors
    /// [`SpoolError::Unusable`].
    pub(crate) fn oldest(&self) -> Result<Option<Oldest>, SpoolError> {
        let path = {
            let mut state = self.lock();
            if state.segments.len() == 1 {
                state.open = None;
            }
            state.segments.front().map(|segment| segment.path.clone())
        };
        let Some(path) = path else { return Ok(None) };
        let unusable = |error: io::Error| SpoolError::Unusable(path.clone(), error);
        let mut segment = Vec::new();
        File::open(&path).and_then(|mut file| file.read_to_end(&mut segment)).map_err(unusable)?;
        let found = frame::read(&segment);
        if found.torn > 0 {
            tracing::warn!(bytes = found.torn, "a write of the spool was cut short; nobody was told that it is kept");
        }
        let segment = Bytes::from(segment);
        let values = found.values.into_iter().map(|place| segment.slice(place)).collect();
        Ok(Some(Oldest { path, values, damaged: found.damaged }))
    }

    /// The oldest segment is in the log.
    ///
    /// # Errors
    /// [`SpoolError::Unusable`].
    pub(crate) fn drained(&self, oldest: &Oldest) -> Result<(), SpoolError> {
        let unusable = |error: io::Error| SpoolError::Unusable(oldest.path.clone(), error);
        if oldest.damaged > 0 {
            let aside = oldest.path.with_extension(DAMAGED);
            tracing::error!(bytes = oldest.damaged, file = %aside.display(), "a segment of the spool is damaged: what could be read is in the log");
            metrics::counter!(metric::SPOOL_DAMAGED_BYTES).increment(u64::try_from(oldest.damaged).unwrap_or(u64::MAX));
            std::fs::rename(&oldest.path, aside).map_err(unusable)?;
        } else {
            std::fs::remove_file(&oldest.path).map_err(unusable)?;
        }
        let mut state = self.lock();
        state.segments.pop_front();
        metrics::counter!(metric::SPOOL_DRAINED).increment(u64::try_from(oldest.values.len()).unwrap_or(u64::MAX));
        metrics::gauge!(metric::SPOOL_BYTES).set(float(state.bytes()));
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    fn append(&mut self, root: &Path, values: &[Bytes]) -> io::Result<()> {
        if self.segments.back().is_some_and(|segment| segment.bytes >= SEGMENT_BYTES) {
            self.open = None;
        }
        let mut bytes = Vec::new();
        let (mut file, salt) = match self.open.take() {
            Some(open) => open,
            None => {
                let (file, salt) = self.begin(root)?;
                bytes = frame::head(salt);
                (file, salt)
            }
        };
        values.iter().for_each(|value| frame::put(salt, value, &mut bytes));
        io::Write::write_all(&mut file, &bytes)?;
        file.sync_data()?;
        if let Some(segment) = self.segments.back_mut() {
            segment.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        }
        self.open = Some((file, salt));
        Ok(())
    }

    /// A new segment, whose name is durable.
    fn begin(&mut self, root: &Path) -> io::Result<(File, Salt)> {
        let mut salt = [0; 16];
        File::open("/dev/urandom")?.read_exact(&mut salt)?;
        let path = root.join(format!("{:012}.{SEGMENT}", self.next));
        self.next += 1;
        let file = private().append(true).create_new(true).open(&path)?;
        self.segments.push_back(Segment { path, bytes: 0 });
        File::open(root)?.sync_all()?;
        Ok((file, Salt(salt)))
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

fn number(path: &Path) -> Option<u64> {
    let named = path.extension().is_some_and(|extension| extension == SEGMENT);
    path.file_stem().filter(|_| named)?.to_str()?.parse().ok()
}

fn float(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "gauges are floats; bytes stay below 2^53")]
    let float = bytes as f64;
    float
}

#[cfg(test)]
mod tests;
