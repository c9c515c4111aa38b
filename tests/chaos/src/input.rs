//! The input of a seed, how each event reaches the topics, and what every campaign must come to: by the oracle, message by
//! message, from what was planned and not from what was written.

use std::collections::BTreeMap;

use anyhow::Result;
use benches::plan::{names, steps};
use benches::posted::{self, BODY_EVENTS};
use benches::workload::{Report, Workload};
use bytes::Bytes;
use contract::topic::Topic;
use contract::{Proto as _, key};
use domain::{BounceClass, Counters, Event, Fact, Rank, Time};
use engine::{Output, Record, TopicPartition};
use oracle::Recount;
use serde_json::Value;

/// Of so many messages one comes through the intakes and decode; the others as canonical events.
const INTAKE_EVERY: u64 = 8;

/// Counters by (organisation, campaign).
pub(crate) type Numbers = BTreeMap<(String, String), Counters>;

/// What the whole input is and comes to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    pub(crate) messages: u64,
    /// Reports, copies included: so many records the events topic must have in the end.
    pub(crate) events: u64,
    /// Of them, copies.
    pub(crate) duplicates: u64,
    /// Of them, those that come after a report of something later in the same message.
    pub(crate) disordered: u64,
    pub(crate) numbers: Numbers,
}

/// The messages of which there are at least so many events, and what they come to.
pub(crate) fn expected(seed: u64, events: u64) -> Expected {
    let mut all = Expected::default();
    while all.events < events {
        all.add(seed, all.messages);
        all.messages += 1;
    }
    all
}

impl Expected {
    fn add(&mut self, seed: u64, message: u64) {
        let names = names(seed, message);
        let mut recount = Recount::default();
        let mut arrivals = Vec::new();
        for (place, step) in steps(seed, message).into_iter().enumerate() {
            let copies: Vec<u64> = step.arrives.iter().flatten().copied().collect();
            self.duplicates += u64::try_from(copies.len().saturating_sub(1)).unwrap_or(0);
            arrivals.extend(copies.into_iter().map(|tick| (tick, step.happens)));
            recount.take(event(&Report { names: names.clone(), step, message, place, received_us: 0 }));
        }
        self.events += u64::try_from(arrivals.len()).unwrap_or(0);
        arrivals.sort_unstable();
        let mut latest = 0;
        for (_, happens) in arrivals {
            self.disordered += u64::from(happens < latest);
            latest = latest.max(happens);
        }
        for ((organisation, _), share) in recount.shares() {
            self.numbers.entry((organisation.clone(), share.campaign)).or_default().add(&share.counters);
        }
    }
}

fn is_through_intakes(message: u64) -> bool {
    message % INTAKE_EVERY == 0
}

/// The canonical event of a report: through the intakes it is what decode makes of it.
fn event(report: &Report) -> Event {
    let event = report.event(0, 0);
    if !is_through_intakes(report.message) || report.step.by_mailer {
        return event;
    }
    // SendGrid tells seconds, and of bounces only the blocked ones from the others. Two events of one kind and second are one.
    let second = event.time.micros().div_euclid(1_000_000);
    let time = Time::from_micros(second * 1_000_000);
    let fact = match event.fact {
        Fact::Bounced { class, reason, .. } if class != BounceClass::Block => {
            Fact::Bounced { class: BounceClass::Hard, asynchronous: false, reason }
        }
        fact => fact,
    };
    let id =
        contract::identity::event(&[event.message.as_bytes(), &second.to_be_bytes(), format!("{fact:?}").as_bytes()]);
    Event { id, time, fact, rank: Rank::CustomData, ..event }
}

/// Reports as records, in the order of arrival.
pub(crate) struct Input {
    workload: Workload,
    partitions: u32,
    prefix: String,
    body: Vec<Value>,
    count: u64,
    /// When records are written: intakes that were older than their retention would go unread.
    now_ms: i64,
}

/// Some records, and how many events are in them.
pub(crate) struct Chunk {
    pub(crate) records: Vec<Output>,
    pub(crate) events: u64,
}

impl Input {
    pub(crate) fn new(seed: u64, messages: u64, (prefix, partitions): (&str, u32), now_ms: i64) -> Self {
        let workload = Workload::new(seed, messages);
        Self { workload, partitions, prefix: prefix.to_owned(), body: Vec::new(), count: 0, now_ms }
    }

    /// The next events, about so many; none at the end.
    pub(crate) fn chunk(&mut self, events: u64) -> Result<Chunk> {
        let (mut records, before) = (Vec::new(), self.count);
        let mut received_us = 0;
        while self.count - before < events {
            let Some(report) = self.workload.next() else { break };
            received_us = report.received_us;
            records.extend(self.record(&report)?);
        }
        if !self.body.is_empty() {
            records.push(self.request(received_us)?);
        }
        Ok(Chunk { records, events: self.count - before })
    }

    fn record(&mut self, report: &Report) -> Result<Option<Output>> {
        self.count += 1;
        if !is_through_intakes(report.message) {
            let event = report.event(self.count, 0);
            let key = key::message(&event.organisation, &event.message);
            let value = contract::event::to_wire(&event).encode_to_vec();
            return Ok(Some(self.output(Topic::Events, key, value)));
        }
        if report.step.by_mailer {
            let key = Bytes::from_static(report.names.organisation.as_bytes());
            // A mailer's client spreads its records as it likes.
            let value = posted::send(report).encode_to_vec();
            return Ok(Some(self.output(Topic::Platform, key, value)));
        }
        self.body.push(posted::element(report));
        (self.body.len() >= BODY_EVENTS).then(|| self.request(report.received_us)).transpose()
    }

    fn request(&mut self, received_us: i64) -> Result<Output> {
        let (key, webhook) = posted::request(&std::mem::take(&mut self.body), received_us)?;
        let key = Bytes::copy_from_slice(&key);
        Ok(self.output(Topic::Webhooks, key, webhook.encode_to_vec()))
    }

    fn output(&self, topic: Topic, key: Bytes, value: Vec<u8>) -> Output {
        let partition = key::partition(&key, self.partitions);
        let to = TopicPartition { topic: engine::Topic::new(&topic.name(&self.prefix)), partition };
        let (key, value, timestamp_ms) = (Some(key), Some(value.into()), self.now_ms);
        Output { to, record: Record { key, value, timestamp_ms, ..Record::default() } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_expected_with_copies_and_disorder() {
        let expected = expected(3, 20_000);
        let mut input = Input::new(3, expected.messages, ("m", 4), 0);
        let (mut events, mut topics) = (0, BTreeMap::<String, u64>::new());
        loop {
            let chunk = input.chunk(1_000).expect("made");
            if chunk.events == 0 {
                break;
            }
            events += chunk.events;
            chunk.records.iter().for_each(|one| *topics.entry(one.to.topic.to_string()).or_default() += 1);
        }
        assert_eq!(events, expected.events);
        assert_eq!(topics.len(), 3, "{topics:?}");
        let percent = |part: u64| part * 100 / expected.events;
        assert!(percent(expected.duplicates) >= 15 && percent(expected.disordered) >= 10, "{expected:?}");
        let sent: u64 = expected.numbers.values().map(|one| one.sent).sum();
        assert_eq!(sent, expected.messages);
    }
}
