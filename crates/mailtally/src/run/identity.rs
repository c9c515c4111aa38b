//! Whether the brokers' topics are still those that this process began with: offsets and rows of others look right and are not.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use engine::Topic;
use log::{Error, Log, TopicDescription};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(5);
/// Looks in a row that must miss a topic: a broker that comes back does not know all of them at once.
const MISSED_MAX: u32 = 6;

/// The topics as they were when it began.
#[derive(Default)]
pub(super) struct Identity {
    known: BTreeMap<Topic, TopicDescription>,
    looked: Option<Instant>,
    missed: u32,
}

impl Identity {
    /// Looks, when it is time to: why the process cannot go on.
    ///
    /// # Errors
    /// The brokers do not say; asked again with the next look.
    pub(super) fn look(&mut self, log: &dyn Log) -> Result<Option<String>, Error> {
        if self.looked.is_some_and(|looked| looked.elapsed() < EVERY) {
            return Ok(None);
        }
        self.looked = Some(Instant::now());
        Ok(self.compare(log.topics()?))
    }

    fn compare(&mut self, found: Vec<TopicDescription>) -> Option<String> {
        let found: BTreeMap<Topic, TopicDescription> =
            found.into_iter().map(|topic| (topic.spec.name.clone(), topic)).collect();
        if self.known.is_empty() {
            self.known = found;
            return None;
        }
        if let Some(why) = self.known.values().find_map(|known| changed(known, found.get(&known.spec.name)?)) {
            return Some(why);
        }
        let gone = self.known.keys().find(|name| !found.contains_key(*name));
        self.missed = gone.map_or(0, |_| self.missed + 1);
        gone.filter(|_| self.missed >= MISSED_MAX).map(|name| {
            format!(
                "topic {name} is gone while this process worked with it: put it back (a mirror, a backup of the brokers); what it held \
                 that was not folded yet is lost with it"
            )
        })
    }
}

/// Why a topic is not the one that it was.
fn changed(known: &TopicDescription, found: &TopicDescription) -> Option<String> {
    let (name, partitions) = (&known.spec.name, known.spec.partitions);
    // Who may not describe a topic is not told its id.
    if known.id != found.id && !known.id.0.is_empty() && !found.id.0.is_empty() {
        return Some(format!(
            "topic {name} was deleted and made again while this process worked with it (its id was {}, now it is {}): offsets and rows \
             of the old one do not fit the new one; put the old one back, or begin anew under another prefix",
            known.id.0, found.id.0
        ));
    }
    (found.spec.partitions != partitions).then(|| {
        format!(
            "topic {name} has {} partitions now and had {partitions}: a topic's partitions never change in place, since keys would \
             go to other partitions than their rows are in; begin anew under another prefix",
            found.spec.partitions
        )
    })
}

#[cfg(test)]
mod tests {
    use log::{Cleanup, TopicId, TopicSpec};

    use super::*;

    fn topic(name: &str, id: &str, partitions: u32) -> TopicDescription {
        let spec = TopicSpec { name: Topic::new(name), partitions, cleanup: Cleanup::Delete { retention_ms: None } };
        TopicDescription { spec, id: TopicId(id.to_owned()) }
    }

    #[test]
    fn another_id_and_another_number_of_partitions_are_told_at_once() {
        let mut identity = Identity::default();
        assert_eq!(identity.compare(vec![topic("m.a", "x", 4), topic("m.b", "", 4)]), None);
        assert_eq!(identity.compare(vec![topic("m.a", "x", 4), topic("m.b", "z", 4)]), None, "it was not known before");
        let why = identity.compare(vec![topic("m.a", "y", 4), topic("m.b", "", 4)]).unwrap_or_default();
        assert!(why.contains("m.a was deleted and made again") && why.contains("id was x, now it is y"), "{why}");
        let why = identity.compare(vec![topic("m.a", "x", 6), topic("m.b", "", 4)]).unwrap_or_default();
        assert!(why.contains("m.a has 6 partitions now and had 4"), "{why}");
    }

    #[test]
    fn a_topic_is_gone_when_several_looks_in_a_row_miss_it() {
        let mut identity = Identity::default();
        let (all, some) = (vec![topic("m.a", "x", 4), topic("m.b", "y", 4)], vec![topic("m.a", "x", 4)]);
        assert_eq!(identity.compare(all.clone()), None);
        for _ in 1..MISSED_MAX {
            assert_eq!(identity.compare(some.clone()), None);
        }
        assert_eq!(identity.compare(all), None, "it was there all the time");
        for _ in 1..MISSED_MAX {
            assert_eq!(identity.compare(some.clone()), None);
        }
        assert!(identity.compare(some).is_some_and(|why| why.contains("m.b is gone")));
    }
}
