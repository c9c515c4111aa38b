//! What a message's facts amount to: outcome and status, pure functions of the set (DESIGN.md section 1).

use crate::entry::Entry;
use crate::{Agent, BounceClass, DropReason, Fact, Message, Scope, Time, WithheldReason};

/// What became of a message; the counters partition Sent by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Nothing final is known; Queued and Deferred are shades of it.
    Pending,
    /// The receiving server has it, said or inferred.
    Delivered,
    /// Refused for good, and nothing that people did says otherwise.
    Bounced(BounceClass),
    /// Nobody tried.
    Dropped(DropReason),
    /// The platform did not send: outside Sent.
    Withheld(WithheldReason),
}

/// The one word shown in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Nothing final is known.
    Sent,
    /// The outcome.
    Delivered,
    /// A person opened it.
    Open,
    /// A person clicked in it.
    Click,
    /// The outcome.
    Bounce,
    /// The outcome.
    Dropped,
    /// A person reported it.
    Spam,
    /// An unsubscribe made from it holds.
    Unsubscribed,
    /// The platform did not send.
    Withheld,
}

impl Status {
    /// Every status, in the order of `proto/`.
    pub const ALL: [Self; 9] = [
        Self::Sent,
        Self::Delivered,
        Self::Open,
        Self::Click,
        Self::Bounce,
        Self::Dropped,
        Self::Spam,
        Self::Unsubscribed,
        Self::Withheld,
    ];

    /// The status as a word, as `proto/` spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Open => "open",
            Self::Click => "click",
            Self::Bounce => "bounce",
            Self::Dropped => "dropped",
            Self::Spam => "spam",
            Self::Unsubscribed => "unsubscribed",
            Self::Withheld => "withheld",
        }
    }
}

/// Outcome, status and the 0/1 functions that the counters add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What the counters partition by.
    pub outcome: Outcome,
    /// What the row shows.
    pub status: Status,
    /// Delivered without a Delivered: an engagement or a machine proves it.
    pub inferred: bool,
    /// Outcome Delivered, and a person opened or clicked.
    pub opened: bool,
    /// Outcome Delivered, and a person clicked.
    pub clicked: bool,
    /// A person reported it.
    pub complained: bool,
    /// An unsubscribe made from it holds.
    pub unsubscribed: bool,
}

/// What the rules ask of the facts, of those that happened until a time.
struct Facts<'a> {
    message: &'a Message,
    until: Time,
}

impl Message {
    /// What the facts amount to.
    pub fn standing(&self) -> Standing {
        self.standing_at(Time::LATEST)
    }

    /// What the facts that happened until `until` (inclusive) amount to: the answer then, known what is known now.
    pub fn standing_at(&self, until: Time) -> Standing {
        Facts { message: self, until }.standing()
    }

    /// When the present status began: the earliest fact since which the status, by event time, has been what it is. The
    /// first open for Open, the lift for what a resubscribe laid bare again. `None` for a message without a fact.
    pub fn status_since(&self) -> Option<Time> {
        let present = self.standing().status;
        let mut since = self.live().next_back()?.time;
        for entry in self.live().rev() {
            if entry.time == since {
                continue;
            }
            if self.standing_at(entry.time).status != present {
                break;
            }
            since = entry.time;
        }
        Some(since)
    }
}

impl Facts<'_> {
    fn standing(&self) -> Standing {
        let outcome = self.outcome();
        let delivered = outcome == Outcome::Delivered;
        let clicked = delivered && self.any(|fact| is_click(fact, Agent::Machine, false));
        let opened = clicked || (delivered && self.any(is_person_open));
        let complained = self.any(|fact| *fact == Fact::Complained);
        let unsubscribed = self.unsubscribe_holds();
        let status = match outcome {
            _ if complained => Status::Spam,
            _ if unsubscribed => Status::Unsubscribed,
            _ if clicked => Status::Click,
            _ if opened => Status::Open,
            Outcome::Bounced(_) => Status::Bounce,
            Outcome::Delivered => Status::Delivered,
            Outcome::Dropped(_) => Status::Dropped,
            Outcome::Pending => Status::Sent,
            Outcome::Withheld(_) => Status::Withheld,
        };
        let inferred = delivered && !self.any(|fact| *fact == Fact::Delivered);
        Standing { outcome, status, inferred, opened, clicked, complained, unsubscribed }
    }

    fn live(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.message.live().filter(|entry| entry.time <= self.until)
    }

    fn any(&self, mut is: impl FnMut(&Fact) -> bool) -> bool {
        self.live().any(|entry| is(&entry.fact))
    }

    fn last(&self, mut is: impl FnMut(&Fact) -> bool) -> Option<&Entry> {
        self.live().rfind(|entry| is(&entry.fact))
    }

    fn outcome(&self) -> Outcome {
        if let Some(class) = self.final_bounce() {
            return Outcome::Bounced(class);
        }
        let reached = |fact: &Fact| matches!(fact, Fact::Delivered | Fact::Opened(_) | Fact::Clicked { .. });
        if self.any(reached) || self.any(is_person_engagement) {
            return Outcome::Delivered;
        }
        // Of several drops the first by (time, id) says why.
        let dropped = self.live().find_map(|entry| match &entry.fact {
            Fact::Dropped(drop) => Some(drop.reason),
            _ => None,
        });
        if let Some(reason) = dropped {
            return Outcome::Dropped(reason);
        }
        let mut withheld = None;
        for entry in self.live() {
            match entry.fact {
                Fact::Withheld(reason) => withheld = withheld.or(Some(reason)),
                _ => return Outcome::Pending,
            }
        }
        withheld.map_or(Outcome::Pending, Outcome::Withheld)
    }

    /// The class of a bounce that is final and not defeated.
    fn final_bounce(&self) -> Option<BounceClass> {
        let delivered = self.last(|fact| *fact == Fact::Delivered).map(|entry| entry.time);
        let engaged = self.any(is_person_engagement);
        if engaged && delivered.is_some() {
            return None;
        }
        if let Some(strong) = self.last(is_strong) {
            return class_of(&strong.fact);
        }
        let weak = self.last(|fact| class_of(fact).is_some())?;
        let is_final = delivered.is_none_or(|delivered| weak.time > delivered);
        let said_otherwise = self.last(is_deed).is_some_and(|deed| deed.time > weak.time);
        if is_final && !said_otherwise { class_of(&weak.fact) } else { None }
    }

    /// Per scope, the unsubscribe holds when it is later than every resubscribe; one for the whole organisation lifts
    /// every scope. A tie is unsubscribed.
    fn unsubscribe_holds(&self) -> bool {
        self.live().any(|entry| match &entry.fact {
            Fact::Unsubscribed { scope, .. } => !self.is_lifted(scope, entry.time),
            _ => false,
        })
    }

    fn is_lifted(&self, scope: &Scope, since: Time) -> bool {
        self.live().any(|entry| match &entry.fact {
            Fact::Resubscribed { scope: lifted, .. } => {
                (lifted == scope || *lifted == Scope::Organisation) && entry.time > since
            }
            _ => false,
        })
    }
}

/// The class of a bounce.
fn class_of(fact: &Fact) -> Option<BounceClass> {
    match fact {
        Fact::Bounced { class, .. } => Some(*class),
        _ => None,
    }
}

fn is_strong(fact: &Fact) -> bool {
    matches!(fact, Fact::Bounced { class: BounceClass::Hard, .. } | Fact::Bounced { asynchronous: true, .. })
}

fn is_person_open(fact: &Fact) -> bool {
    matches!(fact, Fact::Opened(Agent::Human | Agent::Unknown))
}

/// Whether a click is by `agent`, or by anybody but `agent`.
fn is_click(fact: &Fact, by: Agent, wanted: bool) -> bool {
    matches!(fact, Fact::Clicked { agent, .. } if (*agent == by) == wanted)
}

/// A human click, a complaint or an unsubscribe: what nobody does with a mail that they did not get.
fn is_deed(fact: &Fact) -> bool {
    is_click(fact, Agent::Human, true)
        || matches!(fact, Fact::Complained | Fact::Unsubscribed { from_register: false, .. })
}

fn is_person_engagement(fact: &Fact) -> bool {
    is_person_open(fact) || is_click(fact, Agent::Machine, false) || is_deed(fact)
}
