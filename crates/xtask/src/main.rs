//! Set-up, tests and benches, in Rust.
fn main() {}
