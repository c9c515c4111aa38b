//! Everything that readers see of one message.

use domain::{Attribution, Event, Fact, Outcome, Time};

use crate::campaigns::said;
use crate::{Name, Recount, Verdict, live, status};

/// A message's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Outcome and status.
    pub verdict: Verdict,
    /// Since when, by event time, the status has been what it is.
    pub since: Time,
    /// Delivered without a Delivered.
    pub inferred: bool,
    /// What its events say of it, each part by itself.
    pub attribution: Attribution,
}

impl Recount {
    /// The row of a message; `None` when no fact counts.
    pub fn row(&self, name: &Name) -> Option<Row> {
        let live = live(&self.messages.get(name)?.events);
        let last = live.last()?.time;
        let verdict = status::verdict(&live);
        let delivered = live.iter().any(|event| event.fact == Fact::Delivered);
        let inferred = verdict.outcome == Outcome::Delivered && !delivered;
        Some(Row { verdict, since: since(&live, last, verdict), inferred, attribution: attribution(&live) })
    }
}

/// The earliest instant since which the facts that had happened amounted to this status, at every instant.
fn since(live: &[&Event], last: Time, verdict: Verdict) -> Time {
    let mut since = last;
    for event in live.iter().rev() {
        let then: Vec<&Event> = live.iter().copied().filter(|other| other.time <= event.time).collect();
        if status::verdict(&then).status != verdict.status {
            break;
        }
        since = event.time;
    }
    since
}

fn attribution(live: &[&Event]) -> Attribution {
    Attribution {
        campaign: said(live, |event| event.attribution.campaign.clone()),
        client: said(live, |event| event.attribution.client.clone()),
        address: said(live, |event| event.attribution.address),
        class: said(live, |event| event.attribution.class),
        copy: said(live, |event| event.attribution.copy),
        origin: said(live, |event| event.attribution.origin),
    }
}
