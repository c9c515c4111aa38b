//! All thirteen providers at work on the front door, until they are told to end.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use providers::Secret;
use serde_json::Value;
use simulators::{Message, Report, SCHEDULES, Simulator, account, pair, schedule, url};

/// Messages of a round.
const ROUND: usize = 20;

/// Between two rounds.
const PAUSE: Duration = Duration::from_millis(400);

/// What one provider has come to.
pub(crate) struct Done {
    pub(crate) provider: &'static str,
    pub(crate) messages: Vec<String>,
    pub(crate) report: Report,
}

/// A configuration with an account `main` at every provider, for the organisation acme, and the secrets beside it.
pub(crate) fn configuration(root: &Path) -> String {
    let account = |provider: &str| {
        let secret = root.join(format!("{provider}.secret"));
        std::fs::write(&secret, pair(provider).expect("a secret").checks).expect("written");
        account(provider, "main", &["acme"], secret.to_str().expect("a path"))
    };
    let accounts: String = SCHEDULES.iter().map(|schedule| account(schedule.provider)).collect();
    let file = root.join("mailtally.toml");
    std::fs::write(&file, format!("[gateway]\nlisten = \"127.0.0.1:0\"\n{accounts}")).expect("written");
    file.to_str().expect("a path").to_owned()
}

/// Where the live process takes webhooks in; nothing while none is there.
pub(crate) fn door(data: &Path) -> Option<String> {
    let control: Value = serde_json::from_slice(&std::fs::read(data.join("run.json")).ok()?).ok()?;
    Some(control["webhooks"].as_str()?.to_owned())
}

/// Every provider posts round after round, at least `least` messages, until `end` is set; the rounds that were begun are ended.
pub(crate) fn work(data: &Path, least: usize, end: &AtomicBool) -> Vec<Done> {
    std::thread::scope(|scope| {
        let one =
            |rules: &'static simulators::Schedule| scope.spawn(move || provider(rules.provider, data, least, end));
        let all: Vec<_> = SCHEDULES.iter().map(one).collect();
        all.into_iter().map(|one| one.join().expect("it ends")).collect()
    })
}

fn provider(name: &'static str, data: &Path, least: usize, end: &AtomicBool) -> Done {
    let secret: Secret = pair(name).expect("a secret").signs.parse().expect("a secret");
    let rules = schedule(name).expect("known");
    let round = rules.batch.max(ROUND);
    let mut done = Done { provider: name, messages: Vec::new(), report: Report::default() };
    while done.messages.len() < least || !end.load(Ordering::SeqCst) {
        // A real provider's next events come when they come; what is posted here is to be folded within the test, too.
        std::thread::sleep(PAUSE);
        let simulator = Simulator::new(rules, secret.clone(), &url(name, "main"));
        let first = done.messages.len();
        let message = |number: usize| {
            let id = format!("{}-{number}", name.replace('_', "-"));
            Message { recipient: format!("{id}@example.org"), id }
        };
        let messages: Vec<Message> = (first..first + round).map(message).collect();
        let report = simulator.run(&messages, &|| door(data)).expect("signs");
        done.messages.extend(messages.into_iter().map(|message| message.id));
        done.report.taken.extend(report.taken);
        done.report.lost.extend(report.lost);
        done.report.posted += report.posted;
        done.report.failed += report.failed;
    }
    done
}

/// Nothing is lost at a provider that tries again; what was taken is delivered, once, whoever posted it. `rows` are the campaigns,
/// one named like each provider.
pub(crate) fn judge(done: &[Done], rows: &[Value]) {
    for Done { provider, messages, report } in done {
        let number = |name: &str| {
            let row = rows.iter().find(|row| row["campaign"] == *provider).unwrap_or_else(|| panic!("no {provider}"));
            usize::try_from(row[name].as_u64().expect("a number")).expect("small")
        };
        let taken: BTreeSet<&String> = report.taken.iter().collect();
        assert_eq!(number("sent"), messages.len(), "{provider}");
        // A delivery is never tried again by Mailgun: what met no open door is lost by its own rule.
        if *provider == "mailgun" {
            assert!(number("delivered") >= taken.len(), "mailgun: {} of {} taken", number("delivered"), taken.len());
            continue;
        }
        assert!(report.lost.is_empty(), "{provider} gave up {:?}", report.lost);
        assert_eq!((taken.len(), number("delivered")), (messages.len(), messages.len()), "{provider}");
    }
}
