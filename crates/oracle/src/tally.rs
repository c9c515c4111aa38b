//! Each campaign's numbers at the point that the events have reached.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Counters, Event, Fact, Time};

use crate::{Name, Recount, campaigns, live};

/// Campaigns that sends of one message may name before a row forgets the first send of one of them.
const CAMPAIGNS_KEPT: usize = 8;

/// A campaign's numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The sum of its messages' shares.
    pub counters: Counters,
    /// The earliest of the sends that ever named it; retracted ones too.
    pub first_sent: Option<Time>,
    /// A message's sends name more campaigns than its row keeps: what is published may be later than `first_sent`.
    pub first_sent_bounded: bool,
}

impl Tally {
    /// Adds the tally of other messages.
    pub fn add(&mut self, other: &Self) {
        self.counters.add(&other.counters);
        self.sent(other.first_sent, other.first_sent_bounded);
    }

    fn sent(&mut self, first: Option<Time>, bounded: bool) {
        self.first_sent = [self.first_sent, first].into_iter().flatten().min();
        self.first_sent_bounded |= bounded;
    }
}

impl Recount {
    /// Each campaign's numbers as of the events taken so far, by (organisation, campaign). Costs a recount of the messages
    /// that have got events since the last call, from all of their events.
    pub fn tallies(&mut self) -> &BTreeMap<Name, Tally> {
        for name in std::mem::take(&mut self.behind) {
            let Some(held) = self.messages.get_mut(&name) else { continue };
            let before = held.events.get(..held.tallied).unwrap_or_default();
            let (less, more) = (campaigns::share(&live(before)), campaigns::share(&live(&held.events)));
            let mut change = |campaign: String, change: &dyn Fn(&mut Tally)| {
                change(self.tallies.entry((name.0.clone(), campaign)).or_default());
            };
            if let Some(less) = less {
                change(less.campaign, &|tally| tally.counters.subtract(&less.counters));
            }
            if let Some(more) = more {
                change(more.campaign, &|tally| tally.counters.add(&more.counters));
            }
            let sends = sends(&held.events);
            let bounded = sends.iter().map(|(campaign, _)| campaign).collect::<BTreeSet<_>>().len() > CAMPAIGNS_KEPT;
            sends.into_iter().for_each(|(campaign, time)| change(campaign, &|tally| tally.sent(Some(time), bounded)));
            held.tallied = held.events.len();
        }
        &self.tallies
    }
}

fn sends(events: &[Event]) -> Vec<(String, Time)> {
    let sends = events.iter().filter(|event| event.fact == Fact::Sent);
    sends.filter_map(|event| Some((event.attribution.campaign.clone()?, event.time))).collect()
}
