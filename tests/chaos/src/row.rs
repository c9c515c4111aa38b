//! What must be true of every published row, at every moment (DESIGN.md section 1, I3).

use contract::counters;
use contract::proto::campaign::v1::{CampaignPartial, CampaignStats, Source, campaign_partial::Part};
use domain::Counters;

/// A rule of counters: how it is said, and whether it holds.
type Rule = (&'static str, fn(&Counters) -> bool);

const RULES: [Rule; 10] = [
    ("sent = pending + delivered + bounced + dropped", |is| {
        is.sent == is.pending + is.delivered + is.bounced + is.dropped
    }),
    ("click <= open <= delivered", |is| is.clicked <= is.opened && is.opened <= is.delivered),
    ("with machines: click <= open <= delivered", |is| {
        is.clicked_with_machine <= is.opened_with_machine && is.opened_with_machine <= is.delivered
    }),
    ("people <= people and machines", |is| {
        is.opened <= is.opened_with_machine && is.clicked <= is.clicked_with_machine
    }),
    ("rows by status = sent", |is| is.by_status.iter().map(|(_, count)| count).sum::<u64>() == is.sent),
    ("bounced = hard + soft + block + undetermined", |is| {
        is.bounced == is.bounced_hard + is.bounced_soft + is.blocked + is.bounced_undetermined
    }),
    ("dropped = its reasons", |is| is.dropped_by.iter().map(|(_, count)| count).sum::<u64>() == is.dropped),
    ("not sent = its reasons", |is| is.not_sent_by.iter().map(|(_, count)| count).sum::<u64>() == is.not_sent),
    ("blocked, spam <= blocked or spam <= blocked + spam", |is| {
        is.blocked.max(is.spam) <= is.blocked_spam && is.blocked_spam <= is.blocked + is.spam
    }),
    ("unsubscribed <= ever unsubscribed <= sent", |is| {
        is.unsubscribed <= is.unsubscribed_ever && is.unsubscribed_ever <= is.sent
    }),
];

/// The counters of a row; an error names the first rule that does not hold.
pub(crate) fn stats(row: &CampaignStats) -> Result<Counters, String> {
    let all = known(row.counters.as_ref().map(counters::from_wire))?;
    rules(&all)?;
    let mut sum = Counters::default();
    for Source { source, partial } in &row.sources {
        let partial = partial.as_ref().ok_or_else(|| format!("source {source} is empty"))?;
        sum.add(&self::partial(partial).map_err(|why| format!("source {source}: {why}"))?);
    }
    if sum == all { Ok(all) } else { Err(format!("the row is not the sum of its sources: {all:?} is not {sum:?}")) }
}

/// The counters of a partial; none of a definition.
pub(crate) fn partial(partial: &CampaignPartial) -> Result<Counters, String> {
    let all = match &partial.part {
        Some(Part::Counters(held)) => known(Some(counters::from_wire(held)))?,
        _ => Counters::default(),
    };
    rules(&all).map(|()| all)
}

fn known(read: Option<Result<Counters, contract::Error>>) -> Result<Counters, String> {
    read.transpose().map(Option::unwrap_or_default).map_err(|error| error.to_string())
}

fn rules(all: &Counters) -> Result<(), String> {
    let broken = RULES.iter().find(|(_, holds)| !holds(all));
    broken.map_or(Ok(()), |(rule, _)| Err(format!("not {rule}: {all:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Counters {
        let mut all = Counters { sent: 2, delivered: 1, pending: 1, opened: 1, ..Counters::default() };
        (all.opened_with_machine, all.spam, all.blocked_spam) = (1, 1, 1);
        all.by_status.insert(domain::Status::Sent, 2);
        all
    }

    fn row(all: &Counters, of: &Counters) -> CampaignStats {
        let part = Some(Part::Counters(counters::to_wire(of)));
        let partial = Some(CampaignPartial { part, ..CampaignPartial::default() });
        let sources = vec![Source { source: "0".to_owned(), partial }];
        CampaignStats { counters: Some(counters::to_wire(all)), sources, ..CampaignStats::default() }
    }

    #[test]
    fn a_good_row_passes_and_one_that_is_not_its_sources_does_not() {
        assert_eq!(stats(&row(&good(), &good())), Ok(good()));
        let other = Counters { opens: 1, ..good() };
        assert!(stats(&row(&good(), &other)).is_err_and(|why| why.contains("sum of its sources")));
    }

    #[test]
    fn every_rule_can_be_broken() {
        type Break = fn(&mut Counters);
        let breaks: [Break; RULES.len()] = [
            |all| all.sent += 1,
            |all| all.clicked += 2,
            |all| all.clicked_with_machine += 2,
            |all| all.opened_with_machine -= 1,
            |all| all.by_status.insert(domain::Status::Open, 1),
            |all| all.bounced_hard += 1,
            |all| all.dropped_by.insert(domain::DropReason::Quota, 1),
            |all| all.not_sent += 1,
            |all| all.blocked_spam += 1,
            |all| all.unsubscribed += 1,
        ];
        for ((rule, _), breaks) in RULES.iter().zip(breaks) {
            let mut all = good();
            breaks(&mut all);
            assert!(rules(&all).is_err_and(|why| why.contains(rule)), "{rule}");
        }
    }
}
