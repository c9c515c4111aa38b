//! The list of an organisation's campaigns, and one of them.

use bytes::Bytes;
use contract::proto::campaign::v1::CampaignStats;
use contract::proto::event::v1::MailClass;
use contract::proto::platform::v1::Organisation;
use contract::proto::private::v1::{Private, private::Row};
use contract::topic::Topic;
use domain::{Counters, DropReason};

use crate::fold::counted;
use crate::key;
use crate::overlay::Rows as _;
use crate::place::{Error, Snapshot};
use crate::sorted::Wanted;
use crate::trigrams::folded;

/// Campaigns that one page looks at before it is handed out short: a filter that nothing meets ends.
pub(crate) const LOOKED_AT_MAX: usize = 2_000;

/// A campaign as pages show it.
#[derive(Clone, Debug, Default)]
pub struct Campaign {
    /// Its id.
    pub id: String,
    /// What was published of it: name, date, class, sender, subject; neither its counters nor what each source said.
    pub row: CampaignStats,
    /// The recount of its message rows at this moment.
    pub counters: Counters,
    /// Whether that is what `campaign-stats` says; while events flow the one is ahead of the other.
    pub agrees: bool,
}

impl Campaign {
    fn of(id: String, row: &Bytes, recount: Option<&Bytes>) -> Self {
        let (row, published) = contract::campaign::shown(row).unwrap_or_default();
        let counters = recount.map(counted).unwrap_or_default();
        // The same bytes are the same numbers, which most are.
        let agrees = recount.is_some_and(|recount| *recount == published) || counted(&published) == counters;
        Self { id, row, agrees, counters }
    }

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
    /// Words that name, subject, sender or id hold, whatever their case and accents.
    pub words: String,
    /// Only this class.
    pub class: Option<MailClass>,
}

impl Filter {
    pub(crate) fn lets(&self, row: &CampaignStats) -> bool {
        self.class.is_none_or(|class| row.class() == class) && (self.words.is_empty() || self.are_in(row))
    }

    fn are_in(&self, row: &CampaignStats) -> bool {
        let text = folded(&format!("{} {} {} {}", row.name, row.subject, row.sender, row.campaign));
        folded(&self.words).split_whitespace().all(|word| text.contains(word))
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
        Ok(self.campaigns_of(organisation, std::iter::once(campaign.to_owned()))?.pop().flatten())
    }

    /// Campaigns, in the order asked, and nothing for those that the organisation does not have.
    pub(crate) fn campaigns_of(
        &self,
        organisation: &str,
        campaigns: impl Iterator<Item = String>,
    ) -> Result<Vec<Option<Campaign>>, Error> {
        let keys = |id: &String| {
            let row = key::row(Topic::CampaignStats, &contract::key::campaign(organisation, id));
            [row, key::counters(organisation, id)]
        };
        let campaigns: Vec<String> = campaigns.collect();
        let rows = self.gathered(campaigns.iter().flat_map(keys).collect())?;
        let found = campaigns.into_iter().zip(rows.chunks(2)).map(|(id, rows)| match rows {
            [Some(row), recount] if !id.is_empty() => Some(Campaign::of(id, row, recount.as_ref())),
            _ => None,
        });
        Ok(found.collect())
    }

    pub(crate) fn private(&self, key: &Bytes) -> Result<Option<Row>, Error> {
        let row = self.get(&key::row(Topic::Private, key))?;
        Ok(row.and_then(|row| contract::decode::<Private>("Private", &row).ok()).and_then(|private| private.row))
    }
}
