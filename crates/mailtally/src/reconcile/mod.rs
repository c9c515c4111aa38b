//! `mailtally reconcile`: recounts everything from the canonical events with the oracle, which shares no code with store and
//! engine, and compares message rows, contacts, partials and campaign rows at equal source offsets (I3); shows the first difference with
//! its history. Decision: crates/adr/0006-reconcile-and-backup.md.

mod campaigns;
mod contacts;
mod messages;
mod partition;
mod report;
mod view;

use anyhow::{Result, bail};
use contract::topic::Topic;
use serde::{Deserialize, Serialize};

use crate::Format;
use crate::reply::{Progress, Reply};
use crate::request::Place;
use crate::scan::Steps;
use crate::system::{Medium, System, now_ms};
use campaigns::Published;
use partition::Partition;
use report::{Difference, Report};
use view::View;

/// A message, a contact or a campaign, named by its organisation and id.
type Name = (String, String);

/// Vectors that are tried on Kafka until no row that decides was overwritten meanwhile.
const VIEWS_MAX: usize = 5;

/// What can be asked of `reconcile`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) command: Reconcile,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// A recount of everything.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub(crate) struct Reconcile {
    /// How the result is shown.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Reconcile {
    /// Recounts and compares at the offsets that the folds have committed at one instant; folds nothing and stops nothing.
    /// Exit code 1 on a difference.
    pub(crate) fn execute(&self, at: &System, reply: &mut Reply<'_>) -> Result<u8> {
        let report = match &at.medium {
            Medium::Embedded(_) => compare(&View::new(&at.cut()?.system)?, reply.progress)?,
            Medium::Kafka(..) => compare_live(at, reply.progress)?,
        };
        service::metric::reconciled(report.difference.is_some(), now_ms());
        match self.format {
            Format::Json => writeln!(reply.out, "{}", report.json())?,
            Format::Table => report.print(reply.out)?,
        }
        Ok(u8::from(report.difference.is_some()))
    }
}

/// Compares while the folds go on elsewhere.
fn compare_live(at: &System, tell: &mut dyn FnMut(Progress)) -> Result<Report> {
    for _ in 0..VIEWS_MAX {
        let view = View::new(at)?;
        let report = compare(&view, tell)?;
        match &report.difference {
            Some(found) if view.is_overwritten(found.topic, &found.name)? => {}
            _ => return Ok(report),
        }
    }
    bail!("rows are overwritten and compacted faster than they are read: ask again when less is sent")
}

/// The first difference ends it: what follows from it would only repeat it.
fn compare(view: &View<'_>, tell: &mut dyn FnMut(Progress)) -> Result<Report> {
    let mut steps = Steps::new("recounting", work(view)?, tell);
    let published = Published::read(view, &mut steps)?;
    let mut report = Report { campaigns: published.campaigns(), behind: behind(view)?, ..Report::default() };
    for number in 0..view.settings().partitions {
        let partition = Partition::new(view, number);
        let mut found = partition.recount(&published, &mut report, &mut steps)?;
        if found.is_none() {
            found = contacts::Partition::new(view, number).recount(&mut report, &mut steps)?;
        }
        if found.is_some() {
            report.difference = found;
            return Ok(report);
        }
    }
    if let Some(mut found) = published.rows() {
        for number in 0..view.settings().partitions {
            found.history.extend(Partition::new(view, number).members(&found.name, &mut steps)?);
        }
        report.difference = Some(found);
    }
    Ok(report)
}

/// Offsets that will be read.
fn work(view: &View<'_>) -> Result<u64> {
    let mut work = 0;
    for number in 0..view.settings().partitions {
        for topic in [Topic::CampaignPartials, Topic::CampaignStats] {
            work += view.length(topic, number)?;
        }
        work += Partition::new(view, number).work()? + contacts::Partition::new(view, number).work()?;
    }
    Ok(work)
}

/// Offsets that are there and not folded yet.
fn behind(view: &View<'_>) -> Result<u64> {
    let mut behind = 0;
    for number in 0..view.settings().partitions {
        for topic in [Topic::Events, Topic::ContactEvents, Topic::CampaignPartials] {
            let input = view.partition(topic, number);
            let bounds = view.system.log.bounds(&input)?;
            behind += view.system.lag(&input, Some(view.committed(topic, number)), bounds)?;
        }
    }
    Ok(behind)
}

#[cfg(test)]
mod tests {
    use contract::proto::platform::v1::PlatformEvent;

    use super::*;
    use crate::{check, produce};

    fn compare_cut(system: &System) -> Report {
        let cut = system.cut().expect("a cut");
        compare(&View::new(&cut.system).expect("a view"), &mut |_| ()).expect("compared")
    }

    /// Sends over few campaigns, each followed by a refusal or a second send.
    fn events(from: u64, to: u64) -> Vec<PlatformEvent> {
        let line = |n: u64| {
            let second = n % 60;
            let (message, campaign) = (n / 2, n % 7);
            match n % 4 {
                3 => format!(
                    r#"{{"organisation":"acme","time":"2026-05-01T10:01:{second:02}Z","refused":{{"message":"m{message}","reason":"quota"}}}}"#
                ),
                _ => format!(
                    r#"{{"organisation":"acme","time":"2026-05-01T10:00:{second:02}Z","send":{{"message":"m{message}","campaign":"c{campaign}","client":"k{message}","address":"k{message}@example.org"}}}}"#
                ),
            }
        };
        (from..to).map(|n| check::verdict(line(n).as_bytes()).expect("a good event")).collect()
    }

    #[test]
    fn a_cut_taken_while_the_folds_run_agrees_wherever_they_stand() {
        let data = tempfile::tempdir().expect("directory");
        let place = Place { data: Some(data.path().to_owned()), ..Place::default() };
        let system = System::to_fold(&place.config().expect("defaults"), false).expect("open");
        let (mut written, mut between) = (0, 0);
        // So many that the folds are still at them when the cut is taken.
        let write = |written: &mut u64| {
            let events = events(*written, *written + 5_000);
            produce::append(&system, &events, 1_780_000_000_000).expect("appended");
            *written += 5_000;
        };
        write(&mut written);
        let more_and_compare = &mut |_: Progress| {
            if between < 5 {
                write(&mut written);
                assert!(written < 200_000, "no cut met the folds at work");
                let report = compare_cut(&system);
                if let Some(found) = report.difference {
                    panic!("{}: {} is not {}", found.topic, found.published, found.recounted);
                }
                between += u64::from(report.behind > 0 && report.messages > 0);
            }
        };
        system.settle(more_and_compare).expect("folded");
        let report = compare_cut(&system);
        assert!(between > 0, "no cut met the folds at work");
        assert_eq!((report.events, report.messages, report.behind), (written, written / 2, 0));
        assert_eq!(
            std::fs::read_dir(data.path().join("cuts")).expect("there").count(),
            0,
            "a cut goes with its last use"
        );
    }
}
