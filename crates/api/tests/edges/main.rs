//! The HTTP edges as a client meets them: over a socket, on a log in memory.

mod client;
mod commands;
mod intake;
mod limits;
mod site;
