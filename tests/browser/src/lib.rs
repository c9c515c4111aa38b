//! A real Chromium, driven over the DevTools protocol: what a person does with keys and addresses, what the page then shows, and
//! everything that it tried meanwhile, of which a test wants to know: errors, dialogs and requests, those of frames included.
//!
//! The browser has no way out of this machine: every name but loopback resolves to nothing. What was asked for is seen all the same.

#![expect(clippy::indexing_slicing, reason = "of JSON: what is not there reads as null")]

mod axe;
mod launch;
mod page;
mod watch;
mod wire;

pub use axe::{VARIABLE as AXE_VARIABLE, Violation};
pub use launch::Browser;
pub use page::{Key, Page};
pub use watch::Seen;

use std::time::Duration;

/// How long anything may take before it counts as hanging.
pub const PATIENCE: Duration = Duration::from_secs(30);
