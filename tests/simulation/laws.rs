//! Laws of each fold by itself, on the input that it had in an undisturbed run: wherever that is cut, the rows are the same
//! (I5); what a restore makes of the published rows is the store, key by key (I6).

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use engine::processor::LOAD_ROUNDS_MAX;
use engine::{Effects, Folded, Polled, Processor, Rows, Stored, TaskId};
use log::{Log as _, ReadLimit};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::check::same;
use crate::world::{self, Installation, PRESENT, World};

/// Published rows in the order of the state topic.
type Published = Vec<(Bytes, Option<Bytes>)>;

/// A task's store, and what of it was loaded: what was not asked for is not known.
#[derive(Default)]
struct Table {
    rows: BTreeMap<Bytes, Bytes>,
    keys: BTreeSet<Bytes>,
    prefixes: BTreeMap<Bytes, usize>,
}

impl Rows for Table {
    fn get(&self, key: &[u8]) -> Option<Option<Bytes>> {
        self.keys.contains(key).then(|| self.rows.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8]) -> Option<Vec<(Bytes, Bytes)>> {
        let limit = *self.prefixes.get(prefix)?;
        let rows = self.rows.range(Bytes::copy_from_slice(prefix)..);
        let rows = rows.take_while(|(key, _)| key.starts_with(prefix)).take(limit);
        Some(rows.map(|(key, row)| (key.clone(), row.clone())).collect())
    }
}

impl Table {
    /// Asks until everything is loaded.
    fn ask(&mut self, mut fold: impl FnMut(&dyn Rows) -> Folded) -> Effects {
        (self.keys, self.prefixes) = Default::default();
        for _ in 0..=LOAD_ROUNDS_MAX {
            match fold(self) {
                Folded::Missing { keys, prefixes } => {
                    self.keys.extend(keys);
                    self.prefixes.extend(prefixes);
                }
                Folded::Done(effects) => return effects,
            }
        }
        panic!("the fold asks without end")
    }

    fn apply(&mut self, writes: &[(Bytes, Option<Bytes>)]) {
        for (key, row) in writes {
            match row {
                Some(row) => self.rows.insert(key.clone(), row.clone()),
                None => self.rows.remove(key),
            };
        }
    }
}

/// Folds an input in batches of these sizes, over and over.
fn folded(mut fold: Box<dyn Processor>, partition: u32, input: &[Stored], sizes: &[usize]) -> (Table, Published) {
    let (mut table, mut published) = (Table::default(), Published::new());
    let (mut rest, mut sizes) = (input, sizes.iter().cycle());
    while let (Some(size), false) = (sizes.next(), rest.is_empty()) {
        let (batch, after) = rest.split_at((*size).min(rest.len()));
        let next = batch.last().map_or(0, |stored| stored.offset + 1);
        let batch = Polled { partition, records: batch.to_vec(), next };
        let effects = table.ask(|rows| fold.fold(&batch, rows));
        table.apply(&effects.rows);
        table.apply(&effects.derived);
        published.extend(effects.rows);
        rest = after;
    }
    (table, published)
}

/// Restores from published rows, read in pieces of these sizes.
fn restored(mut fold: Box<dyn Processor>, published: &Published, sizes: &[usize]) -> Table {
    let mut table = Table::default();
    let (mut rest, mut sizes) = (published.as_slice(), sizes.iter().cycle());
    while let (Some(size), false) = (sizes.next(), rest.is_empty()) {
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        let latest: BTreeMap<Bytes, Option<Bytes>> = piece.iter().cloned().collect();
        let rows: Published = latest.into_iter().collect();
        let effects = table.ask(|held| fold.restore(&rows, held));
        table.apply(&rows);
        table.apply(&effects.derived);
        rest = after;
    }
    table
}

/// Of each key the last row only, where it stood.
fn compacted(published: &Published) -> Published {
    let last: BTreeMap<&Bytes, usize> = published.iter().enumerate().map(|(place, (key, _))| (key, place)).collect();
    let stays =
        |(place, row): (usize, &(Bytes, Option<Bytes>))| (last.get(&row.0) == Some(&place)).then(|| row.clone());
    published.iter().enumerate().filter_map(stays).collect()
}

fn input(at: &Installation, task: TaskId) -> Vec<Stored> {
    at.log.read(&at.input(task), 0, ReadLimit { records: 1_000_000, bytes: 1 << 30 }).expect("readable").records
}

fn folds_with_rows(world: &World) -> Vec<TaskId> {
    let topology = world.at.topology_now();
    let has_rows = |task: &TaskId| topology.fold(*task).is_some_and(|fold| fold.state.is_some());
    world.at.tasks().into_iter().filter(has_rows).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_gives_the_same_rows_and_a_restore_gives_the_store(
        seed in 0..1_000_000_u64,
        cuts in vec(1..40_usize, 1..8),
        pieces in vec(1..30_usize, 1..8),
    ) {
        let world = world::undisturbed(world::records(&Installation::new(false), seed));
        for task in folds_with_rows(&world) {
            let fold = || world.at.processor(task, PRESENT);
            let input = input(&world.at, task);
            let (whole, _) = folded(fold(), task.partition, &input, &[input.len().max(1)]);
            let (cut, published) = folded(fold(), task.partition, &input, &cuts);
            same(&cut.rows, &whole.rows, &format!("{task:?} cut (I5)"));
            for published in [compacted(&published), published] {
                same(&restored(fold(), &published, &pieces).rows, &cut.rows, &format!("{task:?} restored (I6)"));
            }
        }
    }
}
