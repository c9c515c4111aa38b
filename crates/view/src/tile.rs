//! A tile is a 0/1 function of a message: its number is the sum, its list the rows where it is 1 (DESIGN.md section 1).

use domain::{Contribution, Counters};

/// A list of a campaign's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tile {
    /// Every mail sent.
    Sent,
    /// Sent, and nothing final is known.
    Pending,
    /// The receiving server has it.
    Delivered,
    /// Opened by a person.
    Open,
    /// Clicked by a person.
    Click,
    /// Refused for good.
    Bounce,
    /// Refused for reputation, policy or content: a part of [`Tile::Bounce`].
    Blocked,
    /// Nobody tried.
    Dropped,
    /// Reported as spam.
    Spam,
    /// Blocked or reported, each once.
    BlockedSpam,
    /// An unsubscribe made from it holds.
    Unsubscribed,
    /// Withheld by the platform: outside Sent.
    NotSent,
    /// A copy to the sender or the organisation: counted in no number.
    Copy,
}

impl Tile {
    /// All of them, in the order in which pages show them.
    pub const ALL: [Self; 13] = [
        Self::Sent,
        Self::Pending,
        Self::Delivered,
        Self::Open,
        Self::Click,
        Self::Bounce,
        Self::Blocked,
        Self::Dropped,
        Self::Spam,
        Self::BlockedSpam,
        Self::Unsubscribed,
        Self::NotSent,
        Self::Copy,
    ];

    /// Its name in addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Open => "open",
            Self::Click => "click",
            Self::Bounce => "bounce",
            Self::Blocked => "blocked",
            Self::Dropped => "dropped",
            Self::Spam => "spam",
            Self::BlockedSpam => "blocked-spam",
            Self::Unsubscribed => "unsubscribed",
            Self::NotSent => "not-sent",
            Self::Copy => "copy",
        }
    }

    /// The tile of a name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tile| tile.word() == word)
    }

    /// Its number.
    pub const fn count(self, of: &Counters) -> u64 {
        match self {
            Self::Sent => of.sent,
            Self::Pending => of.pending,
            Self::Delivered => of.delivered,
            Self::Open => of.opened,
            Self::Click => of.clicked,
            Self::Bounce => of.bounced,
            Self::Blocked => of.blocked,
            Self::Dropped => of.dropped,
            Self::Spam => of.spam,
            Self::BlockedSpam => of.blocked_spam,
            Self::Unsubscribed => of.unsubscribed,
            Self::NotSent => of.not_sent,
            Self::Copy => of.copies,
        }
    }

    /// The tiles that a message is in.
    pub(crate) fn of(share: &Contribution) -> impl Iterator<Item = Self> + '_ {
        Self::ALL.into_iter().filter(|tile| tile.count(&share.counters) > 0)
    }

    /// The list that has the lines of this one's messages: every message of a campaign is in exactly one of Sent, Not sent and Copy.
    pub(crate) const fn home(self) -> Self {
        match self {
            Self::NotSent | Self::Copy => self,
            Self::Sent
            | Self::Pending
            | Self::Delivered
            | Self::Open
            | Self::Click
            | Self::Bounce
            | Self::Blocked
            | Self::Dropped
            | Self::Spam
            | Self::BlockedSpam
            | Self::Unsubscribed => Self::Sent,
        }
    }

    /// Its place in keys: never changes.
    pub(crate) fn byte(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tile_has_a_name_and_a_byte_of_its_own() {
        for (place, tile) in Tile::ALL.into_iter().enumerate() {
            assert_eq!(Tile::parse(tile.word()), Some(tile));
            assert_eq!(usize::from(tile.byte()), place);
        }
        assert_eq!(Tile::parse("everything"), None);
    }
}
