//! Whether an append is worth waiting for. Whoever was answered a moment ago often posts again at once: an append that begins with
//! the first of them makes all the others wait for the one after it, so that each waits for two. Then it is cheaper to wait for them
//! for a fraction of what an append takes. Where nobody comes back, no time is given away for long.

use std::time::Duration;

/// The part of the last append's time that is waited at most: one in so many.
const SHARE: u32 = 2;
/// The longest wait, however long appends take.
const WAIT_MAX: Duration = Duration::from_millis(5);
/// Appends that wait for nobody, after a wait for which too few came.
const AT_ONCE: u32 = 16;

/// What the last append was.
#[derive(Debug, Default)]
pub(super) struct Pace {
    took: Duration,
    /// Requests that it answered.
    answered: usize,
    /// Requests that stood behind it when it ended.
    behind: usize,
    /// Appends that are still to wait for nobody.
    at_once: u32,
}

impl Pace {
    /// An append took so long, answered so many requests, and so many stood behind it when it ended.
    pub(super) fn appended(&mut self, took: Duration, answered: usize, behind: usize) {
        *self = Self { took, answered, behind, at_once: self.at_once.saturating_sub(1) };
    }

    /// How many requests the next append is to have, and how long they are waited for; nothing when it is to begin with the ones there.
    pub(super) fn wait(&self, there: usize) -> Option<(usize, Duration)> {
        let wanted = self.answered.saturating_add(self.behind);
        (self.at_once == 0 && there < wanted).then(|| (wanted, (self.took / SHARE).min(WAIT_MAX)))
    }

    /// After a wait there were so many: unless three quarters of those that were answered came back, it was not worth it. Requests of
    /// clients that do not wait for each other are too few in half the time to look like that.
    pub(super) fn waited(&mut self, there: usize) {
        if there < self.behind.saturating_add(self.answered - self.answered / 4) {
            self.at_once = AT_ONCE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYNC: Duration = Duration::from_millis(8);

    fn after(answered: usize, behind: usize) -> Pace {
        let mut pace = Pace::default();
        pace.appended(SYNC, answered, behind);
        pace
    }

    #[test]
    fn one_client_after_another_waits_for_nobody() {
        assert_eq!(Pace::default().wait(1), None);
        assert_eq!(after(1, 0).wait(1), None);
    }

    #[test]
    fn those_who_were_answered_are_waited_for_beside_those_who_stand_there() {
        assert_eq!(after(16, 16).wait(17), Some((32, SYNC / 2)));
        assert_eq!(after(16, 16).wait(32), None);
        let mut slow = Pace::default();
        slow.appended(Duration::from_secs(1), 2, 0);
        assert_eq!(slow.wait(1), Some((2, WAIT_MAX)));
    }

    #[test]
    fn after_a_wait_for_nobody_the_next_ones_begin_at_once() {
        let mut pace = after(16, 4);
        pace.waited(16);
        assert!(pace.wait(1).is_some(), "three quarters of them came back");
        pace.waited(15);
        for _ in 0..AT_ONCE {
            assert_eq!(pace.wait(1), None);
            pace.appended(SYNC, 16, 4);
        }
        assert!(pace.wait(1).is_some(), "it is tried again");
    }
}
