//! Why a log cannot be opened: one variant for each thing the operator does differently. Every message names path and remedy.

use std::io;
use std::path::PathBuf;

use crate::damage::Damage;

/// Why [`crate::Embedded::open`] refused. The directory is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the log at {path} is in use{}: stop that process, or name another directory", by(*holder))]
    Locked {
        /// The directory.
        path: PathBuf,
        /// The process that has it, where it said so.
        holder: Option<u32>,
    },
    /// The directory holds something else.
    #[error("{path} is no mailtally log, it holds {found}: name an empty or missing directory")]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// What is there.
        found: String,
    },
    /// It was written by a later version.
    #[error(
        "the log at {path} has format {format}, this version knows up to {known}: use the version that wrote it, or a later one"
    )]
    Newer {
        /// The directory.
        path: PathBuf,
        /// The format found.
        format: u32,
        /// The newest format that can be read.
        known: u32,
    },
    /// Files are missing or from different logs: a copy or restore stopped half-way.
    #[error("the log at {path} lacks {missing}: it looks half-copied, copy or restore it again")]
    HalfCopied {
        /// The directory.
        path: PathBuf,
        /// What is missing.
        missing: String,
    },
    /// Bytes are damaged or acknowledged commits are gone.
    #[error("{0}")]
    Damaged(Box<Damage>),
    /// The directory cannot be made, read or written.
    #[error("cannot write to {path}: {source}; give this user the right to, or name another directory")]
    Unwritable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The medium refused for now (disk full, too many open files).
    #[error("cannot open the log at {path} now: {reason}; nothing is lost, free the resource and start again")]
    Unavailable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

fn by(holder: Option<u32>) -> String {
    holder.map_or_else(String::new, |process| format!(" by process {process}"))
}
