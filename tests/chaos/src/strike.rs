//! Each fault: how it is done, that it was done, and how long until there is work again.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use contract::topic::Topic;
use engine::TopicPartition;
use kafka::Group;

use crate::instance::Instance;
use crate::plan::Fault;
use crate::probe::{Offsets, Seen};
use crate::run::Conductor;
use crate::site::{PARTITIONS, partitions};

/// How long anything may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks whether an instance has ended meanwhile.
const SLICE: Duration = Duration::from_millis(500);
/// Between two questions to the group's coordinator.
const LOOK: Duration = Duration::from_millis(100);
/// The longest random wait with work before a fault, in milliseconds.
const WAIT_MS: u64 = 300;
/// The same where the binary is wrong: it is so for seconds after its first outputs.
const GAP_MS: u64 = 3_000;
/// The longest life that ends while it begins, in milliseconds.
const LIFE_MS: u64 = 1_500;
/// How long everybody stands still at most while work comes in: far less than a session.
const STILL_MAX: Duration = Duration::from_secs(4);
/// A partition with fewer events before it may be idle by itself.
const WORK_MIN: u64 = 500;
/// Folds that read something.
const FOLDS: u32 = 6;

impl Conductor<'_> {
    pub(crate) fn strike(&mut self, fault: Fault, brokers: u16) -> Result<()> {
        match fault {
            Fault::ScaleUp => return self.scale_up(),
            Fault::ScaleDown => return self.scale_down(),
            Fault::Broker => return self.broker(brokers),
            Fault::Kill | Fault::KillTwice | Fault::Takeover | Fault::Zombie | Fault::LostDisk => {}
        }
        self.whole()?;
        let (at, owned) = self.load_before_all()?;
        self.work_a_while(&owned);
        let begun = Instant::now();
        match fault {
            Fault::Zombie => return self.zombie(at, &owned, begun),
            _ => self.at(at)?.kill()?,
        }
        if fault == Fault::LostDisk {
            self.at(at)?.lose_disk()?;
        }
        if fault != Fault::Takeover {
            self.start(at)?;
        }
        let base = self.struck(&owned)?;
        if fault == Fault::KillTwice {
            self.wait_at_random(LIFE_MS);
            self.at(at)?.kill()?;
            return self.start(at);
        }
        self.measure(fault, &owned, &base, begun)?;
        if fault == Fault::Takeover { self.start(at) } else { Ok(()) }
    }

    /// SIGSTOP until others work on everything it had; then it goes on, and must find out that nothing is its any more.
    fn zombie(&mut self, at: usize, owned: &[TopicPartition], begun: Instant) -> Result<()> {
        self.at(at)?.freeze()?;
        let base = self.struck(owned)?;
        self.measure(Fault::Zombie, owned, &base, begun)?;
        let others = |group: &Group, one: &Instance| !group.members.iter().any(|member| one.is_worker(&member.name));
        self.group_until("a frozen instance has lost its membership", |group, instances| {
            instances.get(at).is_some_and(|one| others(group, one))
        })?;
        self.at(at)?.thaw()?;
        let thawed = Instant::now();
        while thawed.elapsed() < PATIENCE {
            if let Some(status) = self.at(at)?.ended()? {
                ensure!(!status.success(), "a zombie ended as if all were well");
                self.outcome.zombies.0 += 1;
                return self.start(at);
            }
            let group = self.site.group()?;
            let one = self.instances.get(at).context("an instance")?;
            if group.members.iter().any(|member| one.is_worker(&member.name) && !member.partitions.is_empty()) {
                self.outcome.zombies.1 += 1;
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
        anyhow::bail!("a zombie neither ends nor joins again")
    }

    fn scale_up(&mut self) -> Result<()> {
        self.load()?;
        for at in 1..self.instances.len() {
            self.start(at)?;
        }
        self.whole()
    }

    fn scale_down(&mut self) -> Result<()> {
        self.whole()?;
        self.load()?;
        for instance in self.instances.iter_mut().skip(1) {
            instance.stop()?;
        }
        self.whole()
    }

    /// One of three is killed and comes back while the others go on; the only one is restarted in order.
    fn broker(&mut self, brokers: u16) -> Result<()> {
        self.load()?;
        let begun = Instant::now();
        let number = 1 + u16::try_from(self.random.below(brokers.into()))?;
        let cluster = &self.site.cluster;
        if brokers > 1 {
            cluster.kill(number).map_err(anyhow::Error::msg)?;
            std::thread::sleep(Duration::from_millis(self.random.below(LIFE_MS)));
            cluster.start_one(number).map_err(anyhow::Error::msg)?;
        } else {
            cluster.restart(number).map_err(anyhow::Error::msg)?;
        }
        let seen = self.pulse.settled(PATIENCE)?;
        let with_work: Vec<TopicPartition> = partitions(Topic::Events).filter(|of| seen.lag(of) >= WORK_MIN).collect();
        self.measure(Fault::Broker, &with_work, &seen.committed, begun)
    }

    /// From the fault until there is a commit in every partition of these beyond where it stood.
    fn measure(&mut self, fault: Fault, of: &[TopicPartition], base: &Offsets, begun: Instant) -> Result<()> {
        let at = |offsets: &Offsets, of: &TopicPartition| offsets.get(of).copied().unwrap_or(0);
        let is_at_work = |seen: &Seen| of.iter().all(|of| at(&seen.committed, of) > at(base, of));
        while self.pulse.until("work again", SLICE, is_at_work).is_err() {
            ensure!(begun.elapsed() < PATIENCE, "no work again after {} s in {of:?}", PATIENCE.as_secs());
            self.note_ended()?;
        }
        if !of.is_empty() {
            self.outcome.recoveries.push((fault, begun.elapsed()));
        }
        Ok(())
    }

    /// A share of the input comes in while everybody stands still, so that there is work however fast they are. Then they go on; who
    /// is to be struck, and what it has to do.
    fn load_before_all(&mut self) -> Result<(usize, Vec<TopicPartition>)> {
        let all = || self.instances.iter().filter(|one| one.is_started());
        all().try_for_each(Instance::freeze)?;
        self.limit += self.share;
        self.gate.open(self.limit);
        let is_there = |_: &Seen| self.gate.written() >= self.limit;
        // What has not come in by then comes in while they work.
        self.pulse.until("the share", STILL_MAX, is_there).ok();
        let chosen = self.pulse.settled(PATIENCE).and_then(|_| self.choose());
        self.instances.iter().filter(|one| one.is_started()).try_for_each(Instance::thaw)?;
        chosen
    }

    /// A random time, but no longer than half of this work takes.
    fn work_a_while(&mut self, owned: &[TopicPartition]) {
        let most = Duration::from_millis(self.random.below(if self.is_wrong { GAP_MS } else { WAIT_MS }));
        if self.is_wrong {
            return std::thread::sleep(most);
        }
        let work = |seen: &Seen| owned.iter().map(|of| seen.lag(of)).sum::<u64>();
        let half = work(&self.pulse.now()) / 2;
        // Whichever comes first.
        self.pulse.until("half of the work", most, |seen| work(seen) < half).ok();
    }

    /// Somebody has just been struck: counts whether there was work, and tells what had been committed.
    fn struck(&mut self, owned: &[TopicPartition]) -> Result<Offsets> {
        let seen = self.pulse.settled(PATIENCE)?;
        self.outcome.under_load += usize::from(owned.iter().any(|of| seen.lag(of) >= WORK_MIN));
        Ok(seen.committed)
    }

    /// Somebody with work: the first after a random one.
    fn choose(&mut self) -> Result<(usize, Vec<TopicPartition>)> {
        let all = u64::try_from(self.instances.len())?;
        let first = self.random.below(all);
        for after in 0..all {
            let at = usize::try_from((first + after) % all)?;
            let owned = self.work_of(at)?;
            if !owned.is_empty() {
                return Ok((at, owned));
            }
        }
        anyhow::bail!("nobody has work: {:?}", self.pulse.now())
    }

    /// Partitions of events that are an instance's and have work; of the intakes where the binary is wrong, which it is in decoding.
    fn work_of(&self, at: usize) -> Result<Vec<TopicPartition>> {
        let group = self.site.group()?;
        let seen = self.pulse.now();
        let one = self.instances.get(at).context("an instance")?;
        let is_its = |of: &TopicPartition| group.owner(of).is_some_and(|member| one.is_worker(&member.name));
        let (topics, least): (&[Topic], _) =
            if self.is_wrong { (&[Topic::Platform, Topic::Webhooks], 1) } else { (&[Topic::Events], WORK_MIN) };
        let all = topics.iter().flat_map(|topic| partitions(*topic));
        Ok(all.filter(|of| is_its(of) && seen.lag(of) >= least).collect())
    }

    /// Waits until the group stands: every partition is somebody's, and every started instance runs and has some. (A static member
    /// that has died still has its partitions for a session.)
    pub(crate) fn whole(&mut self) -> Result<()> {
        self.group_until("the group is whole", |group, instances| {
            let held: usize = group.members.iter().map(|member| member.partitions.len()).sum();
            let all = usize::try_from(FOLDS * PARTITIONS).is_ok_and(|all| held == all);
            let has = |one: &Instance| {
                group.members.iter().any(|member| one.is_worker(&member.name) && !member.partitions.is_empty())
            };
            let known = |name: &str| instances.iter().any(|one| one.is_started() && one.is_worker(name));
            group.state == "Stable"
                && all
                && instances.iter().filter(|one| one.is_started()).all(|one| one.is_up() && has(one))
                && group.members.iter().all(|member| known(&member.name))
        })
    }

    fn group_until(&mut self, what: &str, holds: impl Fn(&Group, &[Instance]) -> bool) -> Result<()> {
        let begun = Instant::now();
        let mut last = Group::default();
        while begun.elapsed() < PATIENCE {
            self.note_ended()?;
            // A coordinator that is away is asked again.
            if let Ok(group) = self.site.group() {
                if holds(&group, &self.instances) {
                    return Ok(());
                }
                last = group;
            }
            std::thread::sleep(LOOK);
        }
        anyhow::bail!("{what}: not after {} s: {last:?}", PATIENCE.as_secs())
    }

    /// Starts again what has ended by itself, as a supervisor would, and keeps its words for the verdict.
    pub(crate) fn note_ended(&mut self) -> Result<()> {
        for instance in &mut self.instances {
            if let Some(status) = instance.ended()? {
                self.outcome.ended.push(format!("{} ended with {status}; {}", instance.name, instance.last_words()));
                instance.start(self.site)?;
            }
        }
        Ok(())
    }

    fn at(&mut self, at: usize) -> Result<&mut Instance> {
        self.instances.get_mut(at).context("an instance")
    }

    pub(crate) fn start(&mut self, at: usize) -> Result<()> {
        let site = self.site;
        self.at(at)?.start(site)
    }

    /// A time, not a condition: it is what is being tested.
    fn wait_at_random(&mut self, most_ms: u64) {
        std::thread::sleep(Duration::from_millis(self.random.below(most_ms)));
    }
}
