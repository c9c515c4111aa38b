//! Where a command's answer goes: this process's own streams, or the connection of whoever asked a live `run`.

use std::io::Write;

/// How far a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// What is being done, in one or two words.
    pub(crate) what: &'static str,
    /// How much of it is done.
    pub(crate) done: u64,
    /// How much there is, when it is known.
    pub(crate) of: Option<u64>,
}

/// The streams of an answer.
pub(crate) struct Reply<'a> {
    /// What was asked for.
    pub(crate) out: &'a mut dyn Write,
    /// What people should know besides; never rows.
    pub(crate) notes: &'a mut dyn Write,
    /// Told as often as the work likes.
    pub(crate) progress: &'a mut dyn FnMut(Progress),
}
