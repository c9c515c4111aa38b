//! A transactional id at one epoch. Outcomes are never unknown here: what could not be made durable is rolled back.

use std::sync::Arc;

use log::{CommitError, Committed, Error, Producer, Transaction};

use crate::commit::{Change, NotCommitted};
use crate::core::{Core, lock};
use crate::prepare::prepare;

/// Most transactional ids that one process may use.
const MAX_PRODUCERS: usize = 10_000;

pub(crate) struct EmbeddedProducer {
    core: Arc<Core>,
    id: String,
    epoch: u64,
}

impl EmbeddedProducer {
    /// Fences the one before; what that one had in flight is settled when this returns.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) fn new(core: &Arc<Core>, id: &str) -> Result<Self, Error> {
        let mut assigned = lock(&core.assigned);
        if assigned.epochs.len() >= MAX_PRODUCERS && !assigned.epochs.contains_key(id) {
            return Err(Error::Unavailable(format!("more than {MAX_PRODUCERS} transactional ids")));
        }
        let epoch = assigned.epochs.entry(id.to_owned()).or_insert(0);
        *epoch += 1;
        let epoch = *epoch;
        drop(assigned);
        core.settle()?;
        Ok(Self { core: Arc::clone(core), id: id.to_owned(), epoch })
    }

    fn change(&self, transaction: Transaction) -> Result<Change, Error> {
        let catalogue = self.core.catalogue();
        let prepared = prepare(&catalogue, &transaction.outputs)?;
        let groups = transaction
            .offsets
            .into_iter()
            .map(|(group, input, next)| Ok(((group, catalogue.find(&input)?.ordinal), next)))
            .collect::<Result<_, Error>>()?;
        Ok(Change { prepared, groups, topic: None })
    }
}

impl Producer for EmbeddedProducer {
    fn commit(&mut self, transaction: Transaction) -> Result<Committed, CommitError> {
        let change = self.change(transaction).map_err(|error| CommitError::Aborted(error.to_string()))?;
        match self.core.commit(Some((&self.id, self.epoch)), change) {
            Ok(ranges) => {
                let catalogue = self.core.catalogue();
                let end = |(ordinal, _, end)| Some((catalogue.place(ordinal)?.at.clone(), end));
                Ok(Committed { ends: ranges.into_iter().filter_map(end).collect() })
            }
            Err(NotCommitted::Fenced) => Err(CommitError::Fenced),
            Err(NotCommitted::Unavailable(reason)) => Err(CommitError::Aborted(reason)),
        }
    }

    fn recover(&mut self) -> Result<(), CommitError> {
        if lock(&self.core.assigned).epochs.get(&self.id) != Some(&self.epoch) {
            return Err(CommitError::Fenced);
        }
        self.core.settle().map_err(|error| CommitError::Unknown(error.to_string()))
    }
}
