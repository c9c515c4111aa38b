//! Benches beside their peers.
