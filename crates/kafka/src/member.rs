//! A member of a consumer group. It only has partitions, it never reads them: reading is [`crate::fetch`]'s.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use engine::{Topic, TopicPartition};
use log::{Error, Membership, Rebalance};
use rdkafka::config::{FromClientConfigAndContext as _, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use crate::cluster::misconfigured;
use crate::context::{Context, Seldom};
use crate::error::explain;
use crate::fetch::lock;
use crate::joining::Joining;
use crate::options::Options;

/// A member's group, and its consumer while it lives.
type Living = (String, Weak<BaseConsumer<Events>>);

/// The living members of this process, by name: a producer of the same name commits with its member's generation.
#[derive(Default)]
pub(crate) struct Members(Mutex<BTreeMap<String, Living>>);

impl Members {
    /// The group metadata as it is now, for a transaction of this producer on that group (KIP-447).
    pub(crate) fn metadata(&self, name: &str, group: &str) -> Option<ConsumerGroupMetadata> {
        let members = lock(&self.0);
        let (its_group, consumer) = members.get(name)?;
        (its_group == group).then(|| consumer.upgrade()?.group_metadata()).flatten()
    }

    /// Whether a member of this name and group lives here.
    pub(crate) fn has(&self, name: &str, group: &str) -> bool {
        lock(&self.0).get(name).is_some_and(|(its, consumer)| its == group && consumer.strong_count() > 0)
    }
}

/// Rebalances are taken from here and answered later, outside of librdkafka's call.
pub(crate) struct Events {
    context: Context,
    rebalances: Mutex<VecDeque<Rebalance>>,
    closing: AtomicBool,
    /// Its session has ended without an answer of the coordinator, as the client itself has found out.
    timed_out: AtomicBool,
    joining: Mutex<Option<Joining>>,
}

/// Sessions within which a member joins that has nothing to hand over: others have handed over by then, or are taken for dead.
const JOIN_SESSIONS: u32 = 2;

/// How librdkafka's log names the end of a session.
const SESSION_ENDED: &str = "SESSTMOUT";

impl ClientContext for Events {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if facility == SESSION_ENDED {
            self.timed_out.store(true, Ordering::Release);
        }
        self.context.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.context.error(error, reason);
    }

    fn stats_raw(&self, json: &[u8]) {
        let mut joining = lock(&self.joining);
        *joining = Joining::told(json, joining.take(), Instant::now());
    }
}

impl ConsumerContext for Events {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        if self.closing.load(Ordering::Acquire) {
            // The worker has let go of everything; the close waits for this.
            consumer.unassign().ok();
            return;
        }
        let list = from_list(partitions);
        let rebalance = match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                // It is a member again: whoever takes its name from now on is another.
                self.timed_out.store(false, Ordering::Release);
                Rebalance::Assigned(list)
            }
            _ if consumer.assignment_lost() => Rebalance::Lost(list),
            _ => Rebalance::Revoked(list),
        };
        lock(&self.rebalances).push_back(rebalance);
    }
}

/// A worker's membership.
pub(crate) struct Member {
    consumer: Arc<BaseConsumer<Events>>,
    members: Arc<Members>,
    name: String,
    group: String,
    topics: Vec<Topic>,
    /// What it was given and has not given back.
    held: BTreeSet<TopicPartition>,
    /// What the worker was told and has not completed.
    told: Option<Rebalance>,
    options: Options,
}

impl Member {
    /// Joins `group` as the static member `name` (KIP-345).
    pub(crate) fn join(
        options: &Options,
        (name, group): (&str, &str),
        topics: &[Topic],
        members: &Arc<Members>,
    ) -> Result<Self, Error> {
        let consumer = Arc::new(subscribed(options, (name, group), topics)?);
        let this = Self {
            consumer,
            members: Arc::clone(members),
            name: name.to_owned(),
            group: group.to_owned(),
            topics: topics.to_vec(),
            held: BTreeSet::new(),
            told: None,
            options: options.clone(),
        };
        this.enlist();
        Ok(this)
    }

    /// The producer of the same name finds it.
    fn enlist(&self) {
        lock(&self.members.0).insert(self.name.clone(), (self.group.clone(), Arc::downgrade(&self.consumer)));
    }

    /// Joins again as a new client where the one before does not come back by itself. What was held is lost.
    fn join_again(&mut self) -> Result<(), Error> {
        let fresh = subscribed(&self.options, (&self.name, &self.group), &self.topics)?;
        if !self.held.is_empty() {
            let lost = Rebalance::Lost(self.held.iter().cloned().collect());
            lock(&fresh.context().rebalances).push_back(lost);
        }
        self.close();
        self.consumer = Arc::new(fresh);
        self.enlist();
        Ok(())
    }

    /// The client's end may come. It waits for an answer to everything that the group has decided, for ever: a worker that dies in the
    /// middle of a decision gives none.
    fn close(&mut self) {
        let rest = std::mem::take(&mut *lock(&self.consumer.context().rebalances));
        for rebalance in self.told.take().into_iter().chain(rest) {
            self.answer(&rebalance).ok();
        }
        self.consumer.context().closing.store(true, Ordering::Release);
    }

    /// Tells the client that it is done.
    fn answer(&self, rebalance: &Rebalance) -> Result<(), KafkaError> {
        match rebalance {
            Rebalance::Assigned(partitions) => {
                let list = to_list(partitions);
                self.consumer.incremental_assign(&list).and_then(|()| self.consumer.pause(&list))
            }
            // librdkafka has dropped a lost assignment by itself when the group's protocol says so.
            Rebalance::Lost(_) if self.consumer.assignment().is_ok_and(|held| held.count() == 0) => Ok(()),
            Rebalance::Revoked(partitions) | Rebalance::Lost(partitions) => {
                self.consumer.incremental_unassign(&to_list(partitions))
            }
        }
    }

    /// The next decision, which the worker is told.
    fn decided(&mut self) -> Option<Rebalance> {
        let rebalance = lock(&self.consumer.context().rebalances).pop_front()?;
        self.told = Some(rebalance.clone());
        Some(rebalance)
    }

    /// How far the client has come with joining, if that takes longer than it may: one that knows no broker any more does not fail,
    /// and one whose group never answers waits longer than a rebalance may last.
    fn stuck(&self) -> Option<Joining> {
        let session = Duration::from_millis(self.options.session_timeout_ms.into());
        let most = match self.held.is_empty() {
            true => session * JOIN_SESSIONS,
            false => self.options.revoke_within() + session,
        };
        lock(&self.consumer.context().joining).clone().filter(|joining| joining.since.elapsed() >= most)
    }

    /// Only what does not go away by itself ends a membership.
    fn failed(&mut self, error: KafkaError) -> Result<(), Error> {
        let doing = format!("be member {} of group {}", self.name, self.options.group);
        match error.rdkafka_error_code() {
            // librdkafka forgets its member id when a session ends by itself and goes on showing that it is alive without one, which
            // the coordinator takes for a second process of the name (confluentinc/librdkafka#3437).
            Some(RDKafkaErrorCode::FencedInstanceId) if self.consumer.context().timed_out.load(Ordering::Acquire) => {
                tracing::info!(member = self.name, "the session ended while the group did not answer; joining again");
                self.join_again()
            }
            Some(RDKafkaErrorCode::FencedInstanceId) => Err(Error::Refused(format!(
                "cannot {doing}: another process has joined with the same name; give each instance a kafka.instance of its own"
            ))),
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                tracing::warn!(%error, "an input topic is not there");
                Ok(())
            }
            _ => {
                let trouble = &self.consumer.context().context.trouble;
                let why = explain(&doing, &self.options.bootstrap_servers, &error, trouble);
                match (why, error) {
                    (why @ Error::Refused(_), _) => Err(why),
                    (why, KafkaError::MessageConsumptionFatal(_)) => Err(Error::Refused(why.to_string())),
                    (why, _) => {
                        static TROUBLE: Seldom = Seldom::new();
                        if TROUBLE.is_due() {
                            tracing::warn!(%why, "the group does not answer; it is asked again");
                        }
                        Ok(())
                    }
                }
            }
        }
    }
}

impl Membership for Member {
    fn poll(&mut self, timeout: Duration) -> Result<Option<Rebalance>, Error> {
        if let Some(waiting) = self.decided() {
            return Ok(Some(waiting));
        }
        // A record that slips in before its partition is paused is nobody's: who reads has a client of its own.
        if let Some(Err(error)) = self.consumer.poll(timeout) {
            self.failed(error)?;
        }
        if let Some(Joining { since, state }) = self.stuck() {
            let seconds = since.elapsed().as_secs();
            tracing::warn!(
                member = self.name,
                seconds,
                state,
                "the client does not come into its group; joining again"
            );
            self.join_again()?;
        }
        Ok(self.decided())
    }

    fn complete(&mut self, rebalance: Rebalance) -> Result<(), Error> {
        match &rebalance {
            Rebalance::Assigned(partitions) => self.held.extend(partitions.iter().cloned()),
            Rebalance::Revoked(partitions) | Rebalance::Lost(partitions) => {
                self.held.retain(|held| !partitions.contains(held));
            }
        }
        self.told = None;
        self.answer(&rebalance).or_else(|error| self.failed(error))
    }

    fn revoke_within(&self) -> Duration {
        self.options.revoke_within()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.close();
        lock(&self.members.0).remove(&self.name);
    }
}

/// A client that asks to be a member.
fn subscribed(options: &Options, (name, group): (&str, &str), topics: &[Topic]) -> Result<BaseConsumer<Events>, Error> {
    let events = Events {
        context: Context::default(),
        rebalances: Mutex::default(),
        closing: AtomicBool::new(false),
        timed_out: AtomicBool::new(false),
        joining: Mutex::default(),
    };
    let consumer = BaseConsumer::from_config_and_context(&options.member(group, name), events);
    let consumer = consumer.map_err(|error| misconfigured(&error))?;
    let names: Vec<&str> = topics.iter().map(Topic::name).collect();
    consumer.subscribe(&names).map_err(|error| misconfigured(&error))?;
    Ok(consumer)
}

/// An explicit offset: nothing is looked up for partitions that are never read.
fn to_list(partitions: &[TopicPartition]) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        let number = i32::try_from(partition.partition).unwrap_or(i32::MAX);
        // Refused only for offsets below -2001.
        list.add_partition_offset(partition.topic.name(), number, Offset::Offset(0)).ok();
    }
    list
}

fn from_list(list: &TopicPartitionList) -> Vec<TopicPartition> {
    let of = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        let partition = u32::try_from(element.partition()).ok()?;
        Some(TopicPartition { topic: Topic::new(element.topic()), partition })
    };
    list.elements().iter().filter_map(of).collect()
}
