//! axe-core, the rules of accessibility that the pages are held against: from npm, once, into the cache outside the clone. It is
//! under the Mozilla Public License 2.0 and no part of Mailtally.

use std::path::{Path, PathBuf};
use std::process::Command;

use broker::cache;

use crate::rocksdb::check;
use crate::run::{output, run};

/// The release that is fetched.
const RELEASE: &str = "4.14.1";
/// The one file of it that is kept, and what it must be.
const FILE: &str = "axe.min.js";
const SHA256: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";

/// Where the suites look for it.
pub(crate) const VARIABLE: &str = "MAILTALLY_TEST_AXE";

fn path() -> PathBuf {
    cache().join(format!("axe-core-{RELEASE}")).join(FILE)
}

/// Where it is, fetched first where it is lacking.
pub(crate) fn fetched() -> Result<PathBuf, String> {
    if !path().is_file() {
        fetch(&path()).map_err(|why| format!("axe-core {RELEASE}: {why}"))?;
    }
    Ok(path())
}

fn fetch(to: &Path) -> Result<(), String> {
    let said = |error: std::io::Error| format!("{}: {error}", to.display());
    let folder = to.parent().unwrap_or(to);
    std::fs::create_dir_all(folder).map_err(said)?;
    let mut npm = Command::new("npm");
    run(npm.args(["pack", "--silent", &format!("axe-core@{RELEASE}"), "--pack-destination"]).arg(folder))?;
    let packed = folder.join(format!("axe-core-{RELEASE}.tgz"));
    run(Command::new("tar").arg("xzf").arg(&packed).arg("-C").arg(folder).arg(format!("package/{FILE}")))?;
    let fresh = folder.join("package").join(FILE);
    check(&output("sha256sum", &[&fresh.to_string_lossy()]).unwrap_or_default(), SHA256)?;
    std::fs::remove_file(&packed).map_err(said)?;
    // The rename comes last: a file of this name is whole.
    std::fs::rename(&fresh, to).map_err(said)
}
