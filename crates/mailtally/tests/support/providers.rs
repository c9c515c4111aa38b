//! All thirteen providers at work on the front door, telling all their stories, until they are told to end; and whether the numbers
//! that came of it are those of their plans.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::Counters;
use oracle::Recount;
use providers::Secret;
use serde_json::Value;
use simulators::{Done, Mail, ORGANISATION, Plan, Report, SCHEDULES, Schedule, Simulator, account, pair, url};

/// How much is posted, and how fast.
pub(crate) struct Pace {
    /// Events of a provider at least; every story is told in any case.
    pub(crate) events: fn(&Schedule) -> usize,
    /// Events of a round at least.
    pub(crate) round: usize,
    /// Between two rounds: a real provider's next events come when they come, and what is posted is to be folded within the test.
    pub(crate) pause: Duration,
}

/// Of so many mails one may have a report that its provider gave up by its own rules, Mailgun's deliveries aside.
const ONE_LOST_OF: usize = 3;

/// What one provider has come to.
pub(crate) struct Worked {
    pub(crate) provider: &'static str,
    pub(crate) mails: Vec<Mail>,
    pub(crate) done: Done,
}

impl Worked {
    /// What the mailer says of all mails, once it is known what became of their reports: those of which one was given up are
    /// in a campaign of their own.
    pub(crate) fn sends(&self) -> Vec<String> {
        let (whole, lost) = self.apart();
        let own = self.lost();
        whole.iter().map(|mail| mail.send(self.provider)).chain(lost.iter().map(|mail| mail.send(&own))).collect()
    }

    fn lost(&self) -> String {
        format!("{}-lost", self.provider)
    }

    /// Mails whose reports were all taken, and the others.
    fn apart(&self) -> (Vec<&Mail>, Vec<&Mail>) {
        let taken: BTreeSet<&str> = self.done.taken.iter().map(String::as_str).collect();
        self.mails.iter().partition(|mail| mail.reports.iter().all(|report| taken.contains(report.id.as_str())))
    }

    pub(crate) fn events(&self) -> usize {
        self.mails.iter().map(|mail| mail.reports.len()).sum()
    }
}

/// A configuration with an account `main` at every provider, for the plans' organisation, and the secrets beside it.
pub(crate) fn configuration(root: &Path) -> String {
    let account = |provider: &str| {
        let secret = root.join(format!("{provider}.secret"));
        std::fs::write(&secret, pair(provider).expect("a secret").checks).expect("written");
        account(provider, "main", &[ORGANISATION], secret.to_str().expect("a path"))
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

/// Every provider posts round after round until `end` is set; the rounds that were begun are ended.
pub(crate) fn work(data: &Path, pace: &Pace, end: &AtomicBool) -> Vec<Worked> {
    std::thread::scope(|scope| {
        let one = |rules: &'static Schedule| scope.spawn(move || provider(rules, data, pace, end));
        let all: Vec<_> = SCHEDULES.iter().map(one).collect();
        all.into_iter().map(|one| one.join().expect("it ends")).collect()
    })
}

fn provider(rules: &'static Schedule, data: &Path, pace: &Pace, end: &AtomicBool) -> Worked {
    let secret: Secret = pair(rules.provider).expect("a secret").signs.parse().expect("a secret");
    let plan = Plan::of(rules.provider).expect("payloads");
    let simulator = Simulator::new(rules, secret, &url(rules.provider, "main"));
    let mut worked = Worked { provider: rules.provider, mails: Vec::new(), done: Done::default() };
    let (least, mut events) = ((pace.events)(rules), 0);
    while events < least || worked.mails.len() < plan.stories() || !end.load(Ordering::SeqCst) {
        std::thread::sleep(pace.pause);
        let (first, mut size) = (worked.mails.len(), 0);
        while size < pace.round.max(rules.batch) {
            let mail = plan.mail(worked.mails.len()).expect("a story");
            size += mail.reports.len();
            worked.mails.push(mail);
        }
        events += size;
        let reports: Vec<&Report> = worked.mails[first..].iter().flat_map(|mail| &mail.reports).collect();
        worked.done.add(simulator.run(&reports, &|| door(data)).expect("signs"));
    }
    worked
}

/// What was answered 2xx counts, once, whoever posted it and however often. A provider gives a report up only by its own rules: after
/// its last try, or a delivery of Mailgun after its first; whether that was kept nobody knows. `rows` are the campaigns.
pub(crate) fn judge(worked: &[Worked], rows: &[Value]) {
    for one in worked {
        let (whole, lost) = one.apart();
        let wanted = numbers(&counters(&whole, one.provider));
        assert_eq!(found(rows, one.provider, &wanted), wanted, "{}", one.provider);
        let given_up: BTreeSet<&str> = one.done.lost.iter().map(String::as_str).collect();
        let is_given_up = |mail: &&Mail| mail.reports.iter().any(|report| given_up.contains(report.id.as_str()));
        assert!(lost.iter().all(is_given_up), "{}: every report was taken or given up", one.provider);
        let repeated = lost.iter().filter(|mail| mail.reports.iter().all(|report| !report.once)).count();
        assert!(
            repeated * ONE_LOST_OF <= one.mails.len(),
            "{} gave up {repeated} of {}",
            one.provider,
            one.mails.len()
        );
        if !lost.is_empty() {
            let sent = row(rows, &one.lost())["sent"].as_u64().expect("a number");
            assert_eq!(sent, u64::try_from(lost.len()).expect("few"), "{}", one.lost());
        }
    }
}

fn row<'a>(rows: &'a [Value], campaign: &str) -> &'a Value {
    rows.iter().find(|row| row["campaign"] == *campaign).unwrap_or_else(|| panic!("no {campaign}"))
}

/// What mails come to, by the oracle.
fn counters(mails: &[&Mail], campaign: &str) -> Counters {
    let mut recount = Recount::default();
    mails.iter().flat_map(|mail| mail.facts(campaign)).for_each(|event| recount.take(event));
    recount.tallies().values().fold(Counters::default(), |mut sum, tally| {
        sum.add(&tally.counters);
        sum
    })
}

type Numbers = Vec<(&'static str, u64)>;

fn numbers(of: &Counters) -> Numbers {
    vec![
        ("sent", of.sent),
        ("pending", of.pending),
        ("delivered", of.delivered),
        ("bounced", of.bounced),
        ("bounced_hard", of.bounced_hard),
        ("bounced_soft", of.bounced_soft),
        ("blocked", of.blocked),
        ("dropped", of.dropped),
        ("opened", of.opened),
        ("clicked", of.clicked),
        ("opens", of.opens),
        ("clicks", of.clicks),
        ("machine_opens", of.machine_opens),
        ("machine_clicks", of.machine_clicks),
        ("spam", of.spam),
        ("blocked_spam", of.blocked_spam),
        ("unsubscribed", of.unsubscribed),
        ("without_send", of.without_send),
    ]
}

fn found(rows: &[Value], campaign: &str, wanted: &Numbers) -> Numbers {
    let row = row(rows, campaign);
    let number = |name: &'static str| (name, row[name].as_u64().unwrap_or_else(|| panic!("{name}: {row}")));
    wanted.iter().map(|(name, _)| number(name)).collect()
}
