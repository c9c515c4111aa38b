//! What Mandrill says of its lists: addresses that it rejects, and addresses that it never rejects.

use domain::contact::Cause;

use super::time;
use crate::identity;
use crate::json::Json;
use crate::outcome::{Note, Outcome, Reject, Reported};
use crate::{part, when};

pub(super) fn item(list: &str, json: &Json<'_>) -> Result<Outcome, Reject> {
    let action = json.words_of("action").unwrap_or_default().to_lowercase();
    let entry = json.get("reject").or_else(|| json.get("entry")).unwrap_or(&Json::Null);
    let address = entry.words_of("email").and_then(identity::address);
    let note = match (list, action.as_str()) {
        ("blacklist" | "denylist", "add" | "change") => Note::SuppressionAdded(cause(entry)),
        ("blacklist" | "denylist", "remove") => Note::SuppressionRemoved(cause(entry)),
        // An address that is allowed leaves the list of the rejected; one that is allowed no longer does not return to it.
        ("whitelist" | "allowlist", "add" | "change") => Note::SuppressionRemoved(None),
        ("whitelist" | "allowlist", "remove") => return Ok(part::ignored(list, "no_change", address)),
        _ => return Ok(part::ignored(list, "unknown_event", address)),
    };
    address.ok_or_else(part::no_recipient)?;
    let made = ["last_event_at", "created_at"].iter().filter_map(|name| entry.words_of(name));
    let (stamp, time) = match time(json) {
        Ok((stamp, Some(time))) => (stamp, Some(time)),
        _ => made.filter_map(|words| Some((words, Some(when::iso(words)?)))).next().unwrap_or_default(),
    };
    let mut report = Reported::new(note, time);
    report.recipient = address.map(part::kept);
    report.reason = entry.words_of("detail").or_else(|| entry.words_of("reason")).map(part::kept);
    report.classification = entry.words_of("reason").map(part::kept);
    let key = identity::keyed(address);
    report.id = identity::event(&["mandrill", "sync", list, &action, &key, stamp]);
    Ok(Outcome::Note(Box::new(report)))
}

fn cause(entry: &Json<'_>) -> Option<Cause> {
    match entry.words_of("reason")?.to_lowercase().as_str() {
        "hard-bounce" | "soft-bounce" => Some(Cause::Bounce),
        "spam" => Some(Cause::Complaint),
        "invalid" => Some(Cause::Invalid),
        _ => None,
    }
}
