//! Benches beside their peers. What a bench needs: input of one seed, Mailtally over it, SQLite over it, and figures.

pub mod figures;
pub mod input;
pub mod mailtally;
pub mod pace;
pub mod peer;
pub mod plan;
pub mod posted;
pub mod process;
pub mod standing;
pub mod usage;
pub mod workload;

/// That of the product's binary, also where a bench calls its crates itself.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
