//! The log as it was at one instant: a copy by links beside the data, for whoever must see several topics at one position
//! while the folds go on. Removed with its last use.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use embedded::{Embedded, Options};
use store::{Budget, Rocks};

use crate::system::{Folds, Medium, System};

/// Where cuts are, in the data directory.
const FOLDER: &str = "cuts";
/// Cuts that this process has made.
static MADE: AtomicU64 = AtomicU64::new(0);

/// A data directory without folds that nobody else writes.
pub(crate) struct Cut {
    pub(crate) system: System,
    // After the system: its files are closed by then.
    _directory: Directory,
}

struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        // What stays is removed before the next cut.
        std::fs::remove_dir_all(&self.0).ok();
    }
}

impl System {
    /// Copies what is committed now, whole commits only. Takes no space while the original keeps its files.
    pub(crate) fn cut(&self) -> Result<Cut> {
        let folder = self.root.join(FOLDER);
        std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let mine = format!("{}-", std::process::id());
        let number = MADE.fetch_add(1, Ordering::SeqCst);
        for entry in std::fs::read_dir(&folder)?.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let made_here = name.strip_prefix(&mine).and_then(|n| n.parse::<u64>().ok()).is_some_and(|n| n < number);
            if !made_here {
                // A crash left it: this process has the data directory, so nobody uses it.
                std::fs::remove_dir_all(entry.path()).with_context(|| format!("remove {}", entry.path().display()))?;
            }
        }
        let directory = Directory(folder.join(format!("{mine}{number}")));
        self.embedded("reconcile reads the topics themselves")?.checkpoint(&directory.0)?;
        // Its readers check what they read: opening need not.
        let options = Options { verify_all_bytes: 0, write_buffer_bytes: 1 << 20, ..Options::default() };
        let embedded = Arc::new(Embedded::open(&directory.0, options)?);
        let log = Arc::clone(&embedded);
        let settings = Arc::clone(&self.settings);
        let (root, options) = (directory.0.clone(), self.options.clone());
        // Stores of its own: whoever folded a cut would not touch the original's.
        let stores = Arc::new(Rocks::new(&root.join("state"), Budget::default())?);
        let system = System {
            root,
            log,
            medium: Medium::Embedded(embedded),
            stores: Some(stores),
            settings,
            topology: self.topology.clone(),
            options,
            folds: Folds::AtRest,
            view: std::sync::OnceLock::new(),
            key: self.key.clone(),
            _lock: None,
        };
        Ok(Cut { system, _directory: directory })
    }
}
