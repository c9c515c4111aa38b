//! DESIGN.md section 1, "Counters of a campaign", sentence by sentence.

use domain::{Agent, BounceClass, Counters, Event, Fact, Origin, Outcome, Rank};

use crate::status;

/// Where a message counts, and for how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its campaign; empty for a mail from a client's file and while nothing names one.
    pub campaign: String,
    /// Its numbers.
    pub counters: Counters,
}

/// The share of live events; `None` when there are none.
pub(crate) fn share(live: &[&Event]) -> Option<Share> {
    live.first()?;
    let campaign = said(live, |event| event.attribution.campaign.clone()).unwrap_or_default();
    if said(live, |event| event.attribution.origin) == Some(Origin::ClientFile) {
        let counters = Counters { client_file: 1, ..Counters::default() };
        return Some(Share { campaign: String::new(), counters });
    }
    if said(live, |event| event.attribution.copy) == Some(true) {
        return Some(Share { campaign, counters: Counters { copies: 1, ..Counters::default() } });
    }
    Some(Share { campaign, counters: counters(live) })
}

/// The first word on something: the source's rank decides, then (time, id).
pub(crate) fn said<T>(live: &[&Event], part: impl Fn(&Event) -> Option<T>) -> Option<T> {
    [Rank::Send, Rank::CustomData, Rank::Tags]
        .into_iter()
        .find_map(|rank| live.iter().filter(|event| event.rank == rank).find_map(|event| part(event)))
}

fn counters(live: &[&Event]) -> Counters {
    let verdict = status::verdict(live);
    let mut one = Counters::default();
    if let Outcome::Withheld(reason) = verdict.outcome {
        one.not_sent = 1;
        one.not_sent_by.insert(reason, 1);
        return one;
    }
    one.sent = 1;
    one.by_status.insert(verdict.status, 1);
    let count = |is: &dyn Fn(&Fact) -> bool| live.iter().filter(|event| is(&event.fact)).count() as u64;
    one.machine_opens = count(&|fact| *fact == Fact::Opened(Agent::Machine));
    one.opens = count(&|fact| matches!(fact, Fact::Opened(agent) if *agent != Agent::Machine));
    one.machine_clicks = count(&|fact| matches!(fact, Fact::Clicked { agent: Agent::Machine, .. }));
    one.clicks = count(&|fact| matches!(fact, Fact::Clicked { agent, .. } if *agent != Agent::Machine));
    one.spam = count(&|fact| *fact == Fact::Complained).min(1);
    one.unsubscribed_ever = count(&|fact| matches!(fact, Fact::Unsubscribed { .. })).min(1);
    one.unsubscribed = u64::from(status::holds(live));
    one.without_send = u64::from(live.iter().all(|event| event.rank != Rank::Send));
    match verdict.outcome {
        Outcome::Delivered => {
            one.delivered = 1;
            one.delivered_inferred = u64::from(count(&|fact| *fact == Fact::Delivered) == 0);
            one.clicked = one.clicks.min(1);
            one.opened = (one.opens + one.clicks).min(1);
            one.opened_inferred = u64::from(one.opened == 1 && one.opens == 0);
            one.clicked_with_machine = (one.clicks + one.machine_clicks).min(1);
            one.opened_with_machine = (one.opens + one.machine_opens + one.clicks + one.machine_clicks).min(1);
        }
        Outcome::Bounced(class) => {
            one.bounced = 1;
            let of = |wanted| u64::from(class == wanted);
            one.bounced_hard = of(BounceClass::Hard);
            one.bounced_soft = of(BounceClass::Soft);
            one.blocked = of(BounceClass::Block);
            one.bounced_undetermined = of(BounceClass::Undetermined);
        }
        Outcome::Dropped(reason) => {
            one.dropped = 1;
            one.dropped_by.insert(reason, 1);
        }
        Outcome::Pending | Outcome::Withheld(_) => one.pending = 1,
    }
    one.blocked_spam = (one.blocked + one.spam).min(1);
    one
}
