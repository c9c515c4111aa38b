//! One client, or one address: the states that hold, since when, because of what, and what lifts them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use contract::contact;
use contract::json::hex;
use contract::proto::contact::v1::ContactState;
use contract::topic::Topic;
use domain::Time;
use domain::contact::state::{Holding, LiftedBy, email_state};
use domain::contact::{Contact, Policy, Subject};
use serde_json::{Value, json};

use super::absent;
use crate::reply::Reply;
use crate::scan::Steps;
use crate::system::{System, now_ms};
use crate::{Format, rows};

pub(super) fn show(at: &System, organisation: &str, text: &str, format: Format, reply: &mut Reply<'_>) -> Result<u8> {
    let subject = if text.contains('@') {
        Subject::Address(contract::identity::address(at.address_key()?, text))
    } else {
        Subject::Client(text.to_owned())
    };
    let Some((contact, value)) = read(at, organisation, &subject, reply)? else {
        let what = format!("contact {text} of {organisation}");
        return absent(reply, &what, "mailtally consume contact-state names all by client id and address hash");
    };
    let states = match &subject {
        Subject::Client(_) => states(at, organisation, &contact, reply)?,
        // Its registers and suppressions say it all: states are a client's.
        Subject::Address(_) => Vec::new(),
    };
    if format == Format::Json {
        let mut row = contract::json::value("mailtally.contact.v1.ContactState", &value)?;
        if let Value::Object(fields) = &mut row {
            fields.remove("facts");
            fields.insert("organisation".to_owned(), json!(organisation));
            fields.insert("subject".to_owned(), json!(text));
            fields.insert("states".to_owned(), states.iter().map(state_json).collect());
        }
        writeln!(reply.out, "{row}")?;
        return Ok(0);
    }
    table(organisation, text, &contact, &states, reply).map(|()| 0)
}

/// The row of a contact, and its bytes.
fn read(at: &System, organisation: &str, subject: &Subject, reply: &mut Reply<'_>) -> Result<Option<(Contact, Bytes)>> {
    let key = contact::key(organisation, subject);
    let source = at.settings.partition_of(Topic::ContactState, &key);
    let mut steps = Steps::new("reading", at.length(&source)?, reply.progress);
    let found = at.newest(&source, &mut steps, |found| found == &key[..])?.remove(&key);
    let Some(value) = found.and_then(|stored| stored.record.value) else { return Ok(None) };
    let row: ContactState = contract::decode("ContactState", &value)?;
    Ok(Some((contact::row_from_wire(subject, &row)?, value)))
}

/// Every state that holds of a client now.
fn states(at: &System, organisation: &str, client: &Contact, reply: &mut Reply<'_>) -> Result<Vec<Holding>> {
    let mut addresses = BTreeMap::new();
    for address in client.addresses() {
        if let Some((row, _)) = read(at, organisation, &Subject::Address(address), reply)? {
            addresses.insert(address, row);
        }
    }
    let settings = rows::organisations(at)?.remove(organisation).unwrap_or_default();
    let policy = Policy::new(&settings.zone, settings.inactivity_months).context("the organisation's settings")?;
    Ok(email_state(client, &addresses, &policy, Time::from_micros(now_ms().saturating_mul(1_000))))
}

fn state_json(holding: &Holding) -> Value {
    json!({
        "state": format!("{:?}", holding.state).to_lowercase(), "since": holding.since.map(Time::rfc3339),
        "message": holding.message, "address": holding.address.map(|hash| hex(&hash.0)),
        "lifted_by": holding.lifted_by.map(LiftedBy::words),
    })
}

fn table(organisation: &str, text: &str, contact: &Contact, states: &[Holding], reply: &mut Reply<'_>) -> Result<()> {
    writeln!(reply.out, "contact {text} of {organisation}")?;
    let time = |time: Option<Time>| time.map_or_else(|| "-".to_owned(), Time::rfc3339);
    if let Some(erased) = contact.erased_at() {
        writeln!(reply.out, "  erased    {}: older facts are refused", erased.rfc3339())?;
    }
    for holding in states {
        let because = holding.message.as_ref().map_or_else(String::new, |message| format!(", from message {message}"));
        let about = holding.address.map_or_else(String::new, |hash| format!(", address {}", hex(&hash.0)));
        let lifted = holding.lifted_by.map_or_else(String::new, |by| format!("; lifted by {}", by.words()));
        writeln!(reply.out, "  state     {:?} since {}{because}{about}{lifted}", holding.state, time(holding.since))?;
    }
    for register in contact.registers() {
        let word = if register.unsubscribed { "unsubscribed" } else { "subscribed again" };
        writeln!(reply.out, "  register  {word}, {:?}, since {}", register.scope, register.since.rfc3339())?;
    }
    for held in contact.suppressions() {
        let revealed = if held.revealed { ", flagged by the provider before" } else { "" };
        let since = held.since.rfc3339();
        writeln!(reply.out, "  withheld  {:?} since {since}, shown by message {}{revealed}", held.cause, held.message)?;
    }
    for address in contact.addresses() {
        writeln!(reply.out, "  address   {}", hex(&address.0))?;
    }
    let (interaction, transaction) = contact.last_interactions();
    writeln!(reply.out, "  last interaction {}, last transaction {}", time(interaction), time(transaction))?;
    Ok(writeln!(reply.out, "  changed   {}", time(contact.changed_at()))?)
}
