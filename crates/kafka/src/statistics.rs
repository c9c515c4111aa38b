//! What is used of librdkafka's statistics (STATISTICS.md): enough to see a queue grow and a request sent twice.

use std::sync::{Arc, Mutex};

use serde_json::Value;

/// The latest statistics of one client.
pub(crate) type Shared = Arc<Mutex<Statistics>>;

/// One client's statistics, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Messages in its queues.
    pub queued_messages: u64,
    /// Their bytes.
    pub queued_bytes: u64,
    /// Requests to brokers.
    pub requests: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Bytes received.
    pub received_bytes: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// Requests that were not answered in time.
    pub timeouts: u64,
    /// Connections that ended.
    pub disconnects: u64,
    /// Ends of transactions that were sent.
    pub transaction_ends: u64,
}

impl Statistics {
    /// From librdkafka's JSON; `None` when it is none.
    pub(crate) fn parse(json: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(json).ok()?;
        let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_u64).unwrap_or(0);
        let brokers: Vec<&Value> = value.get("brokers")?.as_object()?.values().collect();
        let sum = |key: &str| brokers.iter().map(|broker| number(broker, key)).sum();
        let ends = |broker: &&Value| broker.get("req").map_or(0, |requests| number(requests, "EndTxn"));
        Some(Self {
            queued_messages: number(&value, "msg_cnt"),
            queued_bytes: number(&value, "msg_size"),
            requests: number(&value, "tx"),
            sent_bytes: number(&value, "tx_bytes"),
            received_bytes: number(&value, "rx_bytes"),
            retries: sum("txretries"),
            timeouts: sum("req_timeouts"),
            disconnects: sum("disconnects"),
            transaction_ends: brokers.iter().map(ends).sum(),
        })
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
        let json = br#"{"tx":7,"msg_cnt":3,"brokers":{
            "a":{"txretries":1,"req_timeouts":2,"disconnects":0,"req":{"EndTxn":4}},
            "b":{"txretries":2,"req":{"Produce":9}}}}"#;
        let statistics = Statistics::parse(json).unwrap_or_default();
        let expected = Statistics {
            requests: 7,
            queued_messages: 3,
            retries: 3,
            timeouts: 2,
            transaction_ends: 4,
            ..Statistics::default()
        };
        assert_eq!(statistics, expected);
        assert!(statistics.is_doubtful_since(&Statistics { retries: 2, timeouts: 2, ..expected }));
        assert!(!statistics.is_doubtful_since(&Statistics { requests: 1, ..expected }));
        assert_eq!(Statistics::parse(b"no json"), None);
    }
}
