//! One pass over what stands in the log: which events are as they are decoded now, which are not, and which are no longer made.
//!
//! Only a later decoder takes an event back or moves it to another message. The same decoder under another configuration adds and
//! corrects; what it would take away stays, since no later replay could bring it back under that version.

use std::collections::BTreeMap;

use anyhow::Result;
use contract::Proto as _;
use contract::proto::correlation::v1::{Correlation, correlation::Said as CorrelationSaid};
use contract::proto::event::v1::Event;
use contract::topic::Topic;
use engine::{Output, Record};
use providers::DECODER_VERSION;

use super::report::{Change, Report};
use super::window::{Made, Name, Said, Stands, Window};
use crate::reply::Reply;
use crate::scan::Steps;
use crate::system::System;

/// Events that stand and are no longer made under their name: the best version of each with its record.
type Left = BTreeMap<Name, (Event, Record)>;

/// What has to be appended so that the log says what is decoded now.
pub(super) fn differences(
    at: &System,
    mut window: Window,
    report: &mut Report,
    reply: &mut Reply<'_>,
) -> Result<Vec<Output>> {
    let left = look(at, &mut window, reply)?;
    let mut outputs = Vec::new();
    let mut stays = Vec::new();
    for ((topic, key, id), (event, record)) in left {
        let version = Said::version(&event);
        if event.retracted || version.0 > DECODER_VERSION {
            continue;
        }
        if version.0 == DECODER_VERSION {
            report.change(Change::Stays, topic, &key, Some(&event), None, 1);
            stays.push(id);
            continue;
        }
        report.change(Change::TakenBack, topic, &key, Some(&event), None, 1);
        outputs.extend(taken_back(at, topic, event, record));
    }
    for ((topic, key, id), copies) in window.made {
        // Of an event that stays elsewhere nothing new is made: it would count twice.
        for made in copies.into_iter().filter(|made| made.stands.is_some() || !stays.contains(&id)) {
            let change = change(&made);
            let stood = made.stands.as_ref().map(|stands| &stands.event);
            report.change(change, topic, &key, stood, Some(&made.said.event), made.times);
            if matches!(change, Change::New | Change::Changed) {
                outputs.push(made.output);
            }
        }
    }
    Ok(outputs)
}

/// What becomes of an event that is decoded now.
fn change(made: &Made) -> Change {
    match &made.stands {
        None => Change::New,
        Some(stands) if stands.same => Change::Same,
        Some(stands) if Said::version(&stands.event) > Said::version(&made.said.event) => Change::Later,
        Some(_) => Change::Changed,
    }
}

/// Reads `events` and `correlations` once.
fn look(at: &System, window: &mut Window, reply: &mut Reply<'_>) -> Result<Left> {
    let mut sources = Vec::new();
    for topic in [Topic::Correlations, Topic::Events] {
        for partition in 0..at.settings.partitions {
            let source = at.partition(topic, partition);
            let end = at.readable(&source)?.high_watermark;
            sources.push((topic, source, end));
        }
    }
    let mut all = 0;
    for (_, source, _) in &sources {
        all += at.length(source)?;
    }
    let mut steps = Steps::new("comparing", all, reply.progress);
    let mut left = Left::new();
    for (topic, source, end) in sources {
        at.scan(&source, 0..end, &mut steps, |stored| {
            stands(topic, stored.record, window, &mut left);
            Ok(())
        })?;
    }
    Ok(left)
}

/// Takes one record of the log into account.
fn stands(topic: Topic, record: Record, window: &mut Window, left: &mut Left) {
    let Some(said) = Said::of(topic, &record) else { return };
    let name = (topic, record.key.clone().unwrap_or_default(), said.event.id.clone());
    if let Some(copies) = window.made.get_mut(&name) {
        copies.iter_mut().for_each(|made| beside(made, &said));
        return;
    }
    let is_ours = said.event.source_topic == contract::event::source_to_wire(Topic::Webhooks.short())
        && window.read.contains(&(said.event.source_partition, said.event.source_offset));
    if !is_ours || is_on_its_way(topic, &said.event, window) {
        return;
    }
    let version = Said::version(&said.event);
    let held = left.entry(name).or_insert_with(|| (said.event.clone(), record.clone()));
    if version > Said::version(&held.0) {
        *held = (said.event, record);
    }
}

/// Whether the correlate fold brings the event to its message, or did so under another key. That one is not taken back: what it
/// reached may be the same message, where the taking back would hold.
fn is_on_its_way(topic: Topic, event: &Event, window: &Window) -> bool {
    window.ids.get(&event.id).is_some_and(|correlated| *correlated || topic == Topic::Correlations)
}

fn beside(made: &mut Made, said: &Said) {
    let version = Said::version(&said.event);
    let same = made.said.meaning == said.meaning;
    match &mut made.stands {
        Some(stands) if version < Said::version(&stands.event) => {}
        Some(stands) if version == Said::version(&stands.event) => stands.same |= same,
        stands => *stands = Some(Stands { event: said.event.clone(), same }),
    }
}

/// The same event, taken back by this decoder, where it stands.
fn taken_back(at: &System, topic: Topic, event: Event, record: Record) -> Option<Output> {
    let key = record.key.clone()?;
    let event = Event { decoder: DECODER_VERSION, retracted: true, ..event };
    let (to, value) = match topic {
        Topic::Correlations => {
            let said: Correlation = contract::decode("Correlation", record.value.as_deref()?).ok()?;
            let said = Correlation { said: Some(CorrelationSaid::Event(event)), ..said };
            let group = contract::key::correlation_group_of(&key)?;
            (at.settings.partition_of(topic, &group), said.encode_to_vec())
        }
        _ => (at.settings.partition_of(topic, &key), event.encode_to_vec()),
    };
    Some(Output { to, record: Record { value: Some(value.into()), ..record } })
}
