//! Rows of one partition, in RocksDB or memory.
