//! Outcomes as JSON, for people at a shell.

use domain::contact::Cause;
use domain::{Agent, Fact, Scope, Time};
use serde_json::{Value, json};

use crate::outcome::{Note, Outcome, Reported};

/// One outcome as one JSON object: `outcome` is event, ignored or rejected; absent parts are null. It repeats the raw fields, addresses
/// included, and is meant for whoever holds the body anyway.
pub fn to_json(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Event(report) => {
            let link = if let Fact::Clicked { link, .. } = &report.fact { Some(link.as_str()) } else { None };
            event(report, kind_of(&report.fact), link)
        }
        Outcome::Note(report) => event(report, note_of(report.fact), None),
        Outcome::Ignored { kind, why, recipient } => {
            json!({"outcome": "ignored", "type": kind, "reason": why, "recipient": recipient})
        }
        Outcome::Rejected { why, raw } => json!({
            "outcome": "rejected", "reason": why.reason, "detail": why.detail, "raw": String::from_utf8_lossy(raw),
        }),
    }
}

fn event<F>(report: &Reported<F>, (kind, qualifier): (&str, Option<String>), link: Option<&str>) -> Value {
    json!({
        "outcome": "event",
        "type": kind,
        "qualifier": qualifier,
        "classification": report.classification,
        "reason": report.reason,
        "recipient": report.recipient,
        "event_time": report.time.map(Time::rfc3339),
        "provider_message_id": report.provider_message_id,
        "message_id": report.message,
        "campaign": report.campaign,
        "client": report.client,
        "organisation": report.organisation,
        "event_keys": report.event_keys(),
        "tags": report.tags,
        "user_agent": report.user_agent,
        "url": report.url,
        "link": link,
    })
}

/// The word of a note, and of what it is for.
fn note_of(note: Note) -> (&'static str, Option<String>) {
    let kind = match note {
        Note::SuppressionAdded(_) => "SuppressionAdded",
        Note::SuppressionRemoved(_) => "SuppressionRemoved",
        Note::AutoResponded => "AutoResponded",
    };
    (kind, note.cause().map(|cause| cause_word(cause).to_owned()))
}

const fn cause_word(cause: Cause) -> &'static str {
    match cause {
        Cause::Bounce => "bounce",
        Cause::Complaint => "complaint",
        Cause::Invalid => "invalid",
        Cause::Domain => "domain",
    }
}

/// The word of a fact, and of what qualifies it.
fn kind_of(fact: &Fact) -> (&'static str, Option<String>) {
    let word = |word: &str| Some(word.to_owned());
    match fact {
        Fact::Sent => ("Sent", None),
        Fact::Queued => ("Sent", word("queued")),
        Fact::Deferred { .. } => ("Deferred", None),
        Fact::Delivered => ("Delivered", None),
        Fact::Bounced { class, asynchronous, .. } => {
            ("Bounced", Some(format!("{}{}", class.word(), if *asynchronous { " asynchronous" } else { "" })))
        }
        Fact::Dropped(drop) => ("Dropped", word(drop.reason.word())),
        Fact::Opened(Agent::Machine) => ("OpenedMachine", word("machine")),
        Fact::Opened(agent) => ("Opened", word(agent_word(*agent))),
        Fact::Clicked { agent: Agent::Machine, .. } => ("ClickedMachine", word("machine")),
        Fact::Clicked { agent, .. } => ("Clicked", word(agent_word(*agent))),
        Fact::Complained => ("Spam", None),
        Fact::Unsubscribed { scope, .. } => ("Unsubscribed", Some(scope_words(scope))),
        Fact::Resubscribed { scope, .. } => ("Resubscribed", Some(scope_words(scope))),
        Fact::Withheld(reason) => ("Withheld", word(reason.word())),
    }
}

const fn agent_word(agent: Agent) -> &'static str {
    match agent {
        Agent::Human => "human",
        Agent::Machine => "machine",
        Agent::Unknown => "unknown",
    }
}

fn scope_words(scope: &Scope) -> String {
    match scope {
        Scope::Organisation => "organisation".to_owned(),
        Scope::List(list) => format!("list:{list}"),
        Scope::Address => "address".to_owned(),
        Scope::Domain => "domain".to_owned(),
        Scope::Message => "message".to_owned(),
        Scope::Campaign => "campaign".to_owned(),
        Scope::Account => "account".to_owned(),
    }
}
