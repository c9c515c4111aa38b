//! A run: input, faults and readers beside each other, then what it all came to.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow};
use benches::plan::Random;
use contract::topic::Topic;

use crate::feed::Gate;
use crate::input::{Expected, Input, expected};
use crate::instance::Instance;
use crate::plan::{Fault, Sizes, faults};
use crate::probe::{Pulse, Seen};
use crate::replay::replayed;
use crate::site::{PARTITIONS, PREFIX, Site};
use crate::watch::{Sight, Watch};

/// How long nothing may be published before the run has failed; where it is to fail it is not waited for so long.
const SILENCE_MAX: Duration = Duration::from_secs(30);
const SILENCE_OF_BUGS_MAX: Duration = Duration::from_secs(8);
/// Between two looks whether everything is published.
const LOOK: Duration = Duration::from_millis(200);
/// How often it is recounted until nothing is left to fold.
const RECONCILES_MAX: usize = 3;
/// How long one step of the input may take.
const STEP_MAX: Duration = Duration::from_secs(300);

/// What is to be run.
pub(crate) struct Order {
    pub(crate) sizes: Sizes,
    pub(crate) seed: u64,
    /// The binary has a bug on purpose.
    pub(crate) is_wrong: bool,
}

/// What was done and seen.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) expected: Expected,
    /// Events that were written.
    pub(crate) written: u64,
    /// Faults that were carried out, by kind, and those that were planned.
    pub(crate) struck: BTreeMap<Fault, usize>,
    pub(crate) planned: BTreeMap<Fault, usize>,
    /// Kills and zombies that hit an instance with work before it.
    pub(crate) under_load: usize,
    /// From the fault to the first commit in every partition that was hit and had work.
    pub(crate) recoveries: Vec<(Fault, Duration)>,
    /// Zombies that ended when they found out, and those that joined again.
    pub(crate) zombies: (usize, usize),
    /// Instances that ended without being told, and the last words of each.
    pub(crate) ended: Vec<String>,
    /// Records that were folded again, of each transaction that came to nothing.
    pub(crate) replayed: Vec<u64>,
    /// Records of the intakes that decode has not read.
    pub(crate) unread: u64,
    pub(crate) sight: Sight,
    /// What `mailtally reconcile` said.
    pub(crate) reconciled: serde_json::Value,
    pub(crate) took: Duration,
}

impl Outcome {
    /// How long it took after faults of a kind, sorted.
    pub(crate) fn took(&self, fault: Fault) -> Vec<Duration> {
        let mut took: Vec<Duration> =
            self.recoveries.iter().filter(|(of, _)| *of == fault).map(|(_, took)| *took).collect();
        took.sort_unstable();
        took
    }
}

/// Somebody who strikes and measures.
pub(crate) struct Conductor<'a> {
    pub(crate) site: &'a Site,
    pub(crate) pulse: &'a Pulse,
    pub(crate) gate: &'a Gate,
    /// Events that come in before each fault, and how many have been let in.
    pub(crate) share: u64,
    pub(crate) limit: u64,
    pub(crate) random: Random,
    pub(crate) instances: Vec<Instance>,
    pub(crate) outcome: Outcome,
    /// The binary has a bug on purpose.
    pub(crate) is_wrong: bool,
}

/// Runs everything on this installation. An error: it could not be carried out to its end.
pub(crate) fn run(order: &Order, site: &Site) -> Result<Outcome> {
    let begun = Instant::now();
    let expected = expected(order.seed, order.sizes.events);
    say(begun, &format!("{} events of {} messages planned", expected.events, expected.messages));
    let (pulse, watch, gate) = (Pulse::default(), Watch::default(), Gate::default());
    let servers = site.cluster.bootstrap();
    let mut input = Input::new(order.seed, expected.messages, (PREFIX, PARTITIONS), now_ms());
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| pulse.look(&servers));
        let reading = scope.spawn(|| watch.read(&servers));
        let feeding = scope.spawn(|| gate.feed(site, &mut input));
        let instances = ["a", "b", "c"].map(|name| Instance::new(site, name)).into();
        let random = Random::of(order.seed, 0, 77);
        let outcome = Outcome { expected, ..Outcome::default() };
        let mut conductor = Conductor {
            site,
            pulse: &pulse,
            gate: &gate,
            share: 0,
            limit: 0,
            random,
            instances,
            outcome,
            is_wrong: order.is_wrong,
        };
        let done = conductor.all(order, begun).and_then(|()| conductor.published(&watch, begun));
        // Whatever happened: everybody comes to an end.
        gate.end();
        pulse.end();
        watch.end();
        let panicked = || anyhow!("a thread panicked");
        let fed = feeding.join().map_err(|_| panicked())?.context("write the input");
        reading.join().map_err(|_| panicked())?.context("read what is published")?;
        looking.join().map_err(|_| panicked())?.context("look at the group")?;
        let words = || conductor.instances.iter().map(|one| format!("{}: {}", one.name, one.last_words()));
        done.with_context(|| words().collect::<Vec<_>>().join("\n"))?;
        conductor.outcome.written = fed?;
        conductor.outcome.sight = watch.now();
        conductor.outcome.replayed = replayed(&servers, &conductor.outcome.sight)?;
        conductor.outcome.took = begun.elapsed();
        Ok(conductor.outcome)
    })
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A line of progress.
pub(crate) fn say(begun: Instant, what: &str) {
    eprintln!("{:>6.1} s  {what}", begun.elapsed().as_secs_f64());
}

impl Conductor<'_> {
    /// Every fault, each with its share of the input before it.
    fn all(&mut self, order: &Order, begun: Instant) -> Result<()> {
        let faults = faults(&order.sizes, &mut self.random);
        faults.iter().for_each(|fault| *self.outcome.planned.entry(*fault).or_default() += 1);
        self.share = order.sizes.events / (u64::try_from(faults.len())? + 1);
        self.start(0)?;
        for fault in &faults {
            say(begun, &format!("{:>9} events written: {}", self.gate.written(), fault.words()));
            self.strike(*fault, order.sizes.brokers).with_context(|| fault.words())?;
            *self.outcome.struck.entry(*fault).or_default() += 1;
        }
        say(begun, "the rest of the input");
        self.gate.open(u64::MAX);
        Ok(())
    }

    /// Lets the next share of the input in, and waits until the folds have something of it before them.
    pub(crate) fn load(&mut self) -> Result<()> {
        self.limit += self.share;
        self.gate.open(self.limit);
        let (limit, work) = (self.limit, self.share / 2);
        let is_there = |seen: &Seen| self.gate.written() >= limit || seen.lag_of(Topic::Events) >= work;
        self.pulse.until("work", STEP_MAX, is_there).map(drop)
    }

    /// Waits until every campaign's row is what it must be, or nothing moves any more; then lets everybody stop.
    fn published(&mut self, watch: &Watch, begun: Instant) -> Result<()> {
        let (mut news, mut last) = (Instant::now(), 0);
        let patience = if self.is_wrong { SILENCE_OF_BUGS_MAX } else { SILENCE_MAX };
        while news.elapsed() < patience {
            let (rows, done) =
                watch.with(|sight| (sight.rows.values().sum::<u64>(), sight.numbers == self.outcome.expected.numbers));
            if done {
                break;
            }
            if rows != last {
                (news, last) = (Instant::now(), rows);
            }
            self.note_ended()?;
            std::thread::sleep(LOOK);
        }
        say(begun, "published; recounting with mailtally reconcile");
        // What is told to contacts and campaigns may still be on its way.
        for _ in 0..RECONCILES_MAX {
            self.outcome.reconciled = self.site.reconcile()?;
            if self.outcome.reconciled.get("behind").and_then(serde_json::Value::as_u64) == Some(0) {
                break;
            }
        }
        self.note_ended()?;
        let seen = self.pulse.settled(SILENCE_MAX)?;
        self.outcome.unread = seen.lag_of(Topic::Platform) + seen.lag_of(Topic::Webhooks);
        for instance in self.instances.iter_mut().filter(|one| one.is_started()) {
            instance.stop()?;
        }
        Ok(())
    }
}
