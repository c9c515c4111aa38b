//! The recount in the background (I3): campaign by campaign the message rows are read anew, and their sum is compared with
//! the numbers that pages show, every list's length with its tile, and the numbers with what was published of the campaign.
//! In steps of bounded work: whoever turns it over decides what share of the machine it gets.

use std::sync::Arc;

use bytes::Bytes;
use domain::{Counters, Time};

use crate::fold::Named;
use crate::key;
use crate::place::{Error, Snapshot, View};
use crate::proof::{Proof, Round};
use crate::tile::Tile;

/// Keys that one step reads: it holds up the view's writer no longer than that takes.
const STEP_ROWS: usize = 500;
/// How often the recount of a campaign that changes meanwhile is begun before its turn is over.
const TRIES_MAX: u32 = 3;
/// Between two rounds, in microseconds: one minute.
const PAUSE_MICROS: i64 = 60_000_000;

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// There is more to do.
    Worked,
    /// A campaign was recounted.
    Recounted {
        /// Whose it is.
        organisation: String,
        /// Which.
        campaign: String,
        /// What it came to.
        proof: Box<Proof>,
    },
    /// Every campaign had its turn, and nobody asks for one.
    Rested,
}

/// Recounts one campaign after another, those that somebody asked for first.
pub struct Recounter {
    view: Arc<View>,
    asked: Option<Running>,
    in_turn: Option<Running>,
    /// The key of the last campaign that had its turn.
    last: Option<Bytes>,
    round: Option<(String, Round)>,
    rests_until: Time,
}

impl Recounter {
    /// Of this view.
    pub fn new(view: Arc<View>) -> Self {
        Self { view, asked: None, in_turn: None, last: None, round: None, rests_until: Time::default() }
    }

    /// Does a bounded piece of it. `now` is the wall clock, told with what it comes to.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn step(&mut self, now: Time) -> Result<Stepped, Error> {
        let view = Arc::clone(&self.view);
        let rows = view.snapshot();
        let asked = self.asked.take().or_else(|| view.proofs.next_asked().map(Running::of));
        let out_of_turn = asked.is_some();
        let running = match asked.or_else(|| self.in_turn.take()) {
            Some(running) => Some(running),
            None => self.next(&rows, now)?.map(Running::of),
        };
        let Some(mut running) = running else { return Ok(Stepped::Rested) };
        // No row changes while this moment is looked at.
        let may_go_on = !view.proofs.has_changed(&running.of) || running.begin(&view);
        if may_go_on && !running.read(&rows)? {
            *(if out_of_turn { &mut self.asked } else { &mut self.in_turn }) = Some(running);
            return Ok(Stepped::Worked);
        }
        let proof = if may_go_on { running.proof(&rows, now)? } else { None };
        drop(rows);
        view.proofs.unwatch(&running.of);
        // Mails of no campaign have a row of their own, and no page.
        let is_counted = !out_of_turn && !running.of.1.is_empty();
        if let Some((_, round)) = self.round.as_mut().filter(|_| is_counted) {
            round.add(proof.as_ref(), now);
        }
        let Some(proof) = proof else { return Ok(Stepped::Worked) };
        view.proofs.keep(&running.of, proof.clone());
        view.tell(&running.of);
        let (organisation, campaign) = running.of;
        Ok(Stepped::Recounted { organisation, campaign, proof: Box::new(proof) })
    }

    /// The campaign whose turn it is; `None` between two rounds.
    fn next(&mut self, rows: &Snapshot<'_>, now: Time) -> Result<Option<Named>, Error> {
        if now < self.rests_until {
            return Ok(None);
        }
        let found = campaign_after(rows, self.last.as_ref())?;
        let named = found.as_ref().and_then(|key| key::campaign_of(key));
        let organisation = named.map(|[organisation, _]| organisation);
        if self.round.as_ref().map(|(of, _)| of.as_str()) != organisation {
            let ended = std::mem::replace(&mut self.round, organisation.map(|of| (of.to_owned(), Round::default())));
            ended.into_iter().for_each(|(of, round)| self.view.proofs.keep_round(of, round));
        }
        if found.is_none() {
            self.rests_until = now.plus_micros(PAUSE_MICROS);
        }
        let of = named.map(|[organisation, campaign]| (organisation.to_owned(), campaign.to_owned()));
        self.last = found.clone();
        Ok(of)
    }
}

/// The key of the next campaign's row.
fn campaign_after(rows: &Snapshot<'_>, last: Option<&Bytes>) -> Result<Option<Bytes>, Error> {
    /// A campaign's row is the first or the second of them, but where some have a recount and nothing published.
    const ROWS: usize = 2;
    let mut last = last.cloned();
    loop {
        let listed = rows.scan(key::CAMPAIGNS, last.as_deref(), ROWS)?;
        let found = listed.iter().map(|(key, _)| key).find(|key| key::campaign_of(key).is_some());
        if found.is_some() || listed.len() < ROWS {
            return Ok(found.cloned());
        }
        last = listed.into_iter().next_back().map(|(key, _)| key);
    }
}

/// A campaign that is being recounted.
struct Running {
    of: Named,
    tries: u32,
    /// Which list is read, and after which key.
    tile: usize,
    after: Option<Bytes>,
    /// The recount.
    sum: Counters,
    messages: u64,
    events: u64,
    /// Rows that its lists have too many or too few.
    apart: u64,
    length: u64,
}

impl Running {
    fn of(of: Named) -> Self {
        let (sum, after) = (Counters::default(), None);
        Self { of, tries: 0, tile: 0, after, sum, messages: 0, events: 0, apart: 0, length: 0 }
    }

    /// Begins, or begins again because the campaign changed; false when that was often enough.
    fn begin(&mut self, view: &View) -> bool {
        let tries = self.tries + 1;
        *self = Self { tries, ..Self::of(std::mem::take(&mut self.of)) };
        view.proofs.watch(&self.of);
        tries <= TRIES_MAX
    }

    /// Reads on; true at the end.
    fn read(&mut self, rows: &Snapshot<'_>) -> Result<bool, Error> {
        let (organisation, campaign) = (self.of.0.clone(), self.of.1.clone());
        let mut left = STEP_ROWS;
        while let Some(tile) = Tile::ALL.get(self.tile).copied() {
            let prefix = key::recipients(&organisation, &campaign, tile);
            let listed = rows.scan(&prefix, self.after.as_deref(), left)?;
            let ends = listed.len() < left;
            left -= listed.len();
            self.length += u64::try_from(listed.len()).unwrap_or(u64::MAX);
            if matches!(tile, Tile::Sent | Tile::NotSent | Tile::Copy) {
                let ids = listed.iter().filter_map(|(key, _)| std::str::from_utf8(key.get(prefix.len()..)?).ok());
                ids.into_iter().try_for_each(|id| self.count(rows, id))?;
            }
            self.after = listed.into_iter().next_back().map(|(key, _)| key).or_else(|| self.after.take());
            if !ends || left == 0 {
                return Ok(false);
            }
            let shown = rows.campaign(&organisation, &campaign)?.unwrap_or_default();
            self.apart += tile.count(&shown.counters).abs_diff(self.length);
            (self.tile, self.after, self.length) = (self.tile + 1, None, 0);
        }
        Ok(true)
    }

    /// Every message of a campaign is in one of the lists Sent, Not sent and Copy.
    fn count(&mut self, rows: &Snapshot<'_>, id: &str) -> Result<(), Error> {
        let Some(message) = rows.row(&self.of.0, id)? else { return Ok(()) };
        self.messages += 1;
        self.events += u64::try_from(message.facts().len()).unwrap_or(u64::MAX);
        let share = domain::Contribution::of(&message).filter(|share| share.campaign == self.of.1);
        share.into_iter().for_each(|share| self.sum.add(&share.counters));
        Ok(())
    }

    /// What the recount came to, at the moment of its last read; `None` for a campaign that is gone.
    fn proof(&mut self, rows: &Snapshot<'_>, now: Time) -> Result<Option<Proof>, Error> {
        let Some(shown) = rows.campaign(&self.of.0, &self.of.1)? else { return Ok(None) };
        let published = rows.agreement(&self.of.0, &self.of.1)?;
        let counters = shown.counters;
        let by_tile = Tile::ALL.into_iter().map(|tile| tile.count(&counters).abs_diff(tile.count(&self.sum))).sum();
        // What no tile shows differs too: the totals, the reasons.
        let apart = u64::max(by_tile, u64::from(counters != self.sum));
        let (messages, events, difference) = (self.messages, self.events, apart + self.apart);
        Ok(Some(Proof { at: now, messages, events, difference, published, counters }))
    }
}
