//! A front door, its accounts at all providers, and what signs for them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::proto::webhook::v1::Webhook;
use domain::Time;
use engine::{Topic, TopicPartition};
use gateway::{Account, Accounts, Certificates, Fetch, Gateway, Keeper, Spool, router};
use log::model::Model;
use log::{Cleanup, Log, ReadLimit, TopicSpec};
use p256::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use providers::Secret;
use providers::sign::{About, Posting, Signing, delivered, sign};
use providers::sns::Certificate;
use rsa::pkcs8::DecodePrivateKey as _;

pub(crate) const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:ses";
pub(crate) const ONE: &str = include_str!("../../../providers/tests/keys/one.pem");
pub(crate) const CERTIFICATE: &[u8] = include_bytes!("../../../providers/tests/keys/one.crt");
const OTHER: &str = include_str!("../../../providers/tests/keys/other.pem");
const PARTITIONS: u32 = 4;

/// A front door over a log in memory.
pub(crate) struct Site {
    pub(crate) at: SocketAddr,
    pub(crate) model: Model,
    pub(crate) fetches: Arc<AtomicUsize>,
    pub(crate) closed: Arc<AtomicBool>,
    pub(crate) spool: tempfile::TempDir,
    _server: api::Server,
}

/// How a front door is.
pub(crate) struct Plan {
    pub(crate) spool_bytes: u64,
    /// Whether the account of Amazon SES has the certificate; otherwise it is fetched.
    pub(crate) certificate: bool,
    /// What a fetch gives.
    pub(crate) fetched: Result<Vec<u8>, String>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { spool_bytes: 64 << 20, certificate: true, fetched: Err("nothing is fetched here".to_owned()) }
    }
}

struct Counting {
    fetches: Arc<AtomicUsize>,
    gives: Result<Vec<u8>, String>,
}

impl Fetch for Counting {
    fn fetch(&self, _: &str) -> Result<Vec<u8>, String> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        self.gives.clone()
    }
}

fn topic() -> Topic {
    Topic::new("mailtally.webhooks.v1")
}

/// Opens one.
pub(crate) async fn open(plan: Plan) -> Site {
    let model = Model::new("test");
    let cleanup = Cleanup::Delete { retention_ms: None };
    model.create_topic(&TopicSpec { name: topic(), partitions: PARTITIONS, cleanup }).expect("a topic");
    let root = tempfile::tempdir().expect("a directory");
    let spool = Spool::open(&root.path().join("spool"), plan.spool_bytes).expect("a spool");
    let keeper = Keeper::start(Arc::new(model.clone()), topic(), PARTITIONS, spool).expect("threads");
    let fetches = Arc::new(AtomicUsize::new(0));
    let counting = Counting { fetches: Arc::clone(&fetches), gives: plan.fetched };
    let closed = Arc::new(AtomicBool::new(false));
    let shut = {
        let closed = Arc::clone(&closed);
        move || closed.load(Ordering::SeqCst)
    };
    let certificates = Certificates::from(Box::new(counting));
    let gateway = Gateway::new(accounts(plan.certificate), keeper, certificates, Box::new(shut));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let server = api::serve(listener, router(Arc::new(gateway)), api::CONNECTIONS_MAX).expect("served");
    Site { at: server.address(), model, fetches, closed, spool: root, _server: server }
}

impl Site {
    /// Every request in the log.
    pub(crate) fn logged(&self) -> Vec<Webhook> {
        let limit = ReadLimit { records: 1_000_000, bytes: usize::MAX };
        let read = |partition| {
            let read = self.model.read(&TopicPartition { topic: topic(), partition }, 0, limit);
            read.map(|read| read.records).unwrap_or_default()
        };
        let value =
            |stored: engine::Stored| contract::decode("Webhook", &stored.record.value.expect("a value")).expect("one");
        (0..PARTITIONS).flat_map(read).map(value).collect()
    }

    /// Bytes of the spool's segments.
    pub(crate) fn spooled(&self) -> u64 {
        let entries = std::fs::read_dir(self.spool.path().join("spool")).expect("a directory").flatten();
        let segments = entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "spool"));
        segments.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
    }
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Which of an account's secrets signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Old,
    New,
    /// One that is not the account's.
    Foreign,
}

/// What signs as this provider, and what the account has of it.
pub(crate) fn secret(provider: &str, which: Which) -> (Secret, Secret) {
    let key = |words: String| Secret::Key(words);
    let number = match which {
        Which::Old => 1,
        Which::New => 2,
        Which::Foreign => 3,
    };
    match provider {
        // Its public key is in the certificate: there is no second one.
        "amazon_ses" | "postal" if which == Which::Old => (key(ONE.to_owned()), key(rsa_public(ONE))),
        "amazon_ses" | "postal" => (key(OTHER.to_owned()), key(rsa_public(OTHER))),
        "sendgrid" => {
            let private = p256::SecretKey::from_slice(&[number; 32]).expect("a key");
            let public = private.public_key().to_public_key_der().expect("encodes");
            let pem = private.to_pkcs8_pem(p256::pkcs8::LineEnding::LF).expect("encodes");
            (key(pem.to_string()), key(STANDARD.encode(public.as_bytes())))
        }
        "resend" => {
            let words = format!("whsec_{}", STANDARD.encode(format!("secret {number}")));
            (key(words.clone()), key(words))
        }
        "brevo" | "mailjet" | "postmark" | "sparkpost" => {
            let pair = Secret::Basic(format!("ada:password {number}"));
            (pair.clone(), pair)
        }
        _ => (key(format!("k{number}")), key(format!("k{number}"))),
    }
}

fn rsa_public(pem: &str) -> String {
    let key = rsa::RsaPrivateKey::from_pkcs8_pem(pem).expect("a key");
    STANDARD.encode(rsa::pkcs8::EncodePublicKey::to_public_key_der(&key.to_public_key()).expect("encodes").as_bytes())
}

/// An account `main` at each provider, with two secrets; of Postal the second is the foreign one's, so it has one.
fn accounts(certificate: bool) -> Accounts {
    let one = |provider: &providers::Provider| {
        let which: &[Which] = if provider.name == "postal" { &[Which::Old] } else { &[Which::Old, Which::New] };
        let secrets = which.iter().map(|which| secret(provider.name, *which).1).collect();
        let ses = provider.name == "amazon_ses";
        let account = Account {
            secrets: if ses { vec![Secret::Basic("ada:raw".to_owned())] } else { secrets },
            topics: if ses { vec![TOPIC.to_owned()] } else { Vec::new() },
            url: None,
            certificate: (ses && certificate).then(|| Certificate::read(CERTIFICATE).expect("a certificate")),
        };
        ((provider.name.to_owned(), "main".to_owned()), account)
    };
    providers::ALL.iter().map(one).collect()
}

pub(crate) fn now() -> Time {
    Time::from_micros(api::now_ms().saturating_mul(1_000))
}

/// A delivery as this provider posts it, signed by one of its secrets so long ago.
pub(crate) fn delivery(provider: &str, which: Which, nonce: &str, ago_seconds: i64) -> Posting {
    let at = now().plus_micros(-ago_seconds * 1_000_000);
    let about = About {
        custom: vec![("mailtally_message", nonce), ("mailtally_campaign", "spring")],
        recipient: "ada@example.com",
        at,
        message_id: nonce,
        nonce,
    };
    let (secret, _) = secret(provider, which);
    let url = format!("https://in.example{}", crate::client::path(provider));
    let with = Signing { secret: &secret, url: &url, topic: TOPIC, now: at, nonce };
    sign(provider, &delivered(provider, &about).expect("a sample"), &with).expect("signs")
}
