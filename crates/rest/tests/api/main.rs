//! The read API as a program gets it: who may ask what, answers that are the lists' and the document's, files that run nowhere.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what it expects by failing"
)]

mod answers;
mod document;
mod files;
mod matrix;
mod site;
mod then;
