//! Transactions of the log in memory, and the faults that a simulation plans for them.

use crate::{CommitError, Committed, Producer, Transaction};

use super::state::State;
use super::{Fault, Model};

/// A transactional id at one epoch.
pub(super) struct ModelProducer {
    model: Model,
    id: String,
    epoch: u64,
    unresolved: bool,
}

impl ModelProducer {
    pub(super) fn new(model: Model, id: &str, epoch: u64) -> Self {
        Self { model, id: id.to_owned(), epoch, unresolved: false }
    }

    fn fenced(&self, state: &State) -> Result<(), CommitError> {
        if state.epoch(&self.id) == self.epoch { Ok(()) } else { Err(CommitError::Fenced) }
    }
}

impl Producer for ModelProducer {
    fn commit(&mut self, transaction: Transaction) -> Result<Committed, CommitError> {
        let mut state = self.model.state();
        self.fenced(&state)?;
        if self.unresolved {
            return Err(CommitError::Aborted(
                "the outcome before this one is not resolved yet: recover first".to_owned(),
            ));
        }
        state.available().map_err(|error| CommitError::Aborted(error.to_string()))?;
        let fault = state.faults.pop_front().flatten();
        match fault {
            Some(Fault::Abort) => return Err(CommitError::Aborted("planned fault".to_owned())),
            Some(Fault::Fence) => {
                state.next_epoch(&self.id);
                return Err(CommitError::Fenced);
            }
            Some(Fault::UnknownLost) => {
                self.unresolved = true;
                return Err(CommitError::Unknown("planned fault".to_owned()));
            }
            Some(Fault::UnknownCommitted) | None => {}
        }
        let committed = apply(&mut state, transaction)?;
        drop(state);
        self.model.changed();
        if fault.is_some() {
            self.unresolved = true;
            return Err(CommitError::Unknown("planned fault".to_owned()));
        }
        Ok(committed)
    }

    fn recover(&mut self) -> Result<(), CommitError> {
        let mut state = self.model.state();
        self.fenced(&state)?;
        state.available().map_err(|error| CommitError::Unknown(error.to_string()))?;
        self.unresolved = false;
        Ok(())
    }
}

fn apply(state: &mut State, transaction: Transaction) -> Result<Committed, CommitError> {
    for (_, input, _) in &transaction.offsets {
        state.partition(input).map_err(|error| CommitError::Aborted(error.to_string()))?;
    }
    let (_, ends) = state.append(transaction.outputs, true).map_err(|error| CommitError::Aborted(error.to_string()))?;
    for (group, input, next) in transaction.offsets {
        state.commit_offset(group, input, next);
    }
    Ok(Committed { ends: ends.into_iter().collect() })
}
