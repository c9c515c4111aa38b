//! What decode and folds need to know of an installation. Values only; validated where configuration is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::topic::Topic;
use engine::TopicPartition;

use crate::accounts::Accounts;
use crate::breaker::Breakers;

/// An installation, as decode and folds see it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What topic names begin with.
    pub prefix: String,
    /// Partitions of every topic.
    pub partitions: u32,
    /// Key of the address hashes.
    pub address_key: Vec<u8>,
    /// Providers' accounts.
    pub accounts: Accounts,
    /// Generation of the partials: grows when partitions do.
    pub generation: u32,
    /// Whether readers' fields are also published as JSON.
    pub json_topics: bool,
    /// How much of what each organisation says is refused.
    pub breakers: Arc<Breakers>,
    topics: BTreeMap<Topic, engine::Topic>,
}

impl Settings {
    /// Settings of generation 1, without accounts.
    pub fn new(prefix: &str, partitions: u32, address_key: Vec<u8>) -> Arc<Self> {
        Self::with_accounts(prefix, partitions, address_key, Accounts::new())
    }

    /// Settings of generation 1, without JSON topics.
    pub fn with_accounts(prefix: &str, partitions: u32, address_key: Vec<u8>, accounts: Accounts) -> Arc<Self> {
        Self::with_json(prefix, partitions, address_key, accounts, false)
    }

    /// Settings of generation 1.
    pub fn with_json(
        prefix: &str,
        partitions: u32,
        address_key: Vec<u8>,
        accounts: Accounts,
        json_topics: bool,
    ) -> Arc<Self> {
        let topics = Topic::ALL.into_iter().map(|topic| (topic, engine::Topic::new(&topic.name(prefix)))).collect();
        let prefix = prefix.to_owned();
        Arc::new(Self {
            prefix,
            partitions,
            address_key,
            accounts,
            generation: 1,
            json_topics,
            breakers: Arc::default(),
            topics,
        })
    }

    /// The full name of a topic.
    pub fn topic(&self, topic: Topic) -> engine::Topic {
        self.topics.get(&topic).cloned().unwrap_or_else(|| engine::Topic::new(&topic.name(&self.prefix)))
    }

    /// The partition of `topic` that `key` goes to.
    pub fn partition_of(&self, topic: Topic, key: &[u8]) -> TopicPartition {
        TopicPartition { topic: self.topic(topic), partition: contract::key::partition(key, self.partitions) }
    }
}
