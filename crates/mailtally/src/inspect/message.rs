//! One message: every event that reached it and what became of each, the row that it amounts to, the address it used.

use anyhow::Result;
use contract::Proto as _;
use contract::key;
use contract::proto::event::v1::Event as WireEvent;
use contract::proto::message::v1::MessageState;
use contract::proto::private::v1::{Private, private::Row};
use contract::topic::Topic;
use domain::Event;
use oracle::{Part, Recount};
use serde_json::{Value, json};

use super::absent;
use crate::Format;
use crate::reply::Reply;
use crate::scan::Steps;
use crate::system::System;
use crate::timeline;

pub(super) fn show(at: &System, organisation: &str, id: &str, format: Format, reply: &mut Reply<'_>) -> Result<u8> {
    let key = key::message(organisation, id);
    let (events, rows) =
        (at.settings.partition_of(Topic::Events, &key), at.settings.partition_of(Topic::MessageStatus, &key));
    let mut steps = Steps::new("reading", at.length(&events)? + at.length(&rows)?, reply.progress);
    let row = at.newest(&rows, &mut steps, |found| found == &key[..])?.remove(&key);
    let row: Option<MessageState> = match row.and_then(|stored| stored.record.value) {
        Some(value) => Some(contract::decode("MessageState", &value)?),
        None => None,
    };
    let mut recount = Recount::default();
    at.scan(&events, 0..u64::MAX, &mut steps, |stored| {
        let value = stored.record.value.as_deref().unwrap_or_default();
        if stored.record.key.as_ref() == Some(&key)
            && let Ok(wire) = contract::decode::<WireEvent>("Event", value)
            && let Ok(event) = contract::event::from_wire(organisation, id, wire)
        {
            recount.take(event);
        }
        Ok(())
    })?;
    let name = (organisation.to_owned(), id.to_owned());
    let history = recount.history(&name);
    if row.is_none() && history.is_empty() {
        return absent(reply, &format!("message {id} of {organisation}"), "mailtally consume message-status names all");
    }
    let row = row.unwrap_or_default();
    let address = address(at, organisation, &row.client, id, reply)?;
    match format {
        Format::Json => writeln!(reply.out, "{}", as_json(organisation, id, &row, address, &history)?)?,
        Format::Table => table(organisation, id, &row, address, &history, reply)?,
    }
    Ok(0)
}

/// The address that the message used, while it is kept.
fn address(at: &System, organisation: &str, client: &str, id: &str, reply: &mut Reply<'_>) -> Result<Option<String>> {
    let key = key::private(organisation, client, &format!("mail/{id}"));
    let source = at.settings.partition_of(Topic::Private, &key::private_group(organisation, client));
    let mut steps = Steps::new("reading", at.length(&source)?, reply.progress);
    let row = at.newest(&source, &mut steps, |found| found == &key[..])?.remove(&key);
    let Some(value) = row.and_then(|stored| stored.record.value) else { return Ok(None) };
    Ok(match contract::decode::<Private>("Private", &value)?.row {
        Some(Row::Mail(mail)) => Some(mail.address),
        _ => None,
    })
}

fn as_json(
    organisation: &str,
    id: &str,
    row: &MessageState,
    address: Option<String>,
    history: &[(&Event, Part)],
) -> Result<Value> {
    let readers = MessageState { facts: Vec::new(), ..row.clone() };
    let mut value = contract::json::value("mailtally.message.v1.MessageState", &readers.encode_to_vec())?;
    if let Value::Object(fields) = &mut value {
        fields.remove("facts");
        fields.insert("address_hash".to_owned(), fields.get("address").cloned().unwrap_or_default());
        fields.insert("organisation".to_owned(), json!(organisation));
        fields.insert("message".to_owned(), json!(id));
        fields.insert("address".to_owned(), json!(address));
        let because: Vec<String> = because(row, history).collect();
        fields.insert("because".to_owned(), json!(because));
        let timeline: Vec<Value> = history.iter().map(|(event, part)| timeline::json(event, *part)).collect();
        fields.insert("timeline".to_owned(), Value::Array(timeline));
    }
    Ok(value)
}

/// The facts at which the present status began.
fn because<'a>(row: &MessageState, history: &'a [(&'a Event, Part)]) -> impl Iterator<Item = String> + 'a {
    let since = row.status_since.map(|since| contract::time_of(&since));
    let decides = move |(event, part): &&(&Event, Part)| *part == Part::Counted && Some(event.time) == since;
    history.iter().filter(decides).map(|(event, _)| timeline::fact(&event.fact))
}

fn table(
    organisation: &str,
    id: &str,
    row: &MessageState,
    address: Option<String>,
    history: &[(&Event, Part)],
    reply: &mut Reply<'_>,
) -> Result<()> {
    let since = row.status_since.map(|since| contract::time_of(&since).rfc3339()).unwrap_or_default();
    let because: Vec<String> = because(row, history).collect();
    let word = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    writeln!(reply.out, "message {id} of {organisation}")?;
    let status = row.status().as_str_name().trim_start_matches("STATUS_").to_lowercase();
    let outcome = row.outcome().as_str_name().trim_start_matches("OUTCOME_").to_lowercase();
    writeln!(reply.out, "  status    {status} since {since}: {}", because.join(", "))?;
    let inferred = if row.delivered_inferred { ", inferred: no delivery was reported" } else { "" };
    writeln!(reply.out, "  outcome   {outcome}{inferred}")?;
    writeln!(
        reply.out,
        "  campaign  {}{}",
        word(&row.campaign),
        if row.copy { ", a copy: counted in no number" } else { "" }
    )?;
    writeln!(reply.out, "  client    {}", word(&row.client))?;
    writeln!(reply.out, "  address   {}", address.unwrap_or_else(|| "not kept, or erased".to_owned()))?;
    if row.beyond != 0 {
        writeln!(reply.out, "  more came than a row keeps: totals are \"at least\"")?;
    }
    writeln!(reply.out, "  {} events:", history.len())?;
    history.iter().try_for_each(|(event, part)| Ok(writeln!(reply.out, "    {}", timeline::line(event, *part))?))
}
