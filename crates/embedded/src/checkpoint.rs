//! A consistent copy of the log while it is in use. Opening the copy is restoring it.

use std::fs;
use std::path::Path;

use log::Error;

use crate::core::{Embedded, shared};
use crate::directory;
use crate::tip::TipFile;

impl Embedded {
    /// Makes a backup in a directory that is missing or empty: everything committed before the call, whole commits only.
    /// Files that never change are linked where the directory is on the same file system.
    ///
    /// # Errors
    /// [`Error::Unavailable`], naming directory and cause.
    pub fn checkpoint(&self, to: impl AsRef<Path>) -> Result<(), Error> {
        let to = to.as_ref();
        let failed =
            |cause: &dyn std::fmt::Display| Error::Unavailable(format!("cannot back up to {}: {cause}", to.display()));
        fs::create_dir_all(to).map_err(|error| failed(&error))?;
        if fs::read_dir(to).map_err(|error| failed(&error))?.next().is_some() {
            return Err(failed(&"it is not empty, name an empty or missing directory"));
        }
        let core = &self.0;
        directory::begin(to, &core.id).map_err(|error| failed(&error))?;
        // Read before the copy is made, so it is a lower bound of what the copy holds.
        let tip = core.tip(&shared(&core.visible), false);
        let copied =
            core.with_writable(|database| database.checkpoint(&directory::database(to))).map_err(Error::Unavailable)?;
        copied.map_err(|error| failed(&error))?;
        TipFile::create(&directory::tip(to), &tip, 0).map_err(|error| failed(&error))?;
        directory::finish(to, &core.id).map_err(|error| failed(&error))
    }
}
