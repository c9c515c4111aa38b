//! Bodies of a folder outside this project, if `MAILTALLY_FIXTURES` names one: `FOLDER/PROVIDER/*.json`, none of which may be rejected.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use providers::{Mapping, Outcome, to_json};

fn bodies(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}

#[test]
fn nothing_of_a_folder_of_real_bodies_is_rejected() {
    let Ok(root) = std::env::var("MAILTALLY_FIXTURES") else { return };
    let mut read = 0;
    for provider in providers::ALL {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for file in bodies(&Path::new(&root).join(provider.name)) {
            let body = std::fs::read(&file).expect("readable");
            let outcomes = (provider.decode)(&body, &Mapping::default()).expect("a body");
            for outcome in &outcomes {
                println!("{} {}", file.display(), to_json(outcome));
                let rejected = matches!(outcome, Outcome::Rejected { .. });
                assert!(!rejected, "{}: {}", file.display(), to_json(outcome));
                let json = to_json(outcome);
                let word = |name: &str| json.get(name).and_then(|word| word.as_str()).unwrap_or_default().to_owned();
                *counts.entry(format!("{} {}", word("outcome"), word("type"))).or_default() += 1;
                read += 1;
            }
        }
        println!("{}: {counts:?}", provider.name);
    }
    assert!(read > 0, "the folder holds bodies");
}
