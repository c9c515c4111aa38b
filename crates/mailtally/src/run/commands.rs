//! Commands of other processes, executed here: their rows, notes and progress go out as frames.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use api::frame::Frame;
use api::{Answer, Commands};

use crate::reply::{Progress, Reply};
use crate::request::Request;
use crate::system::System;

/// Bytes that are gathered into one frame.
const FRAME_BYTES: usize = 32 << 10;

/// Executes requests over the open data directory.
pub(super) struct LiveCommands(Arc<System>);

impl LiveCommands {
    /// Over this one.
    pub(super) fn new(system: Arc<System>) -> Self {
        Self(system)
    }
}

impl Commands for LiveCommands {
    fn execute(&self, request: &[u8], answer: &mut Answer) {
        let shared = Mutex::new(answer);
        let mut out = Stream { answer: &shared, frame: Frame::Out, held: Vec::new() };
        let mut notes = Stream { answer: &shared, frame: Frame::Err, held: Vec::new() };
        let mut progress = |progress: Progress| {
            let frame = Frame::Progress(progress.done, progress.of.unwrap_or(0), progress.what.to_owned());
            // Whoever went away is noticed at the next row.
            say(&shared, &frame).ok();
        };
        let done = serde_json::from_slice::<Request>(request).map_err(anyhow::Error::from).map_err(|error| {
            let version = env!("CARGO_PKG_VERSION");
            error.context(format!("the live run (version {version}) does not know this command: use its version"))
        });
        let done = done.and_then(|request| {
            let reply = &mut Reply { out: &mut out, notes: &mut notes, progress: &mut progress };
            request.execute(&self.0, reply)
        });
        let code = done.unwrap_or_else(|error| {
            writeln!(notes, "mailtally: {error:#}").ok();
            1
        });
        // Nobody is left to hear of an error here.
        out.flush().and_then(|()| notes.flush()).and_then(|()| say(&shared, &Frame::Exit(code))).ok();
    }
}

/// One of the streams of an answer.
struct Stream<'a, 'b> {
    answer: &'a Mutex<&'b mut Answer>,
    frame: fn(Vec<u8>) -> Frame,
    held: Vec<u8>,
}

impl Write for Stream<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= FRAME_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() { Ok(()) } else { say(self.answer, &(self.frame)(held)) }
    }
}

fn say(answer: &Mutex<&mut Answer>, frame: &Frame) -> io::Result<()> {
    answer.lock().unwrap_or_else(PoisonError::into_inner).say(frame)
}
