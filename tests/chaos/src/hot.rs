//! One campaign of a million recipients: the records a second that the folds publish of it while its throughput rises. Partials
//! keep them at so many a commit and partition, however many messages are in it.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use benches::plan::{Names, ORGANISATIONS, Step};
use benches::workload::{BEGIN_US, Report};
use contract::proto::campaign::v1::CampaignStats;
use contract::topic::Topic;
use contract::{Proto as _, key};
use domain::Fact;
use engine::{Output, Record, TopicPartition};
use log::Log as _;
use rdkafka::message::Message as _;

use crate::instance::Instance;
use crate::site::{GROUP, PARTITIONS, Site, topic};
use crate::watch::reader;

const CAMPAIGN: &str = "hot";
/// Events a second that come in, one step after the other; what is left of the recipients comes as fast as it goes.
const STEPS: [u64; 3] = [500, 2_000, 8_000];
/// How long each step lasts.
const STEP: Duration = Duration::from_secs(12);
/// Between two appends of a step.
const APPEND: Duration = Duration::from_millis(50);
/// Events of one append where nothing holds them back.
const CHUNK: u64 = 20_000;
/// How long nothing may be published.
const SILENCE_MAX: Duration = Duration::from_secs(120);
/// Between two looks, and how long the reader waits for news.
const LOOK: Duration = Duration::from_millis(10);
/// The fastest step may have so many times the records a second of the slowest, in tenths; and must have so many times its events.
const RISE_MAX: u64 = 15;
const FASTER_MIN: u64 = 5;

/// What the reader counts.
#[derive(Default)]
struct Counted {
    partials: AtomicU64,
    stats: AtomicU64,
    /// As the latest row says.
    sent: AtomicU64,
    over: AtomicBool,
}

/// What one step came to, each a second.
struct Line {
    events: u64,
    partials: u64,
    stats: u64,
}

/// Runs it; a table, and an error when the records a second rise with the events.
pub(crate) fn run(site: &Site, recipients: u64) -> Result<String> {
    let mut instances = ["a", "b", "c"].map(|name| Instance::new(site, name));
    instances.iter_mut().try_for_each(|instance| instance.start(site))?;
    until("three instances share the partitions", || shared(site, &instances))?;
    let counted = Counted::default();
    let servers = site.cluster.bootstrap();
    let lines = std::thread::scope(|scope| {
        let reading = scope.spawn(|| counted.read(&servers));
        let lines = steps(site, recipients, &counted);
        counted.over.store(true, Ordering::Release);
        reading.join().map_err(|_| anyhow!("the reader panicked"))??;
        lines
    })?;
    instances.iter_mut().try_for_each(Instance::stop)?;
    judge(&lines)?;
    table(&lines, recipients)
}

/// Whether every instance has partitions, and every partition an instance.
fn shared(site: &Site, instances: &[Instance]) -> Result<bool> {
    let group = match site.kafka.group(GROUP) {
        // A group that nobody has asked for yet has no coordinator for a moment.
        Err(log::Error::Unavailable(_)) => return Ok(false),
        group => group?,
    };
    let has = |instance: &Instance| {
        group.members.iter().any(|member| instance.is_worker(&member.name) && !member.partitions.is_empty())
    };
    let events = topic(Topic::Events);
    let owned = |partition| group.owner(&TopicPartition { topic: events.clone(), partition }).is_some();
    Ok(group.state == "Stable" && instances.iter().all(has) && (0..PARTITIONS).all(owned))
}

fn steps(site: &Site, recipients: u64, counted: &Counted) -> Result<Vec<Line>> {
    let (mut written, mut lines) = (0, Vec::new());
    for rate in STEPS.into_iter().map(Some).chain([None]) {
        let (from, begun) = (written, Instant::now());
        let before = (counted.partials.load(Ordering::Acquire), counted.stats.load(Ordering::Acquire));
        while written < recipients && rate.is_none_or(|_| begun.elapsed() < STEP) {
            let due = rate.map_or(written + CHUNK, |rate| from + rate * millis(begun.elapsed() + APPEND) / 1_000);
            let to = due.min(recipients);
            site.kafka.append((written..to).map(send).collect())?;
            written = to;
            // The step's own pace.
            std::thread::sleep(if rate.is_some() { APPEND } else { Duration::ZERO });
        }
        until("every send is counted", || Ok(counted.sent.load(Ordering::Acquire) == written))?;
        let a_second = |count: u64| count * 1_000 / millis(begun.elapsed()).max(1);
        lines.push(Line {
            events: a_second(written - from),
            partials: a_second(counted.partials.load(Ordering::Acquire) - before.0),
            stats: a_second(counted.stats.load(Ordering::Acquire) - before.1),
        });
        eprintln!("{written} sends, {} a second", a_second(written - from));
    }
    ensure!(written == recipients, "{written} of {recipients} recipients");
    Ok(lines)
}

/// A send as decode makes it.
fn send(message: u64) -> Output {
    let names = Names {
        organisation: ORGANISATIONS.first().copied().unwrap_or_default(),
        campaign: CAMPAIGN.to_owned(),
        client: format!("k{message}"),
        message: format!("m-{:016x}", message.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
        address: format!("client{message}@example.org"),
    };
    let step = Step { happens: message, arrives: [Some(message), None], by_mailer: true, fact: Fact::Sent };
    let event = Report { names, step, message, place: 0, received_us: BEGIN_US }.event(message, 0);
    let key = key::message(&event.organisation, &event.message);
    let to = TopicPartition { topic: topic(Topic::Events), partition: key::partition(&key, PARTITIONS) };
    let value = contract::event::to_wire(&event).encode_to_vec();
    let record = Record { key: Some(key), value: Some(value.into()), ..Record::default() };
    Output { to, record }
}

impl Counted {
    /// Counts the records of the campaign until it is told to end. Nothing else is in these topics.
    fn read(&self, servers: &str) -> Result<()> {
        let consumer = reader(servers, "read_committed", &[Topic::CampaignPartials, Topic::CampaignStats])?;
        let stats = topic(Topic::CampaignStats);
        while !self.over.load(Ordering::Acquire) {
            let Some(Ok(record)) = consumer.poll(LOOK) else { continue };
            if record.topic() != stats.name() {
                self.partials.fetch_add(1, Ordering::AcqRel);
                continue;
            }
            let row = CampaignStats::decode(record.payload().unwrap_or_default()).context("a campaign's row")?;
            let sent = row.counters.unwrap_or_default().sent;
            self.sent.store(sent, Ordering::Release);
            self.stats.fetch_add(1, Ordering::AcqRel);
        }
        Ok(())
    }
}

/// The rates of the fastest step beside those of the slowest.
fn judge(lines: &[Line]) -> Result<()> {
    let (Some(slowest), Some(fastest)) =
        (lines.iter().min_by_key(|line| line.events), lines.iter().max_by_key(|line| line.events))
    else {
        return Err(anyhow!("nothing was measured"));
    };
    ensure!(
        fastest.events >= slowest.events * FASTER_MIN,
        "the throughput rose from {} to {} events/s only: nothing is shown by that",
        slowest.events,
        fastest.events
    );
    for (what, slow, fast) in [("partials", slowest.partials, fastest.partials), ("rows", slowest.stats, fastest.stats)]
    {
        ensure!(
            fast * 10 <= slow * RISE_MAX,
            "{slow} {what} a second at {} events/s became {fast} at {}",
            slowest.events,
            fastest.events
        );
    }
    Ok(())
}

fn table(lines: &[Line], recipients: u64) -> Result<String> {
    let mut table = format!("one campaign of {recipients} recipients, 3 instances, {PARTITIONS} partitions\n\n");
    writeln!(table, "| events/s | campaign-partials/s | campaign-stats/s | events a row |\n|--:|--:|--:|--:|")?;
    for Line { events, partials, stats } in lines {
        writeln!(table, "| {events} | {partials} | {stats} | {} |", events / stats.max(&1))?;
    }
    Ok(table)
}

fn until(what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !holds()? {
        ensure!(begun.elapsed() < SILENCE_MAX, "{what}: not within {} s", SILENCE_MAX.as_secs());
        std::thread::sleep(LOOK);
    }
    Ok(())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_rise_with_the_events_are_found_and_so_is_a_run_that_was_not_faster() {
        let line = |events, partials, stats| Line { events, partials, stats };
        assert!(judge(&[line(500, 40, 20), line(20_000, 50, 25)]).is_ok());
        assert!(judge(&[line(500, 40, 20), line(20_000, 20, 5)]).is_ok(), "larger batches, fewer records");
        for (lines, words) in [
            ([line(500, 40, 20), line(20_000, 400, 20)], "40 partials a second"),
            ([line(500, 40, 20), line(20_000, 40, 200)], "20 rows a second"),
            ([line(500, 40, 20), line(1_000, 40, 20)], "nothing is shown"),
        ] {
            assert!(judge(&lines).is_err_and(|why| why.to_string().contains(words)), "{words}");
        }
    }
}
