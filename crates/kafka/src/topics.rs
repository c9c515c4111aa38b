//! Topics as they were described last, and the refusal of records that no broker would take.

use std::collections::BTreeMap;
use std::sync::Mutex;

use engine::{Output, Topic};
use log::{Cleanup, Error, TopicDescription, TopicId, TopicSpec};

use crate::cluster::{Cluster, Description};
use crate::fetch::lock;
use crate::options::{MESSAGE_BYTES_MAX, RECORD_BYTES_MAX};

/// The cluster, with what is known of its topics.
pub(crate) struct Topics {
    pub(crate) cluster: Cluster,
    known: Mutex<BTreeMap<Topic, TopicSpec>>,
}

impl Topics {
    pub(crate) fn new(cluster: Cluster) -> Self {
        Self { cluster, known: Mutex::default() }
    }

    /// Every topic of ours as it is now.
    pub(crate) fn all(&self) -> Result<Vec<TopicDescription>, Error> {
        let all: Vec<TopicDescription> = self.cluster.topics()?.iter().map(described).collect();
        let mut known = lock(&self.known);
        *known = all.iter().map(|topic| (topic.spec.name.clone(), topic.spec.clone())).collect();
        Ok(all)
    }

    /// A topic's settings; asked once.
    fn spec(&self, name: &Topic) -> Result<TopicSpec, Error> {
        if let Some(spec) = lock(&self.known).get(name) {
            return Ok(spec.clone());
        }
        let found = self.all()?.into_iter().find(|topic| topic.spec.name == *name);
        found.map(|topic| topic.spec).ok_or_else(|| Error::Unknown(format!("{name}: no such topic")))
    }

    /// Refuses what no broker would take, before anything is sent.
    pub(crate) fn check<'a>(&self, records: impl IntoIterator<Item = &'a Output>) -> Result<(), Error> {
        let mut last: Option<TopicSpec> = None;
        for output in records {
            let spec = match last.take().filter(|spec| spec.name == output.to.topic) {
                Some(spec) => spec,
                None => self.spec(&output.to.topic)?,
            };
            fits(output, &spec)?;
            last = Some(spec);
        }
        Ok(())
    }
}

fn fits(Output { to, record }: &Output, spec: &TopicSpec) -> Result<(), Error> {
    let length = |bytes: &Option<bytes::Bytes>| bytes.as_ref().map_or(0, bytes::Bytes::len);
    let size = length(&record.key) + length(&record.value) + record.headers.as_bytes().len();
    if to.partition >= spec.partitions {
        return Err(Error::Unknown(format!("{to}: the topic has {} partitions", spec.partitions)));
    }
    if size > RECORD_BYTES_MAX {
        return Err(Error::TooLarge { partition: to.clone(), size, limit: RECORD_BYTES_MAX });
    }
    if record.key.is_none() && matches!(spec.cleanup, Cleanup::Compact { .. }) {
        return Err(Error::NoKey { partition: to.clone() });
    }
    Ok(())
}

/// Kafka's settings for a cleanup, by Kafka's names.
pub fn configs(cleanup: &Cleanup, min_insync_replicas: Option<u32>) -> BTreeMap<String, String> {
    let mut configs = match cleanup {
        Cleanup::Delete { retention_ms } => vec![
            ("cleanup.policy", "delete".to_owned()),
            ("retention.ms", retention_ms.unwrap_or(-1).to_string()),
            ("retention.bytes", "-1".to_owned()),
        ],
        Cleanup::Compact { tombstone_ms } => {
            vec![("cleanup.policy", "compact".to_owned()), ("delete.retention.ms", tombstone_ms.to_string())]
        }
    };
    configs.push(("max.message.bytes", MESSAGE_BYTES_MAX.to_string()));
    // A mailer's clock may be wrong; what it says is judged by decode, not refused by the broker.
    configs.push(("message.timestamp.after.max.ms", i64::MAX.to_string()));
    configs.extend(min_insync_replicas.map(|replicas| ("min.insync.replicas", replicas.to_string())));
    configs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// A description in the log's words.
fn described(topic: &Description) -> TopicDescription {
    let number = |key: &str| topic.configs.get(key).and_then(|value| value.parse::<i64>().ok());
    let compacts = topic.configs.get("cleanup.policy").is_some_and(|policy| policy.contains("compact"));
    let cleanup = match compacts {
        true => Cleanup::Compact { tombstone_ms: number("delete.retention.ms").unwrap_or(0) },
        false => Cleanup::Delete { retention_ms: number("retention.ms").filter(|age| *age >= 0) },
    };
    let spec = TopicSpec { name: Topic::new(&topic.name), partitions: topic.partitions, cleanup };
    TopicDescription { spec, id: TopicId(topic.id.clone()) }
}
