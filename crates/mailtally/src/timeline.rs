//! One event of a message in words and as JSON: when it happened, how it came, and what became of it.

use contract::Proto as _;
use domain::{Event, Fact, Scope};
use oracle::Part;
use serde_json::{Value, json};

/// The event in one line.
pub(crate) fn line(event: &Event, part: Part) -> String {
    let source = &event.arrival.source;
    format!(
        "{}  {}  [{}]  arrived {} from {}/{}@{}{}",
        event.time.rfc3339(),
        fact(&event.fact),
        became(part),
        event.arrival.received.rfc3339(),
        source.topic,
        source.partition,
        source.offset,
        if event.provider.is_empty() { String::new() } else { format!(" ({})", event.provider) },
    )
}

/// The event by the field names of `proto/`, with its arrival and what became of it.
pub(crate) fn json(event: &Event, part: Part) -> Value {
    let wire = contract::event::to_wire(event).encode_to_vec();
    let mut value = contract::json::value("mailtally.event.v1.Event", &wire).unwrap_or(Value::Null);
    if let Value::Object(fields) = &mut value {
        let source = &event.arrival.source;
        fields.insert("source_topic".to_owned(), json!(source.topic));
        fields.insert("received".to_owned(), json!(event.arrival.received.rfc3339()));
        fields.insert("part".to_owned(), json!(became(part)));
    }
    value
}

/// What became of it, and why.
fn became(part: Part) -> String {
    match part {
        Part::Counted => "counted".to_owned(),
        Part::Duplicate => "duplicate: the same event came before".to_owned(),
        Part::Superseded { by } => format!("superseded: another version of it holds, by decoder {by}"),
        Part::Retracted { by } => format!("retracted: decoder {by} took it back"),
    }
}

/// What happened, in words.
pub(crate) fn fact(fact: &Fact) -> String {
    let because = |words: &str| if words.is_empty() { String::new() } else { format!(": {words}") };
    match fact {
        Fact::Sent => "sent".to_owned(),
        Fact::Queued => "queued".to_owned(),
        Fact::Deferred { reason } => format!("deferred{}", because(reason)),
        Fact::Delivered => "delivered".to_owned(),
        Fact::Bounced { class, asynchronous, reason } => {
            let late = if *asynchronous { ", reported after acceptance" } else { "" };
            format!("bounced {}{late}{}", class.word(), because(reason))
        }
        Fact::Dropped(drop) => {
            format!("dropped {} ({}){}", drop.reason.word(), scope(&drop.scope), because(&drop.text))
        }
        Fact::Opened(agent) => format!("opened by {}", by(*agent)),
        Fact::Clicked { agent, link } => format!("clicked by {}{}", by(*agent), because(link)),
        Fact::Complained => "reported as spam".to_owned(),
        Fact::Unsubscribed { scope: from, from_register } => {
            format!("unsubscribed from {}{}", scope(from), register(*from_register))
        }
        Fact::Resubscribed { scope: to, from_register } => {
            format!("resubscribed to {}{}", scope(to), register(*from_register))
        }
        Fact::Withheld(reason) => format!("withheld {}", reason.word()),
    }
}

fn by(agent: domain::Agent) -> &'static str {
    match agent {
        domain::Agent::Human => "a person",
        domain::Agent::Machine => "a machine",
        domain::Agent::Unknown => "somebody",
    }
}

fn register(from_register: bool) -> &'static str {
    if from_register { " (from the register)" } else { "" }
}

fn scope(scope: &Scope) -> String {
    match scope {
        Scope::Organisation => "the organisation".to_owned(),
        Scope::List(list) => format!("list {list}"),
        Scope::Address => "the address".to_owned(),
        Scope::Domain => "the domain".to_owned(),
        Scope::Message => "the message".to_owned(),
        Scope::Campaign => "the campaign".to_owned(),
        Scope::Account => "the account".to_owned(),
    }
}
