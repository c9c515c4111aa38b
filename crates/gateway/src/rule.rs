//! What each provider is answered when its request is not kept: one line a provider, by its own retry rules. What an answer makes
//! of the event differs: Brevo discards it at every 5xx, Amazon SNS at every 4xx; Postmark ends for good at 403 and Mailgun at 406,
//! which are never answered here.

use axum::http::StatusCode;

/// What a provider is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The provider's name.
    pub provider: &'static str,
    /// When nothing can be kept just now: the answer after which it comes again.
    pub away: StatusCode,
    /// When the request is not taken for the provider's. Where every refusal loses the event, the answer after which it comes
    /// again, so that a key mix-up can be mended.
    pub refused: StatusCode,
    /// When a request breaks a limit, instead of the limit's own 4xx.
    pub limit: Option<StatusCode>,
}

const LATER: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
const SLOWER: StatusCode = StatusCode::TOO_MANY_REQUESTS;
const UNAUTHORISED: StatusCode = StatusCode::UNAUTHORIZED;

const fn usual(provider: &'static str) -> Rule {
    Rule { provider, away: LATER, refused: UNAUTHORISED, limit: None }
}

const fn always(provider: &'static str, answer: StatusCode) -> Rule {
    Rule { provider, away: answer, refused: answer, limit: Some(answer) }
}

/// All providers' rules, by name.
pub const RULES: [Rule; 13] = [
    always("amazon_ses", LATER),
    always("brevo", SLOWER),
    usual("mailersend"),
    usual("mailgun"),
    usual("mailjet"),
    usual("mailtrap"),
    usual("mandrill"),
    usual("postal"),
    usual("postmark"),
    usual("resend"),
    usual("sendgrid"),
    usual("sparkpost"),
    usual("unisender_go"),
];

/// The rule of a provider that is known.
pub fn rule(provider: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.provider == provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_a_rule() {
        let known: Vec<&str> = providers::ALL.iter().map(|provider| provider.name).collect();
        assert_eq!(RULES.map(|rule| rule.provider).as_slice(), known);
    }

    /// Of every provider the answers that end its tries (their documentation; `providers.md`, transport at a glance).
    #[test]
    fn no_answer_makes_a_provider_discard_what_is_not_kept() {
        for rule in RULES {
            let ends = |status: StatusCode| match rule.provider {
                "amazon_ses" => status.is_client_error(),
                "brevo" => status != StatusCode::TOO_MANY_REQUESTS,
                "mailgun" => status == StatusCode::NOT_ACCEPTABLE,
                "postmark" => status == StatusCode::FORBIDDEN,
                _ => false,
            };
            let answers = [Some(rule.away), Some(rule.refused), rule.limit];
            for status in answers.into_iter().flatten() {
                assert!(!ends(status) && !status.is_success() && !status.is_redirection(), "{rule:?}");
            }
        }
    }
}
