//! A part of a tile's list: the rows of one status or reason, or those that words find. Pages, API and export read the same.

use contract::event;
use contract::proto::message::v1::{MessageState, Status as WireStatus};
use domain::{DropReason, Status, WithheldReason};

use crate::WORDS_MAX;
use crate::campaigns::Campaign;
use crate::place::{Error, Snapshot};
use crate::recipients::RecipientPage;
use crate::tile::Tile;

/// Which of a tile's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Narrow {
    /// Every one.
    #[default]
    All,
    /// Those whose client has these words, or whose message or client has this id.
    Words(String),
    /// Of [`Tile::Dropped`]: those dropped for a reason.
    Dropped(DropReason),
    /// Of [`Tile::NotSent`]: those withheld for a reason.
    Withheld(WithheldReason),
    /// Of [`Tile::Sent`]: those of a status.
    Status(Status),
}

impl Narrow {
    /// What an address asks for; empty texts ask for nothing. `None` when a word is not one of this tile's.
    pub fn read(tile: Tile, words: &str, reason: &str, status: &str) -> Option<Self> {
        let words = words.trim();
        match (tile, words, reason, status) {
            (_, "", "", "") => Some(Self::All),
            (_, words, "", "") => Some(Self::Words(words.chars().take(WORDS_MAX).collect())),
            (Tile::Dropped, "", reason, "") => {
                DropReason::ALL.into_iter().find(|known| known.word() == reason).map(Self::Dropped)
            }
            (Tile::NotSent, "", reason, "") => {
                WithheldReason::ALL.into_iter().find(|known| known.word() == reason).map(Self::Withheld)
            }
            (Tile::Sent, "", "", status) => {
                Status::ALL.into_iter().find(|known| known.word() == status).map(Self::Status)
            }
            _ => None,
        }
    }

    /// How many rows the whole list has; `None` for a search, which nobody has counted.
    pub fn count(&self, tile: Tile, of: &Campaign) -> Option<u64> {
        let counters = &of.counters;
        match self {
            Self::All => Some(tile.count(counters)),
            Self::Words(_) => None,
            Self::Dropped(reason) => Some(counters.dropped_by.get(*reason)),
            Self::Withheld(reason) => Some(counters.not_sent_by.get(*reason)),
            Self::Status(status) => Some(counters.by_status.get(*status)),
        }
    }

    fn lets(&self, row: &MessageState) -> bool {
        match self {
            Self::All | Self::Words(_) => true,
            Self::Dropped(reason) => event::drop_from_wire(row.drop).is_ok_and(|known| known == *reason),
            Self::Withheld(reason) => event::withheld_from_wire(row.withheld).is_ok_and(|known| known == *reason),
            Self::Status(status) => status_of(row) == *status,
        }
    }
}

/// The status of a row.
pub fn status_of(row: &MessageState) -> Status {
    match row.status() {
        WireStatus::Delivered => Status::Delivered,
        WireStatus::Open => Status::Open,
        WireStatus::Click => Status::Click,
        WireStatus::Bounce => Status::Bounce,
        WireStatus::Dropped => Status::Dropped,
        WireStatus::Spam => Status::Spam,
        WireStatus::Unsubscribed => Status::Unsubscribed,
        WireStatus::Withheld => Status::Withheld,
        WireStatus::Sent | WireStatus::Unspecified => Status::Sent,
    }
}

impl Snapshot<'_> {
    /// A page of a part of a tile's messages. A page of fewer rows than asked may still have a next one: a page looks at a bound
    /// of rows.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Store`].
    pub fn narrowed(
        &self,
        list: (&str, &str, Tile),
        part: &Narrow,
        after: Option<&str>,
        rows: usize,
    ) -> Result<RecipientPage, Error> {
        match part {
            Narrow::All => self.recipients(list.0, list.1, list.2, after, rows),
            Narrow::Words(words) => self.find_recipients(list, words, after, rows),
            part => self.recipients_where(list, |row| part.lets(row), after, rows),
        }
    }
}
