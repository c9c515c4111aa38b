//! Workers as members of a group whose decisions are a script: what is revoked has nothing open when it is answered, what is lost is
//! dropped, and whoever has a partition goes on where its last owner has committed.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

mod support;

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use contract::Proto as _;
use contract::proto::campaign::v1::CampaignStats;
use contract::topic::Topic;
use engine::{Offset, TopicPartition};
use log::{Error, Log, Membership, Rebalance};
use processor::accounts::Accounts;
use processor::driver::{Running, Share, Worker};
use processor::settings::Settings;
use processor::topology::{processor, topology};
use store::{Budget, Rocks};
use support::{PARTITIONS, open, send, table};

const GROUP: &str = "group";
const PATIENCE: Duration = Duration::from_secs(30);

/// A membership whose decisions are told to it.
struct Scripted {
    decisions: Receiver<Rebalance>,
    done: Sender<Rebalance>,
}

impl Membership for Scripted {
    fn poll(&mut self, _timeout: Duration) -> Result<Option<Rebalance>, Error> {
        Ok(self.decisions.try_recv().ok())
    }

    fn complete(&mut self, rebalance: Rebalance) -> Result<(), Error> {
        self.done.send(rebalance).expect("the script listens");
        Ok(())
    }

    fn revoke_within(&self) -> Duration {
        PATIENCE
    }
}

/// A log with one group.
struct Grouped {
    log: Arc<dyn Log>,
    next: Mutex<Option<Scripted>>,
}

impl Log for Grouped {
    log::forward!(log: id, create_topic, topics, bounds, read, poll, release, producer, append, version, wait);

    fn join(&self, _: &str, group: &str, topics: &[engine::Topic]) -> Result<Option<Box<dyn Membership>>, Error> {
        assert_eq!((group, topics.len()), (GROUP, 6));
        let member = self.next.lock().expect("whole").take().expect("a member is expected");
        Ok(Some(Box::new(member)))
    }

    fn committed(&self, group: &str, partitions: &[TopicPartition]) -> Result<Vec<Option<Offset>>, Error> {
        assert_eq!(group, GROUP, "all folds' offsets are the group's");
        self.log.committed(group, partitions)
    }
}

/// A worker, and who decides for it.
struct Member {
    running: Running,
    decide: Sender<Rebalance>,
    done: Receiver<Rebalance>,
}

impl Member {
    fn start(name: &str, root: &Path, log: &Arc<dyn Log>, settings: &Arc<Settings>) -> Self {
        let ((decide, decisions), (tell, done)) = (channel(), channel());
        let next = Mutex::new(Some(Scripted { decisions, done: tell }));
        let worker = Worker {
            name: name.to_owned(),
            log: Arc::new(Grouped { log: Arc::clone(log), next }),
            stores: Arc::new(Rocks::new(&root.join(name), Budget::default()).expect("stores")),
            topology: topology(settings),
            options: engine::Options { batch_records_max: 7, ..engine::Options::default() },
            tasks: Vec::new(),
            observe: Box::new(|_| ()),
        };
        let of = Arc::clone(settings);
        let share = Share { group: GROUP.to_owned(), make: Box::new(move |task| processor(&of, task)) };
        Self { running: worker.spawn_sharing(share).expect("it starts"), decide, done }
    }

    /// Decides, and waits until it is carried out.
    fn carry_out(&self, rebalance: Rebalance) {
        self.decide.send(rebalance.clone()).expect("it runs");
        assert_eq!(self.done.recv_timeout(PATIENCE).expect("carried out"), rebalance);
    }
}

/// Every fold's input, of one partition.
fn inputs(settings: &Settings, partition: u32) -> Vec<TopicPartition> {
    topology(settings).folds.into_iter().map(|fold| TopicPartition { topic: fold.input, partition }).collect()
}

fn lines(from: usize, to: usize) -> Vec<String> {
    let line = |n: usize| {
        format!(
            r#"{{"organisation":"acme","time":"2026-05-01T10:00:00Z","send":{{"message":"m{n}","campaign":"c{}","client":"k{n}","address":"k{n}@example.org"}}}}"#,
            n % 5
        )
    };
    (from..to).map(line).collect()
}

/// Waits until the group has committed everything; how many messages the campaigns count then.
fn sent(log: &dyn Log, settings: &Settings) -> u64 {
    let begun = Instant::now();
    let all: Vec<TopicPartition> = (0..PARTITIONS).flat_map(|partition| inputs(settings, partition)).collect();
    let ends = || all.iter().map(|input| log.bounds(input).expect("bounds").high_watermark).collect::<Vec<_>>();
    loop {
        let before = ends();
        let committed = log.committed(GROUP, &all).expect("committed");
        if committed.iter().zip(&before).all(|(at, end)| at.unwrap_or(0) == *end) && ends() == before {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "committed {committed:?} of {before:?}");
        log.wait(log.version(), Duration::from_millis(20));
    }
    let rows = table(log, settings, Topic::CampaignStats).into_values();
    let row = |row: Vec<u8>| CampaignStats::decode(&row[..]).expect("stats").counters.unwrap_or_default().sent;
    rows.map(row).sum()
}

#[test]
fn partitions_change_hands_by_revoke_and_by_loss_and_every_send_counts_once() {
    let root = tempfile::tempdir().expect("directory");
    let (log, settings) = open(root.path(), Accounts::new());
    let one = Member::start("one", root.path(), &log, &settings);
    let two = Member::start("two", root.path(), &log, &settings);
    (0..PARTITIONS).for_each(|partition| one.carry_out(Rebalance::Assigned(inputs(&settings, partition))));
    send(log.as_ref(), &settings, &lines(0, 300));
    // In the middle of it: some batches are committed, others are not.
    one.carry_out(Rebalance::Revoked(inputs(&settings, 0)));
    let handed = log.committed(GROUP, &inputs(&settings, 0)).expect("committed");
    send(log.as_ref(), &settings, &lines(300, 400));
    assert_eq!(log.committed(GROUP, &inputs(&settings, 0)).expect("committed"), handed, "nothing of it was open");
    two.carry_out(Rebalance::Assigned(inputs(&settings, 0)));
    assert_eq!(sent(log.as_ref(), &settings), 400);

    two.carry_out(Rebalance::Lost(inputs(&settings, 0)));
    one.carry_out(Rebalance::Assigned(inputs(&settings, 0)));
    send(log.as_ref(), &settings, &lines(350, 500));
    assert_eq!(sent(log.as_ref(), &settings), 500, "some were sent twice");
    for member in [one, two] {
        member.running.stop().expect("it stops in order");
    }
}
