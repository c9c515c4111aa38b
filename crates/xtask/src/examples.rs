//! The examples under `deploy/examples`, made ready as their README says: in a copy in the cache outside the clone, from
//! the versions that they pin, and anew only where they or `proto/` have changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use broker::cache;

use crate::run::{output, run};
use crate::setup;

/// The environment variable that names the folder of the examples that are ready.
pub(crate) const VARIABLE: &str = "MAILTALLY_TEST_EXAMPLES";

/// Where they are, in the clone and in the copy.
const FOLDER: &str = "deploy/examples";

/// The Node that the client of the example works with.
const NODE: u32 = 20;

/// What makes one ready: its folder and a line of its README, in order.
type Step = (&'static str, &'static str);

const STEPS: [Step; 6] = [
    ("python", "python3 -m venv venv"),
    ("python", "venv/bin/pip install --quiet -r requirements.txt"),
    (
        "python",
        "venv/bin/python -m grpc_tools.protoc -I ../../../proto --python_out=. platform.proto campaign.proto message.proto event.proto",
    ),
    ("java", "mvn --batch-mode --quiet package"),
    ("node", "npm ci --no-fund --no-audit"),
    ("rust", "cargo build --locked"),
];

/// Makes all of them ready; where they are.
pub(crate) fn prepare() -> Result<PathBuf, String> {
    let copy = cache().join("examples");
    mirror(&setup::root().join("proto"), &copy.join("proto"))?;
    for language in ["python", "java", "node", "rust"] {
        let (from, folder) = (setup::root().join(FOLDER).join(language), copy.join(FOLDER).join(language));
        mirror(&from, &folder)?;
        let (state, stamp) = (contents(&from)? + &contents(&copy.join("proto"))?, folder.join("ready"));
        if fs::read_to_string(&stamp).is_ok_and(|ready| ready == state) {
            continue;
        }
        make_ready(language, &folder)?;
        fs::write(&stamp, state).map_err(|error| said(&stamp, &error))?;
    }
    Ok(copy.join(FOLDER))
}

fn make_ready(language: &str, folder: &Path) -> Result<(), String> {
    if language == "node" && node().is_none_or(|release| release < NODE) {
        return Err(format!("the example for Node needs Node {NODE} or later on the path: Debian 13 has it as nodejs"));
    }
    for (_, line) in STEPS.iter().filter(|(of, _)| *of == language) {
        let mut words = line.split(' ');
        let program = words.next().unwrap_or_default();
        let mut command = Command::new(if program.contains('/') { folder.join(program) } else { program.into() });
        // The example's own target folder, and none of the flags that link RocksDB.
        command.args(words).current_dir(folder).env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
        run(&mut command)?;
    }
    Ok(())
}

/// The major release of Node.
fn node() -> Option<u32> {
    output("node", &["--version"])?.trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Brings a copy of a folder's files up to date; what has not changed keeps its time, and what was made there stays.
fn mirror(from: &Path, to: &Path) -> Result<(), String> {
    for file in files(from)? {
        let target = to.join(file.strip_prefix(from).map_err(|error| error.to_string())?);
        let text = fs::read(&file).map_err(|error| said(&file, &error))?;
        if fs::read(&target).is_ok_and(|there| there == text) {
            continue;
        }
        fs::create_dir_all(target.parent().unwrap_or(to)).map_err(|error| said(to, &error))?;
        fs::write(&target, text).map_err(|error| said(&target, &error))?;
    }
    Ok(())
}

fn contents(folder: &Path) -> Result<String, String> {
    let read = |file: &PathBuf| fs::read_to_string(file).map_err(|error| said(file, &error));
    files(folder)?.iter().map(read).collect()
}

/// The files of a folder that are ours, in order: what a developer made there by hand is none of them.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let made =
        |name: &str| ["venv", "node_modules", "target", "__pycache__"].contains(&name) || name.ends_with("_pb2.py");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| said(folder, &error))?.flatten() {
        let path = entry.path();
        match (made(&entry.file_name().to_string_lossy()), path.is_dir()) {
            (true, _) => {}
            (false, true) => found.extend(files(&path)?),
            (false, false) => found.push(path),
        }
    }
    found.sort();
    Ok(found)
}

fn said(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = include_str!("../../../deploy/examples/README.md");

    #[test]
    fn what_is_run_is_what_the_readme_says() {
        for (language, line) in STEPS {
            assert!(README.lines().any(|said| said.trim() == line), "{language}: {line} is not in the README");
        }
    }

    #[test]
    fn a_copy_is_brought_up_to_date_and_keeps_what_was_made_in_it() {
        let root = std::env::temp_dir().join(format!("mailtally-mirror-{}", std::process::id()));
        let (from, to) = (root.join("from"), root.join("to"));
        for (file, text) in [("from/src/a", "1"), ("from/venv/b", "made by hand"), ("to/target/c", "built")] {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        mirror(&from, &to).unwrap();
        let written = fs::metadata(to.join("src/a")).unwrap().modified().unwrap();
        mirror(&from, &to).unwrap();
        assert_eq!(fs::metadata(to.join("src/a")).unwrap().modified().unwrap(), written);
        fs::write(from.join("src/a"), "2").unwrap();
        mirror(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("src/a")).unwrap(), "2");
        assert!(to.join("target/c").exists() && !to.join("venv").exists());
        assert_eq!(contents(&from).unwrap(), "2");
        fs::remove_dir_all(&root).unwrap();
    }
}
