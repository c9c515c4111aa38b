//! Which facts of a message are kept (I10), such that what is decided by them stays decided alike. Knows no status.
//!
//! Of every deciding class the [`FACTS_FIRST`] smallest (time, id) and the last are kept, of opens and clicks
//! [`ENGAGEMENTS_FIRST`]; besides, for each part of the attribution and each rank the [`ATTRIBUTIONS_FIRST`] first facts
//! that say it, and the first send naming each of the [`CAMPAIGNS_FIRST`] first campaigns; of the lifts that a register
//! sent, the last [`LIFTS_MAX`] of each scope. Retracted and superseded
//! copies keep their place, so the choice is path independent (see [`crate::kept`]).
//!
//! An upgrade of a kept fact replaces it, or stands beside it and supersedes it when it moves to another class or time.
//! An upgrade that is itself beyond the bound is not kept: the copy it would supersede counts on if it is kept. That
//! needs more than [`ENGAGEMENTS_FIRST`] opens or clicks of one message, or [`FACTS_FIRST`] facts of another class, and
//! a decoder that moves facts to other times or classes.

use crate::contact::bound::LIFTS_MAX;
use crate::entry::Entry;
use crate::kept::{Copied, Group, Row, choose};
use crate::{Agent, BounceClass, Fact, Rank, Scope};

/// Facts of a class kept from its beginning, besides its last.
pub const FACTS_FIRST: usize = 8;
/// Opens or clicks, by persons or machines, kept from the beginning, besides the last.
pub const ENGAGEMENTS_FIRST: usize = 32;
/// Facts kept that say one part of the attribution at one rank: the first decides, the second follows its retraction.
pub const ATTRIBUTIONS_FIRST: usize = 2;
/// Campaigns whose first send naming them is kept.
pub const CAMPAIGNS_FIRST: usize = 8;
/// Scopes of which unsubscribes and resubscribes are kept: the smallest, so the organisation's always.
pub const SCOPES_MAX: usize = 16;
/// Facts that a row can hold at most; a typical row holds 4 to 6.
pub const FACTS_MAX: usize = 14 * (FACTS_FIRST + 1)
    + 4 * (ENGAGEMENTS_FIRST + 1)
    + 18 * ATTRIBUTIONS_FIRST
    + CAMPAIGNS_FIRST
    + SCOPES_MAX * 2 * (FACTS_FIRST + 1 + LIFTS_MAX);

/// What more came than the row keeps. Sticky, and a pure function of all events ever seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Beyond(u8);

impl Beyond {
    /// Opens by persons: the total is "at least".
    pub const OPENS: Self = Self(1);
    /// Clicks by persons.
    pub const CLICKS: Self = Self(2);
    /// Opens by machines.
    pub const MACHINE_OPENS: Self = Self(4);
    /// Clicks by machines.
    pub const MACHINE_CLICKS: Self = Self(8);
    /// Anything else: the timeline lacks it, no number does.
    pub const HISTORY: Self = Self(16);
    /// The four that make a total "at least".
    pub const TOTALS: Self = Self(15);

    /// The set of these bits; unknown ones are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 31)
    }

    /// As bits, for a codec.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether it has any of `other`.
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Classes of facts that decide something apart, in a dense order.
const CLASSES: usize = 18;
const PERSON_OPEN: usize = 0;
const MACHINE_OPEN: usize = 1;
const PERSON_CLICK: usize = 2;
const MACHINE_CLICK: usize = 3;
const HUMAN_CLICK: usize = 4;
const MAILER: usize = 5;

/// The class of a fact; `None` for what is kept by scope.
fn class(fact: &Fact) -> Option<usize> {
    Some(match fact {
        Fact::Opened(Agent::Machine) => MACHINE_OPEN,
        Fact::Opened(Agent::Human | Agent::Unknown) => PERSON_OPEN,
        Fact::Clicked { agent: Agent::Machine, .. } => MACHINE_CLICK,
        Fact::Clicked { agent: Agent::Human | Agent::Unknown, .. } => PERSON_CLICK,
        Fact::Sent => 6,
        Fact::Queued => 7,
        Fact::Deferred { .. } => 8,
        Fact::Delivered => 9,
        Fact::Bounced { class: BounceClass::Hard, .. } => 10,
        Fact::Bounced { asynchronous: true, .. } => 11,
        Fact::Bounced { class: BounceClass::Soft, .. } => 12,
        Fact::Bounced { class: BounceClass::Block, .. } => 13,
        Fact::Bounced { class: BounceClass::Undetermined, .. } => 14,
        Fact::Dropped(_) => 15,
        Fact::Complained => 16,
        Fact::Withheld(_) => 17,
        Fact::Unsubscribed { .. } | Fact::Resubscribed { .. } => return None,
    })
}

fn first(class: usize) -> usize {
    if class <= MACHINE_CLICK { ENGAGEMENTS_FIRST } else { FACTS_FIRST }
}

/// Which rows stay, and what the row has more than it can keep.
pub(crate) fn choice(rows: &[Row<Entry>]) -> (Vec<bool>, Beyond) {
    let mut chosen = vec![false; rows.len()];
    let mut beyond = Beyond::default();
    by_class(rows, &mut chosen, &mut beyond);
    by_attribution(rows, &mut chosen);
    by_campaign(rows, &mut chosen);
    by_scope(rows, &mut chosen, &mut beyond);
    (chosen, beyond)
}

fn by_class(rows: &[Row<Entry>], chosen: &mut [bool], beyond: &mut Beyond) {
    let mut groups = [Group::default(); CLASSES];
    let mut offer = |class: usize, place: usize, entry: &Entry| {
        let kept = groups.get_mut(class).is_some_and(|group| group.offer(place, entry.key(), first(class)));
        choose(chosen, kept.then_some(place));
    };
    for (place, Row { copy, .. }) in rows.iter().enumerate() {
        if let Some(class) = class(&copy.fact) {
            offer(class, place, copy);
        }
        if matches!(copy.fact, Fact::Clicked { agent: Agent::Human, .. }) {
            offer(HUMAN_CLICK, place, copy);
        }
        if copy.rank == Rank::Send {
            offer(MAILER, place, copy);
        }
    }
    for (class, group) in groups.iter().enumerate() {
        choose(chosen, group.last());
        if group.keys() > first(class) + 1 {
            *beyond = beyond.with(mark(class));
        }
    }
}

fn mark(class: usize) -> Beyond {
    match class {
        PERSON_OPEN => Beyond::OPENS,
        MACHINE_OPEN => Beyond::MACHINE_OPENS,
        PERSON_CLICK => Beyond::CLICKS,
        MACHINE_CLICK => Beyond::MACHINE_CLICKS,
        HUMAN_CLICK | MAILER => Beyond::default(),
        _ => Beyond::HISTORY,
    }
}

/// For each part of the attribution and each rank, the first facts that say it.
fn by_attribution(rows: &[Row<Entry>], chosen: &mut [bool]) {
    let mut groups = [[Group::default(); 6]; 3];
    for (place, Row { copy, .. }) in rows.iter().enumerate() {
        let said = &copy.attribution;
        let parts = [
            said.campaign.is_some(),
            said.client.is_some(),
            said.address.is_some(),
            said.class.is_some(),
            said.copy.is_some(),
            said.origin.is_some(),
        ];
        let Some(of_rank) = groups.get_mut(copy.rank as usize) else { continue };
        for (group, _) in of_rank.iter_mut().zip(parts).filter(|(_, said)| *said) {
            let kept = group.offer(place, copy.key(), ATTRIBUTIONS_FIRST);
            choose(chosen, kept.then_some(place));
        }
    }
}

/// The first send naming each campaign.
fn by_campaign(rows: &[Row<Entry>], chosen: &mut [bool]) {
    let mut named: Vec<&str> = Vec::new();
    for (place, Row { copy, .. }) in rows.iter().enumerate() {
        let Some(campaign) = copy.attribution.campaign.as_deref() else { continue };
        if copy.fact == Fact::Sent && named.len() < CAMPAIGNS_FIRST && !named.contains(&campaign) {
            named.push(campaign);
            choose(chosen, Some(place));
        }
    }
}

/// Unsubscribes and resubscribes of the smallest scopes; a fixed order of scopes keeps the choice path independent.
fn by_scope(rows: &[Row<Entry>], chosen: &mut [bool], beyond: &mut Beyond) {
    let mut groups: Vec<((&Scope, Said), Group)> = Vec::new();
    let scoped = rows.iter().enumerate().filter_map(|(place, row)| Some((place, &row.copy, scope_of(&row.copy)?)));
    for (_, _, group) in scoped.clone() {
        if let Err(place) = groups.binary_search_by(|(known, _)| known.cmp(&group)) {
            groups.insert(place, (group, Group::default()));
        }
    }
    if let Some((largest, _)) = nth_scope(&groups) {
        groups.retain(|((scope, _), _)| *scope <= largest);
        *beyond = beyond.with(Beyond::HISTORY);
    }
    let (mut lifts, mut last_lift): (Vec<((&Scope, Said), usize)>, _) = (Vec::new(), None);
    for (place, entry, group) in scoped {
        let Ok(at) = groups.binary_search_by(|(known, _)| known.cmp(&group)) else { continue };
        if group.1.is_lift() {
            // Of one lift the last word, which comes first: which words came before it is a matter of order.
            if last_lift.replace(entry.key()) != Some(entry.key()) {
                lifts.push((group, place));
            }
            continue;
        }
        let kept = groups.get_mut(at).is_some_and(|(_, group)| group.offer(place, entry.key(), FACTS_FIRST));
        choose(chosen, kept.then_some(place));
    }
    last_lifts(lifts, chosen);
    for (_, group) in &groups {
        choose(chosen, group.last());
        if group.keys() > FACTS_FIRST + 1 {
            *beyond = beyond.with(Beyond::HISTORY);
        }
    }
}

/// The latest lifts of each scope, and the latest that are taken back: as many as a register keeps, so that a message is told
/// all of them in every order.
fn last_lifts(mut lifts: Vec<((&Scope, Said), usize)>, chosen: &mut [bool]) {
    lifts.sort_unstable();
    for of_scope in lifts.chunk_by(|(left, _), (right, _)| left == right) {
        of_scope.iter().rev().take(LIFTS_MAX).for_each(|(_, place)| choose(chosen, Some(*place)));
    }
}

/// The last scope that is kept, if there are more.
fn nth_scope<'a>(groups: &[((&'a Scope, Said), Group)]) -> Option<(&'a Scope, usize)> {
    let mut scopes: Vec<&Scope> = groups.iter().map(|((scope, _), _)| *scope).collect();
    scopes.dedup();
    (scopes.len() > SCOPES_MAX).then(|| scopes.get(SCOPES_MAX - 1).map(|scope| (*scope, scopes.len()))).flatten()
}

/// What is said of a scope.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Unsubscribed,
    Resubscribed,
    /// A resubscribe that the register sent.
    Lifted,
    /// One that the register took back.
    LiftTakenBack,
}

impl Said {
    const fn is_lift(self) -> bool {
        matches!(self, Self::Lifted | Self::LiftTakenBack)
    }
}

fn scope_of(entry: &Entry) -> Option<(&Scope, Said)> {
    match &entry.fact {
        Fact::Unsubscribed { scope, .. } => Some((scope, Said::Unsubscribed)),
        Fact::Resubscribed { scope, from_register: false } => Some((scope, Said::Resubscribed)),
        Fact::Resubscribed { scope, .. } if entry.retracted => Some((scope, Said::LiftTakenBack)),
        Fact::Resubscribed { scope, .. } => Some((scope, Said::Lifted)),
        _ => None,
    }
}
