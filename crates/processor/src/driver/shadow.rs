//! What the folding thread does for a rebuild: the shadow beside a task's store is opened, read along with it, put in its
//! place, removed.

use std::collections::BTreeMap;

use engine::exchange::{Side, Walked};
use engine::{Action, Input, TaskId};
use store::Store;

use super::shell::{Shell, medium, open_elsewhere};

impl Shell {
    pub(super) fn stores_of(&self, side: Side) -> &BTreeMap<TaskId, Box<dyn Store>> {
        match side {
            Side::Store => &self.open,
            Side::Shadow => &self.shadows,
        }
    }

    /// A damaged shadow holds nothing that the log does not: it is made anew.
    pub(super) fn open_shadow(&mut self, task: TaskId, fresh: bool) -> Result<Input, String> {
        self.shadows.remove(&task);
        let name = store::shadow(&self.store_name(task));
        let open = || self.stores.open(&name).and_then(|store| Ok((store.position()?, store)));
        let anew = || self.stores.discard(&name).and_then(|()| open());
        let opened = match if fresh { anew() } else { open() } {
            Err(store::Error::Damaged { .. }) => anew(),
            opened => opened,
        };
        Ok(match opened {
            Ok((position, store)) => {
                self.shadows.insert(task, store);
                Input::ShadowOpened(task, position)
            }
            Err(error @ store::Error::Locked { .. }) => {
                Input::Busy(Action::OpenShadow { task, fresh }, open_elsewhere(&error))
            }
            Err(error) => Input::Failed(task, medium(error)?),
        })
    }

    pub(super) fn walk(&self, task: TaskId, after: Option<&[u8]>, rows: usize) -> Result<Input, String> {
        let read = |side| {
            let store = self.stores_of(side).get(&task).ok_or("the store is not open")?;
            store.scan(b"", after, rows).map_err(|error| error.to_string())
        };
        Ok(Input::Walked(task, Walked { store: read(Side::Store)?, shadow: read(Side::Shadow)? }))
    }

    /// Flushed first: the store that it replaces is gone afterwards.
    pub(super) fn promote(&mut self, task: TaskId) -> Result<Input, String> {
        let name = self.store_name(task);
        let flushed = self.shadows.remove(&task).map_or(Ok(()), |mut shadow| shadow.flush());
        self.open.remove(&task);
        let promoted = flushed.and_then(|()| self.stores.promote(&name)).and_then(|()| self.stores.open(&name));
        Ok(match promoted {
            Ok(store) => {
                self.open.insert(task, store);
                Input::Promoted(task)
            }
            Err(error) => Input::Failed(task, medium(error)?),
        })
    }

    pub(super) fn drop_shadow(&mut self, task: TaskId) -> Result<Option<Input>, String> {
        self.shadows.remove(&task);
        let Err(error) = self.stores.discard(&store::shadow(&self.store_name(task))) else { return Ok(None) };
        medium(error).map(|why| Some(Input::Failed(task, why)))
    }
}
