//! The published topics as the pages need them. One thread follows `campaign-stats`, `message-status`, `contact-state` and
//! `private` and keeps rows, indexes and each campaign's recount in a store of its own; readers ask a [`Snapshot`], in which
//! a number and the rows behind it are of one moment.
//!
//! The page to begin with is [`fold`]: what a published row does to the view.

mod agreement;
mod anew;
mod body;
mod campaigns;
mod card;
mod cause;
mod checks;
mod client;
mod clients;
mod drops;
mod few;
mod fold;
mod follow;
mod found;
mod gathered;
mod keep;
mod key;
mod line;
mod listed;
mod message;
mod narrow;
mod overlay;
mod parts;
mod people;
mod place;
mod proof;
mod reached;
mod rebuild;
mod recipients;
mod recount;
mod search;
mod series;
mod sorted;
mod standing;
mod stands;
mod sums;
mod then;
mod tile;
mod trigrams;
mod walk;

pub use agreement::Agreement;
pub use anew::Anew;
pub use body::{Content, ContentParts};
pub use campaigns::{Campaign, CampaignPage, Filter};
pub use cause::{Cause, End, Explanation, Refusal};
pub use checks::{Checked, STATES_MAX};
pub use client::{Client, Mail};
pub use clients::{ClientPage, Suppressed, SuppressedPage};
pub use follow::{Follow, TOPICS};
pub use keep::Keep;
pub use listed::{ADDRESSES_SHOWN_MAX, Listed};
pub use message::{Message, Step};
pub use narrow::{Narrow, status_of};
pub use parts::{Link, Links, Part, Parts};
pub use place::{AsOf, Error, Snapshot, View};
pub use proof::{Proof, Round};
pub use reached::{BadPosition, Reached};
pub use recipients::{Recipient, RecipientPage};
pub use recount::{Recounter, Stepped};
pub use series::{Point, Series, Width};
pub use sorted::{Sort, Wanted};
pub use standing::{Share, Standing};
pub use tile::Tile;

/// Rows of one page at most.
pub const PAGE_ROWS_MAX: usize = 200;
/// Longest search that is looked at, in characters.
pub const WORDS_MAX: usize = 200;
