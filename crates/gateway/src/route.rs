//! `/v1/webhooks/{provider}/{account}`: one request from its head to its answer.

use std::sync::Arc;
use std::time::Instant;

use api::{Room, Unread};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HOST, RETRY_AFTER};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use domain::Time;
use providers::{Provider, Request};
use service::metric;

use crate::account::{Account, Accounts};
use crate::authentic::{Authentic, Checks};
use crate::certificate::{Certificates, Unfetched};
use crate::keep::{Keeper, Kept, Unkept};
use crate::kept::{BODY_BYTES_MAX, record};
use crate::rule::{Rule, rule};

/// The route.
pub const PATH: &str = "/v1/webhooks/{provider}/{account}";
/// Seconds after which a provider that reads it may come again.
const AGAIN_SECONDS: &str = "30";
/// Bytes of a body from which on a check is no work for a thread that serves others.
const LARGE_BYTES: usize = 32 << 10;

/// When a request comes, in milliseconds since the Unix epoch.
pub type Clock = Box<dyn Fn(&HeaderMap) -> i64 + Send + Sync>;

/// What the front door needs.
pub struct Gateway {
    accounts: Accounts,
    keeper: Keeper,
    checks: Checks,
    room: Room,
    closed: Box<dyn Fn() -> bool + Send + Sync>,
    clock: Clock,
}

impl Gateway {
    /// A front door to a keeper. `closed` says whether nothing may be kept just now (the disk is full).
    pub fn new(
        accounts: Accounts,
        keeper: Keeper,
        certificates: Certificates,
        closed: Box<dyn Fn() -> bool + Send + Sync>,
    ) -> Self {
        let clock = Box::new(|_: &HeaderMap| api::now_ms());
        Self { accounts, keeper, checks: Checks::new(certificates), room: Room::default(), closed, clock }
    }

    /// The same at other times than now: a past month is played.
    #[must_use]
    pub fn timed(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }
}

/// The route of webhooks, and nothing else.
pub fn router(gateway: Arc<Gateway>) -> Router {
    Router::new().route(PATH, any(webhook)).with_state(gateway)
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Kept(Kept),
    /// Somebody asks whether anybody is here.
    Probe,
    Refused(&'static str),
    Limit(StatusCode),
    Unkept,
}

impl Outcome {
    const fn word(self) -> &'static str {
        match self {
            Self::Kept(Kept::Log) => "logged",
            Self::Kept(Kept::Spool) => "spooled",
            Self::Probe => "probe",
            Self::Refused(_) => "refused",
            Self::Limit(_) => "limit",
            Self::Unkept => "unkept",
        }
    }

    /// The answer; to every refusal the same words.
    fn answer(self, rule: &Rule) -> Response {
        let (status, words) = match self {
            Self::Kept(_) => (StatusCode::OK, "kept\n"),
            Self::Probe => (StatusCode::OK, "here\n"),
            Self::Refused(_) => (rule.refused, "refused\n"),
            Self::Limit(status) => (rule.limit.unwrap_or(status), "over a limit\n"),
            Self::Unkept => (rule.away, "come again\n"),
        };
        let later = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
        let mut answer = (status, words).into_response();
        if later {
            answer.headers_mut().insert(RETRY_AFTER, axum::http::HeaderValue::from_static(AGAIN_SECONDS));
        }
        answer
    }
}

/// A request as it came.
struct Came {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
}

async fn webhook(
    State(gateway): State<Arc<Gateway>>,
    Path((name, account)): Path<(String, String)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let begun = Instant::now();
    let (Some(provider), Some(rule)) = (providers::provider(&name), rule(&name)) else {
        return (StatusCode::NOT_FOUND, "no such provider\n").into_response();
    };
    let outcome = gateway.take(provider, account, Came { method, uri, headers, body }).await;
    metrics::counter!(metric::WEBHOOKS, "provider" => rule.provider, "outcome" => outcome.word()).increment(1);
    metrics::histogram!(metric::WEBHOOK_SECONDS, "provider" => rule.provider).record(begun.elapsed());
    if let Outcome::Refused(reason) = outcome {
        metrics::counter!(metric::WEBHOOKS_REFUSED, "provider" => rule.provider, "reason" => reason).increment(1);
    }
    outcome.answer(rule)
}

impl Gateway {
    async fn take(self: &Arc<Self>, provider: &'static Provider, account: String, came: Came) -> Outcome {
        match came.method {
            Method::POST => {}
            Method::GET | Method::HEAD => return Outcome::Probe,
            _ => return Outcome::Limit(StatusCode::METHOD_NOT_ALLOWED),
        }
        if came.headers.get(CONTENT_ENCODING).is_some_and(|coding| coding.as_bytes() != b"identity") {
            return Outcome::Limit(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        }
        if is_too_long(&came.headers) {
            return Outcome::Limit(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let (body, _room) = match self.room.read(came.body, BODY_BYTES_MAX).await {
            Ok((body, _)) if body.trim_ascii().is_empty() => return Outcome::Probe,
            Ok(read) => read,
            Err(Unread::NoRoom) => return Outcome::Unkept,
            Err(Unread::Large) => return Outcome::Limit(StatusCode::PAYLOAD_TOO_LARGE),
            Err(Unread::Slow) => return Outcome::Limit(StatusCode::REQUEST_TIMEOUT),
            Err(Unread::Cut) => return Outcome::Limit(StatusCode::BAD_REQUEST),
        };
        self.authenticated(provider, account, came.headers, came.uri, body).await
    }

    async fn authenticated(
        self: &Arc<Self>,
        provider: &'static Provider,
        account: String,
        headers: HeaderMap,
        uri: Uri,
        body: Bytes,
    ) -> Outcome {
        let name = (provider.name.to_owned(), account);
        if !self.accounts.contains_key(&name) {
            return Outcome::Refused("unknown_account");
        }
        let apart = provider.check.is_none() || body.len() >= LARGE_BYTES;
        let now_ms = (self.clock)(&headers);
        let seen = Seen { name, headers: texts(&headers), urls: urls(&headers, &uri), body };
        let (authentic, seen) = if apart {
            let gateway = Arc::clone(self);
            let check = move || (gateway.check(provider, &seen, now_ms), seen);
            match tokio::task::spawn_blocking(check).await {
                Ok(checked) => checked,
                Err(_) => return Outcome::Unkept,
            }
        } else {
            (self.check(provider, &seen, now_ms), seen)
        };
        match authentic {
            Ok(authentic) => self.keep(authentic, &seen, now_ms).await,
            Err(Unfetched::Refused(why)) => Outcome::Refused(why.word()),
            Err(why @ Unfetched::Unavailable(_)) => {
                tracing::warn!(%why, "a webhook was sent away");
                Outcome::Unkept
            }
        }
    }

    fn check(&self, provider: &Provider, seen: &Seen, now_ms: i64) -> Result<Authentic, Unfetched> {
        let now = Time::from_micros(now_ms.saturating_mul(1_000));
        let Some(account) = self.accounts.get(&seen.name) else { return Err(providers::Refusal::NoSecret.into()) };
        let headers = seen.pairs();
        let check = |url: &str| {
            self.checks.authentic(provider, account, &Request { url, headers: &headers, body: &seen.body }, now)
        };
        match account {
            Account { url: Some(url), .. } => check(url),
            // Whichever was signed: only Mandrill signs one at all.
            _ => {
                let [tls, plain] = &seen.urls;
                check(tls).or_else(|why| if provider.name == "mandrill" { check(plain) } else { Err(why) })
            }
        }
    }

    async fn keep(&self, authentic: Authentic, seen: &Seen, now_ms: i64) -> Outcome {
        let (provider, account) = (seen.name.0.as_str(), seen.name.1.as_str());
        if let Some(link) = authentic.confirmation {
            // Nothing here follows it: whether this topic may post is the operator's to say.
            tracing::warn!(
                account,
                link,
                "Amazon SNS asks whether its topic may post here: to say yes, open the link once"
            );
        }
        if (self.closed)() {
            return Outcome::Unkept;
        }
        match self.keeper.keep(record(provider, account, &seen.pairs(), &seen.body, now_ms)).await {
            Ok(kept) => Outcome::Kept(kept),
            Err(Unkept(why)) => {
                tracing::warn!(provider, why, "a webhook was sent away: neither log nor spool takes it");
                Outcome::Unkept
            }
        }
    }
}

/// A request that was read.
struct Seen {
    name: (String, String),
    headers: Vec<(String, String)>,
    urls: [String; 2],
    body: Bytes,
}

impl Seen {
    fn pairs(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// Whether a length over the limit is announced, or something that is no length.
fn is_too_long(headers: &HeaderMap) -> bool {
    let length = |given: &axum::http::HeaderValue| given.to_str().ok()?.parse::<usize>().ok();
    headers.get(CONTENT_LENGTH).is_some_and(|given| length(given).is_none_or(|length| length > BODY_BYTES_MAX))
}

/// Headers that are text; a signature is.
fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    headers.iter().filter_map(text).collect()
}

/// The URL as it was asked for, over TLS (which ends before us) and without.
fn urls(headers: &HeaderMap, uri: &Uri) -> [String; 2] {
    let named = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = named.or_else(|| uri.authority().map(axum::http::uri::Authority::as_str)).unwrap_or_default();
    let path = uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
    ["https", "http"].map(|scheme| format!("{scheme}://{host}{path}"))
}
