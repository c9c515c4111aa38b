//! What a run must have shown: everything counted once, nothing seen that breaks a rule, and as much done as was planned.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::input::Numbers;
use crate::plan::{Fault, Sizes};
use crate::run::Outcome;

/// Campaigns that are named when they differ.
const NAMED: usize = 5;
/// Of a hundred kills and zombies at least so many must hit an instance with work.
const UNDER_LOAD_PERCENT: usize = 80;

/// Records of a transaction at most (`commit.records`).
const COMMIT_RECORDS: u64 = 20_000;
/// How long until there is work again, for 99 of 100; measured at least so often.
const SLOW: [(Fault, Duration, usize); 2] =
    [(Fault::Kill, Duration::from_secs(5), 28), (Fault::Takeover, Duration::from_secs(15), 8)];

/// What an instance says that dies as it should: it is fenced, or no broker answers while it starts.
const DIES: [&str; 3] =
    ["another process has joined with the same name", "mailtally: fenced: another", "mailtally: cannot produce as"];

/// What a run has shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    /// Numbers or rows are not what they must be. This alone finds a bug.
    pub(crate) wrong: Vec<String>,
    /// The run did less than planned, took too long, or an instance ended otherwise than it should.
    pub(crate) amiss: Vec<String>,
}

impl Verdict {
    /// Everything that was found; nothing when the run has passed.
    pub(crate) fn problems(&self) -> impl Iterator<Item = &String> {
        self.wrong.iter().chain(&self.amiss)
    }
}

/// Judges a run.
pub(crate) fn verdict(outcome: &Outcome, sizes: &Sizes) -> Verdict {
    let numbers = published(&outcome.sight.numbers, &outcome.expected.numbers);
    let slow = if sizes.is_measured { slow(outcome) } else { Vec::new() };
    Verdict {
        wrong: [numbers, reconciled(outcome), seen(outcome)].concat(),
        amiss: [delivered(outcome, sizes), ended(outcome), replayed(outcome), slow].concat(),
    }
}

fn published(published: &Numbers, expected: &Numbers) -> Vec<String> {
    let names = published.keys().chain(expected.keys()).collect::<std::collections::BTreeSet<_>>();
    let wrong: Vec<_> = names.into_iter().filter(|name| published.get(*name) != expected.get(*name)).collect();
    if wrong.is_empty() {
        return Vec::new();
    }
    let one = |name: &&(String, String)| {
        let [published, expected] = [published, expected].map(|all| format!("{:?}", all.get(*name)));
        format!("{}/{}: {}", name.0, name.1, apart(&published, &expected))
    };
    let named: Vec<String> = wrong.iter().take(NAMED).map(one).collect();
    vec![format!("{} of {} campaigns are not what was sent:\n  {}", wrong.len(), expected.len(), named.join("\n  "))]
}

/// The fields that differ, published and expected.
fn apart(published: &str, expected: &str) -> String {
    let fields = published.split(", ").zip(expected.split(", ")).filter(|(is, must)| is != must);
    fields.map(|(is, must)| format!("{is} (expected {must})")).collect::<Vec<_>>().join(", ")
}

/// Whoever is fenced dies, and so does who starts while no broker answers; both are started again. No other end is right.
fn ended(outcome: &Outcome) -> Vec<String> {
    let is_right = |words: &str| DIES.iter().any(|known| words.contains(known));
    let others = outcome.ended.iter().filter(|words| !is_right(words));
    others.map(|why| format!("an instance ended by itself: {why}")).collect()
}

/// What is folded again is what one transaction had, and no more.
fn replayed(outcome: &Outcome) -> Vec<String> {
    let most = outcome.replayed.last().copied().unwrap_or(0);
    let is_too_much = (most > COMMIT_RECORDS).then(|| format!("{most} records were folded twice at once"));
    is_too_much.into_iter().collect()
}

fn slow(outcome: &Outcome) -> Vec<String> {
    let one = |(fault, limit, least): &(Fault, Duration, usize)| {
        let took = outcome.took(*fault);
        let slow = took.get((took.len() * 99).div_ceil(100).saturating_sub(1)).filter(|took| *took > limit);
        let few = took.len() < *least;
        (few || slow.is_some()).then(|| {
            format!("{}: {} measured (at least {least}), p99 {slow:?} above {limit:?}", fault.words(), took.len())
        })
    };
    SLOW.iter().filter_map(one).collect()
}

fn reconciled(outcome: &Outcome) -> Vec<String> {
    let said = |key: &str| outcome.reconciled.get(key).and_then(serde_json::Value::as_u64);
    let mut wrong = Vec::new();
    if !outcome.reconciled.get("difference").is_some_and(serde_json::Value::is_null) {
        wrong.push(format!("reconcile found a difference: {}", outcome.reconciled));
    }
    for (key, expected) in [
        ("behind", 0),
        ("messages", outcome.expected.messages),
        // Decode has written each of its events exactly once: copies of the input are counted, copies of a replay would be more.
        ("events", outcome.expected.events),
    ] {
        if said(key) != Some(expected) {
            wrong.push(format!("reconcile counts {key} {:?}, expected {expected}", said(key)));
        }
    }
    wrong
}

fn seen(outcome: &Outcome) -> Vec<String> {
    let mut wrong = Vec::new();
    if outcome.sight.broken > 0 {
        let first = outcome.sight.first_broken.join("\n  ");
        wrong.push(format!("a reader saw {} rows that break a rule:\n  {first}", outcome.sight.broken));
    }
    if outcome.unread > 0 {
        wrong.push(format!("{} records of the intakes are not read", outcome.unread));
    }
    if outcome.sight.dead_letters > 0 {
        wrong.push(format!("{} dead letters of good input", outcome.sight.dead_letters));
    }
    wrong
}

/// A run that did less than planned has shown nothing.
fn delivered(outcome: &Outcome, sizes: &Sizes) -> Vec<String> {
    let mut wrong = Vec::new();
    if outcome.written < sizes.events {
        wrong.push(format!("{} events were written, {} planned", outcome.written, sizes.events));
    }
    if outcome.struck != outcome.planned {
        wrong.push(format!("faults delivered {:?}, planned {:?}", outcome.struck, outcome.planned));
    }
    for (what, part, percent) in
        [("duplicates", outcome.expected.duplicates, 16), ("out of order", outcome.expected.disordered, 10)]
    {
        // A fifth of the distinct events is a sixth of all.
        if part * 100 < outcome.expected.events * percent {
            wrong.push(format!("only {part} of {} events are {what}", outcome.expected.events));
        }
    }
    let strikes = strikes(&outcome.struck);
    if outcome.under_load * 100 < strikes * UNDER_LOAD_PERCENT {
        wrong.push(format!("only {} of {strikes} kills and zombies hit an instance with work", outcome.under_load));
    }
    wrong
}

fn strikes(struck: &BTreeMap<Fault, usize>) -> usize {
    use Fault::{Kill, KillTwice, LostDisk, Takeover, Zombie};
    [Kill, KillTwice, LostDisk, Takeover, Zombie].iter().filter_map(|fault| struck.get(fault)).sum()
}
