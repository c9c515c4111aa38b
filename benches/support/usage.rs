//! What a process and a directory have used, as Linux says.

use std::path::Path;

use anyhow::{Context as _, Result};

/// Ticks of a second in `/proc`: fixed on every Linux that Rust's std supports.
const TICKS: f64 = 100.0;

/// CPU seconds of all threads of this process so far, in user and kernel mode.
///
/// # Errors
/// When `/proc` is not there.
pub fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(") ").next().context("a name in /proc/self/stat")?;
    let ticks: Vec<u64> = after_name.split(' ').skip(11).take(2).filter_map(|word| word.parse().ok()).collect();
    Ok(ticks.iter().map(|ticks| *ticks as f64).sum::<f64>() / TICKS)
}

/// The most memory that this process ever had resident, in bytes.
///
/// # Errors
/// When `/proc` is not there.
pub fn peak_bytes() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM in /proc/self/status")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib << 10)
}

/// Bytes of all files below a directory; 0 when there is none.
pub fn bytes_below(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => bytes_below(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_uses_memory_and_a_directory_has_its_files_bytes() {
        assert!(peak_bytes().unwrap_or_default() > 1 << 20);
        assert!(cpu_seconds().is_ok());
        let root = tempfile::tempdir().map(|dir| dir.keep()).unwrap_or_default();
        let written = std::fs::create_dir(root.join("a")).and_then(|()| std::fs::write(root.join("a/b"), [0; 7]));
        assert!(written.is_ok());
        assert_eq!(bytes_below(&root), 7);
    }
}
