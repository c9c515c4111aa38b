//! What an SES event says of one recipient.

use domain::{Agent, BounceClass, Drop, DropReason, Fact, Scope};

use super::{Notice, Said, subscription};
use crate::json::Json;
use crate::part::clean;
use crate::url::link_template;

impl<'a, 'b> Notice<'a, 'b> {
    /// The facts about a recipient, or why there is none.
    pub(super) fn facts(&self, recipient: Option<&'a str>, entry: &'a Json<'b>) -> Result<Vec<Said<'a>>, &'static str> {
        let inner = self.inner;
        let (fact, reason) = match self.kind.as_str() {
            "send" => (Fact::Sent, None),
            "delivery" => (Fact::Delivered, inner.words_of("smtpResponse")),
            "deliverydelay" => {
                let reason = diagnosis(entry).or_else(|| inner.words_of("delayType"));
                (Fact::Deferred { reason: clean(reason) }, reason)
            }
            "bounce" => bounce(inner, entry),
            "complaint" => complaint(inner)?,
            "reject" => (reject(inner), inner.words_of("reason")),
            "renderingfailure" => {
                let text = inner.words_of("errorMessage");
                (dropped(DropReason::Rendering, Scope::Message, text), text)
            }
            "open" => (Fact::Opened(self.opener().0), None),
            "click" => {
                let link = inner.words_of("link").map(link_template).unwrap_or_default();
                (Fact::Clicked { agent: self.clicker().0, link }, None)
            }
            "subscription" => return subscription::facts(inner, recipient),
            "received" => return Err("inbound_mail"),
            "amazonsnssubscriptionsucceeded" => return Err("set_up"),
            _ => return Err("unknown_event"),
        };
        Ok(vec![Said { recipient, fact, reason }])
    }

    /// Who opened: SES has no flag for machines.
    pub(super) fn opener(&self) -> (Agent, Option<&'static str>) {
        crate::agent::opener(self.inner.words_of("userAgent"))
    }

    /// Who clicked: there is no flag for machines here either.
    pub(super) fn clicker(&self) -> (Agent, Option<&'static str>) {
        crate::agent::clicker(self.inner.words_of("userAgent"))
    }

    /// SES's own class: type and subtype of a bounce, kind of a complaint or delay.
    pub(super) fn classification(&self) -> Option<String> {
        let names: &[&str] = match self.kind.as_str() {
            "bounce" => &["bounceType", "bounceSubType"],
            "complaint" => &["complaintSubType", "complaintFeedbackType"],
            "deliverydelay" => &["delayType"],
            "subscription" => &["source"],
            _ => &[],
        };
        let words: Vec<&str> = names.iter().filter_map(|name| self.inner.words_of(name)).collect();
        (!words.is_empty()).then(|| words.join("/"))
    }
}

fn lower(json: &Json<'_>, name: &str) -> String {
    json.words_of(name).unwrap_or_default().to_lowercase()
}

/// The words of the receiving server, or its status code.
fn diagnosis<'a>(entry: &'a Json<'_>) -> Option<&'a str> {
    entry.words_of("diagnosticCode").or_else(|| entry.words_of("status"))
}

fn dropped(reason: DropReason, scope: Scope, text: Option<&str>) -> Fact {
    Fact::Dropped(Drop { reason, scope, text: clean(text) })
}

/// SES reports a bounce only once it has given up. What its suppression lists hold was never sent, so it is no bounce.
fn bounce<'a>(inner: &'a Json<'_>, entry: &'a Json<'_>) -> (Fact, Option<&'a str>) {
    let reason = diagnosis(entry).or_else(|| inner.words_of("bounceSubType"));
    let class = match (lower(inner, "bounceType").as_str(), lower(inner, "bounceSubType").as_str()) {
        (_, "suppressed" | "onaccountsuppressionlist") => {
            return (dropped(DropReason::PriorBounce, Scope::Address, reason), reason);
        }
        // Of a mail that names a contact list whose contact has left it.
        (_, "unsubscribedrecipient") => {
            return (dropped(DropReason::Unsubscribed, Scope::Address, reason), reason);
        }
        ("transient", "contentrejected" | "attachmentrejected") => BounceClass::Block,
        ("permanent", _) => BounceClass::Hard,
        ("transient", _) => BounceClass::Soft,
        _ => BounceClass::Undetermined,
    };
    (Fact::Bounced { class, asynchronous: false, reason: clean(reason) }, reason)
}

/// A complaint about an address on the account's suppression list is about a mail that was never sent; `not-spam` takes a mail out of
/// the spam folder.
fn complaint<'a>(inner: &'a Json<'_>) -> Result<(Fact, Option<&'a str>), &'static str> {
    if lower(inner, "complaintSubType") == "onaccountsuppressionlist" {
        let reason = inner.words_of("complaintSubType");
        return Ok((dropped(DropReason::PriorSpam, Scope::Address, reason), reason));
    }
    match lower(inner, "complaintFeedbackType").as_str() {
        "not-spam" => Err("not_spam"),
        _ => Ok((Fact::Complained, inner.words_of("complaintFeedbackType"))),
    }
}

/// SES refuses a message when it finds a virus, and calls that "Bad content".
fn reject(inner: &Json<'_>) -> Fact {
    let reason = match lower(inner, "reason").as_str() {
        "" | "bad content" => DropReason::ContentVirus,
        _ => DropReason::Other,
    };
    dropped(reason, Scope::Message, inner.words_of("reason"))
}
