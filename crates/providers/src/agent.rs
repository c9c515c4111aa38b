//! Who opened or clicked, by rules of our own, where a provider has no flag for it.

use domain::Agent;

/// Apple's mail privacy proxy fetches images as exactly this, and no browser of a person does.
const APPLE_PROXY: &str = "Mozilla/5.0";
/// What robots put into their user agents themselves, in lower case. A phone of the make Cubot is none, so `bot` alone
/// says nothing.
const ROBOTS: [&str; 10] = [
    "bot/",
    "bot-link",
    "crawler",
    "spider",
    "scanner",
    "sentinel",
    "python-requests/",
    "curl/",
    "go-http-client/",
    "headlesschrome/",
];

/// Who opened by the words of its agent, and the rule that says so.
pub(crate) fn opener(user_agent: Option<&str>) -> (Agent, Option<&'static str>) {
    match user_agent {
        Some(APPLE_PROXY) => (Agent::Machine, Some("bare_user_agent")),
        _ => clicker(user_agent),
    }
}

/// Who clicked by the words of its agent, and the rule that says so. Nobody flags the clicks of scanners; those that name
/// themselves are found.
pub(crate) fn clicker(user_agent: Option<&str>) -> (Agent, Option<&'static str>) {
    let words = user_agent.unwrap_or_default().to_lowercase();
    if ROBOTS.iter().any(|robot| words.contains(robot)) {
        (Agent::Machine, Some("declared_robot"))
    } else {
        (Agent::Unknown, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn robots_that_name_themselves_are_machines_and_phones_are_not() {
        for (words, expected) in [
            ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", Agent::Machine),
            ("Mozilla/5.0 (compatible; bingbot/2.0)", Agent::Machine),
            ("Barracuda Sentinel (EE)", Agent::Machine),
            ("Mozilla/5.0 (Linux; Android 14; CUBOT NOTE 40) Chrome/126.0 Mobile", Agent::Unknown),
            (
                "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
                Agent::Unknown,
            ),
            ("Mozilla/5.0", Agent::Unknown),
            ("", Agent::Unknown),
        ] {
            assert_eq!(clicker(Some(words)).0, expected, "{words}");
        }
        assert_eq!(opener(Some("Mozilla/5.0")).0, Agent::Machine);
        assert_eq!(opener(None).0, Agent::Unknown);
    }
}
