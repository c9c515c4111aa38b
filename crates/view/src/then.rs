//! A campaign's numbers of a past instant, by event time and known what is known now: every message as it was then, counted by
//! the rule that counts it now.

use bytes::Bytes;
use domain::{Contribution, Counters, Message, Time};

use crate::key;
use crate::place::{Error, Snapshot, View};
use crate::tile::Tile;

/// Messages that are read of one moment; between two the view goes on.
const STEP_ROWS: usize = 1_000;

impl View {
    /// What the counters of a campaign were at an instant. Reads every message of the campaign, so it takes as long as there are
    /// messages. What arrives meanwhile and happened before the instant may be in it or not.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn counters_at(&self, organisation: &str, campaign: &str, at: Time) -> Result<Counters, Error> {
        let mut sum = Counters::default();
        // Every message of a campaign is in one of these.
        for tile in [Tile::Sent, Tile::NotSent, Tile::Copy] {
            let (prefix, mut after) = (key::recipients(organisation, campaign, tile), None);
            loop {
                let rows = self.snapshot();
                let listed = rows.scan(&prefix, after.as_deref(), STEP_ROWS)?;
                let ids = listed.iter().filter_map(|(key, _)| std::str::from_utf8(key.get(prefix.len()..)?).ok());
                for id in ids {
                    let share = rows.share_at(organisation, id, at)?.filter(|share| share.campaign == campaign);
                    share.into_iter().for_each(|share| sum.add(&share.counters));
                }
                let ends = listed.len() < STEP_ROWS;
                let last: Option<Bytes> = listed.into_iter().next_back().map(|(key, _)| key);
                after = last;
                if ends {
                    break;
                }
            }
        }
        Ok(sum)
    }
}

impl Snapshot<'_> {
    fn share_at(&self, organisation: &str, id: &str, at: Time) -> Result<Option<Contribution>, Error> {
        let Some(message) = self.row(organisation, id)? else { return Ok(None) };
        let until = message.facts().filter(|entry| entry.time <= at).cloned().collect::<Vec<_>>();
        if until.is_empty() {
            return Ok(None);
        }
        Ok(Contribution::of(&Message::from_facts(until, message.beyond())))
    }
}
