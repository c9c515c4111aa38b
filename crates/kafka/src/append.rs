//! Appending for those who are no processor: an idempotent producer, acknowledged by all replicas.

use std::time::Instant;

use engine::{Offset, Output};
use log::Error;

use crate::cluster::misconfigured;
use crate::error::sort;
use crate::options::Options;
use crate::send::Sender;

/// A producer without transactions.
pub(crate) struct Appender {
    sender: Sender,
    options: Options,
}

impl Appender {
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        let sender = Sender::new(&options.appender(), None).map_err(|error| misconfigured(&error))?;
        Ok(Self { sender, options: options.clone() })
    }

    /// Appends the records; their offsets. After an error some of them may be there: who sends them again makes duplicates, which
    /// the folds count once.
    pub(crate) fn append(&self, records: &[Output]) -> Result<Vec<Offset>, Error> {
        let until = Instant::now() + self.options.patience;
        let ends = self.sender.send(records.len(), records.iter().enumerate(), until).map_err(|code| {
            let text = self.sender.trouble.last().map_or_else(|| code.to_string(), |(_, text)| text);
            sort("append", &self.options.bootstrap_servers, code, &text)
        })?;
        Ok(ends.into_iter().map(|end| end.saturating_sub(1)).collect())
    }
}
