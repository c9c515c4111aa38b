//! A campaign's partial: what a batch adds to it and takes away. Absolute when it is kept and published; the difference
//! never leaves this process.

use std::collections::BTreeMap;

use bytes::Bytes;
use contract::proto::campaign::v1::{CampaignPartial, campaign_partial::Part};
use contract::{Proto as _, counters, key};
use domain::{Contribution, Counters, Message, Time};
use engine::Rows;

use super::load;

/// A campaign, named by its organisation and id.
pub(super) type Campaign = (String, String);

/// What one batch does to a campaign's partial.
#[derive(Default)]
struct Delta {
    more: Counters,
    less: Counters,
    /// The earliest of the sends that name the campaign, whether or not they decide where the message counts: so it is a
    /// function of the rows, and a restore finds it again.
    first_sent: Option<Time>,
}

/// What one batch does to all partials, by campaign.
#[derive(Default)]
pub(super) struct Deltas(Vec<(Campaign, Delta)>);

/// What a message counts for, and what it knows of first sends.
pub(super) struct Share {
    contribution: Option<Contribution>,
    first_sent: Vec<(String, Time)>,
}

impl Share {
    /// The share of a message.
    pub(super) fn of(message: &Message) -> Self {
        let mut first_sent: Vec<(String, Time)> = Vec::new();
        for (campaign, time) in message.sends() {
            match first_sent.iter_mut().find(|(known, _)| known == campaign) {
                Some((_, first)) => *first = time.min(*first),
                None => first_sent.push((campaign.to_owned(), time)),
            }
        }
        Self { contribution: Contribution::of(message), first_sent }
    }
}

impl Deltas {
    /// A message's share was `before` and is `after`.
    pub(super) fn add(&mut self, organisation: &str, before: &Share, after: &Share) {
        for (campaign, time) in after.first_sent.iter().filter(|send| !before.first_sent.contains(send)) {
            let delta = self.of(organisation, campaign);
            delta.first_sent = Some(delta.first_sent.map_or(*time, |known| known.min(*time)));
        }
        if before.contribution == after.contribution {
            return;
        }
        if let Some(less) = &before.contribution {
            self.of(organisation, &less.campaign).less.add(&less.counters);
        }
        if let Some(more) = &after.contribution {
            self.of(organisation, &more.campaign).more.add(&more.counters);
        }
    }

    fn of(&mut self, organisation: &str, campaign: &str) -> &mut Delta {
        let name = |known: &(Campaign, Delta)| (known.0.0.as_str(), known.0.1.as_str()).cmp(&(organisation, campaign));
        let place = self.0.binary_search_by(name).unwrap_or_else(|place| {
            self.0.insert(place, ((organisation.to_owned(), campaign.to_owned()), Delta::default()));
            place
        });
        #[expect(clippy::indexing_slicing, reason = "found or made a line above")]
        &mut self.0[place].1
    }

    /// The partials after these differences, without version; the error is what is not loaded yet.
    pub(super) fn partials(&self, rows: &dyn Rows) -> Result<BTreeMap<Campaign, CampaignPartial>, Vec<Bytes>> {
        let keys: Vec<Bytes> = self.0.iter().map(|(campaign, _)| partial_key(campaign)).collect();
        let before = load(rows, &keys)?;
        let held = |key: &Bytes| before.get(key).cloned().flatten().unwrap_or_default();
        Ok(self
            .0
            .iter()
            .zip(&keys)
            .map(|((campaign, delta), key)| (campaign.clone(), delta.over(&held(key))))
            .collect())
    }
}

impl Delta {
    fn over(&self, held: &Bytes) -> CampaignPartial {
        let mut partial: CampaignPartial = contract::decode("CampaignPartial", held).unwrap_or_default();
        let mut sum = match &partial.part {
            Some(Part::Counters(held)) => counters::from_wire(held).unwrap_or_default(),
            _ => Counters::default(),
        };
        // More first: what is taken away is there.
        sum.add(&self.more);
        sum.subtract(&self.less);
        partial.part = Some(Part::Counters(counters::to_wire(&sum)));
        if let Some(first) = self.first_sent
            && (partial.first_sent_us == 0 || first.micros() < partial.first_sent_us)
        {
            partial.first_sent_us = first.micros();
        }
        partial
    }
}

/// Partials as they are kept, by key. One that its messages have left altogether is not kept: no row recounts it.
pub(super) fn kept(partials: &BTreeMap<Campaign, CampaignPartial>) -> Vec<(Bytes, Option<Bytes>)> {
    let empty = CampaignPartial {
        part: Some(Part::Counters(counters::to_wire(&Counters::default()))),
        ..CampaignPartial::default()
    };
    let row = |partial: &CampaignPartial| (*partial != empty).then(|| Bytes::from(partial.encode_to_vec()));
    let mut kept: Vec<_> = partials.iter().map(|(campaign, partial)| (partial_key(campaign), row(partial))).collect();
    kept.sort();
    kept
}

fn partial_key((organisation, campaign): &Campaign) -> Bytes {
    let mut key = vec![0, b'p'];
    key.extend_from_slice(&key::campaign(organisation, campaign));
    key.into()
}
