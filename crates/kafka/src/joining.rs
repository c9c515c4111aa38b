//! Since when a member's client joins its group without an end: what it says of itself in its statistics (STATISTICS.md, `cgrp`).

use std::time::Instant;

use serde_json::Value;

/// States in which a client waits for brokers, and not for its worker.
const JOINING: [&str; 4] = ["init", "wait-join", "wait-metadata", "wait-sync"];

/// A client that joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Joining {
    pub(crate) since: Instant,
    /// How far it has come, in librdkafka's words: with its coordinator, with the group.
    pub(crate) state: String,
}

impl Joining {
    /// What the latest statistics say, `before` being what those before them said. `None`: it is a member, or waits for its
    /// worker. What is no such JSON says nothing new.
    pub(crate) fn told(json: &[u8], before: Option<Self>, now: Instant) -> Option<Self> {
        let value: Value = serde_json::from_slice(json).unwrap_or_default();
        let word = |key: &str| value.get("cgrp").and_then(|group| group.get(key)).and_then(Value::as_str);
        let (Some(coordinator), Some(join)) = (word("state"), word("join_state")) else { return before };
        let since = before.map_or(now, |before| before.since);
        JOINING.contains(&join).then(|| Self { since, state: format!("coordinator {coordinator}, group {join}") })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn json(state: &str, join_state: &str) -> Vec<u8> {
        format!(r#"{{"name":"a","cgrp":{{"state":"{state}","join_state":"{join_state}"}}}}"#).into_bytes()
    }

    #[test]
    fn who_joins_does_so_since_the_first_word_of_it_whatever_step_it_takes() {
        let (since, later) = (Instant::now(), Instant::now() + Duration::from_secs(1));
        let joining = |state: &str| Some(Joining { since, state: state.to_owned() });
        let began = Joining::told(&json("up", "wait-join"), None, since);
        assert_eq!(began, joining("coordinator up, group wait-join"));
        let goes_on = Joining::told(&json("query-coord", "init"), began.clone(), later);
        assert_eq!(goes_on, joining("coordinator query-coord, group init"));
        for nothing in [&b"no json"[..], b"{}"] {
            assert_eq!(Joining::told(nothing, began.clone(), later), began);
        }
        for ended in ["steady", "wait-assign-call", "wait-unassign-to-complete"] {
            assert_eq!(Joining::told(&json("up", ended), began.clone(), later), None);
        }
    }
}
