//! The log's directory: whose it is, whether it is whole, and that one process has it. Owns the marker and the lock; knows no
//! database. Nothing is written into a directory that is not ours.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use log::LogId;

use crate::error::OpenError;
use crate::rows::FORMAT;

/// The marker: says that this directory is a log, of which format and which.
const MARKER: &str = "mailtally-log";
const MARKER_BESIDE: &str = "mailtally-log.new";
const LOCK: &str = "lock";
const FIRST_LINE: &str = "mailtally embedded log";
/// Largest marker that is read, in bytes.
const MAX_MARKER_BYTES: u64 = 4096;

/// A directory that this process has for itself.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    _lock: File,
}

/// What was found in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing, or a log whose making was cut short: it never acknowledged anything.
    Nothing,
    /// A log of this identity.
    Log(LogId),
}

impl Home {
    /// Takes the directory, making it if it is missing.
    ///
    /// # Errors
    /// Whose it is otherwise, or why it cannot be taken; then nothing was changed in it.
    pub(crate) fn take(path: &Path) -> Result<(Self, Found), OpenError> {
        let unwritable = |source| OpenError::Unwritable { path: path.to_owned(), source };
        if !path.exists() {
            fs::create_dir_all(path).map_err(unwritable)?;
        }
        let found = look(path)?;
        let lock = lock(path)?;
        let home = Self { path: path.to_owned(), _lock: lock };
        // Another process may have made the log between the first look and the lock.
        let found = if found == Found::Nothing { look(path)? } else { found };
        Ok((home, found))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn database(&self) -> PathBuf {
        database(&self.path)
    }

    pub(crate) fn tip(&self) -> PathBuf {
        tip(&self.path)
    }
}

pub(crate) fn database(home: &Path) -> PathBuf {
    home.join("db")
}

pub(crate) fn tip(home: &Path) -> PathBuf {
    home.join("tip")
}

/// Marks the directory as a log that is being made: what is in it may be thrown away.
///
/// # Errors
/// What the file system said.
pub(crate) fn begin(home: &Path, id: &LogId) -> io::Result<()> {
    write_marker(home, id, "unfinished")?;
    for leftover in [database(home), home.join("db.rebuilt")] {
        if leftover.exists() {
            fs::remove_dir_all(leftover)?;
        }
    }
    Ok(())
}

/// Marks the directory as a whole log.
///
/// # Errors
/// What the file system said.
pub(crate) fn finish(home: &Path, id: &LogId) -> io::Result<()> {
    write_marker(home, id, "whole")
}

/// Makes names in a directory durable.
///
/// # Errors
/// What the file system said.
pub(crate) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Sixteen random bytes in hexadecimal: the identity of something born here.
///
/// # Errors
/// What the system said of its entropy.
pub(crate) fn random_name() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn look(path: &Path) -> Result<Found, OpenError> {
    let foreign = |found: String| OpenError::Foreign { path: path.to_owned(), found };
    let names = names(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotADirectory => foreign("a file".to_owned()),
        _ => OpenError::Unwritable { path: path.to_owned(), source },
    })?;
    if names.iter().any(|name| name == MARKER) {
        return marker(path);
    }
    if names.iter().any(|name| name == "db" || name == "tip") {
        return Err(half_copied(path, MARKER));
    }
    // A marker that was being written when the disk was full is ours, too.
    let ours = [LOCK, MARKER_BESIDE, "lost+found"];
    match names.iter().find(|name| !ours.contains(&name.as_str())) {
        Some(other) => Err(foreign(format!("`{other}` but no `{MARKER}`"))),
        None => Ok(Found::Nothing),
    }
}

fn names(path: &Path) -> io::Result<Vec<String>> {
    let mut names = fs::read_dir(path)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn marker(path: &Path) -> Result<Found, OpenError> {
    let mut text = Vec::new();
    let read = File::open(path.join(MARKER)).and_then(|file| file.take(MAX_MARKER_BYTES).read_to_end(&mut text));
    read.map_err(|source| OpenError::Unwritable { path: path.to_owned(), source })?;
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let [first, format, log, state, sum] = lines.as_slice() else { return Err(not_intact(path, &text)) };
    if *sum != checksum(&[first, format, log, state]) || *first != FIRST_LINE {
        return Err(not_intact(path, &text));
    }
    let format = format.strip_prefix("format ").and_then(|number| number.parse().ok()).unwrap_or(u32::MAX);
    if format > FORMAT {
        return Err(OpenError::Newer { path: path.to_owned(), format, known: FORMAT });
    }
    match (*state, log.strip_prefix("log ")) {
        ("whole", Some(id)) => whole(path, id),
        _ => Ok(Found::Nothing),
    }
}

/// A whole log has these; a copy that was stopped half-way often has not.
fn whole(path: &Path, id: &str) -> Result<Found, OpenError> {
    let current = fs::read_to_string(database(path).join("CURRENT")).map_err(|_| half_copied(path, "db/CURRENT"))?;
    let manifest = current.trim_end();
    if !manifest.starts_with("MANIFEST-") || manifest.contains('/') {
        return Err(half_copied(path, "an intact db/CURRENT"));
    }
    if !database(path).join(manifest).exists() {
        return Err(half_copied(path, &format!("db/{manifest}")));
    }
    Ok(Found::Log(LogId(id.to_owned())))
}

fn not_intact(path: &Path, text: &str) -> OpenError {
    if text.starts_with(FIRST_LINE) || database(path).exists() {
        return half_copied(path, &format!("an intact `{MARKER}`"));
    }
    OpenError::Foreign { path: path.to_owned(), found: format!("a `{MARKER}` of something else") }
}

fn half_copied(path: &Path, missing: &str) -> OpenError {
    OpenError::HalfCopied { path: path.to_owned(), missing: missing.to_owned() }
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let unwritable = |source| OpenError::Unwritable { path: path.to_owned(), source };
    let name = path.join(LOCK);
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&name).map_err(unwritable)?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let holder = fs::read_to_string(&name).ok().and_then(|text| text.trim().parse().ok());
            return Err(OpenError::Locked { path: path.to_owned(), holder });
        }
        Err(error) => return Err(unwritable(error.into())),
    }
    // Who holds it is told to those who come later; that it is held does not depend on the text.
    let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(unwritable)?;
    Ok(file)
}

fn write_marker(home: &Path, id: &LogId, state: &str) -> io::Result<()> {
    let lines = [FIRST_LINE, &format!("format {FORMAT}"), &format!("log {}", id.0), state].map(str::to_owned);
    let sum = checksum(&lines.each_ref().map(String::as_str));
    let beside = home.join(MARKER_BESIDE);
    let mut file = File::create(&beside)?;
    writeln!(file, "{}\n{sum}", lines.join("\n"))?;
    file.sync_all()?;
    fs::rename(&beside, home.join(MARKER))?;
    sync(home)
}

fn checksum(lines: &[&str]) -> String {
    format!("sum {:08x}", crc32c::crc32c(lines.join("\n").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> LogId {
        LogId("0123".to_owned())
    }

    #[test]
    fn an_empty_directory_is_taken_and_a_second_taker_is_told_who_has_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("deep/log");
        let (_home, found) = Home::take(&path).unwrap();
        assert_eq!(found, Found::Nothing);
        let refused = Home::take(&path).unwrap_err();
        assert!(matches!(refused, OpenError::Locked { holder, .. } if holder == Some(std::process::id())));
    }

    #[test]
    fn a_directory_of_something_else_is_left_as_it_is() {
        for (name, text) in [("notes.txt", "mine"), (MARKER, "something else"), ("CURRENT", "MANIFEST-000001\n")] {
            let home = tempfile::tempdir().unwrap();
            fs::write(home.path().join(name), text).unwrap();
            assert!(matches!(Home::take(home.path()), Err(OpenError::Foreign { .. })), "{name}");
            assert_eq!(names(home.path()).unwrap(), [name]);
        }
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(Home::take(&file), Err(OpenError::Foreign { .. })));
    }

    #[test]
    fn a_log_begun_but_not_finished_is_nothing_yet() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(MARKER_BESIDE), "half").unwrap();
        assert_eq!(Home::take(home.path()).unwrap().1, Found::Nothing);
        begin(home.path(), &id()).unwrap();
        fs::create_dir(database(home.path())).unwrap();
        assert_eq!(Home::take(home.path()).unwrap().1, Found::Nothing);
        begin(home.path(), &id()).unwrap();
        assert!(!database(home.path()).exists());
    }

    #[test]
    fn what_a_half_copy_lacks_is_named() {
        let home = tempfile::tempdir().unwrap();
        finish(home.path(), &id()).unwrap();
        let missing = |path: &Path| match Home::take(path) {
            Err(OpenError::HalfCopied { missing, .. }) => missing,
            other => panic!("{other:?}"),
        };
        assert_eq!(missing(home.path()), "db/CURRENT");
        fs::create_dir(database(home.path())).unwrap();
        fs::write(database(home.path()).join("CURRENT"), "MANIFEST-000007\n").unwrap();
        assert_eq!(missing(home.path()), "db/MANIFEST-000007");
        fs::write(database(home.path()).join("MANIFEST-000007"), "").unwrap();
        assert_eq!(Home::take(home.path()).unwrap().1, Found::Log(id()));
        fs::remove_file(home.path().join(MARKER)).unwrap();
        assert_eq!(missing(home.path()), MARKER);
    }

    #[test]
    fn any_flipped_bit_of_the_marker_is_noticed_and_a_newer_format_is_named() {
        let home = tempfile::tempdir().unwrap();
        finish(home.path(), &id()).unwrap();
        fs::create_dir(database(home.path())).unwrap();
        let whole = fs::read(home.path().join(MARKER)).unwrap();
        for at in 0..whole.len() - 1 {
            let mut flipped = whole.clone();
            flipped[at] ^= 4;
            fs::write(home.path().join(MARKER), flipped).unwrap();
            assert!(matches!(Home::take(home.path()), Err(OpenError::HalfCopied { .. })), "byte {at}");
        }
        let lines = [FIRST_LINE, "format 2", "log x", "whole"];
        fs::write(home.path().join(MARKER), format!("{}\n{}\n", lines.join("\n"), checksum(&lines))).unwrap();
        assert!(matches!(Home::take(home.path()), Err(OpenError::Newer { format: 2, known: 1, .. })));
    }
}
