//! Readers' rows out of the published topics: the latest value of each key.

use std::collections::BTreeMap;

use anyhow::Result;
use bytes::Bytes;
use contract::key;
use contract::proto::campaign::v1::CampaignStats;
use contract::proto::contact::v1::{ContactState, Register};
use contract::proto::event::v1::ScopeKind;
use contract::proto::message::v1::MessageState;
use contract::proto::private::v1::{Private, private::Row};
use contract::topic::Topic;
use domain::Time;

use crate::show::Organisations;
use crate::show::campaigns;
use crate::show::recipients::{self, Recipient};
use crate::system::System;

/// Every campaign's row, newest first, and one of no campaign for an organisation that has mails from clients' files.
pub(crate) fn campaigns(system: &System) -> Result<Vec<CampaignStats>> {
    let rows = latest(system, Topic::CampaignStats, |_| true)?.into_values();
    let mut rows = rows.map(|row| contract::decode("CampaignStats", &row)).collect::<Result<Vec<_>, _>>()?;
    campaigns::sort(&mut rows);
    Ok(rows)
}

/// What the organisations said of themselves.
pub(crate) fn organisations(system: &System) -> Result<Organisations> {
    let is_one = |key: &[u8]| {
        key::strings::<3>(key).is_some_and(|[_, client, part]| client.is_empty() && part == "organisation")
    };
    let mut known = Organisations::new();
    for (key, row) in latest(system, Topic::Private, is_one)? {
        let (Some([id, ..]), Some(Row::Organisation(organisation))) = (key::strings::<3>(&key), private(&row)?) else {
            continue;
        };
        known.insert(id.to_owned(), organisation);
    }
    Ok(known)
}

/// Clients of each organisation whose unsubscribe from all mass mail was made without any mail, so that no campaign counts it.
pub(crate) fn unsubscribed_without_mail(system: &System) -> Result<BTreeMap<String, u64>> {
    let is_client = |key: &[u8]| key::strings::<3>(key).is_some_and(|[_, kind, _]| kind == "client");
    let mut clients = BTreeMap::new();
    for (key, row) in latest(system, Topic::ContactState, is_client)? {
        let row: ContactState = contract::decode("ContactState", &row)?;
        let all = |register: &Register| register.scope == i32::from(ScopeKind::Organisation);
        let holds = |register: &Register| register.unsubscribed && register.message.is_empty() && all(register);
        if let (Some([organisation, ..]), true) = (key::strings::<3>(&key), row.registers.iter().any(holds)) {
            *clients.entry(organisation.to_owned()).or_default() += 1;
        }
    }
    Ok(clients)
}

/// Whom a campaign went to, and whom not, with names and addresses as far as they are kept.
pub(crate) fn recipients(system: &System, organisation: &str, campaign: &str) -> Result<Vec<Recipient>> {
    let of = |key: &[u8]| key::decode(key).is_some_and(|parts| parts.first() == Some(&organisation.as_bytes()));
    let mut found = BTreeMap::new();
    for (key, row) in latest(system, Topic::MessageStatus, of)? {
        let row: MessageState = contract::decode("MessageState", &row)?;
        if let (Some([_, message]), true) = (key::strings::<2>(&key), row.campaign == campaign) {
            found.insert((row.client.clone(), message.to_owned()), row);
        }
    }
    let known = latest(system, Topic::Private, of)?;
    let contacts = latest(system, Topic::ContactState, of)?;
    let of_client = |client: &str, part: &str| match known.get(&key::private(organisation, client, part)) {
        Some(row) => private(row),
        None => Ok(None),
    };
    let named = |((client, message), row): ((String, String), MessageState)| {
        let name = match of_client(&client, "")? {
            Some(Row::Person(person)) => Some(person.name),
            _ => None,
        };
        let address = match of_client(&client, &format!("mail/{message}"))? {
            Some(Row::Mail(mail)) => Some(mail.address),
            _ => None,
        };
        let file_changed = match contacts.get(&key::client(organisation, &client)) {
            Some(contact) => contract::decode::<ContactState>("ContactState", contact)?.changed_at_us,
            None => 0,
        };
        let file_changed = (file_changed != 0).then(|| Time::from_micros(file_changed));
        Ok(Recipient { message, name, address, file_changed, row })
    };
    let mut recipients = found.into_iter().map(named).collect::<Result<Vec<_>>>()?;
    recipients::sort(&mut recipients);
    Ok(recipients)
}

/// How many dead letters there are of each reason.
pub(crate) fn dead_letters(system: &System) -> Result<BTreeMap<String, u64>> {
    let mut reasons = BTreeMap::new();
    system.each(Topic::DeadLetters, 0, |_, stored| {
        let reason = stored.record.headers.iter().find(|(name, _)| *name == contract::header::REASON);
        let reason = reason.map_or_else(String::new, |(_, value)| String::from_utf8_lossy(value).into_owned());
        *reasons.entry(reason).or_default() += 1;
        Ok(())
    })?;
    Ok(reasons)
}

fn latest(system: &System, topic: Topic, wanted: impl Fn(&[u8]) -> bool) -> Result<BTreeMap<Bytes, Bytes>> {
    let mut rows = BTreeMap::new();
    system.each(topic, 0, |_, stored| {
        let key = stored.record.key.unwrap_or_default();
        if wanted(&key) {
            match stored.record.value {
                Some(value) => rows.insert(key, value),
                None => rows.remove(&key),
            };
        }
        Ok(())
    })?;
    Ok(rows)
}

fn private(row: &Bytes) -> Result<Option<Row>> {
    Ok(contract::decode::<Private>("Private", row)?.row)
}
