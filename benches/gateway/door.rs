//! Two doors in one process: the gateway with signature check, group commit and fsync, and a handler that does nothing but read.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use axum::routing::post;
use domain::Time;
use embedded::{Embedded, Options};
use engine::Topic;
use gateway::{Account, Accounts, Certificates, Gateway, Keeper, Spool};
use log::{Cleanup, Log, TopicSpec};
use providers::Secret;
use providers::sign::{About, Posting, Signing, delivered, sign};
use tokio::runtime::Runtime;

const PARTITIONS: u32 = 4;
/// Bytes of the spool, which stays empty while the log takes everything.
const SPOOL_BYTES: u64 = 64 << 20;
/// Different requests that are posted in turn.
const REQUESTS: usize = 64;

/// Both, and what they run on.
pub(crate) struct Door {
    gateway: SocketAddr,
    bare: SocketAddr,
    _gateway: api::Server,
    _bare: api::Server,
    _runtime: Runtime,
    _folder: tempfile::TempDir,
}

impl Door {
    /// Opens both over a fresh log.
    pub(crate) fn open() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("mailtally-gateway-").tempdir()?;
        let log = Arc::new(Embedded::open(folder.path().join("log"), Options::default())?);
        let topic = Topic::new("mailtally.webhooks.v1");
        let cleanup = Cleanup::Delete { retention_ms: None };
        log.create_topic(&TopicSpec { name: topic.clone(), partitions: PARTITIONS, cleanup })?;
        let spool = Spool::open(&folder.path().join("spool"), SPOOL_BYTES)?;
        let keeper = Keeper::start(log, topic, PARTITIONS, spool)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let door = Arc::new(Gateway::new(accounts()?, keeper, Certificates::default(), Box::new(|| false)));
        let (served, bare) = runtime.block_on(async { (serve(gateway::router(door)).await, serve(reader()).await) });
        let (served, bare) = (served?, bare?);
        Ok(Self {
            gateway: served.address(),
            bare: bare.address(),
            _gateway: served,
            _bare: bare,
            _runtime: runtime,
            _folder: folder,
        })
    }

    /// Where the gateway takes this provider's requests.
    pub(crate) fn gateway(&self, provider: &str) -> String {
        format!("http://{}/v1/webhooks/{provider}/main", self.gateway)
    }

    /// The same at the bare one.
    pub(crate) fn bare(&self, provider: &str) -> String {
        format!("http://{}/v1/webhooks/{provider}/main", self.bare)
    }
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
        let secrets = vec![checks.parse::<Secret>().map_err(|why| anyhow!("{provider}: {why}"))?];
        Ok(((provider.to_owned(), "main".to_owned()), Account { secrets, ..Account::default() }))
    };
    ["postmark", "sendgrid"].into_iter().map(one).collect()
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
