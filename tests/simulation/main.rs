//! Faults by seed: the real engine and the real folds over a log in memory, crashed, fenced, revoked and cut anywhere.
//! `MAILTALLY_SEEDS=n` runs that many, `MAILTALLY_SEED=n` one with a trace (`cargo xtask replay n`).

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod check;
mod contacts;
mod input;
mod laws;
mod older;
mod people;
mod random;
mod worker;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use world::{Faults, World};

/// Seeds of one run.
const SEEDS: u64 = 2_000;

/// One seed: whatever goes wrong, the rows in the end are those of an undisturbed run.
fn seed(seed: u64, trace: bool) -> Faults {
    let mut world = World::new(seed, trace);
    let records = world::records(&world.at, seed);
    let undisturbed = world::undisturbed(records.clone());
    world.run(records);
    check::same_rows(&world, &undisturbed);
    contacts::agree(&world.at);
    contacts::erased(&world.at);
    check::restores(&world);
    world.faults
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")))
}

#[test]
fn every_seed_ends_with_the_rows_of_an_undisturbed_run() {
    if let Some(one) = number("MAILTALLY_SEED") {
        println!("{:?}", seed(one, true));
        return;
    }
    let seeds = number("MAILTALLY_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let sum = Mutex::new(Faults::default());
    let work = || {
        loop {
            let one = next.fetch_add(1, Ordering::Relaxed);
            if one >= seeds {
                return;
            }
            let faults = std::panic::catch_unwind(|| seed(one, false));
            let faults = faults.unwrap_or_else(|_| panic!("seed {one} failed; see it with: cargo xtask replay {one}"));
            sum.lock().expect("no other seed failed").add(&faults);
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| (0..threads).map(|_| scope.spawn(work)).for_each(drop));
    let faults = sum.into_inner().expect("no seed failed");
    println!("{seeds} seeds: {faults:?}");
    // A tenth of the seeds meets each kind of fault at least, or the run shows less than it claims.
    let floor = usize::try_from(seeds / 10).expect("few");
    assert_eq!(faults.below(floor), Vec::<&str>::new(), "delivered fewer than {floor} times: {faults:?}");
}
