//! A new fold version over the real log and the real stores: it folds the input again while the old numbers stay readable,
//! publishes what differs, and then goes on; versions never go back.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

#[path = "../../../tests/simulation/older.rs"]
mod older;
mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use contract::Proto as _;
use contract::proto::campaign::v1::CampaignStats;
use contract::proto::webhook::v1::Webhook;
use contract::topic::Topic;
use engine::{Output, State, TaskId};
use log::Log;
use older::Older;
use processor::accounts::{Account, Accounts};
use processor::driver::{Observation, Worker};
use processor::settings::Settings;
use processor::topology::{processor_of_version, topology};
use store::{Budget, Rocks};
use support::{PARTITIONS, open, record, send, table};

const MESSAGES: u32 = 3_000;

/// A data directory's log and settings.
type At = (Arc<dyn Log>, Arc<Settings>);

/// Runs all folds of a version until they rest or one stalls; why one has. `look` is asked by the folding thread, between two
/// of its steps.
fn run(
    root: &Path,
    (log, settings): &At,
    version: u32,
    mut look: impl FnMut(&Observation) + Send + 'static,
) -> Option<String> {
    let mut topology = topology(settings);
    topology.folds.iter_mut().for_each(|fold| fold.version = version);
    let folds = u8::try_from(topology.folds.len()).expect("few folds");
    let tasks = (0..folds).flat_map(|fold| (0..PARTITIONS).map(move |partition| TaskId { fold, partition }));
    let messages = topology.folds.iter().position(|fold| fold.name == "messages").expect("there");
    let make = |task: TaskId| {
        let processor = processor_of_version(settings, task, version).expect("a fold");
        let older = version == 1 && usize::from(task.fold) == messages;
        (task, if older { Box::new(Older(processor)) as _ } else { processor })
    };
    let (tell, told) = channel::<Observation>();
    let worker = Worker {
        name: "worker-0".into(),
        log: Arc::clone(log),
        stores: Arc::new(Rocks::new(&root.join("state"), Budget::default()).expect("stores")),
        topology,
        options: engine::Options { batch_records_max: 500, ..engine::Options::default() },
        tasks: tasks.map(make).collect(),
        observe: Box::new(move |observation| {
            look(&observation);
            tell.send(observation).ok();
        }),
    };
    let running = worker.spawn().expect("the worker starts");
    let stalled = loop {
        let observation = told.recv_timeout(Duration::from_secs(30)).expect("the worker tells");
        let why = observation.states.iter().find_map(|(_, state)| match state {
            State::Stalled(why) => Some(why.clone()),
            _ => None,
        });
        if why.is_some() || observation.idle_at == Some(log.version()) {
            break why;
        }
    };
    running.stop().expect("the worker stops");
    stalled
}

/// Sends, and SendGrid's reports that each was delivered and every second one clicked.
fn fill(log: &dyn Log, settings: &Settings) {
    let named = |n: u32| format!(r#""message":"m{n}","campaign":"c","client":"k{n}","address":"k{n}@example.org""#);
    let line = |n| format!(r#"{{"organisation":"acme","time":"2026-05-01T10:00:00Z","send":{{{}}}}}"#, named(n));
    send(log, settings, &(0..MESSAGES).map(line).collect::<Vec<_>>());
    let report = |event: &str, n: u32| {
        format!(
            r#"{{"event":"{event}","email":"k{n}@example.org","timestamp":1777629700,"sg_event_id":"{event}{n}","url":"https://example.org/","mailtally_organisation":"acme","mailtally_message":"m{n}","mailtally_campaign":"c"}}"#
        )
    };
    let request = |n: u32| {
        let clicked = (n % 2 == 0).then(|| report("click", n));
        let events: Vec<String> = std::iter::once(report("delivered", n)).chain(clicked).collect();
        let body = format!("[{}]", events.join(",")).into_bytes().into();
        let webhook = Webhook { provider: "sendgrid".into(), account: "main".into(), body, ..Webhook::default() };
        let key = n.to_be_bytes();
        let to = settings.partition_of(Topic::Webhooks, &key);
        Output { to, record: record(Some(&key), Some(webhook.encode_to_vec())) }
    };
    log.append((0..MESSAGES).map(request).collect()).expect("appended");
}

fn clicked(log: &dyn Log, settings: &Settings) -> (u64, u64) {
    let rows = table(log, settings, Topic::CampaignStats);
    let row = rows.get(&contract::key::campaign("acme", "c")[..]).expect("the campaign's row");
    let counters = CampaignStats::decode(&row[..]).expect("stats").counters.expect("counters");
    (counters.delivered, counters.clicked)
}

/// While no partition of the messages fold has been folded again to its end: how far the first is, in per cent, and the
/// numbers then.
fn watch(now: &Observation, (log, settings): &At, told: &Sender<(u64, (u64, u64))>) {
    let messages = topology(settings).folds.iter().position(|fold| fold.name == "messages").expect("there");
    let of_messages = now.states.iter().filter(|(task, _)| usize::from(task.fold) == messages);
    let progress = of_messages.filter_map(|(_, state)| match state {
        State::Rebuilding { at, to, .. } if at < to => Some(at * 100 / to),
        _ => None,
    });
    let progress: Vec<u64> = progress.collect();
    if progress.len() == usize::try_from(PARTITIONS).expect("few") {
        let furthest = progress.into_iter().max().unwrap_or(0);
        told.send((furthest, clicked(log.as_ref(), settings))).expect("the test listens");
    }
}

#[test]
fn a_new_version_folds_again_while_the_old_numbers_stay_readable() {
    let root = tempfile::tempdir().expect("directory");
    let account = Account { organisations: vec!["acme".to_owned()], ..Account::default() };
    let accounts = Accounts::from([(("sendgrid".to_owned(), "main".to_owned()), account)]);
    let at = open(root.path(), accounts);
    let (log, settings) = (at.0.as_ref(), at.1.as_ref());
    fill(log, settings);
    assert_eq!(run(root.path(), &at, 1, |_| ()), None);
    let (all, half) = (u64::from(MESSAGES), u64::from(MESSAGES / 2));
    assert_eq!(clicked(log, settings), (all, 0), "the version before took every click for a machine's");

    let (told, seen) = channel();
    let beside = (Arc::clone(&at.0), Arc::clone(&at.1));
    assert_eq!(run(root.path(), &at, 2, move |now| watch(now, &beside, &told)), None);
    let seen: Vec<_> = seen.into_iter().collect();
    assert!(seen.iter().any(|(share, _)| (1..100).contains(share)), "progress is told: {seen:?}");
    assert!(seen.iter().all(|(_, numbers)| *numbers == (all, 0)), "old numbers while it folds again: {seen:?}");
    assert_eq!(clicked(log, settings), (all, half), "and the mended ones after");
    let left = std::fs::read_dir(root.path().join("state")).expect("stores").flatten();
    let shadows: Vec<_> =
        left.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().contains("next")).collect();
    assert!(shadows.is_empty(), "{shadows:?}");

    std::fs::remove_dir_all(root.path().join("state")).expect("the state is lost");
    let (told, seen) = channel();
    let beside = (Arc::clone(&at.0), Arc::clone(&at.1));
    assert_eq!(run(root.path(), &at, 2, move |now| watch(now, &beside, &told)), None);
    assert_eq!(seen.into_iter().count(), 0, "published rows are of this version now");
    assert_eq!(clicked(log, settings), (all, half));
    let why = run(root.path(), &at, 1, |_| ()).expect("the version before does not fold these rows");
    assert!(why.contains("versions never go back"), "{why}");
}
