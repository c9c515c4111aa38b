//! DESIGN.md section 1, "Status of a message", sentence by sentence.

use domain::{Agent, BounceClass, Event, Fact, Outcome, Scope, Status, Time};

/// What a message's facts amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What the counters partition by.
    pub outcome: Outcome,
    /// The one word of a row.
    pub status: Status,
}

/// The verdict of live events in the order of (time, id).
pub(crate) fn verdict(live: &[&Event]) -> Verdict {
    let outcome = outcome(live);
    let delivered = outcome == Outcome::Delivered;
    let status = if live.iter().any(|event| event.fact == Fact::Complained) {
        Status::Spam
    } else if holds(live) {
        Status::Unsubscribed
    } else if delivered && live.iter().any(|event| by_person(event) && is_click(event)) {
        Status::Click
    } else if delivered && live.iter().any(|event| by_person(event)) {
        Status::Open
    } else {
        match outcome {
            Outcome::Bounced(_) => Status::Bounce,
            Outcome::Delivered => Status::Delivered,
            Outcome::Dropped(_) => Status::Dropped,
            Outcome::Withheld(_) => Status::Withheld,
            Outcome::Pending => Status::Sent,
        }
    };
    Verdict { outcome, status }
}

fn outcome(live: &[&Event]) -> Outcome {
    if let Some(class) = bounced(live) {
        return Outcome::Bounced(class);
    }
    let proves_delivery = |event: &&&Event| {
        matches!(event.fact, Fact::Delivered | Fact::Opened(_) | Fact::Clicked { .. }) || is_engagement(event)
    };
    if live.iter().any(|event| proves_delivery(&event)) {
        return Outcome::Delivered;
    }
    for event in live {
        if let Fact::Dropped(drop) = &event.fact {
            return Outcome::Dropped(drop.reason);
        }
    }
    // A withheld row is one that nothing else was ever said of.
    match live.first().map(|event| &event.fact) {
        Some(Fact::Withheld(reason)) if live.iter().all(|event| matches!(event.fact, Fact::Withheld(_))) => {
            Outcome::Withheld(*reason)
        }
        _ => Outcome::Pending,
    }
}

/// `final and not defeated`.
fn bounced(live: &[&Event]) -> Option<BounceClass> {
    let delivered: Vec<Time> = times(live, |event| event.fact == Fact::Delivered);
    let engaged = live.iter().any(|event| is_engagement(event));
    if engaged && !delivered.is_empty() {
        return None;
    }
    if let Some(strong) = live.iter().rev().find(|event| is_strong(event)) {
        return class(strong);
    }
    let weak = live.iter().rev().find(|event| class(event).is_some())?;
    let is_final = delivered.iter().all(|delivered| weak.time > *delivered);
    let deeds = times(live, is_deed);
    let defeated = deeds.iter().any(|deed| *deed > weak.time);
    if is_final && !defeated { class(weak) } else { None }
}

fn times(live: &[&Event], is: impl Fn(&Event) -> bool) -> Vec<Time> {
    live.iter().filter(|event| is(event)).map(|event| event.time).collect()
}

fn class(event: &Event) -> Option<BounceClass> {
    if let Fact::Bounced { class, .. } = event.fact { Some(class) } else { None }
}

fn is_strong(event: &Event) -> bool {
    matches!(event.fact, Fact::Bounced { class, asynchronous, .. } if class == BounceClass::Hard || asynchronous)
}

fn is_click(event: &Event) -> bool {
    matches!(event.fact, Fact::Clicked { .. })
}

/// An open or a click that no machine is known to have made.
pub(crate) fn by_person(event: &Event) -> bool {
    let (Fact::Opened(agent) | Fact::Clicked { agent, .. }) = event.fact else { return false };
    agent != Agent::Machine
}

/// What only a person does.
fn is_deed(event: &Event) -> bool {
    matches!(
        event.fact,
        Fact::Clicked { agent: Agent::Human, .. } | Fact::Complained | Fact::Unsubscribed { from_register: false, .. }
    )
}

fn is_engagement(event: &Event) -> bool {
    by_person(event) || is_deed(event)
}

/// Whether an unsubscribe is later than every resubscribe of its scope or of everything.
pub(crate) fn holds(live: &[&Event]) -> bool {
    live.iter().any(|event| {
        let Fact::Unsubscribed { scope, .. } = &event.fact else { return false };
        live.iter().all(|other| match &other.fact {
            Fact::Resubscribed { scope: lifted, .. } if lifted == scope || *lifted == Scope::Organisation => {
                other.time <= event.time
            }
            _ => true,
        })
    })
}
