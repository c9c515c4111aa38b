//! `kill -9` at random times under load, a lost state directory, a backup restored elsewhere: nothing acknowledged is lost,
//! nothing counts twice. `MAILTALLY_SEED` replays a run's choices.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Signal, kill_process};
use serde_json::Value;
use support::{Run, binary, mailtally, rows, said};

const EVENTS: u64 = 200_000;
const KILLS: u64 = 50;
const CAMPAIGNS: u64 = 40;
/// Lines of one request, and reports of one webhook body.
const BATCH: u64 = 500;
/// Longest life of a run that is killed, in milliseconds from its start.
const LIFE_MS: u64 = 900;
/// The life before which a state directory is deleted, and the one in which the backup is made.
const LOSS_AT: u64 = 20;
const BACKUP_AT: u64 = 30;

/// SplitMix64: the choices of one seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// The installation under test, and what it has acknowledged.
struct World {
    home: tempfile::TempDir,
    random: Random,
    /// Platform events below are acknowledged.
    posted: u64,
    /// Messages whose delivery report is acknowledged.
    delivered: BTreeSet<u64>,
    kills: u64,
}

/// The n-th platform event: four a message, each another event.
fn event(n: u64) -> String {
    let (message, second) = (n / 4, n % 60);
    let campaign = message % CAMPAIGNS;
    let about = match n % 4 {
        0 => format!(
            r#""send":{{"message":"m{message}","campaign":"c{campaign}","client":"k{message}","address":"k{message}@example.org"}}"#
        ),
        1 => format!(
            r#""send":{{"message":"m{message}","campaign":"c{campaign}","client":"k{message}","address":"k{message}@example.org","provider":"sendgrid","account":"main","provider_message_id":"sg{message}"}}"#
        ),
        2 if message % 3 == 0 => format!(r#""preference":{{"client":"k{message}","from_message":"m{message}"}}"#),
        2 => format!(r#""transaction":{{"client":"k{message}"}}"#),
        _ => format!(
            r#""refused":{{"message":"m{message}","campaign":"c{campaign}","client":"k{message}","reason":"quota"}}"#
        ),
    };
    format!(r#"{{"organisation":"acme","time":"2026-05-01T10:00:{second:02}Z",{about}}}"#)
}

/// A provider's report of a delivery, by our ids or by the provider's.
fn report(message: u64) -> String {
    let ids = match message % 2 {
        0 => format!(r#","mailtally_organisation":"acme","mailtally_message":"m{message}""#),
        _ => String::new(),
    };
    format!(
        r#"{{"event":"delivered","email":"k{message}@example.org","timestamp":1777629700,"sg_event_id":"e{message}","sg_message_id":"sg{message}.recvd-1"{ids}}}"#
    )
}

impl World {
    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn config(&self) -> String {
        let path = self.home.path().join("mailtally.toml");
        let text = "[[account]]\nprovider = \"sendgrid\"\norganisations = [\"acme\"]\n";
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("a path").to_owned()
    }

    fn start(&self) -> Run {
        Run::start(&self.data(), &["--config", &self.config()])
    }

    /// Posts events up to `to`, as long as the run answers.
    fn post(&mut self, run: &mut Run, to: u64) {
        while self.posted < to {
            let next = (self.posted + BATCH).min(to);
            let lines: Vec<String> = (self.posted..next).map(event).collect();
            if run.post(&lines).is_none() {
                return;
            }
            self.posted = next;
        }
    }

    /// Puts the reports of random messages in, through the live run or, when that has died, past it.
    fn ingest(&mut self) {
        let known = self.posted / 4;
        let wanted: BTreeSet<u64> = (0..BATCH).map(|_| self.random.below(known.max(1))).collect();
        let body: Vec<String> = wanted.iter().map(|message| report(*message)).collect();
        let mut command = binary();
        command.args(["ingest", "--provider", "sendgrid", "--config", &self.config(), "-", "--data"]).arg(self.data());
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.expect("it starts");
        child.stdin.take().expect("a pipe").write_all(format!("[{}]", body.join(",")).as_bytes()).expect("written");
        if child.wait().expect("ended").success() {
            self.delivered.extend(wanted);
        }
    }

    /// One life: events come in until it is killed at a random time, sometimes before it answers.
    fn life(&mut self, number: u64) {
        let mut run = self.start();
        let (pid, life) = (run.pid(), Duration::from_millis(self.random.below(LIFE_MS)));
        let killer = std::thread::spawn(move || {
            // A time, not a condition: it is what is being tested.
            std::thread::sleep(life);
            kill_process(pid, Signal::KILL).expect("killed");
        });
        if run.address_unless_ended().is_some() {
            let share = (EVENTS - self.posted) / (KILLS - number).max(1);
            self.post(&mut run, (self.posted + 2 * share).min(EVENTS));
            if self.random.below(4) == 0 {
                self.ingest();
            }
        }
        killer.join().expect("the killer");
        self.kills += u64::from(run.ended().signal() == Some(9));
    }

    /// A backup while events come in; what was acknowledged before it.
    fn backup(&mut self) -> u64 {
        let mut run = self.start();
        run.address();
        let (data, to) = (self.data(), self.home.path().join("backup"));
        let before = self.posted;
        let config = self.config();
        std::thread::scope(|scope| {
            let making =
                scope.spawn(move || said(&data, &["backup", to.to_str().expect("a path"), "--config", &config]));
            self.post(&mut run, (before + 10 * BATCH).min(EVENTS));
            making.join().expect("made");
        });
        run.stop();
        before
    }
}

fn sent(data: &Path, config: &str) -> u64 {
    let rows = rows(data, &["campaigns", "--format", "json", "--config", config]);
    rows.iter().map(|row| row["sent"].as_u64().expect("a number")).sum()
}

/// Distinct events of each kind in the canonical topic, by (message, id).
fn kinds(data: &Path) -> BTreeMap<String, u64> {
    let mut seen = BTreeSet::new();
    let mut kinds = BTreeMap::new();
    for line in said(data, &["consume", "events", "--format", "json"]).lines() {
        let row: Value = serde_json::from_str(line).expect("JSON");
        let kind = row["value"]["kind"].as_str().expect("a kind").to_owned();
        if seen.insert((row["key"][1].to_string(), row["value"]["id"].to_string())) {
            *kinds.entry(kind).or_default() += 1;
        }
    }
    kinds
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_counts_twice() {
    let given = std::env::var("MAILTALLY_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| std::process::id().into());
    println!("seed {seed}: replay with MAILTALLY_SEED={seed} cargo test -p mailtally --test crash");
    let home = tempfile::tempdir().expect("directory");
    let mut world = World { home, random: Random(seed), posted: 0, delivered: BTreeSet::new(), kills: 0 };
    let mut before_backup = 0;
    for number in 0..KILLS {
        if number == LOSS_AT {
            let states = std::fs::read_dir(world.data().join("state")).expect("state").flatten();
            let lost = states.map(|entry| entry.path()).find(|path| path.to_string_lossy().contains("messages"));
            std::fs::remove_dir_all(lost.expect("a store of messages")).expect("removed");
        }
        if number == BACKUP_AT {
            before_backup = world.backup();
        }
        world.life(number);
    }
    let mut run = world.start();
    run.address();
    world.post(&mut run, EVENTS);
    world.ingest();
    assert_eq!((world.kills, world.posted), (KILLS, EVENTS), "fewer kills or events than planned");
    let (data, config) = (world.data(), world.config());
    let live = said(&data, &["reconcile", "--config", &config]);
    assert!(live.contains("difference 0"), "beside the live folds: {live}");
    run.stop();
    let counted = said(&data, &["reconcile", "--config", &config]);
    assert!(counted.contains("difference 0") && !counted.contains("not folded yet"), "{counted}");
    assert_eq!(sent(&data, &config), EVENTS / 4, "messages");
    let kinds = kinds(&data);
    let of = |kind: &str| kinds.get(kind).copied().unwrap_or(0);
    assert_eq!((of("sent"), of("dropped")), (EVENTS / 2, EVENTS / 4), "{kinds:?}");
    assert!(of("delivered") >= world.delivered.len() as u64 && !world.delivered.is_empty(), "{kinds:?}");
    restored(&world, before_backup, &config);
}

/// The backup, restored elsewhere: whole, and with what was acknowledged before it.
fn restored(world: &World, before: u64, config: &str) {
    let [backup, copy] = ["backup", "copy"].map(|name| world.home.path().join(name));
    said(&copy, &["restore", backup.to_str().expect("a path")]);
    let last = world.home.path().join("last.jsonl");
    std::fs::write(&last, event(0)).expect("written");
    let folded = mailtally(&copy, &["produce", last.to_str().expect("a path"), "--config", config]);
    assert!(folded.status.success(), "{}", String::from_utf8_lossy(&folded.stderr));
    let counted = said(&copy, &["reconcile", "--config", config]);
    assert!(counted.contains("difference 0") && !counted.contains("not folded yet"), "{counted}");
    assert!(before > 0 && sent(&copy, config) >= before.div_ceil(4), "acknowledged before the backup: {before}");
}
