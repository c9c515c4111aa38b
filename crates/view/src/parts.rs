//! A campaign by its links, delivery providers and mailbox domains. What is not derivable is not shown: a message keeps only
//! its first clicks (`domain::bound`), so a link's clicks are "at least" where the campaign's totals are.

use domain::Counters;

use crate::fold::counted;
use crate::key;
use crate::place::{Error, Snapshot};
use crate::sums::{Sums, link};

/// Links, providers or domains of a campaign that one answer looks at; beyond, it says that there are more.
const PARTS_MAX: usize = 10_000;

/// One link, by its template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The template.
    pub template: String,
    /// Messages of the Click tile in which a person followed it.
    pub clicked: u64,
    /// Times that persons did.
    pub clicks: u64,
    /// Times that machines did.
    pub machine_clicks: u64,
}

/// Links, the most clicked first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// As many as were asked for.
    pub rows: Vec<Link>,
    /// There are more.
    pub more: bool,
}

/// Messages of one provider or mailbox domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Its name; empty for messages of which no provider spoke yet, or whose address is not kept (erased, or never given).
    pub name: String,
    /// Their numbers. Those of all parts add up to the campaign's, not-sent ones and copies aside.
    pub counters: Counters,
}

/// Parts, the one with most messages first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// As many as were asked for.
    pub rows: Vec<Part>,
    /// There are more.
    pub more: bool,
}

impl Snapshot<'_> {
    /// The most clicked links of a campaign.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn links(&self, organisation: &str, campaign: &str, rows: usize) -> Result<Links, Error> {
        let (found, beyond) = self.parts(key::LINK, organisation, campaign)?;
        let mut found: Vec<Link> = found.into_iter().map(|(template, row)| Link::of(template, &row)).collect();
        found.sort_by(|a, b| {
            (b.clicked, b.clicks).cmp(&(a.clicked, a.clicks)).then_with(|| a.template.cmp(&b.template))
        });
        let more = beyond || found.len() > rows;
        found.truncate(rows);
        Ok(Links { rows: found, more })
    }

    /// The delivery providers of a campaign's messages: of each, the one that first spoke of it.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn providers(&self, organisation: &str, campaign: &str, rows: usize) -> Result<Parts, Error> {
        self.largest(key::PROVIDER, organisation, campaign, rows)
    }

    /// The mailbox domains of a campaign's messages: of the addresses used, while they are kept.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn domains(&self, organisation: &str, campaign: &str, rows: usize) -> Result<Parts, Error> {
        self.largest(key::DOMAIN, organisation, campaign, rows)
    }

    fn largest(&self, tag: u8, organisation: &str, campaign: &str, rows: usize) -> Result<Parts, Error> {
        let (found, beyond) = self.parts(tag, organisation, campaign)?;
        let mut found: Vec<Part> =
            found.into_iter().map(|(name, row)| Part { name, counters: counted(&row) }).collect();
        found.sort_by(|a, b| b.counters.sent.cmp(&a.counters.sent).then_with(|| a.name.cmp(&b.name)));
        let more = beyond || found.len() > rows;
        found.truncate(rows);
        Ok(Parts { rows: found, more })
    }

    fn parts(&self, tag: u8, organisation: &str, campaign: &str) -> Result<(Vec<(String, bytes::Bytes)>, bool), Error> {
        let prefix = key::parts(tag, organisation, campaign);
        let mut rows = self.scan(&prefix, None, PARTS_MAX + 1)?;
        let more = rows.len() > PARTS_MAX;
        rows.truncate(PARTS_MAX);
        let name = |key: &[u8]| String::from_utf8_lossy(key.get(prefix.len()..).unwrap_or_default()).into_owned();
        Ok((rows.into_iter().map(|(key, row)| (name(&key), row)).collect(), more))
    }
}

impl Link {
    fn of(template: String, row: &[u8]) -> Self {
        let sums = Sums::of_row(row);
        let [clicked, clicks, machine_clicks] =
            [link::CLICKED, link::CLICKS, link::MACHINE_CLICKS].map(|at| sums.at(at));
        Self { template, clicked, clicks, machine_clicks }
    }
}
