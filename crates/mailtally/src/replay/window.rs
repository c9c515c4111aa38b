//! Requests decoded again, as many as are compared in one pass, by what an event is known by in the log.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::Result;
use bytes::Bytes;
use contract::Proto as _;
use contract::proto::correlation::v1::{Correlation, correlation::Said as CorrelationSaid};
use contract::proto::event::v1::Event;
use contract::proto::webhook::v1::Webhook;
use contract::topic::Topic;
use domain::EventId;
use engine::{Offset, Output, Record, Stored, TopicPartition};
use processor::decode::Source;
use processor::decode::webhook::{Fate, fates};
use processor::emit::Emit;

use super::report::Report;
use super::{WINDOW_EVENTS_MAX, Webhooks};
use crate::scan::Steps;
use crate::system::System;

/// What an event is known by: where it stands, under which key, and its id.
pub(super) type Name = (Topic, Bytes, Bytes);

/// What a record of `events` or `correlations` says.
pub(super) struct Said {
    pub(super) event: Event,
    /// Of all it says but its decoder and how it came: equal where it means the same.
    pub(super) meaning: EventId,
}

/// An event as it is decoded now, with the best that the log says under its name.
pub(super) struct Made {
    pub(super) output: Output,
    pub(super) said: Said,
    /// How often it was decoded in this window.
    pub(super) times: u64,
    pub(super) stands: Option<Stands>,
}

/// The best version that stands in the log.
pub(super) struct Stands {
    pub(super) event: Event,
    /// Whether a copy of that version means the same.
    pub(super) same: bool,
}

/// Requests decoded again.
#[derive(Default)]
pub(super) struct Window {
    pub(super) made: BTreeMap<Name, Vec<Made>>,
    /// Ids that were made, and whether one goes by the provider's message id.
    pub(super) ids: BTreeMap<Bytes, bool>,
    /// Where the requests stand that were read whole: what else they were decoded to is taken back.
    pub(super) read: BTreeSet<(u32, Offset)>,
    events: usize,
}

impl Said {
    /// What a record says; nothing when it is a send's word or cannot be read.
    pub(super) fn of(topic: Topic, record: &Record) -> Option<Self> {
        let value = record.value.as_deref()?;
        let correlation = (topic == Topic::Correlations)
            .then(|| contract::decode::<Correlation>("Correlation", value).ok())
            .flatten();
        let (event, around) = match correlation {
            Some(said) => match said.said? {
                CorrelationSaid::Event(event) => (event, Correlation { said: None, time_us: 0, ..said }),
                CorrelationSaid::Known(_) => return None,
            },
            None if topic == Topic::Correlations => return None,
            None => (contract::decode::<Event>("Event", value).ok()?, Correlation::default()),
        };
        let meant = Event {
            decoder: 0,
            received_after_us: 0,
            source_topic: 0,
            source_partition: 0,
            source_offset: 0,
            ..event.clone()
        };
        let meaning = contract::identity::event(&[&meant.encode_to_vec(), &around.encode_to_vec()]);
        Some(Self { event, meaning })
    }

    /// Whose word counts more: a later decoder's, and of one version the one that takes back.
    pub(super) fn version(event: &Event) -> (u32, bool) {
        (event.decoder, event.retracted)
    }
}

impl Window {
    pub(super) fn is_full(&self) -> bool {
        self.events >= WINDOW_EVENTS_MAX
    }

    pub(super) fn is_empty(&self) -> bool {
        self.read.is_empty() && self.made.is_empty()
    }

    /// Decodes from the beginning of the range until it ends or the window is full; where to go on.
    pub(super) fn fill(
        &mut self,
        asked: &Webhooks,
        at: &System,
        source: &TopicPartition,
        range: Range<Offset>,
        steps: &mut Steps<'_>,
        report: &mut Report,
    ) -> Result<Offset> {
        let mut next = range.start;
        while next < range.end && !self.is_full() {
            // Retention may pass by: what is gone is not read.
            let start = next.max(at.log.bounds(source)?.start);
            let read = at.read(source, start, crate::scan::READ)?;
            let mut reached = read.next.min(range.end);
            for stored in read.records.iter().take_while(|stored| stored.offset < range.end) {
                self.take(asked, at, source, stored, report);
                if self.is_full() {
                    reached = stored.offset.saturating_add(1);
                    break;
                }
            }
            steps.step(reached.saturating_sub(next));
            next = reached;
        }
        Ok(next)
    }

    /// Decodes one request, if it is meant.
    fn take(&mut self, asked: &Webhooks, at: &System, source: &TopicPartition, stored: &Stored, report: &mut Report) {
        let value = stored.record.value.as_deref().unwrap_or_default();
        let known = contract::decode::<Webhook>("Webhook", value).ok();
        let is_meant = |webhook: Webhook| asked.takes(&webhook.provider, &webhook.account);
        if !asked.takes_time(stored.record.timestamp_ms) || !known.is_some_and(is_meant) {
            return;
        }
        report.request(source.partition, stored.offset);
        let mut emit = Emit::new(&at.settings);
        emit.at(stored.record.timestamp_ms);
        let decoded = Source { origin: source, stored, topic: Topic::Webhooks.short() };
        let parts = match fates(&at.settings, &decoded, &mut emit) {
            Ok(parts) => parts,
            Err(why) => vec![Fate::Rejected(why)],
        };
        parts.iter().for_each(|part| report.part(part));
        if !parts.iter().any(|part| matches!(part, Fate::Rejected(_))) {
            self.read.insert((source.partition, stored.offset));
        }
        emit.into_outputs().into_iter().for_each(|output| self.add(at, output));
    }

    fn add(&mut self, at: &System, output: Output) {
        let topic = Topic::parse(output.to.topic.name(), &at.settings.prefix);
        // The dead letters of these requests were written when they were decoded first.
        let Some(topic @ (Topic::Events | Topic::Correlations)) = topic else { return };
        let Some(said) = Said::of(topic, &output.record) else { return };
        let (key, id) = (output.record.key.clone().unwrap_or_default(), said.event.id.clone());
        self.events += 1;
        *self.ids.entry(id.clone()).or_default() |= topic == Topic::Correlations;
        let copies = self.made.entry((topic, key, id)).or_default();
        match copies.iter_mut().find(|made| made.said.meaning == said.meaning) {
            Some(made) => made.times += 1,
            None => copies.push(Made { output, said, times: 1, stands: None }),
        }
    }
}
