//! One event as its message's row keeps it: without the key that the row stands under, texts cut to their bounds.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::kept::Copied;
use crate::{Arrival, Attribution, Drop, Event, EventId, Fact, Rank, Scope, Time};

/// Bytes of a provider's words that a row keeps.
pub const REASON_BYTES_MAX: usize = 256;
/// Bytes of a link's template that a row keeps.
pub const LINK_BYTES_MAX: usize = 512;
/// Bytes of a list's name that a row keeps.
pub const LIST_BYTES_MAX: usize = 256;

/// A kept event. Public fields, because [`crate::Message::from_facts`] normalises whatever it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Identity of the event.
    pub id: EventId,
    /// When it happened.
    pub time: Time,
    /// Version of the decoder that read it.
    pub decoder: u32,
    /// The event is taken back.
    pub retracted: bool,
    /// How much its attribution counts.
    pub rank: Rank,
    /// What it says about the message; equal ones of a row share one allocation.
    pub attribution: Arc<Attribution>,
    /// The delivery provider that reported it; empty for the platform's own. Equal ones of a row share one allocation.
    pub provider: Arc<str>,
    /// What happened.
    pub fact: Fact,
    /// How its first copy reached us. Decides nothing.
    pub arrival: Arrival,
}

impl Entry {
    /// The entry of an event, sharing attribution and provider with `rows` where they are equal.
    pub(crate) fn of<'a>(event: &Event, rows: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let attribution = rows.clone().find(|row| *row.attribution == event.attribution);
        let provider = rows.clone().find(|row| *row.provider == *event.provider);
        Self {
            id: event.id,
            time: event.time,
            decoder: event.decoder,
            retracted: event.retracted,
            rank: event.rank,
            attribution: attribution
                .map_or_else(|| Arc::new(event.attribution.clone()), |row| Arc::clone(&row.attribution)),
            provider: provider.map_or_else(|| Arc::from(event.provider.as_str()), |row| Arc::clone(&row.provider)),
            fact: clipped(&event.fact),
            arrival: event.arrival.clone(),
        }
    }

    /// Whether `event` is another copy of exactly this, arrival aside. Allocates nothing unless a text is too long.
    pub(crate) fn is_copy_of(&self, event: &Event) -> bool {
        self.id == event.id
            && self.time == event.time
            && self.decoder == event.decoder
            && self.retracted == event.retracted
            && self.rank == event.rank
            && *self.provider == *event.provider
            && *self.attribution == event.attribution
            && (self.fact == event.fact || self.fact == clipped(&event.fact))
    }

    /// The event that this was kept from, for the message that the row stands under.
    pub fn to_event(&self, organisation: &str, message: &str) -> Event {
        Event {
            organisation: organisation.to_owned(),
            message: message.to_owned(),
            id: self.id,
            time: self.time,
            decoder: self.decoder,
            retracted: self.retracted,
            rank: self.rank,
            attribution: (*self.attribution).clone(),
            provider: self.provider.to_string(),
            fact: self.fact.clone(),
            arrival: self.arrival.clone(),
        }
    }
}

impl Copied for Entry {
    fn key(&self) -> (Time, EventId) {
        (self.time, self.id)
    }

    fn version(&self, other: &Self) -> Ordering {
        let content = |entry: &Self| (entry.decoder, entry.retracted);
        content(self)
            .cmp(&content(other))
            .then_with(|| other.rank.cmp(&self.rank))
            .then_with(|| self.fact.cmp(&other.fact))
            .then_with(|| self.attribution.cmp(&other.attribution))
            .then_with(|| self.provider.cmp(&other.provider))
    }

    fn retracted(&self) -> bool {
        self.retracted
    }
}

/// The fact with its texts cut to their bounds.
pub(crate) fn clipped(fact: &Fact) -> Fact {
    let mut fact = fact.clone();
    match &mut fact {
        Fact::Deferred { reason } | Fact::Bounced { reason, .. } => clip(reason, REASON_BYTES_MAX),
        Fact::Dropped(Drop { text, scope, .. }) => {
            clip(text, REASON_BYTES_MAX);
            clip_scope(scope);
        }
        Fact::Clicked { link, .. } => clip(link, LINK_BYTES_MAX),
        Fact::Unsubscribed { scope, .. } | Fact::Resubscribed { scope, .. } => clip_scope(scope),
        Fact::Sent | Fact::Queued | Fact::Delivered | Fact::Opened(_) | Fact::Complained | Fact::Withheld(_) => {}
    }
    fact
}

/// Whether [`clipped`] would change nothing.
pub(crate) fn is_within_bounds(fact: &Fact) -> bool {
    let fits = |scope: &Scope| !matches!(scope, Scope::List(list) if list.len() > LIST_BYTES_MAX);
    match fact {
        Fact::Deferred { reason } | Fact::Bounced { reason, .. } => reason.len() <= REASON_BYTES_MAX,
        Fact::Dropped(Drop { text, scope, .. }) => text.len() <= REASON_BYTES_MAX && fits(scope),
        Fact::Clicked { link, .. } => link.len() <= LINK_BYTES_MAX,
        Fact::Unsubscribed { scope, .. } | Fact::Resubscribed { scope, .. } => fits(scope),
        Fact::Sent | Fact::Queued | Fact::Delivered | Fact::Opened(_) | Fact::Complained | Fact::Withheld(_) => true,
    }
}

pub(crate) fn clip_scope(scope: &mut Scope) {
    if let Scope::List(list) = scope {
        clip(list, LIST_BYTES_MAX);
    }
}

fn clip(text: &mut String, bytes_max: usize) {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}
