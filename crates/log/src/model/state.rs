//! Topics, records, groups and epochs of the log in memory. Knows no lock and no fault.

use std::collections::{BTreeMap, VecDeque};

use engine::{Offset, Output, Record, Stored, Topic, TopicPartition};

use super::{Fault, MAX_RECORD_BYTES};
use crate::{Bounds, Cleanup, Error, LogId, Read, ReadLimit, TopicDescription, TopicId, TopicSpec};

/// All of the log.
pub(super) struct State {
    pub(super) id: LogId,
    pub(super) gaps: bool,
    pub(super) unavailable: bool,
    pub(super) faults: VecDeque<Option<Fault>>,
    pub(super) version: u64,
    begun: u64,
    pub(super) topics: BTreeMap<Topic, Kept>,
    groups: BTreeMap<(String, TopicPartition), Offset>,
    epochs: BTreeMap<String, u64>,
}

/// A topic and its records.
pub(super) struct Kept {
    pub(super) description: TopicDescription,
    pub(super) partitions: Vec<Partition>,
}

/// One partition: records by offset, with the time before which a tombstone stays once compaction has met it.
#[derive(Clone, Default)]
pub(super) struct Partition {
    pub(super) start: Offset,
    pub(super) end: Offset,
    pub(super) records: BTreeMap<Offset, (Record, Option<i64>)>,
    /// Where each transaction that has not ended begins here, by its number: none of it can be read, nor what follows.
    open: BTreeMap<u64, Offset>,
}

impl State {
    pub(super) fn new(id: &str) -> Self {
        Self {
            id: LogId(id.to_owned()),
            gaps: false,
            unavailable: false,
            faults: VecDeque::new(),
            version: 0,
            begun: 0,
            topics: BTreeMap::new(),
            groups: BTreeMap::new(),
            epochs: BTreeMap::new(),
        }
    }

    pub(super) fn available(&mut self) -> Result<&mut Self, Error> {
        if self.unavailable { Err(Error::Unavailable("the log is away".to_owned())) } else { Ok(self) }
    }

    pub(super) fn create(&mut self, spec: &TopicSpec) -> Result<TopicDescription, Error> {
        if let Some(existing) = self.topics.get(&spec.name) {
            return if existing.description.spec == *spec {
                Ok(existing.description.clone())
            } else {
                Err(mismatch(&existing.description.spec, spec))
            };
        }
        let id = TopicId(format!("{}-{}", self.id.0, self.topics.len()));
        let description = TopicDescription { spec: spec.clone(), id };
        let partitions = vec![Partition::default(); usize::try_from(spec.partitions).unwrap_or(usize::MAX)];
        self.topics.insert(spec.name.clone(), Kept { description: description.clone(), partitions });
        Ok(description)
    }

    pub(super) fn topics(&self) -> Vec<TopicDescription> {
        self.topics.values().map(|kept| kept.description.clone()).collect()
    }

    pub(super) fn partition(&self, at: &TopicPartition) -> Result<&Partition, Error> {
        let kept = self.topics.get(&at.topic).ok_or_else(|| Error::Unknown(at.to_string()))?;
        let index = usize::try_from(at.partition).unwrap_or(usize::MAX);
        kept.partitions.get(index).ok_or_else(|| Error::Unknown(at.to_string()))
    }

    pub(super) fn committed(&self, group: &str, input: &TopicPartition) -> Option<Offset> {
        self.groups.get(&(group.to_owned(), input.clone())).copied()
    }

    pub(super) fn commit_offset(&mut self, group: String, input: TopicPartition, next: Offset) {
        self.groups.insert((group, input), next);
    }

    pub(super) fn next_epoch(&mut self, transactional_id: &str) -> u64 {
        let epoch = self.epochs.entry(transactional_id.to_owned()).or_insert(0);
        *epoch += 1;
        *epoch
    }

    pub(super) fn epoch(&self, transactional_id: &str) -> u64 {
        self.epochs.get(transactional_id).copied().unwrap_or(0)
    }

    /// All of them or none; their offsets, and the end of every partition written.
    pub(super) fn append(&mut self, records: Vec<Output>, in_transaction: bool) -> Result<Appended, Error> {
        for output in &records {
            self.check(output)?;
        }
        let mut offsets = Vec::with_capacity(records.len());
        let mut ends = BTreeMap::new();
        for Output { to, record } in records {
            let Some(partition) = self.writable(&to) else { continue };
            offsets.push(partition.push(record));
            ends.insert(to, partition.end);
        }
        if self.gaps && in_transaction {
            ends.keys().for_each(|to| self.writable(to).into_iter().for_each(|partition| partition.end += 1));
        }
        self.version += 1;
        Ok((offsets, ends))
    }

    /// The records get their offsets, but their transaction does not end.
    pub(super) fn begin(&mut self, records: Vec<Output>) -> Result<(u64, Vec<(TopicPartition, Offset)>), Error> {
        let at: Vec<TopicPartition> = records.iter().map(|output| output.to.clone()).collect();
        let (offsets, _) = self.append(records, false)?;
        self.begun += 1;
        let number = self.begun;
        let places: Vec<_> = at.into_iter().zip(offsets).collect();
        for (to, offset) in &places {
            if let Some(partition) = self.writable(to) {
                partition.open.entry(number).or_insert(*offset);
            }
        }
        Ok((number, places))
    }

    /// The transaction ends; an aborted one leaves gaps.
    pub(super) fn end(&mut self, number: u64, places: &[(TopicPartition, Offset)], commits: bool) {
        for (to, offset) in places {
            let Some(partition) = self.writable(to) else { continue };
            partition.open.remove(&number);
            if !commits {
                partition.records.remove(offset);
            }
        }
        self.version += 1;
    }

    fn check(&self, output: &Output) -> Result<(), Error> {
        self.partition(&output.to)?;
        let (record, partition) = (&output.record, output.to.clone());
        let size = size(record);
        if size > MAX_RECORD_BYTES {
            return Err(Error::TooLarge { partition, size, limit: MAX_RECORD_BYTES });
        }
        let cleanup = self.topics.get(&output.to.topic).map(|kept| kept.description.spec.cleanup);
        if record.key.is_none() && matches!(cleanup, Some(Cleanup::Compact { .. })) {
            return Err(Error::NoKey { partition });
        }
        Ok(())
    }

    fn writable(&mut self, at: &TopicPartition) -> Option<&mut Partition> {
        self.topics.get_mut(&at.topic)?.partitions.get_mut(usize::try_from(at.partition).ok()?)
    }
}

/// Offsets in the order of the records, and the end of every partition written.
pub(super) type Appended = (Vec<Offset>, BTreeMap<TopicPartition, Offset>);

impl Partition {
    pub(super) fn bounds(&self) -> Bounds {
        Bounds { start: self.start, high_watermark: self.end }
    }

    /// The end of what can be read.
    pub(super) fn stable(&self) -> Offset {
        self.open.values().copied().min().unwrap_or(self.end)
    }

    fn push(&mut self, record: Record) -> Offset {
        let offset = self.end;
        self.records.insert(offset, (record, None));
        self.end += 1;
        offset
    }

    pub(super) fn read(&self, partition: &TopicPartition, asked: Offset, limit: ReadLimit) -> Result<Read, Error> {
        let (partition, high_watermark) = (partition.clone(), self.stable());
        if asked < self.start {
            return Err(Error::OffsetLost { partition, asked, start: self.start });
        }
        if asked > self.end {
            return Err(Error::OffsetAhead { partition, asked, high_watermark: self.end });
        }
        let (mut records, mut bytes) = (Vec::new(), 0);
        for (&offset, (record, _)) in self.records.range(asked..high_watermark.max(asked)) {
            if !records.is_empty() && (records.len() >= limit.records || bytes >= limit.bytes) {
                return Ok(Read { records, next: offset, high_watermark });
            }
            bytes = bytes.saturating_add(size(record));
            records.push(Stored { offset, record: record.clone() });
        }
        Ok(Read { records, next: high_watermark.max(asked), high_watermark })
    }
}

fn size(record: &Record) -> usize {
    record.key.as_ref().map_or(0, bytes::Bytes::len)
        + record.value.as_ref().map_or(0, bytes::Bytes::len)
        + record.headers.as_bytes().len()
}

fn mismatch(existing: &TopicSpec, wanted: &TopicSpec) -> Error {
    Error::Mismatch { name: wanted.name.to_string(), existing: existing.settings(), wanted: wanted.settings() }
}
