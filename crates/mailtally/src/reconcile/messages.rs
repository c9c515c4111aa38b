//! One message: its published row against the oracle's.

use std::collections::BTreeSet;

use anyhow::Result;
use bytes::Bytes;
use contract::Proto as _;
use contract::proto::message::v1::{MessageState, Outcome as WireOutcome};
use contract::{event, message};
use domain::{Beyond, Outcome};
use oracle::{Recount, Row};
use serde_json::Value;

use super::{Difference, Name};
use crate::timeline;

/// How a row differs from what its events say, if it does. `row` is the newest value of its key.
pub(super) fn compare(recount: &Recount, name: &Name, row: Option<&Bytes>) -> Result<Option<Difference>> {
    let published: Option<MessageState> = row.map(|row| contract::decode("MessageState", row)).transpose()?;
    let recounted = recount.row(name);
    let different = |published: String, recounted: String| {
        let history = history(recount, name);
        Some(Difference { topic: "message-status", name: name.clone(), published, recounted, history })
    };
    let (published, expected) = match (published, recounted) {
        (None, None) => return Ok(None),
        (None, Some(row)) => return Ok(different("no row".to_owned(), format!("{:?}", row.verdict))),
        (Some(row), None) if message::from_wire(row.clone())?.is_empty() => return Ok(None),
        (Some(row), None) => return Ok(different(shown(&row)?.to_string(), "no event counts".to_owned())),
        (Some(row), Some(recounted)) => (row, expected(&recounted)),
    };
    // Since when is a question to the whole history; a row that lacks some of it answers from what it keeps.
    let bounded = Beyond::from_bits(u8::try_from(published.beyond).unwrap_or(u8::MAX)).any(Beyond::HISTORY);
    let since = if bounded { published.status_since } else { expected.status_since };
    let expected = MessageState { status_since: since, ..expected };
    let readers = MessageState { facts: Vec::new(), said: Vec::new(), beyond: 0, ..published };
    if readers == expected {
        return Ok(None);
    }
    let (left, right) = differing(shown(&readers)?, shown(&expected)?);
    Ok(different(left, right))
}

/// Every event of a message, in lines.
pub(super) fn history(recount: &Recount, name: &Name) -> Vec<String> {
    recount.history(name).into_iter().map(|(event, part)| timeline::line(event, part)).collect()
}

/// What readers should see of a message.
fn expected(row: &Row) -> MessageState {
    let said = row.attribution.clone();
    let mut wire = MessageState {
        campaign: said.campaign.unwrap_or_default(),
        client: said.client.unwrap_or_default(),
        address: said.address.map(|hash| Bytes::copy_from_slice(&hash.0)).unwrap_or_default(),
        status: message::status_to_wire(row.verdict.status).into(),
        status_since: Some(contract::timestamp_of(row.since)),
        class: said.class.map_or(0, |class| event::class_to_wire(class).into()),
        copy: said.copy.unwrap_or_default(),
        origin: said.origin.map_or(0, |origin| event::origin_to_wire(origin).into()),
        delivered_inferred: row.inferred,
        ..MessageState::default()
    };
    let outcome = match row.verdict.outcome {
        Outcome::Pending => WireOutcome::Pending,
        Outcome::Delivered => WireOutcome::Delivered,
        Outcome::Bounced(class) => {
            wire.bounce = event::bounce_to_wire(class).into();
            WireOutcome::Bounced
        }
        Outcome::Dropped(reason) => {
            wire.drop = event::drop_to_wire(reason).into();
            WireOutcome::Dropped
        }
        Outcome::Withheld(reason) => {
            wire.withheld = event::withheld_to_wire(reason).into();
            WireOutcome::Withheld
        }
    };
    wire.outcome = outcome.into();
    wire
}

fn shown(row: &MessageState) -> Result<Value> {
    Ok(contract::json::value("mailtally.message.v1.MessageState", &row.encode_to_vec())?)
}

/// The fields that differ, of each side.
fn differing(left: Value, right: Value) -> (String, String) {
    let (Value::Object(mut left), Value::Object(mut right)) = (left, right) else { return Default::default() };
    let same: BTreeSet<String> =
        left.iter().filter(|(field, value)| right.get(*field) == Some(value)).map(|(field, _)| field.clone()).collect();
    left.retain(|field, _| !same.contains(field));
    right.retain(|field, _| !same.contains(field));
    (Value::Object(left).to_string(), Value::Object(right).to_string())
}
