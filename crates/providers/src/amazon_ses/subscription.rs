//! SES list management: what a change of preferences unsubscribes from, and what it subscribes to again.

use std::collections::BTreeMap;

use domain::{Fact, Scope};

use super::Said;
use crate::json::Json;
use crate::mapping::truth;
use crate::part;

/// One fact for each scope whose preference differs between old and new: all mail, then the topics in their new order. Without the
/// old preferences only what is now declined counts as a change, so that nothing is lifted by a guess.
pub(super) fn facts<'a>(inner: &'a Json<'_>, recipient: Option<&'a str>) -> Result<Vec<Said<'a>>, &'static str> {
    let old = inner.get("oldTopicPreferences");
    let Some(new) = inner.get("newTopicPreferences") else { return Err("no_change") };
    let all = |preferences: &Json<'_>| preferences.words_of("unsubscribeAll").and_then(truth);
    let mut changes = vec![(Scope::Organisation, old.and_then(all), all(new))];
    let before: BTreeMap<&str, bool> = old.into_iter().flat_map(topics).collect();
    for (topic, declined) in topics(new) {
        changes.push((Scope::List(part::kept(topic)), before.get(topic).copied(), Some(declined)));
    }
    let reason = inner.words_of("source");
    let facts = changes.into_iter().filter_map(|(scope, before, now)| {
        let fact = match (before, now?) {
            (Some(false) | None, true) => Fact::Unsubscribed { scope, from_register: false },
            (Some(true), false) => Fact::Resubscribed { scope, from_register: false },
            (None, false) | (Some(_), _) => return None,
        };
        Some(Said { recipient, fact, reason })
    });
    let facts: Vec<Said<'a>> = facts.collect();
    if facts.is_empty() { Err("no_change") } else { Ok(facts) }
}

/// Topics with whether they are declined.
fn topics<'a>(preferences: &'a Json<'_>) -> impl Iterator<Item = (&'a str, bool)> {
    let statuses = preferences.get("topicSubscriptionStatus").map(Json::elements).unwrap_or_default();
    statuses.iter().filter_map(|status| {
        let declined = match status.words_of("subscriptionStatus")?.to_ascii_lowercase().as_str() {
            "optout" | "opt_out" => true,
            "optin" | "opt_in" => false,
            _ => return None,
        };
        Some((status.words_of("topicName")?, declined))
    })
}

/// What tells the facts of one notification apart.
pub(super) fn scope_words(fact: &Fact) -> &str {
    match fact {
        Fact::Unsubscribed { scope: Scope::List(list), .. } | Fact::Resubscribed { scope: Scope::List(list), .. } => {
            list
        }
        _ => "",
    }
}
