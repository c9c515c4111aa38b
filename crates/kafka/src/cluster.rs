//! Questions to the cluster: who it is, which topics there are, where partitions begin and end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{Offset, TopicPartition};
use futures_executor::block_on;
use log::{Bounds, Error};
use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::context::{Context, Trouble};
use crate::error::{explain, sort};
use crate::native;
use crate::options::Options;

/// Between two looks at a partition that has no leader.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How long the first question waits before it is looked whether somebody was refused.
const FIRST_ASK: Duration = Duration::from_secs(1);
/// Between two of them where the answer comes at once.
const LISTEN_AGAIN: Duration = Duration::from_millis(100);
/// How often an administrator's question can be asked within the patience, when nobody answers.
const QUESTIONS: u32 = 3;
/// What is taken of librdkafka's trouble at once.
pub(crate) const LISTEN_MAX: usize = 64;

/// A topic as the cluster has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its full name.
    pub name: String,
    /// Its id (KIP-516); empty when it may not be described.
    pub id: String,
    /// Its number of partitions.
    pub partitions: u32,
    /// Its number of replicas, the least of all partitions.
    pub replication: u32,
    /// Its settings that are in force, by Kafka's names; empty when this user may not read them.
    pub configs: BTreeMap<String, String>,
    /// What this user may do with it; `None` when the broker does not say.
    pub rights: Option<BTreeSet<Right>>,
}

/// What a user may do with a topic, as Kafka's ACLs name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Fetch its records, and commit offsets of it.
    Read,
    /// Append to it.
    Write,
    /// See it.
    Describe,
    /// See its settings.
    DescribeConfigs,
}

impl Right {
    /// All that a process needs.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Describe, Self::DescribeConfigs];
}

/// A topic that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// Its full name.
    pub name: String,
    /// Its number of partitions.
    pub partitions: u32,
    /// Its number of replicas; the cluster's default when absent.
    pub replication: Option<i32>,
    /// Its settings, by Kafka's names.
    pub configs: BTreeMap<String, String>,
}

/// A client that asks.
pub(crate) struct Cluster {
    /// It sees uncommitted records: its ends are high watermarks.
    consumer: BaseConsumer<Context>,
    admin: AdminClient<Context>,
    trouble: Arc<Trouble>,
    options: Options,
}

impl Cluster {
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        let context = Context::default();
        let config = options.reader("read_uncommitted");
        let trouble = Arc::clone(&context.trouble);
        let refused = |error: KafkaError| misconfigured(&error);
        let consumer = BaseConsumer::from_config_and_context(&config, context.clone()).map_err(refused)?;
        let admin = AdminClient::from_config_and_context(&config, context).map_err(refused)?;
        Ok(Self { consumer, admin, trouble, options: options.clone() })
    }

    fn explain(&self, doing: &str, error: &KafkaError) -> Error {
        explain(doing, &self.options.bootstrap_servers, error, &self.trouble)
    }

    /// The cluster's id, which every store of ours remembers. The first question: who is refused hears of it at once, and not
    /// when everybody's patience has ended.
    pub(crate) fn id(&self) -> Result<String, Error> {
        const DOING: &str = "ask the cluster who it is";
        let begun = Instant::now();
        loop {
            let asked = self.consumer.fetch_metadata(Some(""), FIRST_ASK.min(self.options.patience));
            // librdkafka's trouble is told to whoever polls.
            self.listen();
            match asked {
                Ok(_) => break,
                Err(error) => match self.explain(DOING, &error) {
                    why @ Error::Refused(_) => return Err(why),
                    why if begun.elapsed() >= self.options.patience => return Err(why),
                    // A closed port is answered at once. What librdkafka has to say meanwhile is heard at once, too.
                    _ => drop(self.consumer.poll(LISTEN_AGAIN)),
                },
            }
        }
        let id = self.consumer.client().fetch_cluster_id(self.options.patience);
        id.ok_or_else(|| self.explain(DOING, &timed_out()))
    }

    /// Takes what librdkafka has to say about its connections; one call takes one thing and says not whether there was one.
    fn listen(&self) {
        for _ in 0..LISTEN_MAX {
            drop(self.consumer.poll(Duration::ZERO));
        }
    }

    /// First offset and high watermark of a partition, uncommitted records included.
    pub(crate) fn bounds(&self, partition: &TopicPartition) -> Result<Bounds, Error> {
        bounds(&self.consumer, partition, &self.options).map_err(|error| {
            self.listen();
            self.explain(&format!("find the ends of {partition}"), &error)
        })
    }

    /// Every topic of ours, by name.
    pub(crate) fn topics(&self) -> Result<Vec<Description>, Error> {
        let metadata = self.consumer.fetch_metadata(None, self.options.patience);
        self.listen();
        let metadata = metadata.map_err(|error| self.explain("list the topics", &error))?;
        self.trouble.clear();
        let ours = |name: &str| name.strip_prefix(&self.options.prefix).is_some_and(|rest| rest.starts_with('.'));
        let mut found: Vec<Description> = metadata
            .topics()
            .iter()
            .filter(|topic| ours(topic.name()) && topic.error().is_none())
            .map(|topic| Description {
                name: topic.name().to_owned(),
                id: String::new(),
                partitions: u32::try_from(topic.partitions().len()).unwrap_or(u32::MAX),
                replication: topic
                    .partitions()
                    .iter()
                    .map(|partition| u32::try_from(partition.replicas().len()).unwrap_or(u32::MAX))
                    .min()
                    .unwrap_or(0),
                configs: BTreeMap::new(),
                rights: None,
            })
            .collect();
        found.sort_by(|one, other| one.name.cmp(&other.name));
        self.identify(&mut found)?;
        self.configure(&mut found)?;
        Ok(found)
    }

    fn identify(&self, topics: &mut [Description]) -> Result<(), Error> {
        if topics.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = topics.iter().map(|topic| topic.name.clone()).collect();
        let asked = || native::describe(&self.consumer, &names, self.options.patience / QUESTIONS);
        let described = self.again(asked, Option::is_some);
        let described = described.ok_or_else(|| self.explain("describe the topics", &timed_out()))?;
        for (topic, described) in topics.iter_mut().zip(described) {
            if let Some(described) = described {
                (topic.id, topic.rights) = (described.id, described.rights);
            }
        }
        Ok(())
    }

    fn configure(&self, topics: &mut [Description]) -> Result<(), Error> {
        if topics.is_empty() {
            return Ok(());
        }
        let asked: Vec<ResourceSpecifier<'_>> =
            topics.iter().map(|topic| ResourceSpecifier::Topic(&topic.name)).collect();
        let patience = self.options.patience / QUESTIONS;
        let ask = || block_on(self.admin.describe_configs(&asked, &within(patience)));
        let answer = self.again(ask, |answer| !answer.as_ref().is_err_and(is_lost));
        let resources = answer.map_err(|error| self.explain("describe the topics", &error))?;
        for (topic, resource) in topics.iter_mut().zip(resources) {
            topic.configs = match resource {
                Ok(resource) => in_force(resource),
                // Whoever must know them looks at the rights.
                Err(RDKafkaErrorCode::TopicAuthorizationFailed) => BTreeMap::new(),
                Err(code) => return Err(self.sorted(&format!("describe topic {}", topic.name), code)),
            };
        }
        Ok(())
    }

    /// Asks again, where an answer does not count and there is time: librdkafka does not repeat what an administrator asks when
    /// the broker dies that was asked, nor when it stands still.
    fn again<T>(&self, ask: impl FnMut() -> T, counts: impl Fn(&T) -> bool) -> T {
        asked_until(Instant::now() + self.options.patience, LISTEN_AGAIN, ask, counts)
    }

    /// Makes a topic. One that is there already is left as it is, whatever it is.
    pub(crate) fn create(&self, topic: &Creation) -> Result<bool, Error> {
        let partitions = i32::try_from(topic.partitions).unwrap_or(i32::MAX);
        let replication = TopicReplication::Fixed(topic.replication.unwrap_or(-1));
        let mut wanted = NewTopic::new(&topic.name, partitions, replication);
        for (key, value) in &topic.configs {
            wanted = wanted.set(key, value);
        }
        let doing = format!("make topic {}", topic.name);
        let made = block_on(self.admin.create_topics([&wanted], &within(self.options.patience)));
        let made = made.map_err(|error| self.explain(&doing, &error))?;
        match made.into_iter().next() {
            None | Some(Ok(_)) => Ok(true),
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(false),
            Some(Err((_, code))) => Err(self.sorted(&doing, code)),
        }
    }

    fn sorted(&self, doing: &str, code: RDKafkaErrorCode) -> Error {
        sort(doing, &self.options.bootstrap_servers, code, &code.to_string())
    }
}

/// Asks until an answer counts or there is no time for another question; the last answer. Brokers tell nobody when they are ready:
/// they can only be asked again.
pub(crate) fn asked_until<T>(
    until: Instant,
    pause: Duration,
    mut ask: impl FnMut() -> T,
    counts: impl Fn(&T) -> bool,
) -> T {
    loop {
        let answer = ask();
        if counts(&answer) || Instant::now() + pause >= until {
            return answer;
        }
        std::thread::sleep(pause);
    }
}

/// First offset, and the end that a client of this isolation may read to.
pub(crate) fn bounds(
    consumer: &BaseConsumer<Context>,
    partition: &TopicPartition,
    options: &Options,
) -> Result<Bounds, KafkaError> {
    let number = i32::try_from(partition.partition).unwrap_or(i32::MAX);
    let until = Instant::now() + options.patience;
    // An error, and whether it may go away.
    let ask = || {
        let found = consumer.fetch_watermarks(partition.topic.name(), number, options.patience);
        let Err(error) = found else { return found.map_err(|error| (false, error)) };
        let is_there = || is_there(consumer, partition, until).map_err(|error| (false, error));
        let again = is_moving(&error) || (is_forgotten(&error) && is_there()?);
        Err((again, error))
    };
    let found = asked_until(until, LOOK_AGAIN, ask, |found| !matches!(found, Err((true, _))));
    let (start, end) = found.map_err(|(_, error)| error)?;
    let offset = |offset: i64| Offset::try_from(offset).unwrap_or_default();
    Ok(Bounds { start: offset(start), high_watermark: offset(end) })
}

/// The partition has a leader soon: it is new, or moves.
fn is_moving(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{KafkaStorageError, LeaderNotAvailable, NotLeaderForPartition};
    matches!(error.rdkafka_error_code(), Some(NotLeaderForPartition | LeaderNotAvailable | KafkaStorageError))
}

/// What librdkafka (2.12) says for minutes of a partition whose leader was away when it asked last: it keeps the topic's answer of
/// then and asks nobody again.
fn is_forgotten(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{UnknownPartition, UnknownTopic};
    matches!(error.rdkafka_error_code(), Some(UnknownPartition | UnknownTopic))
}

/// Whether the brokers know the partition. Asking them makes librdkafka keep their answer instead of the one of before.
fn is_there(consumer: &BaseConsumer<Context>, partition: &TopicPartition, until: Instant) -> Result<bool, KafkaError> {
    let left = until.saturating_duration_since(Instant::now());
    let metadata = consumer.fetch_metadata(Some(partition.topic.name()), left)?;
    let topic = metadata.topics().iter().find(|topic| topic.name() == partition.topic.name());
    let is_it = |one: &rdkafka::metadata::MetadataPartition| u32::try_from(one.id()) == Ok(partition.partition);
    Ok(topic.is_some_and(|topic| topic.error().is_none() && topic.partitions().iter().any(is_it)))
}

/// The connection ended before the answer came, or it came too late.
fn is_lost(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{BrokerTransportFailure, OperationTimedOut};
    matches!(error, KafkaError::AdminOp(BrokerTransportFailure | OperationTimedOut))
}

fn within(patience: Duration) -> AdminOptions {
    AdminOptions::new().request_timeout(Some(patience)).operation_timeout(Some(patience))
}

fn in_force(resource: ConfigResource) -> BTreeMap<String, String> {
    let pair = |entry: rdkafka::admin::ConfigEntry| Some((entry.name, entry.value?));
    resource.entries.into_iter().filter_map(pair).collect()
}

pub(crate) fn timed_out() -> KafkaError {
    KafkaError::MetadataFetch(RDKafkaErrorCode::OperationTimedOut)
}

/// librdkafka knows a property or its value not.
pub(crate) fn misconfigured(error: &KafkaError) -> Error {
    Error::Refused(format!("librdkafka refuses its configuration ({error}): look at the [kafka] keys"))
}
