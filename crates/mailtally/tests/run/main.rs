//! `mailtally run` as an operator and its clients meet it: the real binary over a socket.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expects by failing")]

mod access;
mod api;
mod breaker;
mod commands;
mod dashboard;
mod deploy;
mod disk;
mod live;
mod metrics;
mod private;
mod refusals;
mod stop;
mod view;
