//! What decode and folds write: each kind of record under its canonical key, in its partition.

use std::borrow::Cow;

use bytes::Bytes;
use contract::proto::{campaign, correlation, private};
use contract::topic::Topic;
use contract::{Proto as _, header, key};
use domain::contact::ContactEvent;
use domain::{Event, Time};
use engine::{Headers, Made, Output, Rebuilt, Record, Stored, TopicPartition};

use crate::reject::Reject;
use crate::settings::Settings;

/// Bytes of a dead letter's value beyond which it is cut: a record that the log took always fits.
const DETAIL_BYTES_MAX: usize = 1_024;

/// Outputs of one batch, in order.
pub struct Emit<'a> {
    settings: &'a Settings,
    timestamp_ms: i64,
    outputs: Vec<Output>,
}

impl<'a> Emit<'a> {
    /// Nothing yet.
    pub fn new(settings: &'a Settings) -> Self {
        Self { settings, timestamp_ms: 0, outputs: Vec::new() }
    }

    /// Timestamp of the records that follow: that of the record they come from, never a clock's (I9).
    pub fn at(&mut self, timestamp_ms: i64) {
        self.timestamp_ms = timestamp_ms;
    }

    /// Everything emitted.
    pub fn into_outputs(self) -> Vec<Output> {
        self.outputs
    }

    /// How much was emitted so far.
    pub fn len(&self) -> usize {
        self.outputs.len()
    }

    /// What was emitted after the first `before`.
    pub fn since(&self, before: usize) -> &[Output] {
        self.outputs.get(before..).unwrap_or_default()
    }

    /// Whether nothing was emitted.
    pub fn is_empty(&self) -> bool {
        self.outputs.is_empty()
    }

    /// An event about a message.
    pub fn event(&mut self, event: &Event) {
        let key = key::message(&event.organisation, &event.message);
        let value = contract::event::encode(event);
        self.keyed(Topic::Events, key, Some(value.into()));
    }

    /// An event about a contact.
    pub fn contact(&mut self, event: &ContactEvent) {
        self.erasure(event, 0);
    }

    /// An event about a contact; of an erasure, with how often it was continued.
    pub fn erasure(&mut self, event: &ContactEvent, pass: u32) {
        let key = contract::contact::key(&event.organisation, &event.subject);
        let wire = contract::proto::contact::v1::ContactEvent { pass, ..contract::contact::to_wire(event) };
        self.keyed(Topic::ContactEvents, key, Some(wire.encode_to_vec().into()));
    }

    /// What is said of a provider's message id; `id` is (provider, account, provider's message id).
    pub fn correlation(&mut self, id: [&str; 3], address: Option<&[u8; 16]>, said: &correlation::v1::Correlation) {
        let [provider, account, message] = id;
        let to = self.settings.partition_of(Topic::Correlations, &key::correlation_group(provider, account, message));
        let key = key::correlation(provider, account, message, address);
        self.push(to, Some(key), Some(said.encode_to_vec().into()), Headers::default());
    }

    /// One source's partial of a campaign, or its definition.
    pub fn partial(
        &mut self,
        organisation: &str,
        campaign: &str,
        source: &str,
        partial: &campaign::v1::CampaignPartial,
    ) {
        let to = self.settings.partition_of(Topic::CampaignPartials, &key::campaign(organisation, campaign));
        let key = key::partial(organisation, campaign, source);
        self.push(to, Some(key), Some(partial.encode_to_vec().into()), Headers::default());
    }

    /// A private row; `None` erases it.
    pub fn private(&mut self, organisation: &str, client: &str, part: &str, row: Option<&private::v1::Private>) {
        let to = self.settings.partition_of(Topic::Private, &key::private_group(organisation, client));
        let value = row.map(|row| Bytes::from(row.encode_to_vec()));
        self.push(to, Some(key::private(organisation, client, part)), value, Headers::default());
    }

    /// The record as it came, with where it came from and why it cannot be used.
    pub fn dead_letter(&mut self, origin: &TopicPartition, stored: &Stored, organisation: &str, why: &Reject) {
        let position = format!("{origin}@{}", stored.offset);
        let mut detail = why.to_string();
        let mut cut = DETAIL_BYTES_MAX.min(detail.len());
        while !detail.is_char_boundary(cut) {
            cut -= 1;
        }
        detail.truncate(cut);
        let headers = Headers::from_pairs([
            (header::ORIGIN, Cow::Borrowed(position.as_bytes())),
            (header::REASON, Cow::Borrowed(why.reason.as_bytes())),
            (header::DETAIL, Cow::Borrowed(detail.as_bytes())),
            (header::ORGANISATION, Cow::Borrowed(organisation.as_bytes())),
        ]);
        self.letter(origin, stored.record.key.clone(), stored.record.value.clone(), headers);
    }

    /// A dead letter made of parts, beside those of the same origin.
    pub fn letter(&mut self, origin: &TopicPartition, key: Option<Bytes>, value: Option<Bytes>, headers: Headers) {
        let partition = origin.partition.checked_rem(self.settings.partitions).unwrap_or(0);
        let to = TopicPartition { topic: self.settings.topic(Topic::DeadLetters), partition };
        self.push(to, key, value, headers);
    }

    /// A record of `topic` under `key`, in the partition of that key.
    pub fn keyed(&mut self, topic: Topic, key: Bytes, value: Option<Bytes>) {
        let to = self.settings.partition_of(topic, &key);
        self.push(to, Some(key), value, Headers::default());
    }

    fn push(&mut self, to: TopicPartition, key: Option<Bytes>, value: Option<Bytes>, headers: Headers) {
        self.outputs.push(Output { to, record: Record { key, value, headers, timestamp_ms: self.timestamp_ms } });
    }
}

/// Which version made a published row: what [`row_headers`] and [`rebuilt_headers`] wrote.
pub fn made(headers: &Headers) -> Made {
    let said = headers.get(header::FOLD_VERSION).and_then(|version| std::str::from_utf8(version).ok());
    let version = said.and_then(|version| version.parse().ok()).unwrap_or_default();
    Made { version, rebuilding: headers.get(header::REBUILDING).is_some() }
}

/// Headers of the rows that a rebuild publishes; those before its last transaction say so.
pub fn rebuilt_headers(schema: &str, fold_version: u32, source: &TopicPartition, rebuilt: &Rebuilt<'_>) -> Headers {
    let headers = row_headers(schema, fold_version, source, rebuilt.next, Time::default());
    // What it reflects is the whole input up to there; the latest event time of it is in the rows.
    let said = headers.iter().filter(|(name, _)| *name != header::AS_OF);
    let said = said.map(|(name, value)| (name, Cow::Borrowed(value)));
    Headers::from_pairs(said.chain(rebuilt.more.then_some((header::REBUILDING, Cow::Borrowed(&b"1"[..])))))
}

/// Headers of a batch's rows: what they reflect.
pub fn row_headers(schema: &str, fold_version: u32, source: &TopicPartition, next: u64, as_of: Time) -> Headers {
    let version = fold_version.to_string();
    let position = format!("{source}@{next}");
    let as_of = as_of.rfc3339();
    Headers::from_pairs([
        (header::SCHEMA, Cow::Borrowed(schema.as_bytes())),
        (header::FOLD_VERSION, Cow::Borrowed(version.as_bytes())),
        (header::SOURCE, Cow::Borrowed(position.as_bytes())),
        (header::AS_OF, Cow::Borrowed(as_of.as_bytes())),
    ])
}
