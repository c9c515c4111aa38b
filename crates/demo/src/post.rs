//! How everything arrives: late, out of order, a fifth of it twice; SendGrid's events in batches, Amazon SES's alone.

use std::collections::BTreeMap;

use contract::Proto as _;
use contract::proto::platform::v1::{PlatformEvent, platform_event::Event as Kind};
use serde_json::Value;

use crate::random::Random;
use crate::world::Organisation;
use crate::{DUPLICATES, Intake, Item, Totals};

/// Events of one SendGrid request at most.
const BATCH_MAX: usize = 200;
/// How long SendGrid gathers a batch, in seconds.
const BATCH_SECONDS: u64 = 30;

/// The way of everything from where it happens to Mailtally.
pub(crate) struct Post {
    pub(crate) random: Random,
    pub(crate) totals: Totals,
    items: Vec<(u64, Intake)>,
    /// By account: SendGrid's events with the time at which they reach its webhook server.
    batched: BTreeMap<&'static str, Vec<(u64, String)>>,
}

impl Post {
    pub(crate) fn new(random: Random) -> Self {
        Self { random, totals: Totals::default(), items: Vec::new(), batched: BTreeMap::new() }
    }

    /// The platform says that something happened at `at`; one in fifty only after minutes, behind the provider's reports.
    pub(crate) fn say(&mut self, organisation: &Organisation, at: u64, event: Kind) {
        self.say_late(organisation, at, at, event);
    }

    /// The platform says at `said` that something happened at `at`.
    pub(crate) fn say_late(&mut self, organisation: &Organisation, at: u64, said: u64, event: Kind) {
        let event = PlatformEvent {
            organisation: organisation.id.to_owned(),
            time: Some(contract::timestamp_of(crate::time(at))),
            id: String::new(),
            event: Some(event),
        };
        let bytes = event.encode_to_vec();
        let lag = if self.random.chance(20) { self.random.between(60, 3_600) } else { self.random.between(1, 3) };
        self.totals.platform += 1;
        if self.random.chance(DUPLICATES) {
            self.totals.duplicates += 1;
            let again = lag + self.random.between(1, 600);
            self.items.push((said + again, Intake::Platform(bytes.clone())));
        }
        self.items.push((said + lag, Intake::Platform(bytes)));
    }

    /// SendGrid has an event; it reports some again, up to 29 hours later.
    pub(crate) fn sendgrid(&mut self, organisation: &Organisation, at: u64, event: &Value) {
        let words = event.to_string();
        let lag = if self.random.chance(30) { self.random.between(120, 5_400) } else { self.random.between(1, 6) };
        self.totals.reports += 1;
        let again = self.random.chance(DUPLICATES).then(|| self.again());
        let batch = self.batched.entry(organisation.id).or_default();
        if let Some(again) = again {
            self.totals.duplicates += 1;
            batch.push((at + lag + again, words.clone()));
        }
        batch.push((at + lag, words));
    }

    /// SES has an event, and SNS delivers it, some of them more than once: all within the hour for which it tries.
    pub(crate) fn amazon_ses(&mut self, organisation: &Organisation, at: u64, event: &Value) {
        let body = event.to_string().into_bytes();
        let lag = if self.random.chance(30) { self.random.between(60, 2_400) } else { self.random.between(1, 4) };
        self.totals.reports += 1;
        let signed_ms = crate::millis(at + 1);
        let post =
            |body| Intake::Webhook { provider: organisation.provider, account: organisation.id, signed_ms, body };
        if self.random.chance(DUPLICATES) {
            self.totals.duplicates += 1;
            self.totals.requests += 1;
            let again = self.random.between(20, 900);
            self.items.push((at + lag + again, post(body.clone())));
        }
        self.totals.requests += 1;
        self.items.push((at + lag, post(body)));
    }

    /// A record as it is, once.
    pub(crate) fn raw(&mut self, at: u64, intake: Intake) {
        self.items.push((at, intake));
    }

    fn again(&mut self) -> u64 {
        if self.random.chance(100) { self.random.between(3_600, 29 * 3_600) } else { self.random.between(20, 900) }
    }

    /// Everything, in the order of its receipt.
    pub(crate) fn delivered(mut self) -> (Vec<Item>, Totals) {
        for (account, mut events) in std::mem::take(&mut self.batched) {
            // Stable: events of one second stay as they were written.
            events.sort_by_key(|(at, _)| *at);
            let mut rest = events.as_slice();
            while let Some((first, _)) = rest.first() {
                let size = rest.iter().take(BATCH_MAX).take_while(|(at, _)| at - first <= BATCH_SECONDS).count();
                let (batch, after) = rest.split_at(size.max(1));
                let received = batch.last().map_or(0, |(at, _)| at + 1);
                let body = body(batch);
                self.totals.requests += 1;
                let signed_ms = crate::millis(received);
                self.items.push((received, Intake::Webhook { provider: "sendgrid", account, signed_ms, body }));
                rest = after;
            }
        }
        self.items.sort_by_key(|(received, _)| *received);
        let item = |(received, intake): (u64, Intake)| Item { received_ms: crate::millis(received), intake };
        (self.items.into_iter().map(item).collect(), self.totals)
    }
}

/// A request as SendGrid writes it: one event a line, the body ending with CRLF.
fn body(batch: &[(u64, String)]) -> Vec<u8> {
    let events: Vec<&str> = batch.iter().map(|(_, event)| event.as_str()).collect();
    format!("[{}]\r\n", events.join(",\r\n")).into_bytes()
}
