//! One number of memory, and who gets what of it: the embedded log and the stores share blocks and memtables; rows and batches
//! that the folds hold have theirs. With Kafka as the log its client's queues have what the log had.

/// Shares of one budget, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Blocks of tables, of the log and all stores.
    pub cache_bytes: usize,
    /// Rows and records not yet in tables, of the log and all stores.
    pub memtable_bytes: usize,
    /// Batches of the log kept unpacked for readers near its end.
    pub tail_bytes: usize,
    /// Committed rows that one task keeps in memory.
    pub rows_bytes: usize,
    /// Records that were fetched from Kafka and not polled yet, all partitions together.
    pub fetch_bytes: usize,
    /// Records that wait to be sent to Kafka, all producers together.
    pub queue_bytes: usize,
}

impl Memory {
    /// The shares of `bytes` where so many tasks fold: three tenths are blocks, four memtables, one the log's tail, two the
    /// tasks' rows, of whom a third at most hold many. What a batch needs while it is folded comes on top and is bounded by its records and bytes.
    pub fn of(bytes: usize, tasks: usize) -> Self {
        let tenth = bytes / 10;
        Self {
            cache_bytes: 3 * tenth,
            memtable_bytes: 4 * tenth,
            tail_bytes: tenth,
            rows_bytes: 2 * tenth / tasks.div_ceil(3).max(1),
            fetch_bytes: 0,
            queue_bytes: 0,
        }
    }

    /// The same with Kafka as the log: there is no log's tail, and of blocks and memtables the log's part goes to its client:
    /// two tenths to what was fetched, two to what is to be sent.
    pub fn kafka(bytes: usize, tasks: usize) -> Self {
        let tenth = bytes / 10;
        Self {
            cache_bytes: 2 * tenth,
            memtable_bytes: 2 * tenth,
            tail_bytes: 0,
            fetch_bytes: 2 * tenth,
            queue_bytes: 2 * tenth,
            ..Self::of(bytes, tasks)
        }
    }

    /// All of it, where so many tasks fold.
    #[cfg(test)]
    fn sum(&self, tasks: usize) -> usize {
        let rows = self.rows_bytes * tasks.div_ceil(3);
        self.cache_bytes + self.memtable_bytes + self.tail_bytes + self.fetch_bytes + self.queue_bytes + rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_never_exceed_the_whole() {
        for (bytes, tasks) in [(160 << 20, 24), (64 << 20, 1), (9, 0)] {
            for shares in [Memory::of(bytes, tasks), Memory::kafka(bytes, tasks)] {
                assert!(shares.sum(tasks) <= bytes, "{shares:?}");
            }
        }
    }
}
