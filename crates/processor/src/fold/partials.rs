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

    /// Whether `after` lacks a first send that this knows: within a version sends only get more, and a campaign's earliest
    /// send cannot be found again when one goes.
    pub(super) fn forgets(&self, after: &Self) -> bool {
        let keeps = |(campaign, time): &(String, Time)| {
            after.first_sent.iter().any(|(known, first)| known == campaign && first <= time)
        };
        !self.first_sent.iter().all(keeps)
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
    let zero = zero();
    let row = |partial: &CampaignPartial| (*partial != zero).then(|| Bytes::from(partial.encode_to_vec()));
    let mut kept: Vec<_> = partials.iter().map(|(campaign, partial)| (partial_key(campaign), row(partial))).collect();
    kept.sort();
    kept
}

/// A partial as it is kept, with its campaign; nothing for rows of another kind.
pub(super) fn read((key, row): &(Bytes, Bytes)) -> Option<(Campaign, CampaignPartial)> {
    let [organisation, campaign] = key::strings::<2>(key.strip_prefix(&PREFIX)?)?;
    let partial = contract::decode("CampaignPartial", row).ok()?;
    Some(((organisation.to_owned(), campaign.to_owned()), partial))
}

/// Zeros for the campaigns that these messages named and no message of `rows` names any more; the error is what is not
/// loaded yet.
pub(super) fn left<'a>(
    before: impl Iterator<Item = (&'a Bytes, Message)>,
    rows: &dyn Rows,
) -> Result<BTreeMap<Campaign, CampaignPartial>, Vec<Bytes>> {
    let mut deltas = Deltas::default();
    for (key, message) in before {
        let Some([organisation, _]) = key::strings::<2>(key) else { continue };
        deltas.add(organisation, &Share::of(&Message::default()), &Share::of(&message));
    }
    let named: Vec<Campaign> = deltas.0.into_iter().map(|(campaign, _)| campaign).collect();
    let keys: Vec<Bytes> = named.iter().map(partial_key).collect();
    let found = load(rows, &keys)?;
    let gone = named.into_iter().zip(&keys).filter(|(_, key)| found.get(*key).is_none_or(Option::is_none));
    Ok(gone.map(|(campaign, _)| (campaign, zero())).collect())
}

/// Of a campaign that no message names.
fn zero() -> CampaignPartial {
    CampaignPartial {
        part: Some(Part::Counters(counters::to_wire(&Counters::default()))),
        ..CampaignPartial::default()
    }
}

/// What the keys of partials begin with.
const PREFIX: [u8; 2] = [0, b'p'];

fn partial_key((organisation, campaign): &Campaign) -> Bytes {
    let mut key = PREFIX.to_vec();
    key.extend_from_slice(&key::campaign(organisation, campaign));
    key.into()
}
