//! Every byte that leaves a process: topics, keys, headers, protobuf.
