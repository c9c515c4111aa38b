//! The version before: a messages fold that took every click for a machine's and misspelled a campaign. What it counted wrong,
//! and where, is what a rebuild mends.

use bytes::Bytes;
use contract::Proto as _;
use contract::proto::event::v1::{Agent, Event};
use engine::{Folded, Headers, Made, Polled, Processor, Rebuilt, Rows, Stored};

/// Folds as the version before did.
pub(crate) struct Older(pub(crate) Box<dyn Processor>);

fn misread(stored: &Stored) -> Stored {
    let mut stored = stored.clone();
    let event = stored.record.value.as_deref().and_then(|value| Event::decode(value).ok());
    if let Some(mut event) = event {
        if event.agent != 0 {
            event.agent = Agent::Machine.into();
        }
        if event.campaign == "c2" {
            event.campaign = "c2x".to_owned();
        }
        stored.record.value = Some(event.encode_to_vec().into());
    }
    stored
}

impl Processor for Older {
    fn fold(&mut self, batch: &Polled, rows: &dyn Rows) -> Folded {
        let records = batch.records.iter().map(misread).collect();
        self.0.fold(&Polled { partition: batch.partition, records, next: batch.next }, rows)
    }

    fn restore(&mut self, restored: &[(Bytes, Option<Bytes>)], rows: &dyn Rows) -> Folded {
        self.0.restore(restored, rows)
    }

    fn made(&self, headers: &Headers) -> Made {
        self.0.made(headers)
    }

    fn rebuilt(&mut self, rebuilt: &Rebuilt<'_>, rows: &dyn Rows) -> Folded {
        self.0.rebuilt(rebuilt, rows)
    }
}
