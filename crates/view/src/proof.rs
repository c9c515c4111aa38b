//! What the recount in the background has come to, for pages: one proof a campaign, one summary an organisation.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{Counters, Time};

use crate::agreement::Agreement;
use crate::fold::Named;
use crate::place::View;

/// Campaigns whose proof is kept; beyond, the first by name goes and is made again when somebody looks.
const PROOFS_MAX: usize = 4_096;
/// Campaigns that may wait for a recount out of turn.
const ASKED_MAX: usize = 64;

/// What the recount of one campaign came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// When, by the wall clock.
    pub at: Time,
    /// Message rows that were read.
    pub messages: u64,
    /// Facts in them, each an event that is kept.
    pub events: u64,
    /// By how much the recounted numbers and the lengths of the lists are apart from the numbers shown, all together.
    pub difference: u64,
    /// What was published of the campaign, beside the numbers shown, at equal source offsets.
    pub published: Agreement,
    /// The numbers that it is a proof of.
    pub counters: Counters,
}

impl Proof {
    /// Whether it found a defect: shown numbers, lists or the published row are not what the messages' facts say.
    pub fn differs(&self) -> bool {
        self.difference > 0 || matches!(self.published, Agreement::Differs { .. })
    }
}

/// What the recount of all campaigns of an organisation came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// When its last campaign had its turn, by the wall clock.
    pub at: Time,
    /// Campaigns recounted.
    pub campaigns: u64,
    /// Those that changed too fast to be recounted in one turn.
    pub passed_over: u64,
    /// Facts in their messages' rows.
    pub events: u64,
    /// The differences, all together; a published row that differs counts as one.
    pub difference: u64,
}

impl Round {
    pub(crate) fn add(&mut self, proof: Option<&Proof>, now: Time) {
        self.at = now;
        let Some(proof) = proof else { return self.passed_over += 1 };
        self.campaigns += 1;
        self.events += proof.events;
        self.difference += proof.difference + u64::from(matches!(proof.published, Agreement::Differs { .. }));
    }
}

/// Where proofs are kept.
#[derive(Default)]
pub(crate) struct Proofs(Mutex<Board>);

#[derive(Default)]
struct Board {
    proofs: BTreeMap<Named, Proof>,
    rounds: BTreeMap<String, Round>,
    asked: VecDeque<Named>,
    /// Campaigns that are being recounted, and whether they changed since that began.
    watched: BTreeMap<Named, bool>,
}

impl Proofs {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep(&self, of: &Named, proof: Proof) {
        let mut board = self.board();
        if board.proofs.len() >= PROOFS_MAX && !board.proofs.contains_key(of) {
            board.proofs.pop_first();
        }
        board.proofs.insert(of.clone(), proof);
    }

    pub(crate) fn keep_round(&self, organisation: String, round: Round) {
        self.board().rounds.insert(organisation, round);
    }

    pub(crate) fn next_asked(&self) -> Option<Named> {
        self.board().asked.pop_front()
    }

    /// From now on a change of this campaign is noticed.
    pub(crate) fn watch(&self, of: &Named) {
        self.board().watched.insert(of.clone(), false);
    }

    /// Whether it changed since.
    pub(crate) fn has_changed(&self, of: &Named) -> bool {
        self.board().watched.get(of).copied().unwrap_or(true)
    }

    pub(crate) fn unwatch(&self, of: &Named) {
        self.board().watched.remove(of);
    }

    /// Rows of these campaigns changed; `None`: maybe of all. Told while no reader sees the rows.
    pub(crate) fn changed<'a>(&self, campaigns: Option<impl IntoIterator<Item = &'a Named>>) {
        let mut board = self.board();
        match campaigns {
            Some(campaigns) if !board.watched.is_empty() => campaigns.into_iter().for_each(|of| {
                board.watched.get_mut(of).into_iter().for_each(|changed| *changed = true);
            }),
            Some(_) => {}
            None => {
                board.watched.values_mut().for_each(|changed| *changed = true);
                (board.proofs, board.rounds) = Default::default();
            }
        }
    }
}

impl View {
    /// The last recount of a campaign in the background; `None` before the first. Ask [`View::ask_recount`] for one.
    pub fn proof(&self, organisation: &str, campaign: &str) -> Option<Proof> {
        self.proofs.board().proofs.get(&(organisation.to_owned(), campaign.to_owned())).cloned()
    }

    /// The last recount of all campaigns of an organisation; `None` before the first has ended.
    pub fn round(&self, organisation: &str) -> Option<Round> {
        self.proofs.board().rounds.get(organisation).cloned()
    }

    /// Puts a campaign in front of the others. Whoever listens to [`View::touched`] hears of it when it is done. Bounded: a
    /// request beyond is dropped, and the campaign recounted in its turn.
    pub fn ask_recount(&self, organisation: &str, campaign: &str) {
        let (of, mut board) = ((organisation.to_owned(), campaign.to_owned()), self.proofs.board());
        if board.asked.len() < ASKED_MAX && !board.asked.contains(&of) && !board.watched.contains_key(&of) {
            board.asked.push_back(of);
        }
    }
}
