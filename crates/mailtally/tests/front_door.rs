//! The front door over a real broker: gateways killed, the broker away, thirteen providers that post 50,000 events of all kinds with
//! their retry rules. What was answered 2xx is in the log and counted exactly once. A run with fewer faults or events than planned
//! fails.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod support;

#[path = "support/providers.rs"]
mod providers_at_work;

#[path = "kafka/site.rs"]
#[allow(dead_code, reason = "not every suite needs all of it")]
mod site;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use broker::{Cluster, Options};
use providers_at_work::{Pace, Worked, configuration, judge, work};
use site::{Site, notes, until, until_ready};
use support::Run;

/// Events that are posted at least.
const EVENTS: usize = 50_000;
/// Kills of a gateway while all providers post, half of them before the outage.
const KILLS: u32 = 20;
/// How long the broker is away.
const AWAY: Duration = Duration::from_secs(10);
/// Most events come from those who post many at once, as at real providers.
const PACE: Pace =
    Pace { events: |rules| if rules.batch > 1 { 7_800 } else { 1_400 }, round: 200, pause: Duration::from_millis(900) };

/// A gateway that has taken something in since it started.
fn at_work(site: &Site, config: &str) -> Run {
    let mut run = site.start_with("gateway", "g", &["--config", config]);
    until("a webhook is kept", || kept(&mut run, "logged") + kept(&mut run, "spooled") > 0);
    run
}

/// Webhooks that a gateway has kept so.
fn kept(run: &mut Run, outcome: &str) -> u64 {
    let metrics = run.get("/metrics").1;
    let is_one =
        |line: &&str| line.starts_with("mailtally_webhooks_total{") && line.contains(&format!("outcome=\"{outcome}\""));
    metrics.lines().filter(is_one).filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

/// Kills gateways one after another, each at work; `first` is the place in the row of all kills.
fn kill(site: &Site, config: &str, kills: std::ops::Range<u32>) {
    for kill in kills {
        let started = Instant::now();
        let run = at_work(site, config);
        // The life of a process that is killed is no condition: some are short, some long, none shorter than its start.
        std::thread::sleep(Duration::from_millis(u64::from(40 + 97 * (kill % 5))).max(started.elapsed()));
        drop(run);
    }
}

/// Takes the broker away while a gateway is at work, which goes on taking webhooks in.
fn outage(site: &Site, config: &str, cluster: &Cluster) {
    let mut run = at_work(site, config);
    cluster.kill(1).expect("it ran");
    let gone = Instant::now();
    until("webhooks are spooled", || kept(&mut run, "spooled") > 0);
    std::thread::sleep(AWAY.saturating_sub(gone.elapsed()));
    assert!(gone.elapsed() >= AWAY);
    cluster.start_one(1).expect("it comes back");
    eprintln!(
        "the broker was away for {:.1} s, {} requests spooled",
        gone.elapsed().as_secs_f64(),
        kept(&mut run, "spooled")
    );
    // With what waits in its spool.
    drop(run);
}

#[test]
fn what_was_answered_counts_once_through_kills_and_an_outage() {
    let cluster = Cluster::start(&Options::default()).expect("a cluster");
    let site = Site::at(&cluster.bootstrap());
    site.said(&["topics", "create"]);
    let config = configuration(&site.path("."));
    let mut processor = site.start_with("processor", "p", &["--config", &config]);
    until_ready(&mut processor);
    let (data, end, begun) = (site.path("g"), AtomicBool::new(false), Instant::now());
    let (worked, run) = std::thread::scope(|scope| {
        let working = scope.spawn(|| work(&data, &PACE, &end));
        kill(&site, &config, 0..KILLS / 2);
        outage(&site, &config, &cluster);
        // The outage's gateway was killed, too.
        kill(&site, &config, KILLS / 2 + 1..KILLS);
        eprintln!("{KILLS} kills after {:?}", begun.elapsed());
        assert!(!working.is_finished(), "the providers were at work through all faults");
        let run = at_work(&site, &config);
        end.store(true, Ordering::SeqCst);
        (working.join().expect("they end"), run)
    });
    let events: usize = worked.iter().map(Worked::events).sum();
    let (posted, failed) = worked.iter().fold((0, 0), |sum, one| (sum.0 + one.done.posted, sum.1 + one.done.failed));
    eprintln!("{events} events in {posted} requests, {failed} of them not answered 2xx, after {:?}", begun.elapsed());
    assert!(events >= EVENTS, "{events} events");
    assert!(failed >= u64::from(KILLS), "the faults were felt: {failed}");
    let sends: Vec<String> = worked.iter().flat_map(Worked::sends).collect();
    let produced = site.ask(&["produce", &site.file("sends.jsonl", &sends)]);
    let (why, status) = (String::from_utf8_lossy(&produced.stderr).into_owned(), || site.ask(&["status"]));
    assert!(
        produced.status.success(),
        "{why}{}\n{}",
        String::from_utf8_lossy(&status().stdout),
        notes(&site.path("p"))
    );
    eprintln!("{} sends and all events folded after {:?}", sends.len(), begun.elapsed());
    judge(&worked, &site.rows(&["campaigns"]));
    assert!(site.rows(&["reconcile"])[0]["difference"].is_null());
    run.stop();
    processor.stop();
    eprintln!("reconciled after {:?}", begun.elapsed());
}
