//! What a message's row stands for: the lists that it is in, and what it adds to its campaign's numbers, instants, links
//! and providers. A pure function of the row.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use contract::proto::message::v1::MessageState;
use domain::{Agent, Contribution, Entry, Fact, Message, Time};

use crate::sums::{Sums, link, moment};
use crate::tile::Tile;
use crate::{key, line};

/// Where a message's row stands.
#[derive(Default)]
pub(crate) struct Stands {
    pub(crate) share: Option<Contribution>,
    pub(crate) client: String,
    /// What its list has of the row.
    pub(crate) shown: Bytes,
    /// The provider that first spoke of it; empty while none did.
    pub(crate) provider: String,
    pub(crate) first: Option<Time>,
    /// By quarter of an hour.
    pub(crate) moments: BTreeMap<u64, Sums>,
    pub(crate) links: BTreeMap<String, Sums>,
}

impl Stands {
    pub(crate) fn of(row: &Bytes) -> Option<Self> {
        let row: MessageState = contract::decode_shared("MessageState", row).ok()?;
        let (client, shown) = (row.client.clone(), line::shown(&row));
        let message = contract::message::from_wire(row).ok()?;
        let provider = message.live().find(|entry| !entry.provider.is_empty());
        let mut stands = Self {
            share: Contribution::of(&message),
            client,
            shown,
            provider: provider.map(|entry| entry.provider.to_string()).unwrap_or_default(),
            first: first(&message),
            ..Self::default()
        };
        if stands.counted().is_some() {
            stands.moments(&message);
            stands.links(&message);
        }
        Some(stands)
    }

    /// Its share, where it counts for a campaign.
    pub(crate) fn counted(&self) -> Option<&Contribution> {
        self.share.as_ref().filter(|share| !share.campaign.is_empty() && share.counters.sent > 0)
    }

    /// The key of its line, where it is of a campaign.
    pub(crate) fn line(&self, organisation: &str, id: &str) -> Option<Bytes> {
        let share = self.share.as_ref().filter(|share| !share.campaign.is_empty())?;
        let home = Tile::of(share).find(|tile| tile.home() == *tile)?;
        Some(key::recipient(organisation, &share.campaign, home, id))
    }

    /// The keys of its lists.
    pub(crate) fn lists<'a>(&'a self, organisation: &'a str, id: &'a str) -> impl Iterator<Item = Bytes> + 'a {
        let in_campaign = self.share.iter().filter(|share| !share.campaign.is_empty());
        let tiles = in_campaign.flat_map(move |share| {
            let of_client =
                (!self.client.is_empty()).then(|| key::of_client(organisation, &share.campaign, &self.client, id));
            let tiles = Tile::of(share).map(move |tile| key::recipient(organisation, &share.campaign, tile, id));
            tiles.chain(of_client)
        });
        let mailed = self.first.filter(|_| !self.client.is_empty());
        tiles.chain(mailed.map(|first| key::mailed(organisation, &self.client, first, id)))
    }

    fn moments(&mut self, message: &Message) {
        let Some(share) = self.share.as_ref().map(|share| share.counters.clone()) else { return };
        let Some(begins) = self.first else { return };
        let earliest = |is: fn(&Entry) -> bool| message.live().find(|entry| is(entry)).map(|entry| entry.time);
        let engaged = earliest(|entry| opens(entry) || clicks(entry));
        let once = [
            (moment::SENT, share.sent, Some(begins)),
            (moment::DELIVERED, share.delivered, earliest(|entry| entry.fact == Fact::Delivered).or(engaged)),
            (moment::OPENED, share.opened, engaged),
            (moment::CLICKED, share.clicked, earliest(clicks)),
        ];
        for (place, _, at) in once.into_iter().filter(|(_, counts, _)| *counts > 0) {
            self.moments.entry(key::quarter(at.unwrap_or(begins))).or_default().count(place);
        }
        for entry in message.live() {
            let place = if opens(entry) { Some(moment::OPENS) } else { clicks(entry).then_some(moment::CLICKS) };
            if let Some(place) = place {
                self.moments.entry(key::quarter(entry.time)).or_default().count(place);
            }
        }
    }

    fn links(&mut self, message: &Message) {
        let counts = self.share.as_ref().is_some_and(|share| share.counters.clicked > 0);
        let mut once = BTreeSet::new();
        for entry in message.live() {
            let Fact::Clicked { agent, link: template } = &entry.fact else { continue };
            let sums = self.links.entry(template.clone()).or_default();
            match agent {
                Agent::Machine => sums.count(link::MACHINE_CLICKS),
                Agent::Human | Agent::Unknown => {
                    sums.count(link::CLICKS);
                    if counts && once.insert(template.as_str()) {
                        sums.count(link::CLICKED);
                    }
                }
            }
        }
    }
}

/// When the first thing that counts happened to a message.
pub(crate) fn first(message: &Message) -> Option<Time> {
    message.live().next().map(|entry| entry.time)
}

fn opens(entry: &Entry) -> bool {
    matches!(entry.fact, Fact::Opened(Agent::Human | Agent::Unknown))
}

fn clicks(entry: &Entry) -> bool {
    matches!(entry.fact, Fact::Clicked { agent: Agent::Human | Agent::Unknown, .. })
}
