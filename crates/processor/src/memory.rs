//! One number of memory, and who gets what of it: the log and the stores share blocks and memtables; rows and batches
//! that the folds hold have theirs.

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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_never_exceed_the_whole() {
        for (bytes, tasks) in [(160 << 20, 24), (64 << 20, 1), (9, 0)] {
            let Memory { cache_bytes, memtable_bytes, tail_bytes, rows_bytes } = Memory::of(bytes, tasks);
            assert!(cache_bytes + memtable_bytes + tail_bytes + rows_bytes * tasks.div_ceil(3) <= bytes);
        }
    }
}
