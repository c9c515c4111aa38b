//! A client that knows no broker any more. librdkafka (2.10 and later) drops brokers that an answer for metadata does not name, which
//! are all of them while a controller fences the only broker that is up; what it begins then to find others is ended by the same
//! answer (confluentinc/librdkafka#5301), and it stays alone for good. Whoever is told the first brokers once more is found again.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often it is told of them: one that is named while the client still drops its brokers is dropped with them.
const TIMES: u8 = 2;
/// At least between two times: a broker that is away for hours leaves its clients alone all the time, and librdkafka keeps every
/// list that it is told.
const AGAIN: Duration = Duration::from_secs(5);

/// How often a client is still to be told, and when it was last.
#[derive(Debug, Default)]
pub(crate) struct Alone(Mutex<(u8, Option<Instant>)>);

impl Alone {
    /// No broker is left.
    pub(crate) fn begins(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = TIMES;
    }

    /// Whether it is to be told now; then it is taken for told.
    pub(crate) fn is_due(&self) -> bool {
        let mut at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, told) = *at;
        let due = left > 0 && told.is_none_or(|told| told.elapsed() >= AGAIN);
        if due {
            *at = (left - 1, Some(Instant::now()));
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_left_alone_is_told_at_once_and_not_again_soon() {
        let alone = Alone::default();
        assert!(!alone.is_due(), "it was not left alone");
        alone.begins();
        assert!(alone.is_due() && !alone.is_due());
        alone.begins();
        assert!(!alone.is_due(), "not so soon");
    }
}
