//! Doors in one process: a gateway over each log with signature check and group commit, and a handler that does nothing but read.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use axum::routing::post;
use domain::Time;
use engine::Topic;
use gateway::{Account, Accounts, Certificates, Gateway, Keeper, Spool};
use log::{Cleanup, Log, TopicSpec};
use providers::Secret;
use providers::sign::{About, Posting, Signing, delivered, sign};
use providers::sns::Certificate;
use tokio::runtime::Runtime;

use crate::kept::{Appends, Counted, Which};

const PARTITIONS: u32 = 4;
/// Bytes of the spool, which stays empty while the log takes everything.
const SPOOL_BYTES: u64 = 64 << 20;
/// Different requests that are posted in turn.
const REQUESTS: usize = 64;

/// All of them, and what they run on.
pub(crate) struct Doors {
    bare: api::Server,
    gateways: Vec<Door>,
    _runtime: Runtime,
    _folder: tempfile::TempDir,
    // After what writes to it.
    _cluster: Option<broker::Cluster>,
}

/// A gateway over one log.
pub(crate) struct Door {
    /// Over which.
    pub(crate) which: Which,
    /// Appends to it so far.
    pub(crate) appends: Arc<Appends>,
    server: api::Server,
}

impl Doors {
    /// Opens the bare one, and one over each of these logs, which are fresh.
    pub(crate) fn open(over: &[Which]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("mailtally-gateway-").tempdir()?;
        let wants_broker = over.contains(&Which::Kafka);
        let cluster = wants_broker.then(|| broker::Cluster::start(&broker::Options::default())).transpose();
        let cluster = cluster.map_err(anyhow::Error::msg)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let bare = runtime.block_on(serve(reader()))?;
        let one = |which: &Which| {
            let log = which.open(&folder.path().join("log"), cluster.as_ref())?;
            let spool = folder.path().join(which.word());
            runtime.block_on(async { Door::open(*which, log, &spool).await })
        };
        let gateways = over.iter().map(one).collect::<Result<_>>()?;
        Ok(Self { bare, gateways, _runtime: runtime, _folder: folder, _cluster: cluster })
    }

    /// Where the bare one takes this provider's requests.
    pub(crate) fn bare(&self, provider: &str) -> String {
        url(self.bare.address(), provider)
    }

    /// Those over a log.
    pub(crate) fn gateways(&self) -> &[Door] {
        &self.gateways
    }
}

impl Door {
    async fn open(which: Which, log: Arc<dyn Log>, spool: &Path) -> Result<Self> {
        let topic = Topic::new("mailtally.webhooks.v1");
        let cleanup = Cleanup::Delete { retention_ms: None };
        log.create_topic(&TopicSpec { name: topic.clone(), partitions: PARTITIONS, cleanup })?;
        let appends = Arc::new(Appends::default());
        let counted = Arc::new(Counted::new(log, Arc::clone(&appends)));
        let keeper = Keeper::start(counted, topic, PARTITIONS, Spool::open(spool, SPOOL_BYTES)?)?;
        let gateway = Gateway::new(accounts()?, keeper, Certificates::default(), Box::new(|| false));
        Ok(Self { which, appends, server: serve(gateway::router(Arc::new(gateway))).await? })
    }

    /// Where it takes this provider's requests.
    pub(crate) fn url(&self, provider: &str) -> String {
        url(self.server.address(), provider)
    }
}

fn url(at: SocketAddr, provider: &str) -> String {
    format!("http://{at}/v1/webhooks/{provider}/main")
}

async fn serve(router: axum::Router) -> Result<api::Server> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    Ok(api::serve(listener, router, api::CONNECTIONS_MAX)?)
}

/// Reads the body and answers 200.
fn reader() -> axum::Router {
    async fn read(body: axum::body::Bytes) -> &'static str {
        std::hint::black_box(body);
        ""
    }
    let limit = axum::extract::DefaultBodyLimit::max(gateway::BODY_BYTES_MAX);
    axum::Router::new().route("/v1/webhooks/{provider}/{account}", post(read)).layer(limit)
}

fn accounts() -> Result<Accounts> {
    let one = |provider: &str| {
        let checks = simulators::pair(provider).context("a secret")?.checks;
        let account = if provider == "amazon_ses" {
            let certificate = Certificate::read(checks.as_bytes()).map_err(|why| anyhow!("{provider}: {why}"))?;
            let topics = vec![simulators::TOPIC.to_owned()];
            Account { topics, certificate: Some(certificate), ..Account::default() }
        } else {
            let secret = checks.parse::<Secret>().map_err(|why| anyhow!("{provider}: {why}"))?;
            Account { secrets: vec![secret], ..Account::default() }
        };
        Ok(((provider.to_owned(), "main".to_owned()), account))
    };
    ["amazon_ses", "postmark", "sendgrid"].into_iter().map(one).collect()
}

/// Requests of this provider with so many events each, signed.
pub(crate) fn bodies(provider: &str, events: usize) -> Result<Vec<Posting>> {
    let signs = simulators::pair(provider).context("a secret")?.signs;
    let secret: Secret = signs.parse().map_err(|why| anyhow!("{provider}: {why}"))?;
    let url = simulators::url(provider, "main");
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let now = Time::from_micros(i64::try_from(since.as_micros())?);
    let request = |number: usize| {
        let all: Vec<Vec<u8>> =
            (0..events).filter_map(|event| one(provider, &format!("m{number}-{event}"), now)).collect();
        let body = match provider {
            "sendgrid" => [b"[", array(&all).as_slice(), b"]"].concat(),
            _ => all.concat(),
        };
        let nonce = number.to_string();
        let with = Signing { secret: &secret, url: &url, topic: simulators::TOPIC, now, nonce: &nonce };
        Ok(sign(provider, &body, &with)?)
    };
    (0..REQUESTS).map(request).collect()
}

fn one(provider: &str, message: &str, at: Time) -> Option<Vec<u8>> {
    let recipient = format!("{message}@example.org");
    let about = About {
        custom: vec![("mailtally_message", message)],
        recipient: &recipient,
        at,
        message_id: message,
        nonce: message,
    };
    delivered(provider, &about)
}

/// What stands in arrays of one event each, one after another.
fn array(bodies: &[Vec<u8>]) -> Vec<u8> {
    let inner = |body: &Vec<u8>| body.trim_ascii().strip_prefix(b"[")?.strip_suffix(b"]").map(<[u8]>::to_vec);
    bodies.iter().filter_map(inner).collect::<Vec<_>>().join(&b',')
}
