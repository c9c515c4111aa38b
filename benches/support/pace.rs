//! Time as benches make it: events at a steady rate, and looks at another process, which tells nobody when it is ready.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// Between two looks at another process.
const LOOK: Duration = Duration::from_millis(5);

/// A steady rate, from its beginning on. Who was slower is given in time what has come due meanwhile.
pub struct Pace {
    begun: Instant,
    every: Duration,
    per_second: u64,
    given: u64,
}

impl Pace {
    /// So many a second, given out at this interval.
    pub fn of(per_second: u64, every: Duration) -> Self {
        Self { begun: Instant::now(), every, per_second, given: 0 }
    }

    /// Waits for the next turn, then says how many are due in it, `most` at most; the rest is due in the next.
    pub fn due(&mut self, most: u64) -> u64 {
        // The rate is what is asked for: nothing else happens that could be waited for.
        std::thread::sleep(self.every);
        let all = self.begun.elapsed().as_millis() as u64 * self.per_second / 1_000;
        let due = all.saturating_sub(self.given).min(most);
        self.given += due;
        due
    }

    /// How many were given out.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// Since when.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// Asks again and again until it is so, `longest` at most.
///
/// # Errors
/// What asking gives; when it did not become so, with `what`.
pub fn until(what: &str, longest: Duration, mut is: impl FnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !is()? {
        ensure!(begun.elapsed() < longest, "{what}: not within {} s", longest.as_secs());
        // Another process: it can only be asked again.
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// The value below which this share of ascending ones lies; 0 of none.
pub fn quantile(ascending: &[f64], share: f64) -> f64 {
    let last = ascending.len().saturating_sub(1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let place = ((last as f64) * share).round() as usize;
    ascending.get(place.min(last)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_given_in_one_turn_is_given_in_the_next_and_nothing_twice() {
        let mut pace = Pace::of(1_000_000, Duration::from_millis(2));
        assert_eq!((pace.due(10), pace.due(10), pace.given()), (10, 10, 20));
        let rest = pace.due(u64::MAX);
        assert!(
            rest > 0 && pace.given() == 20 + rest && u128::from(pace.given()) <= pace.elapsed().as_millis() * 1_000
        );
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=101).map(f64::from).collect();
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(|share| quantile(&values, share)), [1.0, 51.0, 100.0, 101.0]);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }

    #[test]
    fn what_never_becomes_so_is_said() {
        let mut asked = 0;
        let third = || {
            asked += 1;
            Ok(asked == 3)
        };
        assert!(until("the third", Duration::from_secs(9), third).is_ok());
        let never = until("the end", Duration::ZERO, || Ok(false));
        assert!(never.is_err_and(|error| error.to_string().contains("the end: not within")));
    }
}
