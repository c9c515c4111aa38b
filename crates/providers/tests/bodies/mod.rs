//! The project's own payloads, and the mapping that they are read with.

use std::path::{Path, PathBuf};

use providers::{ALL, Mapping, Provider};

/// The defaults and one named group.
pub(crate) fn mapping() -> Mapping {
    let sendgrid_groups = [("4711".to_owned(), "offers".to_owned())].into();
    Mapping { sendgrid_groups, ..Mapping::default() }
}

/// All payloads with their provider, in order.
pub(crate) fn payloads() -> Vec<(&'static Provider, PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/payloads");
    let mut found = Vec::new();
    for provider in ALL {
        let entries = std::fs::read_dir(root.join(provider.name)).expect("payloads of each provider");
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        found.extend(files.into_iter().map(|file| {
            let body = std::fs::read(&file).expect("readable");
            (provider, file, body)
        }));
    }
    found
}
