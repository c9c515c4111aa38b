//! Every kind of event of every provider, as it is posted and as it is to be understood: the project's own payloads
//! (`crates/providers/tests/payloads`), one event at a time, with what their golden files say of them.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use domain::{Agent, BounceClass, Drop, DropReason, EventId, Fact, Scope, Time};
use serde_json::Value;

use crate::shape;

/// The address that the payloads are about.
pub(crate) const RECIPIENT: &str = "ada@example.com";
/// Our id of the message that they are about.
pub(crate) const MESSAGE: &str = "m-1001";
/// The client that they name.
pub(crate) const CLIENT: &str = "c-17";
/// Files of what no provider means to post, and of what is signed otherwise.
const LEFT_ASIDE: [&str; 3] = ["broken_parts", "several_bodies", "form"];

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    /// Its payload's file, for people.
    pub(crate) file: String,
    /// As the provider posts it.
    pub(crate) event: Value,
    /// What it says of the message; nothing when it says nothing that a message keeps.
    pub(crate) said: Vec<Said>,
    /// The provider's id of the message.
    pub(crate) provider_message_id: Option<String>,
    /// Whether our own id is in it.
    pub(crate) is_ours: bool,
    /// The provider's own id of the event, where it stands in the event.
    pub(crate) own_id: Option<String>,
}

/// A fact that an event is to be understood as.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) fact: Fact,
    pub(crate) time: Time,
    /// Equal for two reports of one event.
    pub(crate) id: EventId,
}

/// All events of a provider, by file. Those that are not about the one message and address are left out, and those that cannot be used.
pub(crate) fn templates(provider: &str) -> std::io::Result<Vec<Template>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../providers/tests/payloads").join(provider);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if LEFT_ASIDE.iter().any(|aside| name.starts_with(aside)) {
            continue;
        }
        let golden = std::fs::read_to_string(file.with_extension("golden"))?;
        let lines: Option<Vec<Value>> = golden.lines().map(|line| serde_json::from_str(line).ok()).collect();
        if let (Some(events), Some(lines)) = (shape::events(provider, &std::fs::read(&file)?), lines) {
            found.extend(of_file(&name, events, &lines));
        }
    }
    Ok(found)
}

fn of_file(file: &str, events: Vec<Value>, lines: &[Value]) -> Vec<Template> {
    let of_one = events.len() == 1;
    if !of_one && events.len() != lines.len() {
        return Vec::new();
    }
    let own = |place: usize| if of_one { lines } else { lines.get(place..=place).unwrap_or_default() };
    events.into_iter().enumerate().filter_map(|(place, event)| template(file, event, own(place))).collect()
}

fn template(file: &str, event: Value, lines: &[Value]) -> Option<Template> {
    let word = |line: &Value, name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut said = Vec::new();
    let (mut provider_message_id, mut is_ours, mut own_id) = (None, true, None);
    for line in lines {
        let is_hers = word(line, "recipient").map(|given| given.eq_ignore_ascii_case(RECIPIENT));
        match (line.get("outcome").and_then(Value::as_str)?, is_hers) {
            ("ignored", None | Some(true)) => continue,
            ("event", Some(true)) => {}
            _ => return None,
        }
        let keys: Vec<&str> = line.get("event_keys")?.as_array()?.iter().filter_map(Value::as_str).collect();
        own_id = keys.first().filter(|_| keys.len() == 2).map(|key| (*key).to_owned());
        let Some(fact) = fact(&word(line, "type")?, &word(line, "qualifier").unwrap_or_default()) else { continue };
        is_ours = match word(line, "message_id") {
            Some(id) if id == MESSAGE => true,
            Some(_) => return None,
            None => false,
        };
        provider_message_id = word(line, "provider_message_id");
        if !is_ours && provider_message_id.is_none() {
            return None;
        }
        said.push(Said { fact, time: time(&word(line, "event_time")?)?, id: id(keys.last()?)? });
    }
    Some(Template { file: file.to_owned(), event, said, provider_message_id, is_ours, own_id })
}

fn time(words: &str) -> Option<Time> {
    Some(Time::from_micros(chrono::DateTime::parse_from_rfc3339(words).ok()?.timestamp_micros()))
}

/// The first half of an identity by meaning, which is written as hexadecimal.
fn id(key: &str) -> Option<EventId> {
    let number = u128::from_str_radix(key.get(..32)?, 16).ok()?;
    Some(EventId(number.to_be_bytes()))
}

/// The fact of a golden line's words; nothing for a note beside the message's facts.
fn fact(kind: &str, qualifier: &str) -> Option<Fact> {
    let none = String::new;
    let agent = if qualifier == "human" { Agent::Human } else { Agent::Unknown };
    Some(match kind {
        "Sent" if qualifier == "queued" => Fact::Queued,
        "Sent" => Fact::Sent,
        "Deferred" => Fact::Deferred { reason: none() },
        "Delivered" => Fact::Delivered,
        "Bounced" => {
            let class = BounceClass::ALL.into_iter().find(|class| qualifier.starts_with(class.word()))?;
            Fact::Bounced { class, asynchronous: qualifier.ends_with(" asynchronous"), reason: none() }
        }
        "Dropped" => {
            let reason = DropReason::ALL.into_iter().find(|reason| reason.word() == qualifier)?;
            Fact::Dropped(Drop { reason, scope: Scope::Address, text: none() })
        }
        "OpenedMachine" => Fact::Opened(Agent::Machine),
        "Opened" => Fact::Opened(agent),
        "ClickedMachine" => Fact::Clicked { agent: Agent::Machine, link: none() },
        "Clicked" => Fact::Clicked { agent, link: none() },
        "Spam" => Fact::Complained,
        "Unsubscribed" => Fact::Unsubscribed { scope: scope(qualifier)?, from_register: false },
        "Resubscribed" => Fact::Resubscribed { scope: scope(qualifier)?, from_register: false },
        _ => return None,
    })
}

fn scope(words: &str) -> Option<Scope> {
    if words == "organisation" {
        return Some(Scope::Organisation);
    }
    words.strip_prefix("list:").map(|list| Scope::List(String::from_str(list).unwrap_or_default()))
}
