//! The dashboard in a real browser, served by the real binary: every page in both languages, live numbers, the keyboard alone, no
//! script, rules of accessibility, a phone, paper, and what strangers write into every field.
//!
//! `MAILTALLY_TEST_PICTURES=FOLDER` keeps a picture of each page, to be looked at.

#![expect(clippy::indexing_slicing, reason = "of JSON: what is not there reads as null")]

#[path = "../support/mod.rs"]
mod support;

mod accessible;
mod every;
mod hostile;
mod keyboard;
mod live;
mod narrow;
mod printed;
mod scriptless;
mod site;
