//! Events at a steady rate, and among them probes: one send each to a campaign of their own, in an organisation of their own.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use benches::pace::Pace;
use benches::plan::Random;

use crate::product::Product;
use crate::reader::{self, Probe, Seen};

/// Whose pages are open.
pub(crate) const ORGANISATION: &str = "probed";
/// The campaign that is looked at.
pub(crate) const CAMPAIGN: &str = "probe";
/// Events of one request at most, as the intake takes them.
const REQUEST_EVENTS: u64 = 1_000;
/// Between two requests of the load.
const GATHERED: Duration = Duration::from_millis(10);
/// Between two probes, in milliseconds: from half to one and a half, so that they do not keep step with a page's own pauses.
const PROBE_MS: u64 = 200;
/// Before the first probe that counts.
const WARM: Duration = Duration::from_secs(3);

/// Probes for so long; how many events came beside them meanwhile, and how long each probe took to each place.
pub(crate) fn probes(product: &Product, rate: u64, time: Duration) -> Result<(u64, Vec<Seen>)> {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let load = scope.spawn(|| load(product, rate, &stop));
        let (page, on_page) = channel();
        let (stream, in_stream) = channel();
        // The campaign is there before anybody looks at it.
        post(product, &[send(ORGANISATION, "first", CAMPAIGN)])?;
        let readers = [
            scope.spawn(move || reader::page(product, &on_page)),
            scope.spawn(move || reader::stream(product, &in_stream)),
        ];
        let probed = probe(product, time, |probe| {
            // A reader that has failed says why at the end.
            page.send(probe).ok();
            stream.send(probe).ok();
        });
        drop((page, stream));
        let panicked = |_| anyhow!("a thread panicked");
        let seen = readers.map(|reader| reader.join().map_err(panicked)?);
        stop.store(true, Ordering::Release);
        let came = load.join().map_err(panicked)??;
        probed?;
        Ok((came, seen.into_iter().collect::<Result<_>>()?))
    })
}

fn probe(product: &Product, time: Duration, mut say: impl FnMut(Probe)) -> Result<()> {
    let (begun, mut random, mut number) = (Instant::now(), Random::of(1, 0, 0), 1);
    while begun.elapsed() < WARM + time {
        number += 1;
        post(product, &[send(ORGANISATION, &format!("probe-{number}"), CAMPAIGN)])?;
        say(Probe { number, acknowledged: Instant::now(), counts: begun.elapsed() > WARM });
        // A probe at a time of its own: what is waited for is that nothing is in step with it.
        std::thread::sleep(Duration::from_millis(PROBE_MS / 2 + random.below(PROBE_MS)));
    }
    Ok(())
}

/// Sends of another organisation, so many a second, once a first one is through; how many came after the warming up.
fn load(product: &Product, rate: u64, stop: &AtomicBool) -> Result<u64> {
    let one = |message: u64| send("busy", &format!("m{message}"), &format!("c{}", message / 50_000));
    post(product, &[send("busy", "first", "c0")])?;
    let (mut pace, mut warm) = (Pace::of(rate, GATHERED), 0);
    while !stop.load(Ordering::Acquire) {
        let came = pace.given();
        let due = pace.due(REQUEST_EVENTS);
        if due > 0 {
            post(product, &(came..came + due).map(one).collect::<Vec<_>>())?;
        }
        if pace.elapsed() < WARM {
            warm = pace.given();
        }
    }
    Ok(pace.given() - warm)
}

fn post(product: &Product, events: &[String]) -> Result<()> {
    let url = format!("http://{}/v1/platform-events", product.address);
    let answer = ureq::post(url).header("Content-Type", "application/x-ndjson").send(events.join("\n").as_bytes())?;
    ensure!(answer.status() == 200, "the intake answers {}", answer.status());
    Ok(())
}

fn send(organisation: &str, message: &str, campaign: &str) -> String {
    let mut line = String::new();
    let fields = format!(r#""message":"{message}","campaign":"{campaign}","client":"k-{message}""#);
    write!(
        line,
        r#"{{"organisation":"{organisation}","time":"2026-05-01T10:00:00Z","send":{{{fields},"address":"{message}@example.org","provider":"sendgrid","account":"main","provider_message_id":"sg-{message}"}}}}"#
    )
    .ok();
    line
}
