//! A provider at work: what it still has to post, and when.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::Time;
use providers::Secret;
use providers::sign::{Posting, Signing, Unsignable, sign};

use crate::plan::Report;
use crate::schedule::Schedule;
use crate::secret::TOPIC;
use crate::set_up::{Probe, probes};
use crate::shape;

/// Every fifth request is posted a second time.
const TWICE: usize = 5;
/// How long an answer is waited for: as long as the least patient provider waits.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// What became of the requests.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// Ids of the reports in requests that were answered with 2xx.
    pub taken: Vec<String>,
    /// Ids of the reports in requests that were given up.
    pub lost: Vec<String>,
    /// Requests that were posted, tries and second copies counted.
    pub posted: u64,
    /// Posted requests that were not answered with 2xx.
    pub failed: u64,
}

impl Done {
    /// Adds what became of others.
    pub fn add(&mut self, other: Self) {
        self.taken.extend(other.taken);
        self.lost.extend(other.lost);
        self.posted += other.posted;
        self.failed += other.failed;
    }
}

/// A provider.
pub struct Simulator {
    schedule: &'static Schedule,
    secret: Secret,
    url: String,
    agent: ureq::Agent,
}

/// A request that is to be posted.
struct Due<'a> {
    reports: Vec<&'a Report>,
    posting: Posting,
    tries: u32,
    again: bool,
}

impl Simulator {
    /// A provider with these rules and this secret, which was told this URL.
    pub fn new(schedule: &'static Schedule, secret: Secret, url: &str) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None);
        let agent = agent.timeout_global(Some(ANSWER_MAX)).build().into();
        Self { schedule, secret, url: url.to_owned(), agent }
    }

    /// Posts the reports until each request is taken or given up. `door` says where the front door is just now.
    ///
    /// # Errors
    /// When a request cannot be signed with the secret.
    pub fn run(&self, reports: &[&Report], door: &dyn Fn() -> Option<String>) -> Result<Done, Unsignable> {
        let mut done = Done::default();
        let mut due = self.due(reports)?;
        while let Some(((at, place), mut request)) = due.pop_first() {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            if self.schedule.signs_again {
                request.posting = self.posting(&request.reports, place)?;
            }
            request.tries += 1;
            done.posted += 1;
            let answer = self.post(&request.posting, door);
            let ids = request.reports.iter().map(|report| report.id.clone());
            if answer.is_some_and(|status| (200..300).contains(&status)) {
                done.taken.extend(ids);
                continue;
            }
            done.failed += 1;
            let gives_up =
                answer.is_some_and(self.schedule.gives_up) || request.reports.iter().any(|report| report.once);
            match self.schedule.after(request.tries).filter(|_| !gives_up) {
                Some(delay) => {
                    due.insert((Instant::now() + delay, place), request);
                }
                None if request.again => {}
                None => done.lost.extend(ids),
            }
        }
        Ok(done)
    }

    /// The requests: neighbours have changed places, and some come twice.
    fn due<'a>(&self, reports: &[&'a Report]) -> Result<BTreeMap<(Instant, usize), Due<'a>>, Unsignable> {
        let mut due = BTreeMap::new();
        let begun = Instant::now();
        let mut next = reports.len() + 1;
        for (place, reports) in reports.chunks(self.schedule.batch).enumerate() {
            let posting = self.posting(reports, place)?;
            let one = |again| Due { reports: reports.to_vec(), posting: posting.clone(), tries: 0, again };
            due.insert((begun, place ^ 1), one(false));
            if place % TWICE == 0 {
                next += 1;
                due.insert((begun + Duration::from_millis(300), next), one(true));
            }
        }
        Ok(due)
    }

    /// A request with these reports.
    fn posting(&self, reports: &[&Report], place: usize) -> Result<Posting, Unsignable> {
        let events: Vec<&serde_json::Value> = reports.iter().map(|report| &report.event).collect();
        let first = reports.first().map_or("", |report| report.id.as_str());
        let nonce = format!("{}-{place}-{first}", self.schedule.provider);
        let with = Signing { secret: &self.secret, url: &self.url, topic: TOPIC, now: now(), nonce: &nonce };
        sign(self.schedule.provider, &shape::body(self.schedule.provider, &events), &with)
    }

    fn post(&self, posting: &Posting, door: &dyn Fn() -> Option<String>) -> Option<u16> {
        let request = self.agent.post(self.to(&door()?)?);
        let request = posting.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        Some(request.send(posting.body.as_slice()).ok()?.status().as_u16())
    }

    /// Asks what the provider asks while a webhook is set up: each probe with the status of its answer, nothing when there was none.
    ///
    /// # Errors
    /// When a probe cannot be signed with the secret.
    pub fn set_up(&self, door: &dyn Fn() -> Option<String>) -> Result<Vec<(Probe, Option<u16>)>, Unsignable> {
        let nonce = format!("{}-set-up", self.schedule.provider);
        let with = Signing { secret: &self.secret, url: &self.url, topic: TOPIC, now: now(), nonce: &nonce };
        let ask = |probe: Probe| {
            let answer = if probe.head { self.head(door) } else { self.post(&probe.posting, door) };
            (probe, answer)
        };
        Ok(probes(self.schedule.provider, &with)?.into_iter().map(ask).collect())
    }

    fn head(&self, door: &dyn Fn() -> Option<String>) -> Option<u16> {
        Some(self.agent.head(self.to(&door()?)?).call().ok()?.status().as_u16())
    }

    /// The webhook's place at this door.
    fn to(&self, door: &str) -> Option<String> {
        Some(format!("http://{door}/{}", self.url.splitn(4, '/').nth(3)?))
    }
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
