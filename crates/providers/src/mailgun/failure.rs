//! What a failure at Mailgun means: tried again, refused, or never tried.

use domain::{BounceClass, DropReason, Fact};

use super::reason;
use crate::fact::dropped;
use crate::json::Json;
use crate::mapping::truth;
use crate::part::clean;

/// Whether Mailgun tries again.
pub(super) fn temporary(data: &Json<'_>) -> bool {
    data.words_of("severity").is_some_and(|severity| severity.eq_ignore_ascii_case("temporary"))
}

/// A failure for good. What Mailgun's lists of suppressed addresses hold was never sent, so it is no bounce.
pub(super) fn permanent(data: &Json<'_>) -> Fact {
    let status = |name: &str| data.at(&["delivery-status", name]).and_then(Json::words);
    let cause = data.words_of("reason").unwrap_or_default().to_lowercase();
    let code = status("code").unwrap_or_default();
    let words = reason(data);
    if let Some(reason) = unsent(&cause, code) {
        return dropped(reason, words);
    }
    let codes = [status("enhanced-code"), status("bounce-code"), status("message"), status("description")];
    let class = class(&cause, code).unwrap_or_else(|| by_enhanced_code(codes.into_iter().flatten()));
    let asynchronous = data.at(&["flags", "is-delayed-bounce"]).and_then(Json::words).and_then(truth) == Some(true);
    Fact::Bounced { class, asynchronous, reason: clean(words) }
}

/// Why Mailgun did not try, by its reason or its own codes.
pub(super) fn unsent(cause: &str, code: &str) -> Option<DropReason> {
    Some(match (cause, code) {
        ("suppress-bounce", _) | (_, "605") => DropReason::PriorBounce,
        ("suppress-unsubscribe", _) | (_, "606") => DropReason::Unsubscribed,
        ("suppress-complaint", _) | (_, "607") => DropReason::PriorSpam,
        (_, "625") => DropReason::PolicyList,
        (cause, _) if cause.starts_with("suppress-") => DropReason::Suppressed,
        _ => return None,
    })
}

/// The class by Mailgun's own codes (498: no mail exchanger, 499: given up), then by its reason.
pub(super) fn class(cause: &str, code: &str) -> Option<BounceClass> {
    Some(match (cause, code) {
        (_, "498") => BounceClass::Hard,
        (_, "499") => BounceClass::Soft,
        ("bounce" | "hardfail", _) => BounceClass::Hard,
        ("espblock" | "blacklisted", _) => BounceClass::Block,
        ("old" | "greylisted", _) => BounceClass::Soft,
        _ => return None,
    })
}

/// The class by the first enhanced status code (RFC 3463) in these words; soft without one that tells.
pub(super) fn by_enhanced_code<'a>(words: impl Iterator<Item = &'a str>) -> BounceClass {
    let tokens = words.flat_map(|words| words.split(|character: char| !character.is_ascii_digit() && character != '.'));
    let subject = tokens.filter_map(|token| {
        let parts: Vec<&str> = token.split('.').collect();
        match parts.as_slice() {
            [class @ ("4" | "5"), subject, detail] if !detail.is_empty() => Some((*class, *subject)),
            _ => None,
        }
    });
    match subject.into_iter().next() {
        Some(("5", "1")) => BounceClass::Hard,
        Some(("5", "7")) => BounceClass::Block,
        _ => BounceClass::Soft,
    }
}
