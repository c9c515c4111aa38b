//! Where the view stands against the topics, for readiness and for whoever reads its pages.

use std::collections::BTreeMap;

use contract::topic::Topic;
use engine::Offset;

/// How far something is, in offsets of all partitions together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Read.
    pub done: u64,
    /// To be read.
    pub of: u64,
}

impl Share {
    /// Whole per cent, from 0 to 99: what is all there is no share any more.
    pub fn percent(self) -> u64 {
        self.done.saturating_mul(100).checked_div(self.of).unwrap_or(0).min(99)
    }
}

/// Where the view stands. With neither it has what was published when it began to follow, and follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// It has not read everything yet that was published when it began to follow: numbers are too low, rows are lacking.
    pub lacks: Option<Share>,
    /// Nobody follows into it any more; why, and what to do.
    pub halted: Option<String>,
}

/// What was published when following began, and how much of it is read.
#[derive(Default)]
pub(crate) struct Begun {
    partitions: usize,
    places: BTreeMap<(Topic, u32), Place>,
}

struct Place {
    from: Offset,
    at: Offset,
    to: Offset,
}

impl Begun {
    /// Following begins, of so many partitions of all topics together.
    pub(crate) fn anew(partitions: usize) -> Self {
        Self { partitions, ..Self::default() }
    }

    /// Whether it is known how much of a partition there was.
    pub(crate) fn knows(&self, source: (Topic, u32)) -> bool {
        self.places.contains_key(&source) || self.places.len() >= self.partitions
    }

    /// One partition had `end` when following began at `from`. Whether nothing lacks now.
    pub(crate) fn had(&mut self, source: (Topic, u32), from: Offset, end: Offset) -> bool {
        self.change(|places| {
            places.insert(source, Place { from, at: from, to: end });
        })
    }

    /// One partition is read up to `at`. Whether the last that lacked is there now.
    pub(crate) fn stood(&mut self, source: (Topic, u32), at: Offset) -> bool {
        self.change(|places| places.get_mut(&source).into_iter().for_each(|place| place.at = at))
    }

    fn change(&mut self, change: impl FnOnce(&mut BTreeMap<(Topic, u32), Place>)) -> bool {
        let lacked = self.lacks().is_some();
        change(&mut self.places);
        lacked && self.lacks().is_none()
    }

    /// How far it is; `None` once it is there.
    pub(crate) fn lacks(&self) -> Option<Share> {
        let places = || self.places.values();
        let is_there = self.places.len() >= self.partitions && places().all(|place| place.at >= place.to);
        let sum = |part: fn(&Place) -> u64| places().map(part).sum();
        let done = |place: &Place| place.at.min(place.to).saturating_sub(place.from);
        (!is_there).then(|| Share { done: sum(done), of: sum(|place| place.to.saturating_sub(place.from)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_there_when_every_partition_has_what_was_published_at_first() {
        let (one, other) = ((Topic::Private, 0), (Topic::Private, 1));
        let mut begun = Begun::anew(2);
        assert!(!begun.had(one, 0, 0), "the other is not known");
        assert_eq!((begun.lacks(), begun.knows(one), begun.knows(other)), (Some(Share::default()), true, false));
        assert!(!begun.had(other, 100, 300));
        assert!(!begun.stood(other, 150));
        assert_eq!(begun.lacks().map(Share::percent), Some(25));
        assert!(begun.stood(other, 300), "what came since does not count");
        assert!(!begun.stood(other, 400), "once");
        assert_eq!(begun.lacks(), None);
        assert_eq!(Begun::default().lacks(), None, "nobody follows one that is only asked");
    }
}
