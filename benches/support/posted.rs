//! The same workload as outsiders write it: the mailer's platform events, and SendGrid's bodies of up to
//! [`BODY_EVENTS`] events.

use std::path::Path;

use anyhow::Result;
use contract::Proto as _;
use contract::proto::platform::v1::{PlatformEvent, Send, platform_event};
use contract::proto::webhook::v1::Webhook;
use contract::topic::Topic;
use domain::{Agent, BounceClass, Drop, Fact, Time};
use serde_json::{Value, json};

use crate::input::Writer;
use crate::workload::{Report, Workload};

/// Events of one request.
pub const BODY_EVENTS: usize = 50;

/// Writes the workload's platform events and webhook bodies in the order of arrival; how many events there are in them.
///
/// # Errors
/// The system's.
pub fn intakes(path: &Path, seed: u64, messages: u64) -> Result<u64> {
    let mut writer = Writer::create(path)?;
    let (mut count, mut body) = (0, Vec::with_capacity(BODY_EVENTS));
    let mut received_us = 0;
    for report in Workload::new(seed, messages) {
        count += 1;
        received_us = report.received_us;
        if report.step.by_mailer {
            let value = send(&report).encode_to_vec();
            writer.push(Topic::Platform, report.names.organisation.as_bytes(), &value, received_us / 1_000)?;
            continue;
        }
        body.push(element(&report));
        if body.len() == BODY_EVENTS {
            post(&mut writer, std::mem::take(&mut body), received_us)?;
        }
    }
    if !body.is_empty() {
        post(&mut writer, body, received_us)?;
    }
    writer.finish()?;
    Ok(count)
}

/// A send as the mailer publishes it.
pub fn send(report: &Report) -> PlatformEvent {
    let names = &report.names;
    let send = Send {
        message: names.message.clone(),
        campaign: names.campaign.clone(),
        client: names.client.clone(),
        address: names.address.clone(),
        ..Send::default()
    };
    PlatformEvent {
        organisation: names.organisation.to_owned(),
        time: Some(contract::timestamp_of(Time::from_micros(report.time_us()))),
        event: Some(platform_event::Event::Send(send)),
        ..PlatformEvent::default()
    }
}

fn post(writer: &mut Writer, elements: Vec<Value>, received_us: i64) -> Result<()> {
    let (key, webhook) = request(&elements, received_us)?;
    writer.push(Topic::Webhooks, &key, &webhook.encode_to_vec(), received_us / 1_000)
}

/// A request with these events as the gateway takes it, with its key.
///
/// # Errors
/// None that is known: JSON that was built is written.
pub fn request(elements: &[Value], received_us: i64) -> Result<([u8; 16], Webhook)> {
    let body = serde_json::to_vec(elements)?;
    let key = contract::identity::event(&[b"sendgrid", b"main", &body]);
    let received_at = Some(contract::timestamp_of(Time::from_micros(received_us)));
    let (provider, account) = ("sendgrid".to_owned(), "main".to_owned());
    Ok((key.0, Webhook { provider, account, received_at, body: body.into(), headers: Vec::new() }))
}

/// One event as SendGrid posts it, our ids among its fields.
pub fn element(report: &Report) -> Value {
    let names = &report.names;
    let mut element = json!({
        "email": names.address,
        "timestamp": report.time_us() / 1_000_000,
        "smtp-id": format!("<{}@ismtpd-555>", names.message),
        "category": ["newsletter"],
        "sg_event_id": format!("{:016x}{:04x}", report.message, report.place),
        "sg_message_id": format!("{}.recvd-5f9c-x-1-65A-2.0", names.message),
        "mailtally_organisation": names.organisation,
        "mailtally_message": names.message,
        "mailtally_campaign": names.campaign,
        "mailtally_client": names.client,
    });
    let (event, fields) = words(&report.step.fact);
    if let (Some(element), Value::Object(fields)) = (element.as_object_mut(), fields) {
        element.insert("event".to_owned(), event.into());
        element.extend(fields);
    }
    element
}

fn words(fact: &Fact) -> (&'static str, Value) {
    const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/124.0 Safari/537.36";
    match fact {
        Fact::Sent | Fact::Queued | Fact::Withheld(_) => ("processed", json!({})),
        Fact::Deferred { reason } => ("deferred", json!({"response": reason, "attempt": "1"})),
        Fact::Delivered => ("delivered", json!({"response": "250 2.0.0 OK"})),
        Fact::Bounced { class: BounceClass::Block, reason, .. } => {
            ("bounce", json!({"type": "blocked", "reason": reason, "status": "5.7.1"}))
        }
        Fact::Bounced { reason, .. } => ("bounce", json!({"type": "bounce", "reason": reason, "status": "5.1.1"})),
        Fact::Dropped(Drop { text, .. }) => ("dropped", json!({"reason": text})),
        Fact::Opened(agent) => {
            ("open", json!({"useragent": BROWSER, "ip": "203.0.113.9", "sg_machine_open": *agent == Agent::Machine}))
        }
        Fact::Clicked { link, .. } => ("click", json!({"useragent": BROWSER, "ip": "203.0.113.9", "url": link})),
        Fact::Complained => ("spamreport", json!({})),
        Fact::Unsubscribed { .. } | Fact::Resubscribed { .. } => ("unsubscribe", json!({})),
    }
}
