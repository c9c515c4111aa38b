//! What a run measured, as a line of JSON and as a row of a table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::standing::Share;

/// Counters by (organisation, campaign).
pub type Numbers = BTreeMap<(String, String), Share>;

/// One run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Figure {
    /// Who ran: `mailtally`, `sqlite`, `mailtally from the intakes`, `mailtally restore`.
    pub phase: String,
    /// Records of a batch.
    pub batch: usize,
    /// Messages in the input.
    pub messages: u64,
    /// Events folded, duplicates included; rows of a restore.
    pub records: u64,
    /// From the first record read to the last row committed and applied.
    pub seconds: f64,
    /// Of them: until the first row was visible, or until a restore began.
    pub first_seconds: f64,
    /// Of all threads, meanwhile.
    pub cpu_seconds: f64,
    /// The most memory resident, ever.
    pub peak_bytes: u64,
    /// State on disk after an orderly end.
    pub state_bytes: u64,
    /// The log on disk after an orderly end; of SQLite the event table.
    pub log_bytes: u64,
    /// Transactions committed, where it is known.
    pub commits: u64,
    /// Milliseconds from a probe's event to its visible row, ascending, where it was measured.
    pub latency_ms: Vec<f64>,
}

impl Figure {
    /// Records in a second of the clock.
    pub fn rate(&self) -> f64 {
        self.records as f64 / self.seconds.max(f64::EPSILON)
    }

    /// Records in a second of CPU.
    pub fn cpu_rate(&self) -> f64 {
        self.records as f64 / self.cpu_seconds.max(f64::EPSILON)
    }

    /// Bytes a message.
    pub fn each(&self, bytes: u64) -> f64 {
        bytes as f64 / (self.messages.max(1)) as f64
    }

    /// A row below [`HEAD`]; `peer` is what its ratio is to.
    pub fn row(&self, peer: Option<&Self>) -> String {
        let ratio = peer.map_or_else(|| "-".to_owned(), |peer| format!("{:.2}", self.rate() / peer.rate()));
        format!(
            "| {:<26} | {:>6} | {:>9.0} | {:>9.0} | {:>5} | {:>8.0} | {:>5.0} | {:>5.0} |",
            self.phase,
            self.batch,
            self.rate(),
            self.cpu_rate(),
            ratio,
            self.peak_bytes as f64 / f64::from(1 << 20),
            self.each(self.state_bytes),
            self.each(self.log_bytes),
        )
    }
}

/// Head of the table.
pub const HEAD: &str = "\
|                            |  batch |  events/s | /CPU s    | ratio | peak MiB | state | log   |
|----------------------------|-------:|----------:|----------:|------:|---------:|------:|------:|";
