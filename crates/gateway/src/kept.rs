//! A request as a record of the intake: the raw body, and of its headers those that a check or a decoder reads.

use bytes::Bytes;
use contract::Proto as _;
use contract::proto::webhook::v1::{Header, Webhook};
use domain::Time;
use engine::Record;

/// Most bytes of a body: with its headers it fits into the largest record that a log takes.
pub const BODY_BYTES_MAX: usize = (4 << 20) - (64 << 10);
/// Most bytes of a header's value.
const VALUE_BYTES_MAX: usize = 4 << 10;
/// Headers that are kept. Credentials are not among them.
const HEADERS: [&str; 19] = [
    "content-type",
    "mailtrap-signature",
    "signature",
    "svix-id",
    "svix-signature",
    "svix-timestamp",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
    "x-amz-sns-message-id",
    "x-amz-sns-message-type",
    "x-amz-sns-rawdelivery",
    "x-amz-sns-topic-arn",
    "x-mandrill-signature",
    "x-messagesystems-batch-id",
    "x-postal-signature",
    "x-postal-signature-256",
    "x-twilio-email-event-webhook-signature",
    "x-twilio-email-event-webhook-timestamp",
];

/// A request as a record, under the hash of its body.
pub fn record(provider: &str, account: &str, headers: &[(&str, &str)], body: &Bytes, received_ms: i64) -> Record {
    let webhook = Webhook {
        provider: provider.to_owned(),
        account: account.to_owned(),
        received_at: Some(contract::timestamp_of(Time::from_micros(received_ms.saturating_mul(1_000)))),
        body: body.clone(),
        headers: headers.iter().filter(|(name, value)| matters(name, value)).map(header).collect(),
    };
    of(&webhook, received_ms)
}

/// The record of bytes that were kept as a record's value before.
pub(crate) fn again(value: &Bytes) -> Option<Record> {
    let webhook: Webhook = contract::decode("Webhook", value).ok()?;
    let received_ms = webhook.received_at.as_ref().map_or(0, |at| contract::time_of(at).micros() / 1_000);
    Some(of(&webhook, received_ms))
}

fn of(webhook: &Webhook, received_ms: i64) -> Record {
    let key = [webhook.provider.as_bytes(), webhook.account.as_bytes(), &webhook.body];
    Record {
        key: Some(Bytes::copy_from_slice(&contract::identity::event(&key).0)),
        value: Some(webhook.encode_to_vec().into()),
        timestamp_ms: received_ms,
        ..Record::default()
    }
}

fn matters(name: &str, value: &str) -> bool {
    value.len() <= VALUE_BYTES_MAX && HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn header((name, value): &(&str, &str)) -> Header {
    Header { name: name.to_ascii_lowercase(), value: (*value).to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_from_its_value_and_holds_no_credentials() {
        let headers = [("Authorization", "Basic secret"), ("Svix-Id", "msg_1"), ("x-own", "secret")];
        let record = record("resend", "main", &headers, &Bytes::from_static(b"{}"), 1_700_000_000_123);
        let value = record.value.clone().unwrap();
        assert_eq!(again(&value), Some(record));
        let webhook: Webhook = contract::decode("Webhook", &value).unwrap();
        assert_eq!(webhook.headers, [Header { name: "svix-id".into(), value: "msg_1".into() }]);
        assert_eq!(again(&Bytes::from_static(b"\xff")), None);
    }
}
