//! The one module with `unsafe`: what librdkafka can do and rdkafka's safe calls cannot. Reads of whole batches from a
//! partition's own queue, native ends of transactions, topic ids. Everything it gives out is safe to use.
#![expect(unsafe_code, reason = "librdkafka is a C library; each block says why it is sound")]

use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use engine::{Headers, Offset, Record, Stored};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{IsError as _, RDKafkaErrorCode};
use rdkafka::producer::{Producer, ProducerContext};
use rdkafka_sys as sys;

use crate::cluster::Right;
use crate::signal::Signal;

/// Messages of one call.
const BATCH_MAX: usize = 4_096;
/// Bytes of keys and values that share one buffer: a slice that is kept for long keeps no more than this.
const SHARED_BYTES_MAX: usize = 256 << 10;

/// What came out of a partition's queue, in its order.
pub(crate) enum Fetched {
    /// A committed record.
    Record(Stored),
    /// Everything that can be read is read; the next offset, past markers and aborted records.
    End(Offset),
    /// Fetching failed.
    Failed(RDKafkaErrorCode),
}

/// One partition that a consumer without a group fetches from an offset on, into a queue of its own.
pub(crate) struct Partition<C: ConsumerContext + 'static> {
    /// Its client outlives the handles below.
    _consumer: Arc<BaseConsumer<C>>,
    topic: *mut sys::rd_kafka_topic_t,
    queue: *mut sys::rd_kafka_queue_t,
    partition: i32,
    /// The callback's argument.
    signal: Arc<Signal>,
    started: bool,
}

// SAFETY: librdkafka's handles may be used from any thread; `&mut self` keeps the calls of one partition apart.
unsafe impl<C: ConsumerContext + 'static> Send for Partition<C> {}

impl<C: ConsumerContext + 'static> Partition<C> {
    /// A partition that is not fetched yet. `signal` is raised when its queue was empty and is not any more.
    pub(crate) fn new(
        consumer: &Arc<BaseConsumer<C>>,
        topic: &str,
        partition: u32,
        signal: &Arc<Signal>,
    ) -> Option<Self> {
        let name = CString::new(topic).ok()?;
        let partition = i32::try_from(partition).ok()?;
        let client = consumer.client().native_ptr();
        // SAFETY: `client` is alive as long as `consumer`; a null configuration means the defaults.
        let handle = unsafe { sys::rd_kafka_topic_new(client, name.as_ptr(), ptr::null_mut()) };
        if handle.is_null() {
            return None;
        }
        // SAFETY: as above; the queue's handle is reference-counted.
        let queue = unsafe { sys::rd_kafka_queue_get_partition(client, name.as_ptr(), partition) };
        let (consumer, signal) = (Arc::clone(consumer), Arc::clone(signal));
        let this = Self { _consumer: consumer, topic: handle, queue, partition, signal, started: false };
        if queue.is_null() {
            return None;
        }
        let argument = Arc::as_ptr(&this.signal).cast_mut().cast::<c_void>();
        // SAFETY: `this.signal` lives until the callback is taken away in `drop`.
        unsafe { sys::rd_kafka_queue_cb_event_enable(queue, Some(raise), argument) };
        Some(this)
    }

    /// Fetches from `offset` on; what was fetched from elsewhere before is dropped.
    pub(crate) fn start(&mut self, offset: Offset) -> Result<(), RDKafkaErrorCode> {
        self.stop();
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        // SAFETY: the topic's handle is ours.
        if unsafe { sys::rd_kafka_consume_start(self.topic, self.partition, offset) } != 0 {
            // SAFETY: reads this thread's last error.
            return Err(unsafe { sys::rd_kafka_last_error() }.into());
        }
        self.started = true;
        Ok(())
    }

    /// Ends fetching.
    pub(crate) fn stop(&mut self) {
        if std::mem::take(&mut self.started) {
            // SAFETY: the topic's handle is ours, and it was started.
            unsafe { sys::rd_kafka_consume_stop(self.topic, self.partition) };
        }
    }

    /// What has arrived, at most so many; waits at most `timeout` for the first.
    pub(crate) fn take(&mut self, most: usize, timeout: Duration) -> Vec<Fetched> {
        let most = most.clamp(1, BATCH_MAX);
        let mut messages: Vec<*mut sys::rd_kafka_message_t> = vec![ptr::null_mut(); most];
        let wait = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX);
        // With a wait librdkafka waits for the whole batch: ask for the first alone, then for what is there.
        let mut got = self.consume(&mut messages, 0);
        if got == 0 && wait > 0 {
            got = messages.get_mut(..1).map_or(0, |first| self.consume(first, wait));
        }
        messages.truncate(got);
        // SAFETY: the library gave us these messages; they are destroyed below, once each.
        let fetched = unsafe { convert(&messages) };
        for message in messages {
            // SAFETY: see above.
            unsafe { sys::rd_kafka_message_destroy(message) };
        }
        fetched
    }

    fn consume(&mut self, into: &mut [*mut sys::rd_kafka_message_t], wait: c_int) -> usize {
        // SAFETY: the queue is ours and `into` has room for as many messages as it is long.
        let got = unsafe { sys::rd_kafka_consume_batch_queue(self.queue, wait, into.as_mut_ptr(), into.len()) };
        usize::try_from(got).unwrap_or(0)
    }
}

impl<C: ConsumerContext + 'static> Drop for Partition<C> {
    fn drop(&mut self) {
        self.stop();
        // SAFETY: the handles are ours and the client is still alive. Taking the callback away takes the lock under which it
        // is called, so that none is under way when the signal goes.
        unsafe {
            if !self.queue.is_null() {
                sys::rd_kafka_queue_cb_event_enable(self.queue, None, ptr::null_mut());
                sys::rd_kafka_queue_destroy(self.queue);
            }
            sys::rd_kafka_topic_destroy(self.topic);
        }
    }
}

unsafe extern "C" fn raise(_client: *mut sys::rd_kafka_t, argument: *mut c_void) {
    // SAFETY: `argument` is the `Signal` that `Partition::new` gave; it outlives the callback.
    unsafe { &*argument.cast::<Signal>() }.raise();
}

/// # Safety
/// The messages are alive and unchanged during the call.
unsafe fn convert(messages: &[*mut sys::rd_kafka_message_t]) -> Vec<Fetched> {
    let mut fetched = Vec::with_capacity(messages.len());
    let mut rest = messages;
    while !rest.is_empty() {
        let mut bytes = 0;
        // SAFETY: the caller's promise.
        let fits = |message: &&*mut sys::rd_kafka_message_t| unsafe {
            let first = bytes == 0;
            bytes += (***message).key_len + (***message).len;
            first || bytes <= SHARED_BYTES_MAX
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (chunk, after) = rest.split_at(count);
        // SAFETY: the caller's promise.
        unsafe { convert_chunk(chunk, &mut fetched) };
        rest = after;
    }
    fetched
}

/// # Safety
/// As [`convert`].
unsafe fn convert_chunk(messages: &[*mut sys::rd_kafka_message_t], fetched: &mut Vec<Fetched>) {
    // SAFETY: the caller's promise.
    let size = messages.iter().map(|message| unsafe { (**message).key_len + (**message).len }).sum();
    let mut shared = BytesMut::with_capacity(size);
    for &message in messages {
        // SAFETY: the caller's promise.
        let (head, offset) = unsafe { (&*message, Offset::try_from((*message).offset).unwrap_or_default()) };
        let one = match RDKafkaErrorCode::from(head.err) {
            RDKafkaErrorCode::NoError => {
                // SAFETY: key and value are as long as the message says, or null.
                let (key, value) =
                    unsafe { (slice(&mut shared, head.key, head.key_len), slice(&mut shared, head.payload, head.len)) };
                let (headers, timestamp_ms) = (headers(message), timestamp(message));
                Fetched::Record(Stored { offset, record: Record { key, value, headers, timestamp_ms } })
            }
            RDKafkaErrorCode::PartitionEOF => Fetched::End(offset),
            code => Fetched::Failed(code),
        };
        fetched.push(one);
    }
}

/// # Safety
/// `from` is null or points to `length` bytes.
unsafe fn slice(shared: &mut BytesMut, from: *mut c_void, length: usize) -> Option<Bytes> {
    if from.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    shared.extend_from_slice(unsafe { std::slice::from_raw_parts(from.cast::<u8>(), length) });
    Some(shared.split().freeze())
}

fn timestamp(message: *const sys::rd_kafka_message_t) -> i64 {
    let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    // SAFETY: the message is alive.
    unsafe { sys::rd_kafka_message_timestamp(message, &mut kind) }.max(0)
}

fn headers(message: *const sys::rd_kafka_message_t) -> Headers {
    let mut list = ptr::null_mut();
    // SAFETY: the message is alive; the list belongs to it.
    if unsafe { sys::rd_kafka_message_headers(message, &mut list) }.is_error() {
        return Headers::default();
    }
    let mut pairs = Vec::new();
    for at in 0.. {
        let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the list is alive; an index past its end is an error.
        if unsafe { sys::rd_kafka_header_get_all(list, at, &mut name, &mut value, &mut size) }.is_error() {
            break;
        }
        // SAFETY: the name is terminated; the value is null or `size` bytes; both live as long as the message.
        let (name, value) = unsafe {
            let bytes = if value.is_null() { &[] } else { std::slice::from_raw_parts(value.cast::<u8>(), size) };
            (CStr::from_ptr(name).to_str(), bytes)
        };
        // A header whose name is no text is nothing that a record of ours has.
        pairs.extend(name.ok().map(|name| (name, std::borrow::Cow::Borrowed(value))));
    }
    Headers::from_pairs(pairs)
}

/// The queue in which a client leaves what it has to tell: delivery reports, errors, statistics. To be dropped before its client.
pub(crate) struct Told {
    queue: *mut sys::rd_kafka_queue_t,
    /// The callback's argument.
    signal: Arc<Signal>,
}

// SAFETY: librdkafka's queues may be used from any thread.
unsafe impl Send for Told {}
// SAFETY: as above; every call on a queue takes its lock.
unsafe impl Sync for Told {}

impl Told {
    /// The queue of a producer that is alive.
    pub(crate) fn of<C: ProducerContext, P: Producer<C>>(producer: &P) -> Self {
        let signal = Arc::new(Signal::default());
        // SAFETY: the client is alive; the queue's handle is counted and ours.
        let queue = unsafe { sys::rd_kafka_queue_get_main(producer.client().native_ptr()) };
        let argument = Arc::as_ptr(&signal).cast_mut().cast::<c_void>();
        // SAFETY: `signal` lives until the callback is taken away in `drop`.
        unsafe { sys::rd_kafka_queue_cb_event_enable(queue, Some(raise), argument) };
        Self { queue, signal }
    }

    /// How much is to be taken.
    pub(crate) fn count(&self) -> usize {
        // SAFETY: the queue is ours.
        unsafe { sys::rd_kafka_queue_length(self.queue) }
    }

    /// Changes when the queue was empty and is not any more.
    pub(crate) fn signal(&self) -> &Signal {
        &self.signal
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        // SAFETY: the queue is ours; taking the callback away takes the lock under which it is called.
        unsafe {
            sys::rd_kafka_queue_cb_event_enable(self.queue, None, ptr::null_mut());
            sys::rd_kafka_queue_destroy(self.queue);
        }
    }
}

/// How an end of a transaction failed, as librdkafka sorts errors (INTRODUCTION.md, "Transactional Producer").
#[derive(Debug)]
pub(crate) struct EndError {
    pub(crate) code: RDKafkaErrorCode,
    pub(crate) text: String,
    /// The same call may be made again.
    pub(crate) retriable: bool,
    /// The transaction must be aborted.
    pub(crate) requires_abort: bool,
}

/// Commits without rdkafka's flush loop, which costs 100 ms a call. All delivery reports must have been taken before.
pub(crate) fn commit<C: ProducerContext, P: Producer<C>>(producer: &P, timeout: Duration) -> Result<(), EndError> {
    // SAFETY: the client is alive; the error, if any, is ours to destroy.
    unsafe { ended(sys::rd_kafka_commit_transaction(producer.client().native_ptr(), milliseconds(timeout))) }
}

/// Aborts, likewise.
pub(crate) fn abort<C: ProducerContext, P: Producer<C>>(producer: &P, timeout: Duration) -> Result<(), EndError> {
    // SAFETY: as above.
    unsafe { ended(sys::rd_kafka_abort_transaction(producer.client().native_ptr(), milliseconds(timeout))) }
}

fn milliseconds(timeout: Duration) -> c_int {
    c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX)
}

/// # Safety
/// `error` is null or an error that nobody else destroys.
unsafe fn ended(error: *mut sys::rd_kafka_error_t) -> Result<(), EndError> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: the caller's promise; the text is copied before the error goes.
    unsafe {
        let code = RDKafkaErrorCode::from(sys::rd_kafka_error_code(error));
        let text = CStr::from_ptr(sys::rd_kafka_error_string(error)).to_string_lossy().into_owned();
        let retriable = sys::rd_kafka_error_is_retriable(error) != 0;
        let requires_abort = sys::rd_kafka_error_txn_requires_abort(error) != 0;
        sys::rd_kafka_error_destroy(error);
        Err(EndError { code, text, retriable, requires_abort })
    }
}

/// What only DescribeTopics tells of a topic.
pub(crate) struct Described {
    /// Its id (KIP-516).
    pub(crate) id: String,
    /// What this user may do with it; `None` when the broker does not say.
    pub(crate) rights: Option<BTreeSet<Right>>,
}

/// These topics, in their order; `None` for one that is not there or may not be described.
pub(crate) fn describe<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topics: &[String],
    timeout: Duration,
) -> Option<Vec<Option<Described>>> {
    let names: Vec<CString> = topics.iter().filter_map(|name| CString::new(name.as_str()).ok()).collect();
    let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
    let client = consumer.client().native_ptr();
    // SAFETY: names outlive the call that copies them; every handle made here is destroyed here, the event last because the
    // result and its texts belong to it. An option that is refused leaves the defaults.
    unsafe {
        let queue = sys::rd_kafka_queue_new(client);
        let options =
            sys::rd_kafka_AdminOptions_new(client, sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
        let refused = sys::rd_kafka_AdminOptions_set_include_authorized_operations(options, 1);
        if !refused.is_null() {
            sys::rd_kafka_error_destroy(refused);
        }
        let asked = sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
        sys::rd_kafka_DescribeTopics(client, asked, options, queue);
        sys::rd_kafka_AdminOptions_destroy(options);
        sys::rd_kafka_TopicCollection_destroy(asked);
        let event = sys::rd_kafka_queue_poll(queue, milliseconds(timeout));
        let ids = (!event.is_null()).then(|| described(event)).flatten();
        if !event.is_null() {
            sys::rd_kafka_event_destroy(event);
        }
        sys::rd_kafka_queue_destroy(queue);
        ids
    }
}

/// # Safety
/// `event` is alive.
unsafe fn described(event: *mut sys::rd_kafka_event_t) -> Option<Vec<Option<Described>>> {
    // SAFETY: the caller's promise; the array has as many entries as it says.
    unsafe {
        let result = sys::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() || sys::rd_kafka_event_error(event).is_error() {
            return None;
        }
        let mut count = 0;
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &mut count);
        let of = |at: usize| {
            let topic = *topics.add(at);
            let error = sys::rd_kafka_TopicDescription_error(topic);
            if !error.is_null() && sys::rd_kafka_error_code(error).is_error() {
                return None;
            }
            let id = sys::rd_kafka_Uuid_base64str(sys::rd_kafka_TopicDescription_topic_id(topic));
            let mut operations = 0;
            let first = sys::rd_kafka_TopicDescription_authorized_operations(topic, &mut operations);
            let right = |at: usize| Right::of(*first.add(at));
            let rights = (!first.is_null()).then(|| (0..operations).filter_map(right).collect());
            (!id.is_null()).then(|| Described { id: CStr::from_ptr(id).to_string_lossy().into_owned(), rights })
        };
        Some((0..count).map(of).collect())
    }
}

impl Right {
    fn of(operation: sys::rd_kafka_AclOperation_t) -> Option<Self> {
        use sys::rd_kafka_AclOperation_t as Operation;
        match operation {
            Operation::RD_KAFKA_ACL_OPERATION_READ => Some(Self::Read),
            Operation::RD_KAFKA_ACL_OPERATION_WRITE => Some(Self::Write),
            Operation::RD_KAFKA_ACL_OPERATION_DESCRIBE => Some(Self::Describe),
            Operation::RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS => Some(Self::DescribeConfigs),
            _ => None,
        }
    }
}
