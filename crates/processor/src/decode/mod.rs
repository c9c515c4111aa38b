//! Decode: the two intakes become canonical, pseudonymous records, one outcome for each fact and recipient; the rest is
//! dead-lettered with its reason. Stateless, so it may run twice: the folds behind it are idempotent.

pub mod platform;
mod platform_contacts;
mod platform_facts;
mod platform_people;
mod text;
pub mod webhook;

use std::sync::Arc;

use engine::{Disposition, Effects, Folded, Polled, Processor, Rows, Stored, TopicPartition};

use crate::emit::Emit;
use crate::reject::Reject;
use crate::settings::Settings;
use contract::topic::Topic;

/// Where a record came from and when it reached us.
pub struct Source<'a> {
    /// Its place in the intake.
    pub origin: &'a TopicPartition,
    /// The record itself.
    pub stored: &'a Stored,
    /// Intake topic without prefix.
    pub topic: &'static str,
}

/// Decodes one record. On an error the whole record is dead-lettered; what was emitted for it before stays.
type DecodeRecord = fn(&Settings, &Source<'_>, &mut Emit<'_>) -> Result<(), (String, Reject)>;

/// The processor of an intake's partition.
pub struct Decode {
    settings: Arc<Settings>,
    topic: Topic,
    record: DecodeRecord,
}

impl Decode {
    /// Decodes platform events.
    pub fn platform(settings: Arc<Settings>) -> Self {
        Self { settings, topic: Topic::Platform, record: platform::decode }
    }

    /// Decodes providers' requests.
    pub fn webhooks(settings: Arc<Settings>) -> Self {
        Self { settings, topic: Topic::Webhooks, record: webhook::decode }
    }
}

impl Processor for Decode {
    fn fold(&mut self, batch: &Polled, _: &dyn Rows) -> Folded {
        let origin = TopicPartition { topic: self.settings.topic(self.topic), partition: batch.partition };
        let mut emit = Emit::new(&self.settings);
        let mut dispositions = Vec::with_capacity(batch.records.len());
        for stored in &batch.records {
            emit.at(stored.record.timestamp_ms);
            let source = Source { origin: &origin, stored, topic: self.topic.short() };
            let before = emit.len();
            dispositions.push(match (self.record)(&self.settings, &source, &mut emit) {
                Ok(()) if emit.len() == before => Disposition::Ignored("nothing_in_it"),
                Ok(()) => Disposition::Folded,
                Err((organisation, why)) => {
                    emit.dead_letter(&origin, stored, &organisation, &why);
                    Disposition::DeadLettered(why.reason)
                }
            });
            let place = (self.topic.short(), batch.partition);
            self.settings.breakers.count(&self.settings, place, emit.since(before));
        }
        Folded::Done(Effects { outputs: emit.into_outputs(), dispositions, ..Effects::default() })
    }

    fn restore(&mut self, _: &[(bytes::Bytes, Option<bytes::Bytes>)], _: &dyn Rows) -> Folded {
        Folded::Done(Effects::default())
    }
}
