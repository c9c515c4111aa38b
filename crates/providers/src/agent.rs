//! Who opened, by rules of our own, where a provider has no flag for it.

use domain::Agent;

/// Apple's mail privacy proxy fetches images as exactly this, and no browser of a person does.
const APPLE_PROXY: &str = "Mozilla/5.0";

/// Who opened by the words of its agent, and the rule that says so.
pub(crate) fn opener(user_agent: Option<&str>) -> (Agent, Option<&'static str>) {
    match user_agent {
        Some(APPLE_PROXY) => (Agent::Machine, Some("bare_user_agent")),
        _ => (Agent::Unknown, None),
    }
}
