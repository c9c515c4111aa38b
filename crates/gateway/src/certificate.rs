//! Certificates of Amazon SNS: fetched from Amazon's place for them and nowhere else, over TLS, once; and not often, whatever
//! strangers write into their requests.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::Time;
use providers::Refusal;
use providers::sns::{Certificate, Envelope};

/// Certificates that are kept; one a region and some more while one follows the other.
const KEPT_MAX: usize = 64;
/// Bytes of a certificate's file.
const BYTES_MAX: u64 = 8 << 10;
/// How long a fetch may take: SNS waits 15 seconds for its answer.
const FETCH_MAX: Duration = Duration::from_secs(3);
/// Fetches of a minute: a stranger who names new files with every request makes no more.
const FETCHES_MAX: usize = 10;
const MINUTE: Duration = Duration::from_secs(60);

/// Fetches a file.
pub trait Fetch: Send + Sync {
    /// The file at this URL, which is Amazon's.
    ///
    /// # Errors
    /// Why there is none.
    fn fetch(&self, url: &str) -> Result<Vec<u8>, String>;
}

/// Why there is no certificate to check with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfetched {
    /// The request itself is to blame, and nothing was fetched for it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It could not be fetched just now.
    #[error(
        "a certificate of Amazon SNS could not be fetched ({0}): let this host reach sns.REGION.amazonaws.com, or give the account a certificate_file"
    )]
    Unavailable(String),
}

/// What was fetched.
pub struct Certificates {
    from: Box<dyn Fetch>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    certificates: BTreeMap<String, Certificate>,
    fetched: Vec<Instant>,
}

impl Default for Certificates {
    fn default() -> Self {
        Self::from(Box::new(Https::default()))
    }
}

impl Certificates {
    /// Fetched in this way.
    pub fn from(from: Box<dyn Fetch>) -> Self {
        Self { from, kept: Mutex::default() }
    }

    /// The certificate of an envelope whose topic is the account's. Blocks while it is fetched.
    pub(crate) fn of(&self, envelope: &Envelope, now: Time) -> Result<Certificate, Unfetched> {
        let url = envelope.certificate_url()?;
        in_region(url, envelope.topic())?;
        let mut kept = self.lock();
        if let Some(known) = kept.certificates.get(url).filter(|known| now <= known.until()) {
            return Ok(known.clone());
        }
        kept.may_fetch()?;
        // Whoever else needs one waits here: the next of them finds it.
        let file = self.from.fetch(url).map_err(Unfetched::Unavailable)?;
        let certificate = Certificate::read(&file).map_err(|why| Unfetched::Unavailable(why.to_string()))?;
        if kept.certificates.len() >= KEPT_MAX {
            kept.certificates.pop_first();
        }
        kept.certificates.insert(url.to_owned(), certificate.clone());
        Ok(certificate)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn may_fetch(&mut self) -> Result<(), Unfetched> {
        self.fetched.retain(|at| at.elapsed() < MINUTE);
        if self.fetched.len() >= FETCHES_MAX {
            return Err(Unfetched::Unavailable(format!("{FETCHES_MAX} were fetched within a minute")));
        }
        self.fetched.push(Instant::now());
        Ok(())
    }
}

/// A topic's certificate stands in the topic's own region.
fn in_region(url: &str, topic: &str) -> Result<(), Refusal> {
    let region = topic.split(':').nth(3).unwrap_or_default();
    let host = url.strip_prefix("https://sns.").and_then(|rest| rest.strip_prefix(region));
    let named = !region.is_empty() && host.is_some_and(|rest| rest.starts_with(".amazonaws.com"));
    if named { Ok(()) } else { Err(Refusal::ForeignCertificate) }
}

/// Over TLS, following no redirect.
struct Https(ureq::Agent);

impl Default for Https {
    fn default() -> Self {
        let agent = ureq::Agent::config_builder()
            .https_only(true)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(FETCH_MAX))
            .build();
        Self(agent.into())
    }
}

impl Fetch for Https {
    fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        let mut answer = self.0.get(url).call().map_err(|error| error.to_string())?;
        if answer.status().as_u16() != 200 {
            return Err(format!("answered {}", answer.status().as_u16()));
        }
        answer.body_mut().with_config().limit(BYTES_MAX).read_to_vec().map_err(|error| error.to_string())
    }
}
