//! All reports in the order in which they arrive, of one seed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use domain::{Arrival, Attribution, Event, MailClass, Origin, Rank, SourcePosition, Time};

use crate::plan::{Names, Step, names, steps};

/// The first event's time, in microseconds: 2026-05-01.
pub const BEGIN_US: i64 = 1_777_593_600_000_000;
/// Microseconds between two sends.
const TICK_US: i64 = 20_000;

/// One arrival of one step's report.
#[derive(Clone, Debug)]
pub struct Report {
    /// Who and what.
    pub names: Names,
    /// What happened.
    pub step: Step,
    /// The message's number.
    pub message: u64,
    /// The step's place among its message's.
    pub place: usize,
    /// When this copy arrives, in microseconds since the Unix epoch.
    pub received_us: i64,
}

/// Reports of `messages` messages in the order of arrival.
pub struct Workload {
    seed: u64,
    messages: u64,
    planned: u64,
    due: BinaryHeap<Reverse<(u64, u64, usize)>>,
}

impl Workload {
    /// The workload of a seed.
    pub fn new(seed: u64, messages: u64) -> Self {
        Self { seed, messages, planned: 0, due: BinaryHeap::new() }
    }

    /// Plans messages until the earliest report cannot be preceded by one of a later message.
    fn plan(&mut self) {
        while self.planned < self.messages && self.due.peek().is_none_or(|Reverse((tick, ..))| *tick >= self.planned) {
            for (place, step) in steps(self.seed, self.planned).iter().enumerate() {
                self.due.extend(step.arrives.iter().flatten().map(|tick| Reverse((*tick, self.planned, place))));
            }
            self.planned += 1;
        }
    }
}

impl Iterator for Workload {
    type Item = Report;

    fn next(&mut self) -> Option<Report> {
        self.plan();
        let Reverse((tick, message, place)) = self.due.pop()?;
        let step = steps(self.seed, message).into_iter().nth(place)?;
        Some(Report { names: names(self.seed, message), step, message, place, received_us: at(tick, place) })
    }
}

impl Report {
    /// When it happened, in microseconds since the Unix epoch; of one message no two alike.
    pub fn time_us(&self) -> i64 {
        at(self.step.happens, self.place)
    }

    /// The event as decode makes it, at this place of its intake.
    pub fn event(&self, offset: u64, partition: u32) -> Event {
        let names = &self.names;
        let id = contract::identity::event(&[&self.message.to_be_bytes(), &self.place.to_be_bytes()]);
        let mailer = self.step.by_mailer;
        let topic = if mailer { "platform" } else { "webhooks" };
        Event {
            organisation: names.organisation.to_owned(),
            message: names.message.clone(),
            id,
            time: Time::from_micros(self.time_us()),
            decoder: 1,
            retracted: false,
            rank: if mailer { Rank::Send } else { Rank::CustomData },
            attribution: Attribution {
                campaign: Some(names.campaign.clone()),
                client: Some(names.client.clone()),
                address: Some(contract::identity::address(b"bench", &names.address)),
                class: mailer.then_some(MailClass::Mass),
                copy: mailer.then_some(false),
                origin: mailer.then_some(Origin::Campaign),
            },
            provider: if mailer { String::new() } else { "sendgrid".to_owned() },
            fact: self.step.fact.clone(),
            arrival: Arrival {
                received: Time::from_micros(self.received_us),
                source: SourcePosition { topic: topic.into(), partition, offset },
            },
        }
    }
}

fn at(tick: u64, place: usize) -> i64 {
    let place = i64::try_from(place).unwrap_or(0);
    BEGIN_US + i64::try_from(tick).unwrap_or(0).saturating_mul(TICK_US) + place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_four_events_on_average_and_a_fifth_comes_twice() {
        let reports: Vec<Report> = Workload::new(1, 20_000).collect();
        let distinct: std::collections::BTreeSet<_> = reports.iter().map(|one| (one.message, one.place)).collect();
        assert!((76_000..84_000).contains(&distinct.len()), "{}", distinct.len());
        let twice = (reports.len() - distinct.len()) * 100 / distinct.len();
        assert!((19..22).contains(&twice), "{twice} %");
        assert!(reports.is_sorted_by_key(|one| one.received_us / TICK_US), "in the order of arrival");
    }
}
