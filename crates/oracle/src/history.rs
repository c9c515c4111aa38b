//! What each event of a message came to: the timeline that explains a number.

use domain::Event;

use crate::{Name, Recount, precedence};

/// What became of one event among those of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It is one of the facts that everything is computed from.
    Counted,
    /// The same event as one before it, from here.
    Duplicate,
    /// Another version of the same event holds: that of this decoder.
    Superseded {
        /// Version of the decoder whose word holds.
        by: u32,
    },
    /// This decoder takes the event back: no version of it counts.
    Retracted {
        /// Version of the decoder.
        by: u32,
    },
}

impl Recount {
    /// Every event of a message as it came, copies included, by time; copies in the order in which they were taken.
    pub fn history(&self, name: &Name) -> Vec<(&Event, Part)> {
        let events = self.messages.get(name).map_or(&[][..], |held| &held.events);
        let part = |place: usize, event: &Event| {
            let same = |other: &&Event| other.id == event.id;
            let Some(holds) = events.iter().filter(same).max_by(|a, b| precedence(a).cmp(&precedence(b))) else {
                return Part::Counted;
            };
            if holds.retracted {
                return Part::Retracted { by: holds.decoder };
            }
            if precedence(event) != precedence(holds) {
                return Part::Superseded { by: holds.decoder };
            }
            let before = events.get(..place).unwrap_or_default();
            let is_copy = |other: &Event| same(&other) && precedence(other) == precedence(event);
            if before.iter().any(is_copy) { Part::Duplicate } else { Part::Counted }
        };
        let mut history: Vec<(&Event, Part)> =
            events.iter().enumerate().map(|(place, event)| (event, part(place, event))).collect();
        history.sort_by_key(|(event, _)| (event.time, event.id));
        history
    }
}
