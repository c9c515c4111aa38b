//! A campaign's numbers: sums over its messages of 0/1 functions of their facts. Exact for ever; they can go down (I3).

use crate::{
    Agent, Beyond, BounceClass, DropReason, Fact, Message, Origin, Outcome, Status, Tally, Time, WithheldReason,
};

macro_rules! counters {
    ($($(#[$doc:meta])* $field:ident),+ $(,)?) => {
        /// Numbers of one campaign, or one message's share of them.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[$doc])* pub $field: u64,)+
            /// Dropped, by reason.
            pub dropped_by: Tally<DropReason>,
            /// Withheld, by reason.
            pub not_sent_by: Tally<WithheldReason>,
            /// One word a row: adds up to sent.
            pub by_status: Tally<Status>,
        }

        impl Counters {
            /// Adds another's numbers.
            pub fn add(&mut self, other: &Self) {
                $(self.$field = self.$field.saturating_add(other.$field);)+
                self.dropped_by.add(&other.dropped_by);
                self.not_sent_by.add(&other.not_sent_by);
                self.by_status.add(&other.by_status);
            }

            /// Takes another's numbers, which were added before, away again.
            pub fn subtract(&mut self, other: &Self) {
                $(self.$field = self.$field.saturating_sub(other.$field);)+
                self.dropped_by.subtract(&other.dropped_by);
                self.not_sent_by.subtract(&other.not_sent_by);
                self.by_status.subtract(&other.by_status);
            }
        }
    };
}

counters! {
    /// Messages whose facts name the campaign, withheld ones and copies aside.
    sent,
    /// Outcome Pending.
    pending,
    /// Outcome Delivered.
    delivered,
    /// Of them, those proved by an engagement only.
    delivered_inferred,
    /// Outcome Bounced, of all classes.
    bounced,
    /// Bounced, class hard.
    bounced_hard,
    /// Bounced, class soft.
    bounced_soft,
    /// Bounced, class block.
    blocked,
    /// Bounced, class undetermined.
    bounced_undetermined,
    /// Outcome Dropped.
    dropped,
    /// Delivered, and opened or clicked by a person.
    opened,
    /// Of them, those without an open.
    opened_inferred,
    /// Delivered, and opened or clicked by anybody.
    opened_with_machine,
    /// Delivered, and clicked by a person.
    clicked,
    /// Delivered, and clicked by anybody.
    clicked_with_machine,
    /// Opens by persons: events.
    opens,
    /// Clicks by persons: events.
    clicks,
    /// Opens by machines: events.
    machine_opens,
    /// Clicks by machines: events.
    machine_clicks,
    /// Messages whose totals are lower bounds.
    totals_at_least,
    /// Messages with a complaint.
    spam,
    /// Messages with a complaint or whose outcome is a block bounce, each once.
    blocked_spam,
    /// Messages whose unsubscribe still holds.
    unsubscribed,
    /// Messages from which somebody ever unsubscribed.
    unsubscribed_ever,
    /// Withheld: outside sent.
    not_sent,
    /// Proved by a provider's event only.
    without_send,
    /// Copies to the sender or the organisation: counted in no number above.
    copies,
    /// Mails from a client's file: of the organisation, in no campaign.
    client_file,
}

/// Where a message counts, and for how much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contribution {
    /// The campaign; empty for mails from a client's file, and while no fact names one.
    pub campaign: String,
    /// Its share.
    pub counters: Counters,
}

impl Contribution {
    /// A message's contribution, a pure function of its facts. `None` for a message without a fact.
    pub fn of(message: &Message) -> Option<Self> {
        if message.is_empty() {
            return None;
        }
        if message.said(|said| said.origin) == Some(Origin::ClientFile) {
            let counters = Counters { client_file: 1, ..Counters::default() };
            return Some(Self { campaign: String::new(), counters });
        }
        let campaign = message.said(|said| said.campaign.as_ref()).cloned().unwrap_or_default();
        let counters = match message.said(|said| said.copy) {
            Some(true) => Counters { copies: 1, ..Counters::default() },
            _ => share(message),
        };
        Some(Self { campaign, counters })
    }
}

fn share(message: &Message) -> Counters {
    let standing = message.standing();
    let one = u64::from;
    let mut share = Counters::default();
    if let Outcome::Withheld(reason) = standing.outcome {
        share.not_sent = 1;
        share.not_sent_by.insert(reason, 1);
        return share;
    }
    share.sent = 1;
    share.by_status.insert(standing.status, 1);
    share.spam = one(standing.complained);
    share.unsubscribed = one(standing.unsubscribed);
    share.opened = one(standing.opened);
    share.clicked = one(standing.clicked);
    share.delivered_inferred = one(standing.inferred);
    outcome(&mut share, standing.outcome);
    share.blocked_spam = one(share.spam + share.blocked > 0);
    engagements(&mut share, message, standing.outcome == Outcome::Delivered);
    share.totals_at_least = one(message.beyond().any(Beyond::TOTALS));
    share.without_send = one(!message.live().any(|entry| entry.rank == crate::Rank::Send));
    share.unsubscribed_ever = one(message.live().any(|entry| matches!(entry.fact, Fact::Unsubscribed { .. })));
    share
}

fn outcome(share: &mut Counters, outcome: Outcome) {
    match outcome {
        Outcome::Pending => share.pending = 1,
        Outcome::Delivered => share.delivered = 1,
        Outcome::Bounced(class) => {
            share.bounced = 1;
            match class {
                BounceClass::Hard => share.bounced_hard = 1,
                BounceClass::Soft => share.bounced_soft = 1,
                BounceClass::Block => share.blocked = 1,
                BounceClass::Undetermined => share.bounced_undetermined = 1,
            }
        }
        Outcome::Dropped(reason) => {
            share.dropped = 1;
            share.dropped_by.insert(reason, 1);
        }
        Outcome::Withheld(_) => {}
    }
}

fn engagements(share: &mut Counters, message: &Message, delivered: bool) {
    for entry in message.live() {
        match &entry.fact {
            Fact::Opened(Agent::Machine) => share.machine_opens += 1,
            Fact::Opened(_) => share.opens += 1,
            Fact::Clicked { agent: Agent::Machine, .. } => share.machine_clicks += 1,
            Fact::Clicked { .. } => share.clicks += 1,
            _ => {}
        }
    }
    if delivered {
        share.opened_inferred = u64::from(share.opened == 1 && share.opens == 0);
        share.clicked_with_machine = u64::from(share.clicks + share.machine_clicks > 0);
        let any = share.opens + share.machine_opens + share.clicks + share.machine_clicks > 0;
        share.opened_with_machine = u64::from(any);
    }
}

impl Counters {
    /// Every invariant that does not hold, with its figures; empty when the numbers explain themselves.
    pub fn violations(&self) -> Vec<String> {
        let mut found = Vec::new();
        let parts = self.pending + self.delivered + self.bounced + self.dropped;
        if self.sent != parts {
            found.push(format!("sent {} is not pending + delivered + bounced + dropped {parts}", self.sent));
        }
        if !(self.clicked <= self.opened && self.opened <= self.delivered) {
            let (clicked, opened, delivered) = (self.clicked, self.opened, self.delivered);
            found.push(format!("not clicked {clicked} <= opened {opened} <= delivered {delivered}"));
        }
        let words: u64 = self.by_status.sum();
        if words != self.sent {
            found.push(format!("rows by status {words} do not add up to sent {}", self.sent));
        }
        found
    }
}

impl Message {
    /// The earliest send naming each campaign, and only sends: what a campaign's creation falls back to.
    pub fn first_sent(&self, campaign: &str) -> Option<Time> {
        self.sends().filter(|(named, _)| *named == campaign).map(|(_, time)| time).min()
    }
}
