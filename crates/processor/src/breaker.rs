//! Breakers: one for each organisation and intake partition, open while too much of it is refused. An open one alerts; whether
//! it stops the partition is a setting. Only watches: what is folded and dead-lettered does not depend on it (I9).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use contract::topic::Topic;
use contract::{header, key};
use engine::Output;

use crate::settings::Settings;

/// Organisations that are watched in one partition; further ones are not.
const SOURCES_MAX: usize = 10_000;

/// When a breaker opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Refused share in per cent.
    pub percent: u32,
    /// Outcomes before which it stays closed. It remembers about twice as many.
    pub records: u32,
    /// Whether an open one stops its partition.
    pub stops: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { percent: 50, records: 1_000, stops: false }
    }
}

/// An intake's partition.
type Place = (&'static str, u32);

/// All breakers of a process.
#[derive(Debug, Default)]
pub struct Breakers(Mutex<Watched>);

#[derive(Debug, Default)]
struct Watched {
    bounds: Bounds,
    sources: BTreeMap<Place, BTreeMap<Vec<u8>, Source>>,
}

/// One organisation's latest outcomes, older ones counting less.
#[derive(Clone, Copy, Debug, Default)]
struct Source {
    outcomes: u32,
    refused: u32,
    open: bool,
}

impl Breakers {
    /// Sets the bounds; what was counted stays.
    pub fn set(&self, bounds: Bounds) {
        self.lock().bounds = bounds;
    }

    /// Open breakers by intake, every intake.
    pub fn open(&self) -> BTreeMap<&'static str, usize> {
        let mut open = BTreeMap::from([Topic::Platform, Topic::Webhooks].map(|intake| (intake.short(), 0)));
        for ((intake, _), sources) in &self.lock().sources {
            *open.entry(*intake).or_default() += sources.values().filter(|source| source.open).count();
        }
        open
    }

    /// Partitions that are to stop, and why.
    pub fn stopping(&self) -> Vec<(Place, String)> {
        let watched = self.lock();
        let bounds = watched.bounds;
        let stops = |(place, sources): (&Place, &BTreeMap<_, Source>)| {
            let open = sources.values().filter(|source| source.open).count();
            (bounds.stops && open > 0).then(|| (*place, format!(
                "breaker.stops: of {open} sources more than {} % of the latest outcomes were refused: mend them (mailtally dead-letters), or set breaker.stops = false, and start again",
                bounds.percent
            )))
        };
        watched.sources.iter().filter_map(stops).collect()
    }

    /// Counts what one record of an intake has come to: its events and its dead letters, or itself when it is neither.
    pub(crate) fn count(&self, settings: &Settings, place: Place, outputs: &[Output]) {
        let [dead_letters, events, correlations] =
            [Topic::DeadLetters, Topic::Events, Topic::Correlations].map(|topic| settings.topic(topic));
        let has_events = outputs.iter().any(|output| output.to.topic == events);
        let mut watched = self.lock();
        let mut counted = false;
        for output in outputs.iter().filter(|output| output.to.topic != correlations) {
            let refused = output.to.topic == dead_letters;
            let counts = refused || output.to.topic == events || !(has_events || counted);
            if let Some(organisation) = organisation(output, refused).filter(|_| counts) {
                watched.count(place, &organisation, refused);
                counted = true;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The organisation that an output is about; `None` for rows that name none.
fn organisation(output: &Output, refused: bool) -> Option<Vec<u8>> {
    if refused {
        return output.record.headers.get(header::ORGANISATION).map(<[u8]>::to_vec);
    }
    let parts = key::decode(output.record.key.as_deref()?)?;
    parts.first().map(|part| part.to_vec())
}

impl Watched {
    fn count(&mut self, place: Place, organisation: &[u8], refused: bool) {
        let bounds = self.bounds;
        let sources = self.sources.entry(place).or_default();
        if sources.len() >= SOURCES_MAX && !sources.contains_key(organisation) {
            return;
        }
        let source = sources.entry(organisation.to_vec()).or_default();
        source.outcomes += 1;
        source.refused += u32::from(refused);
        if source.outcomes >= bounds.records.saturating_mul(2) {
            (source.outcomes, source.refused) = (source.outcomes / 2, source.refused / 2);
        }
        let share = u64::from(source.refused) * 100 >= u64::from(bounds.percent) * u64::from(source.outcomes);
        let open = source.outcomes >= bounds.records && share;
        if open != source.open {
            source.open = open;
            // Who it is is with the dead letters: what a refused record claims may be anything.
            let (intake, partition) = place;
            if open {
                tracing::warn!(
                    intake,
                    partition,
                    "too much of one organisation's records is refused: see the dead letters"
                );
            } else {
                tracing::info!(intake, partition, "one organisation's records are taken again");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = ("platform", 0);

    fn watched(stops: bool) -> Watched {
        Watched { bounds: Bounds { percent: 50, records: 10, stops }, ..Watched::default() }
    }

    #[test]
    fn a_breaker_opens_at_its_share_for_one_organisation_and_closes_again() {
        let mut watched = watched(true);
        for n in 0..9 {
            watched.count(PLACE, b"acme", n % 2 == 0);
            watched.count(PLACE, b"rival", false);
        }
        let breakers = Breakers(Mutex::new(watched));
        assert_eq!(breakers.open().get("platform"), Some(&0), "too few to tell");
        breakers.lock().count(PLACE, b"acme", true);
        assert_eq!(breakers.open().get("platform"), Some(&1), "the rival is not touched");
        let stopping = breakers.stopping();
        assert_eq!(stopping.len(), 1);
        assert!(stopping[0].0 == PLACE && stopping[0].1.contains("breaker.stops"), "{stopping:?}");
        (0..20).for_each(|_| breakers.lock().count(PLACE, b"acme", false));
        assert_eq!(breakers.open().get("platform"), Some(&0));
        assert!(breakers.stopping().is_empty());
    }

    #[test]
    fn an_open_breaker_stops_nothing_unless_it_is_set_to() {
        let mut watched = watched(false);
        (0..10).for_each(|_| watched.count(PLACE, b"acme", true));
        let breakers = Breakers(Mutex::new(watched));
        assert_eq!(breakers.open().get("platform"), Some(&1));
        assert!(breakers.stopping().is_empty());
    }

    #[test]
    fn claimed_organisations_take_bounded_memory() {
        let mut watched = watched(false);
        (0..SOURCES_MAX + 10).for_each(|n| watched.count(PLACE, n.to_string().as_bytes(), true));
        assert_eq!(watched.sources[&PLACE].len(), SOURCES_MAX);
    }
}
