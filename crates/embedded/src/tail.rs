//! Batches near the tail, unpacked: readers that keep up neither read the disk nor decompress. Bounded in bytes; the oldest goes first.

use std::collections::{BTreeMap, VecDeque};

use engine::Offset;

use crate::batch::Decoded;
use crate::rows::Ordinal;

/// What an entry costs beside its bytes.
const ENTRY_BYTES: usize = 256;

/// The cache. Every key of `batches` stands once in `order`.
pub(crate) struct Tail {
    limit: usize,
    bytes: usize,
    batches: BTreeMap<(Ordinal, Offset), Decoded>,
    order: VecDeque<(Ordinal, Offset)>,
}

impl Tail {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, bytes: 0, batches: BTreeMap::new(), order: VecDeque::new() }
    }

    /// The batch that covers an offset.
    pub(crate) fn get(&self, ordinal: Ordinal, offset: Offset) -> Option<Decoded> {
        let (_, batch) = self.batches.range((ordinal, 0)..=(ordinal, offset)).next_back()?;
        (batch.last >= offset).then(|| batch.clone())
    }

    pub(crate) fn put(&mut self, ordinal: Ordinal, batch: Decoded) {
        let key = (ordinal, batch.base);
        self.bytes += cost(&batch);
        match self.batches.insert(key, batch) {
            Some(before) => self.bytes -= cost(&before),
            None => self.order.push_back(key),
        }
        while self.bytes > self.limit {
            let Some(oldest) = self.order.pop_front() else { return };
            self.remove(oldest);
        }
    }

    /// Forgets what begins within these offsets.
    pub(crate) fn forget(&mut self, ordinal: Ordinal, from: Offset, to: Offset) {
        let gone: Vec<_> = self.batches.range((ordinal, from)..(ordinal, to)).map(|(key, _)| *key).collect();
        gone.into_iter().for_each(|key| self.remove(key));
        self.order.retain(|key| self.batches.contains_key(key));
    }

    fn remove(&mut self, key: (Ordinal, Offset)) {
        self.bytes -= self.batches.remove(&key).map_or(0, |gone| cost(&gone));
    }
}

fn cost(batch: &Decoded) -> usize {
    batch.bytes() + ENTRY_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Builder, NO_HORIZON};
    use bytes::Bytes;
    use engine::Record;

    fn batch(base: Offset, records: u64) -> Decoded {
        let mut builder = Builder::new(0);
        let record = Record { value: Some(Bytes::from(vec![1; 100])), ..Record::default() };
        (0..records).for_each(|_| builder.push(&record));
        builder.seal(NO_HORIZON).into_decoded(base)
    }

    #[test]
    fn an_offset_finds_the_batch_that_covers_it_until_it_is_pushed_out() {
        let mut tail = Tail::new(10_000);
        for base in (0..1_000).step_by(10) {
            tail.put(1, batch(base, 10));
            assert_eq!(tail.get(1, base + 9).unwrap().base, base);
            assert!(tail.get(1, base + 10).is_none() && tail.get(0, base).is_none());
            assert!(tail.bytes <= 10_000 && tail.order.len() == tail.batches.len());
        }
        assert!(tail.get(1, 0).is_none() && tail.get(1, 985).is_some());
        tail.forget(1, 0, 990);
        assert!(tail.get(1, 985).is_none() && tail.get(1, 995).is_some());
    }

    #[test]
    fn a_batch_put_again_counts_once() {
        let mut tail = Tail::new(100_000);
        (0..50).for_each(|_| tail.put(0, batch(7, 3)));
        assert_eq!(tail.bytes, batch(7, 3).bytes() + ENTRY_BYTES);
        tail.forget(0, 0, u64::MAX);
        assert_eq!((tail.bytes, tail.order.len()), (0, 0));
    }
}
