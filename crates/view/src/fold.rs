//! What published rows do to the view: the row itself, the lists that it stands in, and its share of its campaign's recount,
//! in one batch, so that a number and its list never disagree. Pure: reads through [`Rows`].

use std::collections::BTreeMap;

use bytes::Bytes;
use contract::proto::campaign::v1::{CampaignStats, Counters as WireCounters};
use contract::proto::message::v1::MessageState;
use contract::topic::Topic;
use contract::{Proto as _, counters, header};
use domain::{Contribution, Counters, Message, Time};
use engine::Stored;

use crate::key;
use crate::tile::Tile;

/// What is in the store before a batch.
pub(crate) trait Rows {
    /// Why it cannot be read.
    type Error;
    /// A row.
    fn get(&self, key: &Bytes) -> Result<Option<Bytes>, Self::Error>;
}

/// Rows over those of a store: what a batch has written so far.
pub(crate) struct Batch<'a, R> {
    under: &'a R,
    writes: BTreeMap<Bytes, Option<Bytes>>,
}

impl<'a, R: Rows> Batch<'a, R> {
    pub(crate) fn over(under: &'a R) -> Self {
        Self { under, writes: BTreeMap::new() }
    }

    /// What is to be written, by key.
    pub(crate) fn into_writes(self) -> Vec<(Bytes, Option<Bytes>)> {
        self.writes.into_iter().collect()
    }

    fn get(&self, key: &Bytes) -> Result<Option<Bytes>, R::Error> {
        self.writes.get(key).map_or_else(|| self.under.get(key), |row| Ok(row.clone()))
    }

    fn put(&mut self, key: Bytes, row: Option<Bytes>) {
        self.writes.insert(key, row);
    }

    /// Takes a published row in.
    pub(crate) fn take(&mut self, topic: Topic, stored: &Stored) -> Result<(), R::Error> {
        let Some(own) = &stored.record.key else { return Ok(()) };
        let key = key::row(topic, own);
        let (before, after) = (self.get(&key)?, stored.record.value.clone());
        match topic {
            Topic::CampaignStats => self.campaign(own, before.as_ref(), after.as_ref()),
            Topic::MessageStatus => self.message(own, before.as_ref(), after.as_ref())?,
            _ => {}
        }
        self.put(key, after);
        self.advance(as_of(stored))
    }

    /// The view is up to here.
    pub(crate) fn stands_at(&mut self, topic: Topic, partition: u32, next: u64) {
        self.put(key::position(topic, partition), Some(Bytes::copy_from_slice(&next.to_be_bytes())));
    }

    fn advance(&mut self, as_of: i64) -> Result<(), R::Error> {
        let key = Bytes::from_static(key::AS_OF);
        if self.get(&key)?.map_or(i64::MIN, |known| micros(&known)) < as_of {
            self.put(key, Some(Bytes::copy_from_slice(&as_of.to_be_bytes())));
        }
        Ok(())
    }

    fn campaign(&mut self, own: &[u8], before: Option<&Bytes>, after: Option<&Bytes>) {
        let Some([organisation, campaign]) = contract::key::strings::<2>(own) else { return };
        if campaign.is_empty() {
            return;
        }
        let place = |row: &Bytes| key::listed(organisation, created(&stats(row)), campaign);
        let (was, is) = (before.map(place), after.map(place));
        if was != is {
            was.into_iter().for_each(|key| self.put(key, None));
            is.into_iter().for_each(|key| self.put(key, Some(Bytes::new())));
        }
    }

    fn message(&mut self, own: &[u8], before: Option<&Bytes>, after: Option<&Bytes>) -> Result<(), R::Error> {
        let Some([organisation, id]) = contract::key::strings::<2>(own) else { return Ok(()) };
        let (was, is) = (before.and_then(Stands::of), after.and_then(Stands::of));
        for (stands, there) in [(&was, false), (&is, true)] {
            let Some(stands) = stands else { continue };
            let row = there.then(Bytes::new);
            stands.lists(organisation, id).for_each(|key| self.put(key, row.clone()));
        }
        // More first: what is taken away is there.
        if let Some(share) = is.and_then(|stands| stands.share) {
            self.count(organisation, &share, Counters::add)?;
        }
        if let Some(share) = was.and_then(|stands| stands.share) {
            self.count(organisation, &share, Counters::subtract)?;
        }
        Ok(())
    }

    fn count(
        &mut self,
        organisation: &str,
        share: &Contribution,
        change: impl Fn(&mut Counters, &Counters),
    ) -> Result<(), R::Error> {
        let key = key::counters(organisation, &share.campaign);
        let mut sum = self.get(&key)?.map(|row| counted(&row)).unwrap_or_default();
        change(&mut sum, &share.counters);
        self.put(key, Some(counters::to_wire(&sum).encode_to_vec().into()));
        Ok(())
    }
}

/// Where a message's row stands.
struct Stands {
    share: Option<Contribution>,
    client: String,
    first: Option<Time>,
}

impl Stands {
    fn of(row: &Bytes) -> Option<Self> {
        let row: MessageState = contract::decode_shared("MessageState", row).ok()?;
        let client = row.client.clone();
        let message = contract::message::from_wire(row).ok()?;
        Some(Self { share: Contribution::of(&message), client, first: first(&message) })
    }

    fn lists<'a>(&'a self, organisation: &'a str, id: &'a str) -> impl Iterator<Item = Bytes> + 'a {
        let in_campaign = self.share.iter().filter(|share| !share.campaign.is_empty());
        let tiles = in_campaign.flat_map(move |share| {
            Tile::of(share).map(move |tile| key::recipient(organisation, &share.campaign, tile, id))
        });
        let mailed = self.first.filter(|_| !self.client.is_empty());
        tiles.chain(mailed.map(|first| key::mailed(organisation, &self.client, first, id)))
    }
}

/// When the first thing that counts happened to a message.
pub(crate) fn first(message: &Message) -> Option<Time> {
    message.live().next().map(|entry| entry.time)
}

/// A campaign's row; one that cannot be read counts as empty.
pub(crate) fn stats(row: &Bytes) -> CampaignStats {
    contract::decode_shared("CampaignStats", row).unwrap_or_default()
}

/// When a campaign was created; the epoch while nobody knows.
pub(crate) fn created(row: &CampaignStats) -> Time {
    row.created_at.as_ref().map_or(Time::from_micros(0), contract::time_of)
}

/// A recount as it is kept.
pub(crate) fn counted(row: &Bytes) -> Counters {
    let wire: WireCounters = contract::decode_shared("Counters", row).unwrap_or_default();
    counters::from_wire(&wire).unwrap_or_default()
}

pub(crate) fn micros(row: &[u8]) -> i64 {
    row.try_into().map_or(0, i64::from_be_bytes)
}

fn as_of(stored: &Stored) -> i64 {
    let said = stored.record.headers.iter().find(|(name, _)| *name == header::AS_OF);
    let text = said.and_then(|(_, value)| std::str::from_utf8(value).ok());
    let time = text.and_then(|text| chrono::DateTime::parse_from_rfc3339(text).ok());
    time.map_or(i64::MIN, |time| time.timestamp_micros())
}
