//! Latency: from an event to the visible row of its campaign, while others come at a steady rate.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use benches::pace::Pace;
use benches::workload::Workload;
use bytes::Bytes;
use domain::Event;

use crate::site::{Site, Watch};

/// Events a second beside the probes.
const RATE: u64 = 5_000;
/// Between two probes.
const EVERY: Duration = Duration::from_millis(20);
/// Between two appends.
const GATHERED: Duration = Duration::from_millis(2);
/// How long the next probe is waited for between two looks at the rows; nobody tells a reader without a group of news.
const LOOK: Duration = Duration::from_millis(1);
/// How long the last probes may take.
const TAIL: Duration = Duration::from_secs(30);
/// Seed of the events beside the probes, so that their messages are new.
const SEED: u64 = 77;

/// Milliseconds of each probe, ascending: one event of a new message of a campaign of its own, appended and acknowledged, until
/// a reader of committed records has the row. Before it counts a second is left for warming up.
pub(crate) fn latencies(site: &Site, stats: &str, seconds: u64) -> Result<Vec<f64>> {
    let messages = seconds.saturating_add(2) * 5_000;
    let mut background = Workload::new(SEED, messages).map(|report| apart(report.event(0, 0)));
    let mut sample = Workload::new(SEED + 1, 1).map(|report| report.event(0, 0));
    let sample = sample.next().ok_or_else(|| anyhow::anyhow!("no event"))?;
    let marker = format!("probe-{stats}");
    // Before the first probe: it may be published sooner than a thread has begun.
    let mut watch = site.watch(stats);
    watch.forward()?;
    std::thread::scope(|scope| {
        let (said, asked) = std::sync::mpsc::channel();
        let reader = scope.spawn(move || collect(watch, &asked));
        let (mut pace, mut probes) = (Pace::of(RATE, GATHERED), 0_u32);
        while pace.elapsed() < Duration::from_secs(seconds) {
            let due = usize::try_from(pace.due(u64::MAX))?;
            let mut events: Vec<Event> = background.by_ref().take(due).collect();
            if pace.elapsed() > EVERY * probes {
                probes += 1;
                let (event, key) = probe(&sample, &format!("{marker}-{probes}"));
                events.push(event);
                said.send((key, Instant::now()))?;
            }
            site.send(events)?;
        }
        drop(said);
        reader.join().map_err(|_| anyhow::anyhow!("the reader panicked"))?
    })
}

/// The same for a campaign that no side is compared by.
fn apart(mut event: Event) -> Event {
    event.attribution.campaign = event.attribution.campaign.map(|campaign| format!("background-{campaign}"));
    event.message = format!("background-{}", event.message);
    event
}

/// One event that nobody has seen, and the key of its campaign's row.
fn probe(sample: &Event, name: &str) -> (Event, Bytes) {
    let id = contract::identity::event(&[name.as_bytes()]);
    let mut event = Event { message: name.to_owned(), id, ..sample.clone() };
    event.attribution.campaign = Some(name.to_owned());
    let key = contract::key::campaign(&event.organisation, name);
    (event, key)
}

fn collect(mut watch: Watch<'_>, asked: &Receiver<(Bytes, Instant)>) -> Result<Vec<f64>> {
    let (mut open, mut found) = (BTreeMap::new(), Vec::new());
    let (mut ended, mut total) = (None, 0_usize);
    loop {
        // All that were sent by now: a row that is read is looked up among them once.
        let first = asked.recv_timeout(LOOK);
        if first == Err(RecvTimeoutError::Disconnected) {
            ended.get_or_insert_with(Instant::now);
        }
        for (key, sent) in first.into_iter().chain(asked.try_iter()) {
            total += 1;
            open.insert(key, sent);
        }
        watch.read()?;
        let seen = std::mem::take(&mut watch.seen);
        found.extend(seen.keys().filter_map(|key| open.remove(key)).map(|sent| sent.elapsed().as_secs_f64() * 1e3));
        if let Some(at) = ended {
            if open.is_empty() {
                break;
            }
            ensure!(at.elapsed() < TAIL, "{} of {total} probes were not seen", open.len());
        }
    }
    found.sort_by(f64::total_cmp);
    Ok(found)
}
