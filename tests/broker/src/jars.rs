//! The jars of Apache Kafka: where they are, and how they get there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::Result;

/// The release that is started.
pub const RELEASE: &str = "4.2.1";

/// How much is fetched, in words.
pub const SIZE: &str = "44 MB of jars";

/// Kafka, its command-line tools (without what only Connect needs), and log4j to write its log.
const POM: &str = include_str!("pom.xml");

/// The two jars that are Kafka itself, and what they must be.
const PINNED: [(&str, &str); 2] = [
    ("kafka_2.13-4.2.1.jar", "1feebfe64c4077641aa915e8d77b6a1ae702dcbee80a88d0c3d5a4077b49fa0b"),
    ("kafka-clients-4.2.1.jar", "6a281026416938a53c105f2d91d2807fdc83d5658452abf0ad1b6d8ab8a553c8"),
];

/// Where everything goes that is fetched or built.
#[must_use]
pub fn cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from).join(".cache");
    base.unwrap_or_else(home).join("mailtally")
}

/// Whether nothing is to be fetched.
#[must_use]
pub fn are_there() -> bool {
    folder().is_dir()
}

/// The class path, fetched first where it is lacking.
pub(crate) fn class_path() -> Result<String> {
    fetch()?;
    Ok(format!("{}/*", folder().display()))
}

/// Fetches the jars with Maven where they are lacking; two at once do no harm.
///
/// # Errors
/// No Maven, no connection, or jars with another checksum.
pub fn fetch() -> Result<()> {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    if are_there() {
        return Ok(());
    }
    let fresh = cache().join(format!("kafka-{RELEASE}.{}", std::process::id()));
    let said = |error: std::io::Error| format!("{}: {error}", fresh.display());
    std::fs::create_dir_all(&fresh).map_err(said)?;
    std::fs::write(fresh.join("pom.xml"), POM).map_err(said)?;
    maven(&fresh)?;
    PINNED.iter().try_for_each(|(jar, sum)| check(&fresh.join("lib").join(jar), sum))?;
    // The rename comes last: a folder of this name is complete. Another process may have been quicker.
    match std::fs::rename(fresh.join("lib"), folder()) {
        Err(error) if !are_there() => return Err(said(error)),
        _ => {}
    }
    std::fs::remove_dir_all(&fresh).map_err(said)
}

fn folder() -> PathBuf {
    cache().join(format!("kafka-{RELEASE}"))
}

fn maven(fresh: &Path) -> Result<()> {
    eprintln!("Fetching Apache Kafka {RELEASE} ({SIZE}) from Maven Central to {}", folder().display());
    let mut maven = Command::new("mvn");
    maven.args(["-B", "-q", "-C", "dependency:copy-dependencies", "-DoutputDirectory=lib"]).current_dir(fresh);
    let status = maven.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.map_err(|error| format!("mvn: {error}: install Debian's maven, or run cargo xtask setup"))?;
    if status.success() { Ok(()) } else { Err(format!("mvn: {status}: is Maven Central or a mirror reachable?")) }
}

fn check(jar: &Path, wanted: &str) -> Result<()> {
    let printed = Command::new("sha256sum").arg(jar).output().map_err(|error| format!("sha256sum: {error}"))?;
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    if printed.split_whitespace().next() == Some(wanted) {
        Ok(())
    } else {
        Err(format!("{}: checksum mismatch, wanted {wanted}: {printed}", jar.display()))
    }
}
