//! The list of an organisation's campaigns, and one of them.

use bytes::Bytes;
use contract::proto::campaign::v1::CampaignStats;
use contract::proto::event::v1::MailClass;
use contract::proto::platform::v1::Organisation;
use contract::proto::private::v1::{Private, private::Row};
use contract::topic::Topic;
use domain::{Counters, DropReason};

use crate::fold::{counted, stats};
use crate::key;
use crate::overlay::Rows as _;
use crate::place::{Error, Snapshot};
use crate::sorted::Wanted;

/// Campaigns that one page looks at before it is handed out short: a filter that nothing meets ends.
pub(crate) const LOOKED_AT_MAX: usize = 2_000;

/// A campaign as pages show it.
#[derive(Clone, Debug, Default)]
pub struct Campaign {
    /// Its id.
    pub id: String,
    /// What was published of it: name, date, class, sender, subject.
    pub row: CampaignStats,
    /// The recount of its message rows at this moment.
    pub counters: Counters,
    /// Whether that is what `campaign-stats` says; while events flow the one is ahead of the other.
    pub agrees: bool,
}

impl Campaign {
    /// The reason for which every one of its messages was dropped, if one was.
    pub fn all_dropped(&self) -> Option<DropReason> {
        let sent = self.counters.sent;
        let mut all = self.counters.dropped_by.iter().filter(|(_, count)| sent > 0 && *count == sent);
        all.next().map(|(reason, _)| reason)
    }
}

/// What a list is to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Words that name, subject or sender hold, whatever their case.
    pub words: String,
    /// Only this class.
    pub class: Option<MailClass>,
}

impl Filter {
    pub(crate) fn lets(&self, row: &CampaignStats) -> bool {
        let text = format!("{} {} {} {}", row.name, row.subject, row.sender, row.campaign).to_lowercase();
        let wanted = self.words.to_lowercase();
        wanted.split_whitespace().all(|word| text.contains(word)) && self.class.is_none_or(|class| row.class() == class)
    }
}

/// A part of the list.
#[derive(Clone, Debug, Default)]
pub struct CampaignPage {
    /// Campaigns, newest first.
    pub rows: Vec<Campaign>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

impl Snapshot<'_> {
    /// What an organisation said of itself.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn organisation(&self, organisation: &str) -> Result<Option<Organisation>, Error> {
        let key = contract::key::private(organisation, "", "organisation");
        Ok(match self.private(&key)? {
            Some(Row::Organisation(known)) => Some(known),
            _ => None,
        })
    }

    /// A page of an organisation's campaigns, newest first. Reads what it shows and what the filter passes over, within
    /// a bound; a page may therefore be short although there are more.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Store`].
    pub fn campaigns(
        &self,
        organisation: &str,
        filter: &Filter,
        after: Option<&str>,
        rows: usize,
    ) -> Result<CampaignPage, Error> {
        let wanted = Wanted { filter: filter.clone(), ..Wanted::default() };
        self.campaigns_by(organisation, &wanted, after, rows)
    }

    /// One campaign; `None` when the organisation has none of this id.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn campaign(&self, organisation: &str, campaign: &str) -> Result<Option<Campaign>, Error> {
        if campaign.is_empty() {
            return Ok(None);
        }
        let own = contract::key::campaign(organisation, campaign);
        let keys = [key::row(Topic::CampaignStats, &own), key::counters(organisation, campaign)];
        let mut found = self.all(&keys)?.into_iter();
        let (row, recount) = (found.next().flatten(), found.next().flatten());
        let Some(row) = row.as_ref().map(stats) else { return Ok(None) };
        let counters = recount.as_ref().map(counted).unwrap_or_default();
        let published = contract::counters::from_wire(&row.counters.clone().unwrap_or_default()).unwrap_or_default();
        Ok(Some(Campaign { id: campaign.to_owned(), row, agrees: published == counters, counters }))
    }

    pub(crate) fn private(&self, key: &Bytes) -> Result<Option<Row>, Error> {
        let row = self.get(&key::row(Topic::Private, key))?;
        Ok(row.and_then(|row| contract::decode::<Private>("Private", &row).ok()).and_then(|private| private.row))
    }
}
