//! A mailer's side: tells Mailtally of a small campaign, then reads its numbers back.
//!
//! mailer BOOTSTRAP_SERVERS ORGANISATION CAMPAIGN (see ../README.md)

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, bail};
use prost::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};

mod proto {
    include!(concat!(env!("OUT_DIR"), "/mailtally.rs"));
}
use proto::mailtally::campaign::v1::CampaignStats;
use proto::mailtally::platform::v1::{Campaign, PlatformEvent, Refused, Send, Withheld, platform_event::Event};

const NAME: &str = "Spring, from Rust";
const CLIENTS: [(&str, &str); 3] = [("k1", "ada@example.org"), ("k2", "bob@example.org"), ("k3", "cyd@example.org")];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [servers, organisation, campaign] = &arguments[..] else {
        bail!("mailer BOOTSTRAP_SERVERS ORGANISATION CAMPAIGN");
    };
    let prefix = std::env::var("MAILTALLY_PREFIX").unwrap_or_else(|_| "mailtally".to_owned());
    publish(servers, &format!("{prefix}.platform.v1"), organisation, events(campaign))?;
    let row = read(servers, &format!("{prefix}.campaign-stats.v1"), organisation, campaign)?;
    let numbers = row.counters.unwrap_or_default();
    let (sent, pending, dropped, not_sent) = (numbers.sent, numbers.pending, numbers.dropped, numbers.not_sent);
    println!("{}: sent {sent}, pending {pending}, dropped {dropped}, not sent {not_sent}", row.name);
    Ok(())
}

fn events(campaign: &str) -> Vec<Event> {
    // Unique in the organisation: give it to the provider, too.
    let message = |client: &str| format!("{campaign}-{client}");
    let campaign = campaign.to_owned();
    let definition = Campaign { campaign: campaign.clone(), name: NAME.to_owned(), ..Campaign::default() };
    let send = |(client, address): (&str, &str)| Send {
        message: message(client),
        campaign: campaign.clone(),
        client: client.to_owned(),
        address: address.to_owned(),
        ..Send::default()
    };
    let refused = Refused {
        message: message("k3"),
        campaign: campaign.clone(),
        client: "k3".to_owned(),
        reason: "invalid_address".to_owned(),
        ..Refused::default()
    };
    let withheld = Withheld {
        campaign: campaign.clone(),
        client: "k4".to_owned(),
        reason: "inactive".to_owned(),
        ..Withheld::default()
    };
    let sends = CLIENTS.map(send).map(Event::Send);
    [Event::Campaign(definition)]
        .into_iter()
        .chain(sends)
        .chain([Event::Refused(refused), Event::Withheld(withheld)])
        .collect()
}

/// Says on standard error what a broker did not take.
struct Deliveries;

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            eprintln!("not written: {error}");
            std::process::exit(1);
        }
    }
}

fn publish(servers: &str, topic: &str, organisation: &str, events: Vec<Event>) -> Result<()> {
    let producer: BaseProducer<Deliveries> = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .set("enable.idempotence", "true")
        .create_with_context(Deliveries)?;
    for event in events {
        let happened = PlatformEvent {
            organisation: organisation.to_owned(),
            time: Some(SystemTime::now().into()),
            event: Some(event),
            ..PlatformEvent::default()
        };
        // The key is free; the organisation keeps its events in order.
        let value = happened.encode_to_vec();
        let record = BaseRecord::to(topic).key(organisation).payload(&value);
        producer.send(record).map_err(|(error, _)| error).context("the queue is full")?;
    }
    producer.flush(Duration::from_secs(30)).context("no broker took it within 30 s")
}

/// The rows are absolute: the latest of a key is all there is to know.
fn read(servers: &str, topic: &str, organisation: &str, campaign: &str) -> Result<CampaignStats> {
    // No offset is committed, so the group's name is nothing.
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .set("group.id", "example")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .create()?;
    let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(30))?;
    let mut assignment = TopicPartitionList::new();
    for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
        assignment.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
    }
    consumer.assign(&assignment)?;
    let until = Instant::now() + Duration::from_secs(60);
    while Instant::now() < until {
        let Some(record) = consumer.poll(Duration::from_secs(1)).transpose()? else { continue };
        let Some(value) = record.payload() else { continue }; // a tombstone: the row is no more
        let row = CampaignStats::decode(value)?;
        let numbers = row.counters.clone().unwrap_or_default();
        let whole = (numbers.sent, numbers.dropped, numbers.not_sent) == (3, 1, 1) && row.name == NAME;
        if row.organisation == organisation && row.campaign == campaign && whole {
            return Ok(row);
        }
    }
    bail!("{topic} does not show {campaign} within 60 s: does `mailtally processor` run?")
}
