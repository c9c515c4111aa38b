//! `mailtally ingest`: providers' webhook bodies into the intake as they were posted, then through the folds.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use contract::proto::correlation::v1::CorrelationState;
use contract::topic::Topic;
use engine::{Output, Record, Stored, TopicPartition};
use processor::accounts::{Account, Accounts};
use processor::decode::Source;
use processor::decode::webhook::{Fate, fates};
use processor::emit::Emit;
use serde::{Deserialize, Serialize};

use crate::reply::Reply;
use crate::request::Place;
use crate::system::{System, now_ms};

/// Bodies of one append.
const APPEND_BODIES_MAX: usize = 500;

/// What can be asked of `ingest`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Whose bodies they are: sendgrid, amazon_ses, postmark, mailgun, ...; a wrong name lists all.
    #[arg(long)]
    provider: String,
    /// The account at the provider.
    #[arg(long, default_value = "main")]
    account: String,
    /// An organisation that the account may speak for, besides those of the configuration; may be repeated.
    #[arg(long)]
    organisation: Vec<String>,
    #[command(flatten)]
    pub(crate) place: Place,
    /// A file with one body (or several, one after another), a directory of such files, or - for standard input.
    from: PathBuf,
}

impl Arguments {
    /// Reads the bodies.
    pub(crate) fn request(&self) -> Result<Ingest> {
        if providers::provider(&self.provider).is_none() {
            let known: Vec<&str> = providers::ALL.iter().map(|provider| provider.name).collect();
            bail!("--provider {} is none of: {}", self.provider, known.join(", "));
        }
        Ok(Ingest {
            provider: self.provider.clone(),
            account: self.account.clone(),
            organisations: self.organisation.clone(),
            from: self.from.clone(),
            bodies: bodies(&self.from)?,
        })
    }
}

/// Webhook bodies of one provider's account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ingest {
    provider: String,
    account: String,
    organisations: Vec<String>,
    /// Where they were read, for the commands that show more.
    from: PathBuf,
    #[serde(with = "crate::bodies")]
    bodies: Vec<Bytes>,
}

/// How many parts of the bodies had each fate.
#[derive(Default)]
struct Tally {
    counted: u64,
    waiting: u64,
    ignored: BTreeMap<&'static str, u64>,
    rejected: BTreeMap<&'static str, u64>,
}

impl Ingest {
    /// Takes the bodies in, folds, and says what became of each part.
    pub(crate) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        // What became of a part is known by its recipient's hash.
        at.address_key()?;
        let name = (self.provider.clone(), self.account.clone());
        let bound = at.settings.accounts.get(&name);
        if bound.is_none_or(|bound| self.organisations.iter().any(|organisation| !bound.speaks_for(organisation))) {
            bail!(
                "account {}/{} is not bound to these organisations: give --organisation (not beside a live run, nor on Kafka), or an [[account]] in --config",
                self.provider,
                self.account
            );
        }
        let records: Vec<Stored> = (0..)
            .zip(&self.bodies)
            .map(|(offset, body)| Stored { offset, record: record(&self.provider, &self.account, body, now_ms()) })
            .collect();
        for chunk in records.chunks(APPEND_BODIES_MAX) {
            let output = |stored: &Stored| {
                let key = stored.record.key.clone().unwrap_or_default();
                Output { to: at.settings.partition_of(Topic::Webhooks, &key), record: stored.record.clone() }
            };
            at.log.append(chunk.iter().map(output).collect())?;
        }
        at.settle(reply.progress)?;
        let tally = tally(at, &records)?;
        self.tell(at, &tally, reply)?;
        Ok(u8::from(!tally.rejected.is_empty()))
    }

    /// The account as the command line binds it; empty when it leaves that to the configuration.
    pub(crate) fn accounts(&self) -> Accounts {
        if self.organisations.is_empty() {
            return Accounts::new();
        }
        let account = Account { organisations: self.organisations.clone(), ..Account::default() };
        Accounts::from([((self.provider.clone(), self.account.clone()), account)])
    }

    fn tell(&self, at: &System, tally: &Tally, reply: &mut Reply<'_>) -> Result<()> {
        let sum = |parts: &BTreeMap<&str, u64>| parts.values().sum::<u64>();
        let (ignored, rejected) = (sum(&tally.ignored), sum(&tally.rejected));
        let all = tally.counted + tally.waiting + ignored + rejected;
        writeln!(
            reply.out,
            "{all} events: {} counted, {} waiting for their send, {ignored} ignored, {rejected} rejected",
            tally.counted, tally.waiting
        )?;
        let data = at.root.display();
        let commands = [
            (tally.counted, "counted", format!("mailtally campaigns --data {data}")),
            (tally.waiting, "waiting", format!("mailtally consume correlation-state --data {data}")),
            (ignored, "ignored", format!("mailtally decode --provider {} {}", self.provider, self.from.display())),
            (rejected, "rejected", format!("mailtally consume dead-letters --data {data}")),
        ];
        for (_, what, command) in commands.iter().filter(|(parts, ..)| *parts > 0) {
            writeln!(reply.out, "  {what:<9} {command}")?;
        }
        for (why, parts) in tally.ignored.iter().chain(&tally.rejected) {
            writeln!(reply.out, "    {why}: {parts}")?;
        }
        Ok(())
    }
}

/// A body as a record of the intake, under the hash of the request.
pub(crate) fn record(provider: &str, account: &str, body: &Bytes, received_ms: i64) -> Record {
    gateway::record(provider, account, &[], body, received_ms)
}

/// The bodies of a file, of a directory's files by name, or of standard input.
pub(crate) fn bodies(from: &Path) -> Result<Vec<Bytes>> {
    if from == Path::new("-") {
        let mut body = Vec::new();
        std::io::stdin().read_to_end(&mut body).context("read standard input")?;
        return Ok(vec![body.into()]);
    }
    let named = || format!("read {}", from.display());
    let mut files = vec![from.to_owned()];
    if from.is_dir() {
        let entries = std::fs::read_dir(from).with_context(named)?;
        files = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().with_context(named)?;
        files.retain(|path| path.is_file());
        files.sort();
    }
    if files.is_empty() {
        bail!("{} holds no file: give a file of webhook bodies, or a directory of them", from.display());
    }
    let read =
        |path: PathBuf| std::fs::read(&path).map(Bytes::from).with_context(|| format!("read {}", path.display()));
    files.into_iter().map(read).collect()
}

/// What became of each part, once the folds have settled.
fn tally(system: &System, records: &[Stored]) -> Result<Tally> {
    let origin = TopicPartition { topic: system.settings.topic(Topic::Webhooks), partition: 0 };
    let mut tally = Tally::default();
    let mut correlated = Vec::new();
    for stored in records {
        let source = Source { origin: &origin, stored, topic: Topic::Webhooks.short() };
        match fates(&system.settings, &source, &mut Emit::new(&system.settings)) {
            Err(why) => *tally.rejected.entry(why.reason).or_default() += 1,
            Ok(parts) => parts.into_iter().for_each(|part| match part {
                Fate::Message(..) => tally.counted += 1,
                Fate::Correlated(key, id) => correlated.push((key, id)),
                Fate::Ignored(why) => *tally.ignored.entry(why).or_default() += 1,
                Fate::Rejected(why) => *tally.rejected.entry(why.reason).or_default() += 1,
            }),
        }
    }
    let waiting = if correlated.is_empty() { BTreeMap::new() } else { waiting(system)? };
    for (key, id) in correlated {
        let waits = waiting.get(&key).is_some_and(|ids| ids.iter().any(|waiting| waiting[..] == id));
        *(if waits { &mut tally.waiting } else { &mut tally.counted }) += 1;
    }
    Ok(tally)
}

/// Ids of the events that wait, by their row's key. An event for all recipients waits on for those to come, so it counts
/// as waiting only while its id is known to no send.
fn waiting(system: &System) -> Result<BTreeMap<Bytes, Vec<Bytes>>> {
    let mut rows: BTreeMap<Bytes, CorrelationState> = BTreeMap::new();
    system.each(Topic::CorrelationState, 0, |_, stored| {
        let key = stored.record.key.unwrap_or_default();
        match stored.record.value {
            Some(value) => rows.insert(key, contract::decode("CorrelationState", &value)?),
            None => rows.remove(&key),
        };
        Ok(())
    })?;
    let group = |key: &Bytes| key.len().checked_sub(1).map(|end| key.slice(..end)).unwrap_or_default();
    let reached = |key: &Bytes| {
        let group = group(key);
        rows.range(group.clone()..)
            .take_while(|(other, _)| other.starts_with(&group))
            .any(|(_, row)| row.known.is_some())
    };
    let ids = |row: &CorrelationState| {
        row.waiting.iter().filter_map(|waiting| waiting.event.as_ref()).map(|event| event.id.clone()).collect()
    };
    let for_all = |key: &Bytes| {
        key.last() == Some(&0) && contract::key::decode(key).is_some_and(|parts| parts.last() == Some(&&[][..]))
    };
    let waits = rows.iter().filter(|(key, _)| !(for_all(key) && reached(key)));
    Ok(waits.map(|(key, row)| (key.clone(), ids(row))).collect())
}
