//! Sending records and taking what became of them: a producer with its delivery reports.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use engine::{Headers, Offset, Output};
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext as _, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};

use crate::context::{Context, Trouble};
use crate::fetch::lock;
use crate::native::Told;
use crate::statistics::Shared;

/// The longest wait for a report before the deadline is looked at again.
const LOOK: Duration = Duration::from_millis(100);
/// How often reports are taken while sending: they free the queue.
const SENT_BETWEEN_LOOKS: usize = 1_024;

/// Where delivery reports go: the offset after the last record of each slot, and the first failure.
#[derive(Default)]
struct Reports {
    ends: Vec<Offset>,
    failed: Option<RDKafkaErrorCode>,
}

/// The context of a producer.
pub(crate) struct Deliveries {
    reports: Mutex<Reports>,
    context: Context,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.context.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.context.error(error, reason);
    }

    fn stats_raw(&self, json: &[u8]) {
        self.context.stats_raw(json);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, slot: usize) {
        let mut reports = lock(&self.reports);
        match result {
            Ok(message) => {
                let end = Offset::try_from(message.offset().saturating_add(1)).unwrap_or_default();
                if let Some(known) = reports.ends.get_mut(slot) {
                    *known = end.max(*known);
                }
            }
            Err((error, _)) => {
                let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
                // What was purged says less than why it was.
                if reports.failed.is_none_or(|known| matches!(known, RDKafkaErrorCode::PurgeQueue)) {
                    reports.failed = Some(code);
                }
            }
        }
    }
}

/// A producer of librdkafka's.
pub(crate) struct Sender {
    told: Told,
    pub(crate) producer: BaseProducer<Deliveries>,
    pub(crate) trouble: Arc<Trouble>,
}

impl Sender {
    pub(crate) fn new(config: &ClientConfig, statistics: Option<&Shared>) -> KafkaResult<Self> {
        let context = statistics.map_or_else(Context::default, Context::counted);
        let trouble = Arc::clone(&context.trouble);
        let deliveries = Deliveries { reports: Mutex::default(), context };
        let producer: BaseProducer<Deliveries> = BaseProducer::from_config_and_context(config, deliveries)?;
        Ok(Self { told: Told::of(&producer), producer, trouble })
    }

    /// Sends the records, each with the slot in which its offset is wanted, and waits until every one is acknowledged. The
    /// offset after the last record of each slot.
    pub(crate) fn send<'a>(
        &self,
        slots: usize,
        outputs: impl Iterator<Item = (usize, &'a Output)>,
        until: Instant,
    ) -> Result<Vec<Offset>, RDKafkaErrorCode> {
        *lock(&self.producer.context().reports) = Reports { ends: vec![0; slots], failed: None };
        // Rows of one batch share their headers: they are built once.
        let mut shared: Option<(Headers, OwnedHeaders)> = None;
        for (sent, (slot, output)) in outputs.enumerate() {
            self.enqueue(slot, output, &mut shared, until)?;
            if sent % SENT_BETWEEN_LOOKS == 0 {
                self.listen();
            }
        }
        self.drain(until)?;
        let reports = std::mem::take(&mut *lock(&self.producer.context().reports));
        reports.failed.map_or(Ok(reports.ends), Err)
    }

    fn enqueue(
        &self,
        slot: usize,
        Output { to, record }: &Output,
        shared: &mut Option<(Headers, OwnedHeaders)>,
        until: Instant,
    ) -> Result<(), RDKafkaErrorCode> {
        let mut one = BaseRecord::<[u8], [u8], usize>::with_opaque_to(to.topic.name(), slot)
            .partition(i32::try_from(to.partition).unwrap_or(i32::MAX))
            .timestamp(record.timestamp_ms);
        if let Some(key) = &record.key {
            one = one.key(key);
        }
        if let Some(value) = &record.value {
            one = one.payload(value);
        }
        if let Some(headers) = with(&record.headers, shared) {
            one = one.headers(headers);
        }
        loop {
            let seen = self.told.signal().version();
            let Err((error, again)) = self.producer.send(one) else { return Ok(()) };
            match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::QueueFull) if Instant::now() < until => self.listen_after(seen),
                code => return Err(code.unwrap_or(RDKafkaErrorCode::Fail)),
            }
            one = again;
        }
    }

    /// Takes delivery reports until none is owed.
    pub(crate) fn drain(&self, until: Instant) -> Result<(), RDKafkaErrorCode> {
        loop {
            let seen = self.told.signal().version();
            self.listen();
            if self.producer.in_flight_count() == 0 {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(RDKafkaErrorCode::OperationTimedOut);
            }
            self.listen_after(seen);
        }
    }

    /// Takes what the client has told.
    pub(crate) fn listen(&self) {
        while self.told.count() > 0 {
            self.producer.poll(Duration::ZERO);
        }
    }

    /// The same, once there is something new since `seen`. The client's own way of waiting asks again and again without a pause
    /// when less than a millisecond is left, and a wait for reports is mostly as short as that.
    fn listen_after(&self, seen: u64) {
        self.told.signal().wait(seen, LOOK);
        self.listen();
    }
}

/// A record's headers in librdkafka's form; none when it has none.
fn with(headers: &Headers, shared: &mut Option<(Headers, OwnedHeaders)>) -> Option<OwnedHeaders> {
    if headers.as_bytes().is_empty() {
        return None;
    }
    if let Some((known, built)) = shared.as_ref()
        && known == headers
    {
        return Some(built.clone());
    }
    let mut built = OwnedHeaders::new();
    for (key, value) in headers.iter() {
        built = built.insert(Header { key, value: Some(value) });
    }
    *shared = Some((headers.clone(), built.clone()));
    Some(built)
}
