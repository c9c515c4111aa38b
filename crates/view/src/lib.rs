//! The published topics as the pages need them. One thread follows `campaign-stats`, `message-status`, `contact-state` and
//! `private` and keeps rows, indexes and each campaign's recount in a store of its own; readers ask a [`Snapshot`], in which
//! a number and the rows behind it are of one moment.
//!
//! The page to begin with is [`fold`]: what a published row does to the view.

mod campaigns;
mod client;
mod fold;
mod follow;
mod key;
mod message;
mod place;
mod recipients;
mod tile;

pub use campaigns::{Campaign, CampaignPage, Filter};
pub use client::{Client, Mail};
pub use follow::{Follow, TOPICS};
pub use message::{Message, Step};
pub use place::{AsOf, Error, Snapshot, View};
pub use recipients::{Recipient, RecipientPage};
pub use tile::Tile;

/// Rows of one page at most.
pub const PAGE_ROWS_MAX: usize = 200;
