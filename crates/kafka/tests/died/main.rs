//! An instance that died with its transaction open: its successor is not kept waiting for it.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod lost;

use std::time::{Duration, Instant};

use broker::Cluster;
use engine::{Topic, TopicPartition};
use kafka::{Kafka, Options};
use log::{Cleanup, Error, Log as _, TopicSpec, Transaction};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::{BaseProducer, Producer as _};
use rdkafka::{Offset, TopicPartitionList};

const GROUP: &str = "died-processor";
const INPUT: &str = "died.events.v1";

fn with_key(cluster: &Cluster, key: &str) -> Kafka {
    let key_fingerprint = key.to_owned();
    Kafka::open(Options { key_fingerprint, ..Options::new(&cluster.bootstrap(), "died") }).unwrap()
}

/// A producer whose transaction has offsets in it and no end.
fn dies(cluster: &Cluster) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", cluster.bootstrap());
    let consumer: BaseConsumer = config.clone().set("group.id", GROUP).create().unwrap();
    let producer: BaseProducer =
        config.set("transactional.id", "dies").set("transaction.timeout.ms", "60000").create().unwrap();
    producer.init_transactions(Duration::from_secs(30)).unwrap();
    producer.begin_transaction().unwrap();
    let mut offsets = TopicPartitionList::new();
    offsets.add_partition_offset(INPUT, 0, Offset::Offset(7)).unwrap();
    let group = consumer.group_metadata().unwrap();
    producer.send_offsets_to_transaction(&offsets, &group, Duration::from_secs(30)).unwrap();
}

#[test]
fn the_key_is_checked_at_once_although_a_transaction_is_open() {
    let cluster = Cluster::start(&broker::Options::default()).unwrap();
    let kafka = with_key(&cluster, "ours");
    let cleanup = Cleanup::Delete { retention_ms: None };
    kafka.create_topic(&TopicSpec { name: Topic::new(INPUT), partitions: 1, cleanup }).unwrap();
    let input = TopicPartition { topic: Topic::new(INPUT), partition: 0 };
    let offsets = vec![(GROUP.to_owned(), input.clone(), 3)];
    kafka.producer("before").unwrap().commit(Transaction { outputs: Vec::new(), offsets }).unwrap();
    dies(&cluster);
    let begun = Instant::now();
    kafka.check_key(GROUP, std::slice::from_ref(&input)).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "it waited {:?}", begun.elapsed());
    let other = with_key(&cluster, "theirs").check_key(GROUP, std::slice::from_ref(&input));
    assert!(matches!(other, Err(Error::Refused(_))), "{other:?}");
    // What is to be relied on does wait.
    let stable = kafka.committed(GROUP, std::slice::from_ref(&input));
    assert!(matches!(stable, Err(Error::Unavailable(_))), "{stable:?}");
}
