//! What providers ask while a webhook is set up, as their simulators ask it: answered by each one's rules, kept in the embedded log,
//! decoded to no event of anybody's mail, and nothing is fetched because of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use contract::proto::webhook::v1::Webhook;
use contract::topic::Topic;
use embedded::Embedded;
use engine::{Disposition, Folded, Polled, Processor as _, TopicPartition};
use gateway::{Account, Accounts, Certificates, Fetch, Gateway, Keeper, Spool, router};
use log::{Cleanup, Log, ReadLimit, TopicSpec};
use processor::decode::Decode;
use processor::settings::Settings;
use providers::sns::Certificate;
use simulators::{ORGANISATION, SCHEDULES, Simulator, TOPIC, pair, url};

const PARTITIONS: u32 = 2;
const CERTIFICATE: &[u8] = crate::site::CERTIFICATE;

/// A network on which only Amazon's certificate is, and which remembers what was asked of it.
struct Network(Arc<AtomicUsize>);

impl Fetch for Network {
    fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        assert!(url.ends_with("/SimpleNotificationService-0.pem"), "{url} was followed");
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(CERTIFICATE.to_vec())
    }
}

/// A front door over an embedded log.
struct Site {
    at: SocketAddr,
    log: Arc<Embedded>,
    fetches: Arc<AtomicUsize>,
    settings: Arc<Settings>,
    _server: api::Server,
    _root: tempfile::TempDir,
}

/// An account `main` at each provider with its simulator's secret; of Amazon SES with or without the certificate.
fn accounts(certificate: bool) -> Accounts {
    let one = |provider: &str| {
        let (checks, ses) = (pair(provider).expect("a secret").checks, provider == "amazon_ses");
        let account = Account {
            secrets: if ses { Vec::new() } else { vec![checks.parse().expect("a secret")] },
            topics: if ses { vec![TOPIC.to_owned()] } else { Vec::new() },
            url: Some(url(provider, "main")),
            certificate: (ses && certificate).then(|| Certificate::read(CERTIFICATE).expect("a certificate")),
        };
        ((provider.to_owned(), "main".to_owned()), account)
    };
    SCHEDULES.iter().map(|schedule| one(schedule.provider)).collect()
}

fn settings() -> Arc<Settings> {
    let bound = processor::accounts::Account { organisations: vec![ORGANISATION.to_owned()], ..Default::default() };
    let one = |schedule: &simulators::Schedule| ((schedule.provider.to_owned(), "main".to_owned()), bound.clone());
    Settings::with_accounts("mailtally", PARTITIONS, vec![7; 32], SCHEDULES.iter().map(one).collect())
}

async fn open(certificate: bool) -> Site {
    let (root, settings) = (tempfile::tempdir().expect("a directory"), settings());
    let log = Arc::new(Embedded::open(root.path().join("log"), embedded::Options::default()).expect("a log"));
    let (name, cleanup) = (settings.topic(Topic::Webhooks), Cleanup::Delete { retention_ms: None });
    log.create_topic(&TopicSpec { name: name.clone(), partitions: PARTITIONS, cleanup }).expect("a topic");
    let spool = Spool::open(&root.path().join("spool"), 1 << 20).expect("a spool");
    let keeper = Keeper::start(Arc::clone(&log) as Arc<dyn Log>, name, PARTITIONS, spool).expect("threads");
    let fetches = Arc::new(AtomicUsize::new(0));
    let network = Certificates::from(Box::new(Network(Arc::clone(&fetches))) as Box<dyn Fetch>);
    let gateway = Gateway::new(accounts(certificate), keeper, network, Box::new(|| false));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let server = api::serve(listener, router(Arc::new(gateway)), api::CONNECTIONS_MAX).expect("served");
    Site { at: server.address(), log, fetches, settings, _server: server, _root: root }
}

/// A request that was kept: what it was, what became of it, and the topics that it was written to, without their prefix.
type Decoded = (String, Disposition, BTreeSet<String>);

impl Site {
    /// The answers to all probes of a provider, by their names.
    async fn ask(&self, provider: &'static str) -> BTreeMap<&'static str, Option<u16>> {
        let at = self.at.to_string();
        let asked = tokio::task::spawn_blocking(move || {
            let secret = pair(provider).expect("a secret").signs.parse().expect("a secret");
            let rules = simulators::schedule(provider).expect("a schedule");
            Simulator::new(rules, secret, &url(provider, "main")).set_up(&|| Some(at.clone())).expect("signs")
        });
        let asked = asked.await.expect("it ends");
        asked.into_iter().map(|(probe, answer)| (probe.name, answer)).collect()
    }

    /// What was kept, decoded.
    fn decoded(&self) -> Vec<Decoded> {
        (0..PARTITIONS).flat_map(|partition| self.decoded_of(partition)).collect()
    }

    fn decoded_of(&self, partition: u32) -> Vec<Decoded> {
        let from = TopicPartition { topic: self.settings.topic(Topic::Webhooks), partition };
        let read = self.log.read(&from, 0, ReadLimit { records: 1_000, bytes: usize::MAX }).expect("read");
        let one = |stored: engine::Stored| {
            let kept: Webhook =
                contract::decode("Webhook", stored.record.value.as_ref().expect("a value")).expect("one");
            let said = format!("{}: {}", kept.provider, String::from_utf8_lossy(&kept.body));
            let polled = Polled { partition, next: stored.offset + 1, records: vec![stored] };
            let folded = Decode::webhooks(Arc::clone(&self.settings)).fold(&polled, &Nothing);
            let Folded::Done(effects) = folded else { panic!("decode asks for no rows") };
            let topics = effects.outputs.iter().map(|output| output.to.topic.name().to_owned());
            let short = topics.map(|topic| topic.trim_start_matches("mailtally.").trim_end_matches(".v1").to_owned());
            (said, effects.dispositions[0], short.collect())
        };
        read.records.into_iter().map(one).collect()
    }
}

/// Decode keeps no rows.
struct Nothing;

impl engine::Rows for Nothing {
    fn get(&self, _: &[u8]) -> Option<Option<bytes::Bytes>> {
        None
    }

    fn scan(&self, _: &[u8]) -> Option<Vec<(bytes::Bytes, bytes::Bytes)>> {
        None
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_probe_is_answered_and_becomes_no_event() {
    let site = open(true).await;
    let (mut asked, mut names) = (0, BTreeSet::new());
    for schedule in SCHEDULES {
        for (name, answer) in site.ask(schedule.provider).await {
            assert_eq!(answer, Some(200), "{}: {name}", schedule.provider);
            names.insert((schedule.provider, name));
            asked += 1;
        }
    }
    let expected = [
        ("amazon_ses", "notice of a validated topic"),
        ("amazon_ses", "subscription confirmation"),
        ("amazon_ses", "unsubscribe confirmation"),
        ("mailersend", "ping"),
        ("mailjet", "test post"),
        ("mandrill", "empty batch"),
        ("mandrill", "head"),
        ("postmark", "test post"),
        ("sendgrid", "test your integration"),
        ("sparkpost", "empty batch"),
        ("sparkpost", "validation"),
    ];
    assert_eq!(names, BTreeSet::from(expected));
    let decoded = site.decoded();
    assert_eq!(decoded.len(), asked - 1, "all but the HEAD are kept");
    for (said, disposition, topics) in decoded {
        // A test post says something of a message that nobody sent: it waits for a send that never comes, and expires.
        let waits = BTreeSet::from(["correlations".to_owned()]);
        assert!(topics.is_subset(&waits), "{said}: {disposition:?} {topics:?}");
        assert!(!matches!(disposition, Disposition::DeadLettered(_)), "{said}: {disposition:?}");
    }
    assert_eq!(site.fetches.load(Ordering::SeqCst), 0, "no link was followed");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_sns_set_up_only_the_certificate_is_fetched() {
    let site = open(false).await;
    for (name, answer) in site.ask("amazon_ses").await {
        assert_eq!(answer, Some(200), "{name}");
    }
    assert_eq!(site.fetches.load(Ordering::SeqCst), 1, "once, for all three");
}
