//! What a run does: how many events, which faults, in which order. All of it follows from sizes and a seed.

use benches::plan::Random;

/// Sizes of a run.
#[derive(Clone, Debug)]
pub(crate) struct Sizes {
    /// Records of the intakes and of the events topic together count events: at least so many are written.
    pub(crate) events: u64,
    /// `kill -9` of processors.
    pub(crate) kills: usize,
    /// Processors that are stopped past their session, and go on when others have their partitions.
    pub(crate) zombies: usize,
    /// Data directories that are deleted.
    pub(crate) lost_disks: usize,
    /// Brokers that are taken away: of one restarted in order, of three killed.
    pub(crate) brokers_taken: usize,
    /// Brokers there are: 1 or 3.
    pub(crate) brokers: u16,
    /// Whether some kills hit an instance that is starting.
    pub(crate) while_starting: bool,
    /// Of the kills, those after which the instance stays away until others have its partitions.
    pub(crate) takeovers: usize,
    /// Whether it fails when it takes too long until there is work again.
    pub(crate) is_measured: bool,
}

impl Sizes {
    /// What every change runs.
    pub(crate) fn short() -> Self {
        Self {
            events: 1_000_000,
            kills: 15,
            zombies: 3,
            lost_disks: 1,
            brokers_taken: 1,
            brokers: 1,
            while_starting: true,
            takeovers: 2,
            is_measured: false,
        }
    }

    /// What takes a night.
    pub(crate) fn long() -> Self {
        Self { events: 10_000_000, kills: 100, brokers_taken: 20, brokers: 3, takeovers: 10, ..Self::short() }
    }

    /// Enough to find a bug that was put in.
    pub(crate) fn wrong() -> Self {
        let none = Self { zombies: 0, lost_disks: 0, brokers_taken: 0, takeovers: 0, ..Self::short() };
        Self { events: 120_000, kills: 4, ..none }
    }

    /// How long it takes until an instance that was killed processes again.
    pub(crate) fn recovery() -> Self {
        Self {
            is_measured: true,
            kills: 42,
            zombies: 0,
            lost_disks: 0,
            brokers_taken: 0,
            while_starting: false,
            takeovers: 10,
            ..Self::short()
        }
    }
}

/// What is done to the running instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// From one instance to three.
    ScaleUp,
    /// `kill -9`; started again at once.
    Kill,
    /// `kill -9`; started again, and killed again while it starts.
    KillTwice,
    /// `kill -9`; started again when others have its partitions.
    Takeover,
    /// SIGSTOP until others have its partitions, then SIGCONT.
    Zombie,
    /// `kill -9`, and its data directory is deleted.
    LostDisk,
    /// A broker is taken away and comes back.
    Broker,
    /// From three instances to one.
    ScaleDown,
}

impl Fault {
    /// How it is called in the table.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::ScaleUp => "scale 1 to 3",
            Self::Kill => "kill -9, back at once",
            Self::KillTwice => "kill -9 twice, again while it starts",
            Self::Takeover => "kill -9, others take over",
            Self::Zombie => "SIGSTOP until fenced (zombie)",
            Self::LostDisk => "kill -9 and lost disk",
            Self::Broker => "broker taken away",
            Self::ScaleDown => "scale 3 to 1",
        }
    }
}

/// The faults in their order: everything happens between growing and shrinking.
pub(crate) fn faults(sizes: &Sizes, random: &mut Random) -> Vec<Fault> {
    let twice = if sizes.while_starting { sizes.kills / 5 } else { 0 };
    let takeovers = sizes.takeovers.min(sizes.kills - 2 * twice);
    let once = sizes.kills - 2 * twice - takeovers;
    let many = [
        (Fault::Kill, once),
        (Fault::KillTwice, twice),
        (Fault::Takeover, takeovers),
        (Fault::Zombie, sizes.zombies),
        (Fault::LostDisk, sizes.lost_disks),
        (Fault::Broker, sizes.brokers_taken),
    ];
    let mut between: Vec<Fault> = many.iter().flat_map(|(fault, count)| std::iter::repeat_n(*fault, *count)).collect();
    shuffle(&mut between, random);
    [vec![Fault::ScaleUp], between, vec![Fault::ScaleDown]].concat()
}

fn shuffle(faults: &mut [Fault], random: &mut Random) {
    for last in (1..faults.len()).rev() {
        let with = usize::try_from(random.below(u64::try_from(last + 1).unwrap_or(1))).unwrap_or(0);
        faults.swap(last, with);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kill_is_planned_once_and_everything_lies_between_growing_and_shrinking() {
        for sizes in [Sizes::short(), Sizes::long(), Sizes::recovery(), Sizes::wrong()] {
            let faults = faults(&sizes, &mut Random::of(7, 0, 9));
            let count = |wanted: Fault| faults.iter().filter(|fault| **fault == wanted).count();
            let kills = count(Fault::Kill) + 2 * count(Fault::KillTwice) + count(Fault::Takeover);
            assert_eq!((kills, count(Fault::Zombie)), (sizes.kills, sizes.zombies));
            assert_eq!((faults.first(), faults.last()), (Some(&Fault::ScaleUp), Some(&Fault::ScaleDown)));
        }
    }

    #[test]
    fn another_seed_is_another_order_and_the_same_seed_the_same() {
        let of = |seed| faults(&Sizes::long(), &mut Random::of(seed, 0, 9));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
