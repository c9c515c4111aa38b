//! The peer's status machine: what a careful hand would keep of a message in columns, so that every counter compared is
//! exact whatever the order, and duplicates change nothing. Written apart from `domain`, from DESIGN.md section 1.

use domain::{Agent, BounceClass, Event, Fact};

/// The counters that both sides keep and that are compared, in the order of [`Share`].
pub const COUNTERS: [&str; 18] = [
    "sent",
    "pending",
    "delivered",
    "bounced",
    "bounced_hard",
    "bounced_soft",
    "blocked",
    "bounced_undetermined",
    "dropped",
    "opened",
    "clicked",
    "opens",
    "clicks",
    "machine_opens",
    "machine_clicks",
    "spam",
    "blocked_spam",
    "unsubscribed",
];

/// One message's share of each of [`COUNTERS`].
pub type Share = [i64; COUNTERS.len()];

/// One message. Times are microseconds, 0 for never.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The campaign that the first event named.
    pub campaign: String,
    /// Ids of all events, for duplicates.
    pub seen: Vec<u8>,
    /// The last Delivered.
    pub delivered: i64,
    /// The last hard or asynchronous bounce, and its class.
    pub strong: (i64, i64),
    /// The last bounce, and its class.
    pub bounce: (i64, i64),
    /// The last deed: a human click, a complaint, an unsubscribe.
    pub deed: i64,
    /// An unsubscribe came; nothing lifts it here.
    pub unsubscribed: bool,
    /// Distinct opens and clicks by people, opens and clicks by machines.
    pub engagements: [i64; 4],
    /// A complaint came.
    pub complained: bool,
    /// A drop came.
    pub dropped: bool,
}

impl Row {
    /// Adds an event; false when it is there already.
    pub fn fold(&mut self, event: &Event) -> bool {
        if self.seen.chunks_exact(16).any(|id| *id == event.id.0) {
            return false;
        }
        self.seen.extend_from_slice(&event.id.0);
        if let (true, Some(campaign)) = (self.campaign.is_empty(), &event.attribution.campaign) {
            self.campaign.clone_from(campaign);
        }
        self.fact(&event.fact, event.time.micros());
        true
    }

    fn fact(&mut self, fact: &Fact, at: i64) {
        let [opens, clicks, machine_opens, machine_clicks] = &mut self.engagements;
        match fact {
            Fact::Delivered => self.delivered = self.delivered.max(at),
            Fact::Bounced { class, asynchronous, .. } => {
                let said = (at, code(*class));
                self.bounce = self.bounce.max(said);
                if *asynchronous || *class == BounceClass::Hard {
                    self.strong = self.strong.max(said);
                }
            }
            Fact::Dropped(_) => self.dropped = true,
            Fact::Opened(Agent::Machine) => *machine_opens += 1,
            Fact::Opened(_) => *opens += 1,
            Fact::Clicked { agent: Agent::Machine, .. } => *machine_clicks += 1,
            Fact::Clicked { agent, .. } => {
                *clicks += 1;
                if *agent == Agent::Human {
                    self.deed = self.deed.max(at);
                }
            }
            Fact::Complained => {
                self.complained = true;
                self.deed = self.deed.max(at);
            }
            Fact::Unsubscribed { .. } => {
                self.unsubscribed = true;
                self.deed = self.deed.max(at);
            }
            Fact::Sent | Fact::Queued | Fact::Deferred { .. } | Fact::Withheld(_) | Fact::Resubscribed { .. } => {}
        }
    }

    /// What it adds to its campaign; nothing before its first event.
    pub fn share(&self) -> Share {
        if self.seen.is_empty() {
            return Share::default();
        }
        let [opens, clicks, machine_opens, machine_clicks] = self.engagements;
        let engaged = opens + clicks > 0 || self.deed > 0;
        let bounce = self.final_bounce(engaged);
        let reached = self.delivered > 0 || engaged || machine_opens + machine_clicks > 0;
        let delivered = bounce.is_none() && reached;
        let dropped = bounce.is_none() && !reached && self.dropped;
        let clicked = delivered && clicks > 0;
        let of_class = |class| i64::from(bounce == Some(class));
        let one = i64::from;
        [
            1,
            one(bounce.is_none() && !reached && !dropped),
            one(delivered),
            one(bounce.is_some()),
            of_class(code(BounceClass::Hard)),
            of_class(code(BounceClass::Soft)),
            of_class(code(BounceClass::Block)),
            of_class(code(BounceClass::Undetermined)),
            one(dropped),
            one(clicked || (delivered && opens > 0)),
            one(clicked),
            opens,
            clicks,
            machine_opens,
            machine_clicks,
            one(self.complained),
            one(self.complained || bounce == Some(code(BounceClass::Block))),
            one(self.unsubscribed),
        ]
    }

    fn final_bounce(&self, engaged: bool) -> Option<i64> {
        if engaged && self.delivered > 0 {
            return None;
        }
        if self.strong.0 > 0 {
            return Some(self.strong.1);
        }
        let (at, class) = self.bounce;
        (at > 0 && at > self.delivered && self.deed <= at).then_some(class)
    }
}

const fn code(class: BounceClass) -> i64 {
    match class {
        BounceClass::Hard => 1,
        BounceClass::Soft => 2,
        BounceClass::Block => 3,
        BounceClass::Undetermined => 4,
    }
}
