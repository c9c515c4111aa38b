//! A seed's world: one log, one to three workers that share the tasks, and what goes wrong between their steps.

use std::cell::Cell;
use std::sync::Arc;

use contract::topic::{Cleanup, Topic};
use engine::{Output, Processor, TaskId, TopicPartition, Topology};
use log::model::{Fault, Model};
use log::{Log as _, TopicSpec};
use processor::accounts::{Account, Accounts};
use processor::settings::Settings;
use processor::topology::{processor_of_version, topology};
use store::Memory;

use crate::check;
use crate::input;
use crate::older::Older;
use crate::random::Random;
use crate::worker::Worker;

const PARTITIONS: u32 = 2;
/// The present version of all folds, and the one before.
pub(crate) const PRESENT: u32 = 2;
const BEFORE: u32 = 1;
/// Steps after which a seed that has not settled is stuck.
const STEPS_MAX: usize = 400_000;

/// A log with its topics, and the folds.
pub(crate) struct Installation {
    pub(crate) log: Model,
    pub(crate) settings: Arc<Settings>,
    pub(crate) topology: Topology,
    /// Version of the folds that a worker runs that starts now.
    pub(crate) version: Cell<u32>,
}

impl Installation {
    pub(crate) fn new(gaps: bool) -> Self {
        let log = if gaps { Model::new("simulation").with_gaps() } else { Model::new("simulation") };
        let account = Account { organisations: vec!["acme".into()], ..Account::default() };
        let accounts = Accounts::from([(("sendgrid".to_owned(), "main".to_owned()), account)]);
        let settings = Settings::with_accounts("mailtally", PARTITIONS, b"key".to_vec(), accounts);
        for topic in Topic::ALL {
            let cleanup = match topic.cleanup() {
                Cleanup::Delete(retention_ms) => log::Cleanup::Delete { retention_ms },
                Cleanup::Compact(tombstone_ms) => log::Cleanup::Compact { tombstone_ms },
            };
            let spec = TopicSpec { name: settings.topic(topic), partitions: PARTITIONS, cleanup };
            log.create_topic(&spec).expect("the topic is made");
        }
        let topology = topology(&settings);
        Self { log, settings, topology, version: Cell::new(PRESENT) }
    }

    /// The folds of the version that is started now.
    pub(crate) fn topology_now(&self) -> Topology {
        let mut topology = self.topology.clone();
        topology.folds.iter_mut().for_each(|fold| fold.version = self.version.get());
        topology
    }

    pub(crate) fn processor(&self, task: TaskId, version: u32) -> Box<dyn Processor> {
        let processor = processor_of_version(&self.settings, task, version).expect("a fold");
        let older = version == BEFORE && self.group(task) == "messages";
        if older { Box::new(Older(processor)) } else { processor }
    }

    pub(crate) fn tasks(&self) -> Vec<TaskId> {
        let folds = u8::try_from(self.topology.folds.len()).expect("few folds");
        (0..folds).flat_map(|fold| (0..PARTITIONS).map(move |partition| TaskId { fold, partition })).collect()
    }

    pub(crate) fn group(&self, task: TaskId) -> String {
        self.topology.fold(task).expect("a fold").name.to_owned()
    }

    pub(crate) fn input(&self, task: TaskId) -> TopicPartition {
        let topic = self.topology.fold(task).expect("a fold").input.clone();
        TopicPartition { topic, partition: task.partition }
    }

    pub(crate) fn store_name(&self, task: TaskId) -> String {
        format!("{}-{}", self.group(task), task.partition)
    }
}

/// How often each kind of fault was delivered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) crashes: usize,
    pub(crate) crashed_committed: usize,
    pub(crate) lost_disks: usize,
    pub(crate) damaged: usize,
    pub(crate) aborts: usize,
    pub(crate) unknown_committed: usize,
    pub(crate) unknown_lost: usize,
    pub(crate) fenced: usize,
    pub(crate) revoked: usize,
    pub(crate) lost_tasks: usize,
    pub(crate) records: usize,
    pub(crate) commits: usize,
    pub(crate) upgrades: usize,
    pub(crate) rebuilt: usize,
}

macro_rules! each_fault {
    ($act:ident) => {
        $act!(
            crashes,
            crashed_committed,
            lost_disks,
            damaged,
            aborts,
            unknown_committed,
            unknown_lost,
            fenced,
            revoked,
            lost_tasks,
            records,
            commits,
            upgrades,
            rebuilt
        )
    };
}

impl Faults {
    pub(crate) fn add(&mut self, other: &Self) {
        macro_rules! sum { ($($field:ident),+) => { $(self.$field += other.$field;)+ } }
        each_fault!(sum);
    }

    /// Kinds of which fewer than `floor` were delivered.
    pub(crate) fn below(&self, floor: usize) -> Vec<&'static str> {
        let mut rare = Vec::new();
        macro_rules! look { ($($field:ident),+) => { $(if self.$field < floor { rare.push(stringify!($field)); })+ } }
        each_fault!(look);
        rare
    }
}

/// A world that runs.
pub(crate) struct World {
    pub(crate) at: Installation,
    workers: Vec<Worker>,
    owned: Vec<Vec<TaskId>>,
    /// Released or lost, waiting for their next owner.
    free: Vec<TaskId>,
    random: Random,
    now: i64,
    trace: bool,
    pub(crate) faults: Faults,
}

impl World {
    /// A world of a seed, before anything was appended.
    pub(crate) fn new(seed: u64, trace: bool) -> Self {
        let mut random = Random::new(seed);
        let at = Installation::new(random.chance(50));
        if random.chance(50) {
            at.version.set(BEFORE);
        }
        let count = 1 + random.below(3);
        let mut owned: Vec<Vec<TaskId>> = vec![Vec::new(); count];
        for task in at.tasks() {
            owned[random.below(count)].push(task);
        }
        let start = |(n, tasks): (usize, &Vec<TaskId>)| {
            Worker::start(&at, &format!("processor-{n}"), Memory::default(), tasks, &mut random, 0)
        };
        let workers = owned.iter().enumerate().map(start).collect();
        Self { at, workers, owned, free: Vec::new(), random, now: 0, trace, faults: Faults::default() }
    }

    /// Appends a seed's records bit by bit while everything goes wrong, then lets it settle.
    pub(crate) fn run(&mut self, records: Vec<Output>) {
        self.faults.records += records.len();
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let some: Vec<Output> = records.by_ref().take(1 + self.random.below(12)).collect();
            self.at.log.append(some).expect("appended");
            for _ in 0..self.random.below(160) {
                self.step(true);
            }
            if self.random.chance(8) {
                self.upgrade();
            }
        }
        self.upgrade();
        for _ in 0..400 {
            self.step(true);
        }
        self.settle();
    }

    /// Ends every worker as if killed, and starts the present version of all folds.
    fn upgrade(&mut self) {
        if self.at.version.replace(PRESENT) == PRESENT {
            return;
        }
        self.faults.upgrades += 1;
        for n in 0..self.workers.len() {
            self.say(n, "is upgraded");
            self.restart(n);
        }
    }

    /// Runs without faults until nothing is left to do.
    pub(crate) fn settle(&mut self) {
        let mut seen = None;
        for _ in 0..STEPS_MAX {
            self.step(false);
            let still = self.free.is_empty() && self.workers.iter().all(Worker::is_idle);
            if still && seen == Some(self.at.log.version()) {
                self.workers.iter().for_each(check::at_rest);
                return;
            }
            if still {
                seen = Some(self.at.log.version());
                let now = self.now;
                self.workers.iter_mut().for_each(|worker| worker.advance(now));
            }
        }
        let states: Vec<_> = self.workers.iter().flat_map(|worker| worker.engine().states()).collect();
        panic!("does not settle: {states:?}");
    }

    /// Each task's store on its owner's disk.
    pub(crate) fn disks(&self) -> impl Iterator<Item = (TaskId, Memory)> {
        let of = |(worker, tasks): (&Worker, &Vec<TaskId>)| {
            let disk = worker.disk();
            tasks.iter().map(|task| (*task, disk.clone())).collect::<Vec<_>>()
        };
        self.workers.iter().zip(&self.owned).flat_map(of)
    }

    fn step(&mut self, faulty: bool) {
        self.now += 1;
        let n = self.random.below(self.workers.len());
        if faulty && self.random.chance(2) {
            self.disturb(n);
        }
        self.hand_over(n);
        let now = self.now;
        let worker = &mut self.workers[n];
        let moved = worker.step(&self.at, &mut self.random, now);
        if worker.has_open_transaction() && (!moved || self.random.chance(20)) {
            self.end_transaction(n, faulty);
        } else if !moved && self.random.chance(30) {
            self.workers[n].advance(now);
        }
        self.faults.damaged += std::mem::take(&mut self.workers[n].damaged);
        self.faults.rebuilt += std::mem::take(&mut self.workers[n].rebuilt);
        let died = self.workers[n].died.take();
        if let Some(why) = died {
            assert!(why.contains("fenced"), "a worker died: {why}");
            self.restart(n);
        }
    }

    fn end_transaction(&mut self, n: usize, faulty: bool) {
        let fault = match self.random.below(if faulty { 40 } else { usize::MAX }) {
            0 | 1 => Some(Fault::Abort),
            2 | 3 => Some(Fault::UnknownCommitted),
            4 | 5 => Some(Fault::UnknownLost),
            6 => Some(Fault::Fence),
            _ => None,
        };
        *(match fault {
            Some(Fault::Abort) => &mut self.faults.aborts,
            Some(Fault::UnknownCommitted) => &mut self.faults.unknown_committed,
            Some(Fault::UnknownLost) => &mut self.faults.unknown_lost,
            Some(Fault::Fence) => &mut self.faults.fenced,
            None => &mut self.faults.commits,
        }) += 1;
        self.say(n, &format!("ends its transaction: {fault:?}"));
        let visible = self.workers[n].end_transaction(&self.at, fault, self.now);
        check::visible(&self.at, &visible);
    }

    fn disturb(&mut self, n: usize) {
        match self.random.below(10) {
            0..=4 => {
                self.say(n, "crashes");
                self.faults.crashes += 1;
                self.restart(n);
            }
            5..=7 if !self.owned[n].is_empty() => {
                let task = *self.random.pick(&self.owned[n]);
                self.say(n, &format!("is to give {task:?} up"));
                self.faults.revoked += 1;
                self.workers[n].revoke(vec![task], self.now);
            }
            8 if !self.owned[n].is_empty() => {
                let task = *self.random.pick(&self.owned[n]);
                self.say(n, &format!("loses {task:?}"));
                self.faults.lost_tasks += 1;
                self.workers[n].lose(vec![task], self.now);
            }
            _ => self.workers[n].damage_next(),
        }
    }

    /// What the worker released goes to anybody.
    fn hand_over(&mut self, n: usize) {
        for task in std::mem::take(&mut self.workers[n].released) {
            self.owned[n].retain(|owned| *owned != task);
            self.free.push(task);
        }
        if let Some(task) = self.free.pop() {
            let next = self.random.below(self.workers.len());
            self.say(next, &format!("takes {task:?} over"));
            self.owned[next].push(task);
            self.workers[next].assign(&self.at, &[task], self.now);
        }
    }

    fn restart(&mut self, n: usize) {
        let name = format!("processor-{n}");
        let tasks = self.owned[n].clone();
        // Ended before its successor takes its transactional id: what it had on its way may have become visible.
        let old = self.workers.remove(n);
        let owned_after: Vec<TaskId> = tasks.iter().filter(|task| !old.released.contains(task)).copied().collect();
        self.free.extend(tasks.iter().filter(|task| old.released.contains(task)));
        let (mut disk, visible) = old.crash(&self.at, &mut self.random, &mut self.faults);
        check::visible(&self.at, &visible);
        if self.random.chance(15) {
            self.say(n, "lost its disk");
            self.faults.lost_disks += 1;
            disk = Memory::default();
        }
        self.owned[n].clone_from(&owned_after);
        let fresh = Worker::start(&self.at, &name, disk, &owned_after, &mut self.random, self.now);
        self.workers.insert(n, fresh);
    }

    fn say(&self, n: usize, what: &str) {
        if self.trace {
            println!("{:>6} processor-{n} {what}", self.now);
        }
    }
}

/// The same records through one worker, in one go, without a fault.
pub(crate) fn undisturbed(records: Vec<Output>) -> World {
    let mut world = World::new(0, false);
    world.at.version.set(PRESENT);
    let disk = Memory::default();
    let tasks = world.at.tasks();
    world.workers = vec![Worker::start(&world.at, "processor-0", disk, &tasks, &mut world.random, 0)];
    world.owned = vec![tasks];
    world.at.log.append(records).expect("appended");
    world.settle();
    world
}

/// A seed's records.
pub(crate) fn records(at: &Installation, seed: u64) -> Vec<Output> {
    input::records(&at.settings, &mut Random::new(seed ^ 0x5EED))
}
