//! A provider at work: what it still has to post, and when.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::Time;
use providers::Secret;
use providers::sign::{About, Posting, Signing, Unsignable, delivered, sign};

use crate::schedule::Schedule;
use crate::secret::TOPIC;

/// Every fifth request is posted a second time.
const TWICE: usize = 5;
/// How long an answer is waited for: as long as the least patient provider waits.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// A mail that was delivered.
#[derive(Clone, Debug)]
pub struct Message {
    /// Our id of it.
    pub id: String,
    /// The recipient.
    pub recipient: String,
}

/// What became of the requests.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Messages of requests that were answered with 2xx.
    pub taken: Vec<String>,
    /// Messages of requests that were given up.
    pub lost: Vec<String>,
    /// Requests that were posted, tries and second copies counted.
    pub posted: u64,
    /// Posted requests that were not answered with 2xx.
    pub failed: u64,
}

/// A provider.
pub struct Simulator {
    schedule: &'static Schedule,
    secret: Secret,
    url: String,
    agent: ureq::Agent,
}

/// A request that is to be posted.
struct Due {
    messages: Vec<Message>,
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

    /// Posts one delivery of each message until each request is taken or given up. `door` says where the front door is just now.
    ///
    /// # Errors
    /// When a request cannot be signed with the secret.
    pub fn run(&self, messages: &[Message], door: &dyn Fn() -> Option<String>) -> Result<Report, Unsignable> {
        let mut report = Report::default();
        let mut due: BTreeMap<(Instant, usize), Due> = BTreeMap::new();
        let begun = Instant::now();
        let all = messages.chunks(self.schedule.batch).enumerate();
        let requests = all.map(|(place, messages)| Ok((place, messages, self.posting(messages, place)?)));
        let mut next = messages.len();
        for request in requests.collect::<Result<Vec<_>, Unsignable>>()? {
            let (place, messages, posting) = request;
            let one = |again| Due { messages: messages.to_vec(), posting: posting.clone(), tries: 0, again };
            // Neighbours change places.
            due.insert((begun, place ^ 1), one(false));
            if place % TWICE == 0 {
                next += 1;
                due.insert((begun + Duration::from_millis(300), next), one(true));
            }
        }
        while let Some(((at, place), mut request)) = due.pop_first() {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            if self.schedule.signs_again {
                request.posting = self.posting(&request.messages, place)?;
            }
            request.tries += 1;
            report.posted += 1;
            let answer = self.post(&request.posting, door);
            let ids = request.messages.iter().map(|message| message.id.clone());
            if answer.is_some_and(|status| (200..300).contains(&status)) {
                report.taken.extend(ids);
                continue;
            }
            report.failed += 1;
            // No answer is a timeout, after which everybody but Mailgun with its deliveries tries again.
            let gives_up = answer.map_or(self.schedule.delays.is_empty(), self.schedule.gives_up);
            match self.schedule.after(request.tries).filter(|_| !gives_up) {
                Some(delay) => {
                    due.insert((Instant::now() + delay, place), request);
                }
                None if request.again => {}
                None => report.lost.extend(ids),
            }
        }
        Ok(report)
    }

    /// A request about these messages.
    fn posting(&self, messages: &[Message], place: usize) -> Result<Posting, Unsignable> {
        let now = now();
        let provider = self.schedule.provider;
        let body = |message: &Message| {
            let about = About {
                custom: vec![("mailtally_message", &message.id)],
                recipient: &message.recipient,
                at: now,
                message_id: &format!("{provider}-{}", message.id),
                nonce: &format!("{provider}-event-{}", message.id),
            };
            delivered(provider, &about).unwrap_or_default()
        };
        let bodies: Vec<Vec<u8>> = messages.iter().map(body).collect();
        let first = messages.first().map_or("", |message| message.id.as_str());
        let nonce = format!("{provider}-{place}-{first}");
        let with = Signing { secret: &self.secret, url: &self.url, topic: TOPIC, now, nonce: &nonce };
        sign(provider, &joined(&bodies), &with)
    }

    fn post(&self, posting: &Posting, door: &dyn Fn() -> Option<String>) -> Option<u16> {
        let path = self.url.splitn(4, '/').nth(3)?;
        let request = self.agent.post(format!("http://{}/{path}", door()?));
        let request = posting.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        Some(request.send(posting.body.as_slice()).ok()?.status().as_u16())
    }
}

/// Bodies as one: arrays, or objects with an array, of all their events. One body stays as it is.
fn joined(bodies: &[Vec<u8>]) -> Vec<u8> {
    let (Some(first), rest) = (bodies.first(), bodies.get(1..).unwrap_or_default()) else { return Vec::new() };
    let inner = |body: &[u8]| -> Option<(usize, usize)> {
        let from = body.iter().position(|byte| *byte == b'[')?;
        Some((from + 1, body.iter().rposition(|byte| *byte == b']')?))
    };
    let Some((_, end)) = inner(first).filter(|_| !rest.is_empty()) else { return first.clone() };
    let mut all = first.get(..end).unwrap_or_default().to_vec();
    for body in rest {
        if let Some((from, end)) = inner(body) {
            all.push(b',');
            all.extend_from_slice(body.get(from..end).unwrap_or_default());
        }
    }
    all.extend_from_slice(first.get(end..).unwrap_or_default());
    all
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
