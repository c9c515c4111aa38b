//! The front door of providers' webhooks: authenticated over the raw bytes, kept as received, answered once that is durable. The
//! page to begin with is [`router`]. It parses no more than a check needs: a decoder's mistake decides no answer.

mod account;
mod authentic;
mod certificate;
mod keep;
mod kept;
mod route;
mod rule;
mod spool;

pub use account::{Account, Accounts};
pub use certificate::{Certificates, Fetch, Unfetched};
pub use keep::{Keeper, Kept, Unkept};
pub use kept::{BODY_BYTES_MAX, record};
pub use route::{Clock, Gateway, PATH, router};
pub use rule::{RULES, Rule, rule};
pub use spool::{Held, Spool, SpoolError, held};
