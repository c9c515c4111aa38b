//! Input made before the clock starts: records in a file, read in order while it runs, so that it takes no memory.

use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use contract::Proto as _;
use contract::topic::Topic;
use engine::Record;

use crate::workload::Workload;

/// Writes a file of records.
pub struct Writer(BufWriter<File>);

/// Reads one.
pub struct Reader(BufReader<File>);

impl Writer {
    /// A new file.
    ///
    /// # Errors
    /// The system's.
    pub fn create(path: &Path) -> Result<Self> {
        Ok(Self(BufWriter::new(File::create(path).with_context(|| path.display().to_string())?)))
    }

    /// Adds a record of a topic.
    ///
    /// # Errors
    /// The system's.
    pub fn push(&mut self, topic: Topic, key: &[u8], value: &[u8], timestamp_ms: i64) -> Result<()> {
        let topic = Topic::ALL.iter().position(|one| *one == topic).and_then(|place| u8::try_from(place).ok());
        self.0.write_all(&[topic.unwrap_or_default()])?;
        self.0.write_all(&timestamp_ms.to_le_bytes())?;
        for part in [key, value] {
            self.0.write_all(&u32::try_from(part.len())?.to_le_bytes())?;
            self.0.write_all(part)?;
        }
        Ok(())
    }

    /// Everything is in the file.
    ///
    /// # Errors
    /// The system's.
    pub fn finish(mut self) -> Result<()> {
        Ok(self.0.flush()?)
    }
}

impl Reader {
    /// Opens a file.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        Ok(Self(BufReader::with_capacity(1 << 20, file)))
    }

    /// The next `limit` records, fewer at the end.
    ///
    /// # Errors
    /// The system's.
    pub fn batch(&mut self, limit: usize) -> Result<Vec<(Topic, Record)>> {
        let mut records = Vec::with_capacity(limit);
        while records.len() < limit {
            let Some(record) = self.record()? else { break };
            records.push(record);
        }
        Ok(records)
    }

    fn record(&mut self) -> Result<Option<(Topic, Record)>> {
        let mut head = [0_u8; 9];
        match self.0.read_exact(&mut head) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let (topic, timestamp) = head.split_at(1);
        let topic = topic.first().and_then(|place| Topic::ALL.get(usize::from(*place))).context("a topic's place")?;
        let timestamp_ms = i64::from_le_bytes(timestamp.try_into()?);
        let (key, value) = (self.part()?, self.part()?);
        Ok(Some((*topic, Record { key: Some(key), value: Some(value), timestamp_ms, ..Record::default() })))
    }

    fn part(&mut self) -> Result<Bytes> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let mut part = vec![0; usize::try_from(u32::from_le_bytes(length))?];
        self.0.read_exact(&mut part)?;
        Ok(part.into())
    }
}

/// Writes the events of a workload as decode makes them; how many there are.
///
/// # Errors
/// The system's.
pub fn events(path: &Path, seed: u64, messages: u64) -> Result<u64> {
    let mut writer = Writer::create(path)?;
    let mut count = 0;
    for report in Workload::new(seed, messages) {
        let event = report.event(count / 4, u32::try_from(count % 4)?);
        let key = contract::key::message(&event.organisation, &event.message);
        let value = contract::event::to_wire(&event).encode_to_vec();
        writer.push(Topic::Events, &key, &value, report.received_us / 1_000)?;
        count += 1;
    }
    writer.finish()?;
    Ok(count)
}
