//! What is used of librdkafka's statistics (STATISTICS.md): enough to see a request sent twice.

use std::sync::{Arc, Mutex};

use serde_json::Value;

/// The latest statistics of one client.
pub(crate) type Shared = Arc<Mutex<Statistics>>;

/// One client's statistics, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statistics {
    /// Requests that were sent again.
    pub(crate) retries: u64,
    /// Requests that were not answered in time.
    pub(crate) timeouts: u64,
}

impl Statistics {
    /// From librdkafka's JSON; `None` when it is none.
    pub(crate) fn parse(json: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(json).ok()?;
        let brokers = value.get("brokers")?.as_object()?;
        let number = |broker: &Value, key: &str| broker.get(key).and_then(Value::as_u64).unwrap_or(0);
        let sum = |key: &str| brokers.values().map(|broker| number(broker, key)).sum();
        Some(Self { retries: sum("txretries"), timeouts: sum("req_timeouts") })
    }

    /// Whether a request may have been sent twice since `before`.
    pub(crate) fn is_doubtful_since(&self, before: &Self) -> bool {
        (self.retries, self.timeouts) != (before.retries, before.timeouts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_are_summed_and_what_is_missing_is_nothing() {
        let json = br#"{"tx":7,"brokers":{"a":{"txretries":1,"req_timeouts":2},"b":{"txretries":2}}}"#;
        let statistics = Statistics::parse(json).unwrap_or_default();
        assert_eq!(statistics, Statistics { retries: 3, timeouts: 2 });
        assert!(statistics.is_doubtful_since(&Statistics { retries: 2, timeouts: 2 }));
        assert!(!statistics.is_doubtful_since(&statistics));
        assert_eq!(Statistics::parse(b"no json"), None);
    }
}
