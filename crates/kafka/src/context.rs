//! What librdkafka tells its application beside records: errors, log lines, statistics. Errors of a connection arrive here and
//! nowhere else; whoever waited in vain finds out why.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::statistics::{Shared, Statistics};

/// Why connections fail, as long as they do.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    last: Mutex<Option<(RDKafkaErrorCode, String)>>,
    count: AtomicU64,
}

impl Trouble {
    pub(crate) fn note(&self, code: RDKafkaErrorCode, text: &str) {
        self.count.fetch_add(1, Ordering::AcqRel);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // A refusal explains more than the closed connection that follows it.
        let explained = last.as_ref().is_some_and(|(known, _)| is_refusal(*known));
        if is_refusal(code) || !explained {
            *last = Some((code, text.to_owned()));
        }
    }

    pub(crate) fn last(&self) -> Option<(RDKafkaErrorCode, String)> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many errors there were: the number before and after a call tells whether the call saw one.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    pub(crate) fn clear(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn is_refusal(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SSL | RDKafkaErrorCode::SaslAuthenticationFailed
    )
}

/// Between two log lines of one kind that would come many times a second while a broker is away.
const SELDOM: Duration = Duration::from_secs(10);

/// When something was done last that is done now and then, such as a log line.
pub(crate) struct Seldom(Mutex<Option<Instant>>, Duration);

impl Seldom {
    pub(crate) const fn new() -> Self {
        Self::every(SELDOM)
    }

    /// At most once in this time.
    pub(crate) const fn every(time: Duration) -> Self {
        Self(Mutex::new(None), time)
    }

    /// Whether it may be done again; then it is taken for done.
    pub(crate) fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= self.1);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

/// The context of every client here.
#[derive(Clone, Default)]
pub(crate) struct Context {
    pub(crate) trouble: Arc<Trouble>,
    statistics: Option<Shared>,
}

impl Context {
    /// A context whose client's statistics are kept in `shared`.
    pub(crate) fn counted(shared: &Shared) -> Self {
        Self { trouble: Arc::default(), statistics: Some(Arc::clone(shared)) }
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        use RDKafkaLogLevel::{Alert, Critical, Debug, Emerg, Error, Info, Notice, Warning};
        // A broker that is away is tried again many times a second, by every client.
        static FAILURES: Seldom = Seldom::new();
        if facility == "FAIL" && !FAILURES.is_due() {
            return tracing::debug!(facility, "kafka: {message}");
        }
        match level {
            Emerg | Alert | Critical | Error => tracing::warn!(facility, "kafka: {message}"),
            Warning | Notice => tracing::info!(facility, "kafka: {message}"),
            Info | Debug => tracing::debug!(facility, "kafka: {message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if let Some(code) = error.rdkafka_error_code() {
            self.trouble.note(code, reason);
        }
        tracing::debug!(%error, reason, "kafka");
    }

    fn stats_raw(&self, json: &[u8]) {
        if let (Some(shared), Some(statistics)) = (&self.statistics, Statistics::parse(json)) {
            *shared.lock().unwrap_or_else(PoisonError::into_inner) = statistics;
        }
    }
}

impl ConsumerContext for Context {}
