//! The Communications dashboard: server-rendered pages that an office worker can trust, complete without a script. The page
//! to begin with is [`router`]; one file a page.
//!
//! Whose rows a page shows is decided by who is logged in, never by an address: no page names an organisation in its path.

mod access;
mod answer;
mod asset;
mod body;
mod campaign;
mod campaigns;
mod chain;
mod chart;
mod client;
mod clients;
mod filter;
mod layout;
mod live;
mod locale;
mod login;
mod message;
mod parts;
mod past;
mod proof;
pub mod reason;
mod recipients;
mod router;
mod send_check;
mod series;
mod shares;
mod status;
mod suppressions;
mod text;
mod then;

pub use access::{Access, Role, Viewer, grant};
pub use router::{Dashboard, ROUTES, Rule, router};
