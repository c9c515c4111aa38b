//! An organisation's campaigns in another order than newest first. Every order is an index that is written in the batch which
//! changes the number, so a page costs a page.

use std::collections::BTreeSet;

use bytes::Bytes;
use contract::proto::campaign::v1::CampaignStats;
use domain::{Counters, Time};

use crate::campaigns::{Campaign, CampaignPage, Filter, LOOKED_AT_MAX};
use crate::fold::created;
use crate::place::{Error, Snapshot, cursor, place};
use crate::{PAGE_ROWS_MAX, key, people};

/// What a list of campaigns is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// Newest first.
    #[default]
    Created,
    /// By name without case, A first.
    Name,
    /// Most sent first.
    Sent,
    /// Most opened first.
    Opened,
    /// Highest share of Sent that was opened first; those without a rate last.
    OpenRate,
    /// Most unsubscribed first.
    Unsubscribed,
    /// Most blocked or reported first.
    BlockedSpam,
}

impl Sort {
    /// Every order.
    pub const ALL: [Self; 7] =
        [Self::Created, Self::Name, Self::Sent, Self::Opened, Self::OpenRate, Self::Unsubscribed, Self::BlockedSpam];

    /// Its name in addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Name => "name",
            Self::Sent => "sent",
            Self::Opened => "opened",
            Self::OpenRate => "open-rate",
            Self::Unsubscribed => "unsubscribed",
            Self::BlockedSpam => "blocked-spam",
        }
    }

    /// The order of a name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.word() == word)
    }

    /// The bytes that put a campaign in its place: the largest number first.
    fn bytes(self, row: &CampaignStats, of: &Counters) -> Vec<u8> {
        let number = match self {
            Self::Created => 0,
            Self::Name => {
                let mut name = people::folded(&row.name).into_bytes();
                name.push(0);
                return name;
            }
            Self::Sent => of.sent,
            Self::Opened => of.opened,
            Self::OpenRate => of.opened.saturating_mul(1_000_000).checked_div(of.sent).map_or(0, |rate| rate + 1),
            Self::Unsubscribed => of.unsubscribed,
            Self::BlockedSpam => of.blocked_spam,
        };
        (u64::MAX - number).to_be_bytes().to_vec()
    }
}

/// What a list is to show, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Words and class.
    pub filter: Filter,
    /// The order.
    pub sort: Sort,
    /// Only those created then or later.
    pub from: Option<Time>,
    /// Only those created before.
    pub until: Option<Time>,
    /// Only of this sender, whatever its case; empty for all.
    pub sender: String,
    /// Only those of which a mail was dropped, blocked or reported as spam.
    pub troubled: bool,
}

impl Wanted {
    fn lets(&self, campaign: &Campaign) -> bool {
        let (row, of) = (&campaign.row, &campaign.counters);
        let at = created(row);
        self.filter.lets(row)
            && self.from.is_none_or(|from| at >= from)
            && self.until.is_none_or(|until| at < until)
            && (self.sender.is_empty() || row.sender.to_lowercase() == self.sender.to_lowercase())
            && (!self.troubled || of.dropped + of.blocked_spam > 0)
    }
}

/// The keys of a campaign in every order but the first.
pub(crate) fn places(organisation: &str, campaign: &str, row: &CampaignStats, of: &Counters) -> BTreeSet<Bytes> {
    let sorts = Sort::ALL.into_iter().filter(|sort| *sort != Sort::Created);
    sorts
        .map(|sort| {
            let prefix = key::sorted(organisation, sort as u8);
            key::sorted_at(prefix, &sort.bytes(row, of), created(row), campaign)
        })
        .collect()
}

impl Snapshot<'_> {
    /// A page of an organisation's campaigns in an order. A cursor is a place in the order: campaigns that come or move between two
    /// pages change no others, and one whose number changed meanwhile may be met again or missed. A page may be short although
    /// there are more.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Store`].
    pub fn campaigns_by(
        &self,
        organisation: &str,
        wanted: &Wanted,
        after: Option<&str>,
        rows: usize,
    ) -> Result<CampaignPage, Error> {
        let prefix = match wanted.sort {
            Sort::Created => key::campaigns(organisation),
            sort => key::sorted(organisation, sort as u8),
        };
        let rows = rows.clamp(1, PAGE_ROWS_MAX);
        let mut from = place(after, &prefix)?.or_else(|| wanted.begins(organisation));
        let (mut page, mut looked_at) = (CampaignPage::default(), 0);
        loop {
            // One more tells whether there is more.
            let mut listed = self.scan(&prefix, from.as_deref(), rows + 1)?;
            let ends = listed.len() <= rows;
            listed.truncate(rows);
            let last = listed.last().map(|(key, _)| key.clone());
            let ids = listed.iter().map(|(key, _)| wanted.id(&prefix, key).unwrap_or_default());
            let campaigns = self.campaigns_of(organisation, ids)?;
            for ((key, _), found) in listed.into_iter().zip(campaigns) {
                looked_at += 1;
                if found.as_ref().is_some_and(|found| wanted.is_past(found)) {
                    return Ok(page);
                }
                page.rows.extend(found.filter(|found| wanted.lets(found)));
                if page.rows.len() == rows || looked_at == LOOKED_AT_MAX {
                    let more = !ends || last.is_some_and(|last| last != key);
                    page.next = more.then(|| cursor(&key));
                    return Ok(page);
                }
                from = Some(key.to_vec());
            }
            if ends {
                return Ok(page);
            }
        }
    }
}

impl Wanted {
    /// Newest first, what is not before `until` is passed over without a look.
    fn begins(&self, organisation: &str) -> Option<Vec<u8>> {
        let until = self.until.filter(|_| self.sort == Sort::Created)?;
        Some(key::listed(organisation, until.plus_micros(-1), "").to_vec())
    }

    /// Newest first, nothing comes after the first that is too old.
    fn is_past(&self, campaign: &Campaign) -> bool {
        self.sort == Sort::Created && self.from.is_some_and(|from| created(&campaign.row) < from)
    }

    fn id(&self, prefix: &Bytes, key: &[u8]) -> Option<String> {
        let rest = key.get(prefix.len()..)?;
        let value = match self.sort {
            Sort::Created => 0,
            Sort::Name => rest.iter().position(|byte| *byte == 0)? + 1,
            _ => 8,
        };
        std::str::from_utf8(rest.get(value + 8..)?).ok().map(str::to_owned)
    }
}
