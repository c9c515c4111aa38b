//! HTTP edges of a running Mailtally: intake, health, metrics, commands. The page to begin with is [`router`].

mod access;
mod command;
pub mod frame;
mod intake;
mod observe;
mod patience;
mod problem;
mod router;
mod server;
mod version;

pub use command::{Answer, Commands, MEDIA_TYPE, Running};
pub use intake::{Appender, BODY_BYTES_MAX, EVENTS_MAX, Held, Room, Unkept, Unread, now_ms, verdict};
pub use router::{Edges, router};
pub use server::{CONNECTIONS_MAX, Server, serve};
