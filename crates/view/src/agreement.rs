//! Whether a campaign's recount and what was published of it are the same, at equal source offsets (I3).

use contract::proto::campaign::v1::campaign_partial::Part;
use contract::proto::campaign::v1::{CampaignPartial, CampaignStats};
use contract::topic::Topic;
use domain::Counters;

use crate::campaigns::Campaign;
use crate::fold::{counted, number, split, stats};
use crate::key;
use crate::overlay::Rows as _;
use crate::place::{Error, Snapshot};

/// What comparing a campaign's rows with its published numbers gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// The same.
    Equal,
    /// Both are of one offset of the source and yet differ: a defect.
    Differs {
        /// The partitions whose recount is not what they published.
        partitions: Vec<u32>,
    },
    /// The one is ahead of the other; both go on.
    NotYet,
}

impl Snapshot<'_> {
    /// Compares a campaign's rows with its published numbers.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn agreement(&self, organisation: &str, campaign: &str) -> Result<Agreement, Error> {
        let Some(found) = self.campaign(organisation, campaign)? else { return Ok(Agreement::NotYet) };
        self.agreement_of(organisation, &found)
    }

    /// The same of a campaign that was read from this snapshot.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn agreement_of(&self, organisation: &str, found: &Campaign) -> Result<Agreement, Error> {
        if found.agrees {
            return Ok(Agreement::Equal);
        }
        let row = key::row(Topic::CampaignStats, &contract::key::campaign(organisation, &found.id));
        let row = self.get(&row)?.map(|row| stats(&row)).unwrap_or_default();
        self.compared(organisation, &found.id, &row)
    }

    fn compared(&self, organisation: &str, campaign: &str, stats: &CampaignStats) -> Result<Agreement, Error> {
        let mut partitions = Vec::new();
        for source in &stats.sources {
            let (Ok(partition), Some(partial)) = (source.source.parse(), &source.partial) else { continue };
            let row = self.get(&key::source(organisation, campaign, partition))?;
            let (last, row) = split(row.as_ref());
            let recount = row.map(|row| counted(&row)).unwrap_or_default();
            if recount == published(partial) {
                continue;
            }
            // Without a row nobody knows how new that is.
            if last.is_none_or(|last| last > partial.offset) || !self.is_past(partition, partial.offset)? {
                return Ok(Agreement::NotYet);
            }
            partitions.push(partition);
        }
        // Partitions that published nothing yet have the rest.
        Ok(if partitions.is_empty() { Agreement::NotYet } else { Agreement::Differs { partitions } })
    }

    /// Whether every row up to an offset of the source was read.
    fn is_past(&self, partition: u32, offset: u64) -> Result<bool, Error> {
        let reflected = self.get(&key::reflected(partition))?.map_or(0, |row| number(&row));
        Ok(reflected > offset || self.ended.contains(&partition))
    }
}

fn published(partial: &CampaignPartial) -> Counters {
    match &partial.part {
        Some(Part::Counters(wire)) => contract::counters::from_wire(wire).unwrap_or_default(),
        _ => Counters::default(),
    }
}
