//! The front door of the demo, and the providers before it: each request signed as theirs, over HTTP on loopback, at its time of the
//! month.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use api::Server;
use axum::http::HeaderMap;
use domain::Time;
use gateway::Spool;
use providers::Secret;
use providers::sign::{Posting, Signing, sign};
use service::config::Config;
use tokio::runtime::Runtime;

use crate::run::front_door;
use crate::system::System;
use crate::webhook::agent;

/// Of the simulated Amazon SNS.
const CREDENTIALS: &str = "sns:of-the-demo";
/// Says to this door, and to no other, when a request comes, in milliseconds since the Unix epoch.
const RECEIVED: &str = "demo-received-ms";
/// Connections at once.
const CONNECTIONS: u32 = 64;
/// How long an answer may take: as long as the least patient provider waits.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Between two looks whether the spool is empty, which nobody tells.
const LOOK: Duration = Duration::from_millis(20);

/// What a provider posts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) provider: &'static str,
    pub(super) account: &'static str,
    pub(super) signed_ms: i64,
    pub(super) received_ms: i64,
    pub(super) body: &'a [u8],
}

/// A front door that is open, and what its providers sign with.
pub(super) struct Door {
    runtime: Runtime,
    server: Server,
    spool: Spool,
    secrets: BTreeMap<&'static str, Secret>,
    agent: ureq::Agent,
}

impl Door {
    /// Opens it over the system's log.
    pub(super) fn open(system: &System, config: &Config) -> Result<Self> {
        let (gateway, spool) = front_door(system, config, Box::new(|| false))?;
        let router = gateway::router(Arc::new(gateway.timed(Box::new(received))));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let server = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
            api::serve(listener, router, CONNECTIONS)
        })?;
        let providers = demo::ORGANISATIONS.iter().map(|organisation| organisation.provider);
        let secrets = providers.map(|provider| Ok((provider, secret(provider)?.0))).collect::<Result<_>>()?;
        Ok(Self { runtime, server, spool, secrets, agent: agent(ANSWER_MAX) })
    }

    /// Posts these, one after the other of each row, the rows beside each other; all are kept when it returns.
    ///
    /// # Errors
    /// One was not answered with 2xx.
    pub(super) fn post(&self, rows: &[Vec<Request<'_>>]) -> Result<()> {
        std::thread::scope(|scope| {
            let send = |row: &[Request<'_>]| row.iter().try_for_each(|request| self.send(request));
            let senders: Vec<_> = rows.iter().map(|row| scope.spawn(move || send(row))).collect();
            let ended = |sender: std::thread::ScopedJoinHandle<'_, Result<()>>| {
                sender.join().unwrap_or_else(|_| Err(anyhow!("a sender panicked")))
            };
            senders.into_iter().map(ended).collect::<Vec<_>>().into_iter().collect()
        })
    }

    fn send(&self, request: &Request<'_>) -> Result<()> {
        let Posting { headers, body } = self.signed(request)?;
        let Request { provider, account, received_ms, .. } = request;
        let url = format!("http://{}/v1/webhooks/{provider}/{account}", self.server.address());
        let post = self.agent.post(url).header(RECEIVED, received_ms.to_string());
        let post = headers.iter().fold(post, |post, (name, value)| post.header(name, value));
        let answer = post.send(body.as_slice()).with_context(|| format!("post as {provider}"))?;
        ensure!(answer.status().is_success(), "the front door answered {} to {provider}", answer.status());
        Ok(())
    }

    /// As the provider signs it: a try again is the same, byte for byte.
    fn signed(&self, request: &Request<'_>) -> Result<Posting> {
        let Request { provider, account, signed_ms, body, .. } = *request;
        let secret = self.secrets.get(provider).with_context(|| format!("{provider} has no secret"))?;
        let now = Time::from_micros(signed_ms.saturating_mul(1_000));
        let id = u128::from_be_bytes(contract::identity::event(&[body]).0);
        let (url, nonce) = (simulators::url(provider, account), format!("{id:032x}"));
        Ok(sign(provider, body, &Signing { secret, url: &url, topic: simulators::TOPIC, now, nonce: &nonce })?)
    }

    /// Closes it; everything that was posted is in the log then.
    pub(super) fn close(self) {
        while !self.spool.is_empty() {
            std::thread::sleep(LOOK);
        }
        self.runtime.block_on(self.server.stop(ANSWER_MAX));
    }
}

/// What a provider signs with, and what its account's file has of it. Amazon SNS delivers raw, with credentials: a signature of its
/// own for each event would take most of the demo's time.
pub(super) fn secret(provider: &str) -> Result<(Secret, String)> {
    if provider == "amazon_ses" {
        return Ok((Secret::Basic(CREDENTIALS.to_owned()), format!("basic:{CREDENTIALS}")));
    }
    let pair = simulators::pair(provider).with_context(|| format!("{provider} has no key"))?;
    Ok((Secret::Key(pair.signs), pair.checks))
}

fn received(headers: &HeaderMap) -> i64 {
    let said = headers.get(RECEIVED).and_then(|given| given.to_str().ok()?.parse().ok());
    // Nobody else posts here.
    said.unwrap_or_default()
}
