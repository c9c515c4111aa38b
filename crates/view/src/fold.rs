//! What published rows do to the view: the row itself, the lists that it stands in, and its share of its campaign's recount,
//! in one batch, so that a number and its list never disagree. Pure: reads through [`Overlay`].

use std::collections::{BTreeMap, BTreeSet};

use bytes::{BufMut as _, Bytes, BytesMut};
use contract::proto::campaign::v1::CampaignStats;
use contract::proto::private::v1::private::Row;
use contract::topic::Topic;
use contract::{Proto as _, counters, header, key as canonical};
use domain::contact::Subject;
use domain::{Counters, Time};
use engine::Stored;

use crate::card::Card;
use crate::found::Texts;
use crate::line::Line;
use crate::overlay::{Overlay, Rows};
use crate::stands::Stands;
use crate::sums::Sums;
use crate::{key, people, sorted};

/// A campaign by organisation and id.
pub(crate) type Named = (String, String);

/// What a batch of one partition's records comes to.
pub(crate) struct Batch<'a, R> {
    rows: Overlay<'a, R>,
    partition: u32,
    counters: BTreeMap<Bytes, Difference>,
    sums: BTreeMap<Bytes, Sums>,
    texts: Texts,
    touched: BTreeSet<Named>,
    dropped: Vec<Named>,
}

/// What a batch adds to counters, takes away from them, and up to which position of their source.
#[derive(Default)]
struct Difference {
    more: Counters,
    less: Counters,
    source: Option<u64>,
}

/// What a batch has come to.
pub(crate) struct Changes {
    /// Rows; `None` deletes.
    pub(crate) writes: Vec<(Bytes, Option<Bytes>)>,
    /// Campaigns of which a row changed, by organisation; an empty campaign for its people, and for mails of no campaign.
    pub(crate) touched: BTreeSet<Named>,
    /// Messages that became dropped, by organisation.
    pub(crate) dropped: Vec<Named>,
}

impl<'a, R: Rows> Batch<'a, R> {
    /// A batch of records of this partition.
    pub(crate) fn over(under: &'a R, partition: u32) -> Self {
        let (rows, counters, sums) = (Overlay::over(under), BTreeMap::new(), BTreeMap::new());
        let (texts, touched, dropped) = (Texts::default(), BTreeSet::new(), Vec::new());
        Self { rows, partition, counters, sums, texts, touched, dropped }
    }

    /// What is to be written, by key.
    pub(crate) fn finish(mut self) -> Result<Changes, R::Error> {
        self.rows.load(self.counters.keys().chain(self.sums.keys()).cloned())?;
        for (key, difference) in std::mem::take(&mut self.counters) {
            self.recount(key, &difference)?;
        }
        for (key, more) in std::mem::take(&mut self.sums) {
            let mut sums = self.rows.get(&key)?.map(|row| Sums::of_row(&row)).unwrap_or_default();
            sums.add(&more);
            self.rows.put(key, sums.to_row());
        }
        std::mem::take(&mut self.texts).write(&mut self.rows)?;
        let touched = std::mem::take(&mut self.touched);
        self.resort(&touched)?;
        Ok(Changes { writes: self.rows.into_writes(), touched, dropped: self.dropped })
    }

    /// Puts campaigns where their numbers now are in every order.
    fn resort(&mut self, touched: &BTreeSet<Named>) -> Result<(), R::Error> {
        let campaigns = touched.iter().filter(|(_, campaign)| !campaign.is_empty());
        let keys = |(organisation, campaign): &Named| {
            let row = key::row(Topic::CampaignStats, &canonical::campaign(organisation, campaign));
            [row, key::counters(organisation, campaign)]
        };
        self.rows.load(campaigns.clone().flat_map(keys))?;
        campaigns.into_iter().try_for_each(|of| self.resort_one(of, keys(of)))
    }

    fn resort_one(&mut self, (organisation, campaign): &Named, [row, recount]: [Bytes; 2]) -> Result<(), R::Error> {
        let places = |row: Option<Bytes>, recount: Option<Bytes>| {
            let counters = recount.map(|recount| counted(&recount)).unwrap_or_default();
            row.map(|row| sorted::places(organisation, campaign, &stats(&row), &counters)).unwrap_or_default()
        };
        let was = places(self.rows.before(&row)?, self.rows.before(&recount)?);
        let is = places(self.rows.get(&row)?, self.rows.get(&recount)?);
        self.relist(&was, is);
        Ok(())
    }

    fn recount(&mut self, key: Bytes, difference: &Difference) -> Result<(), R::Error> {
        let before = self.rows.get(&key)?;
        let (known, row) = difference.source.map_or((None, before.as_ref().cloned()), |_| split(before.as_ref()));
        let mut sum = row.map(|row| counted(&row)).unwrap_or_default();
        // More first: what is taken away is there.
        sum.add(&difference.more);
        sum.subtract(&difference.less);
        let mut row = BytesMut::new();
        if let Some(source) = difference.source {
            row.put_u64(known.map_or(source, |known: u64| known.max(source)));
        }
        row.extend_from_slice(&counters::to_wire(&sum).encode_to_vec());
        self.rows.put(key, (sum != Counters::default()).then(|| row.freeze()));
        Ok(())
    }

    /// Takes published rows in.
    pub(crate) fn take(&mut self, topic: Topic, records: &[Stored]) -> Result<(), R::Error> {
        let keys = records.iter().filter_map(|stored| {
            let own = stored.record.key.as_ref()?;
            Some(std::iter::once(key::row(topic, own)).chain(beside(topic, own, stored.record.value.as_ref())))
        });
        self.rows.load(keys.flatten())?;
        records.iter().try_for_each(|stored| self.take_one(topic, stored))
    }

    fn take_one(&mut self, topic: Topic, stored: &Stored) -> Result<(), R::Error> {
        let Some(own) = &stored.record.key else { return Ok(()) };
        let key = key::row(topic, own);
        let (before, after) = (self.rows.get(&key)?, stored.record.value.clone());
        match topic {
            Topic::CampaignStats => self.campaign(own, before.as_ref(), after.as_ref()),
            Topic::MessageStatus => self.message(own, before.as_ref(), after.as_ref(), source(stored))?,
            Topic::ContactState => self.contact(own, before.as_ref(), after.as_ref())?,
            _ => self.private(own, before.as_ref(), after.as_ref())?,
        }
        if matches!(topic, Topic::ContactState | Topic::Private) {
            let organisation = canonical::decode(own).and_then(|parts| std::str::from_utf8(parts.first()?).ok());
            self.touched.extend(organisation.map(|organisation| (organisation.to_owned(), String::new())));
        }
        self.rows.put(key, after);
        self.advance(as_of(stored))
    }

    /// The view is up to here.
    pub(crate) fn stands_at(&mut self, topic: Topic, next: u64) {
        self.rows.put(key::position(topic, self.partition), Some(Bytes::copy_from_slice(&next.to_be_bytes())));
    }

    fn advance(&mut self, as_of: i64) -> Result<(), R::Error> {
        let key = Bytes::from_static(key::AS_OF);
        if self.rows.get(&key)?.map_or(i64::MIN, |known| micros(&known)) < as_of {
            self.rows.put(key, Some(Bytes::copy_from_slice(&as_of.to_be_bytes())));
        }
        Ok(())
    }

    fn campaign(&mut self, own: &[u8], before: Option<&Bytes>, after: Option<&Bytes>) {
        let Some([organisation, campaign]) = canonical::strings::<2>(own) else { return };
        if campaign.is_empty() {
            return;
        }
        let place = |row: &Bytes| key::listed(organisation, created(&stats(row)), campaign);
        self.relist(&before.map(place).into_iter().collect(), after.map(place).into_iter().collect());
        self.touched.insert((organisation.to_owned(), campaign.to_owned()));
    }

    /// Takes a row out of the lists that it was in, and puts it in those that it is in.
    fn relist(&mut self, was: &BTreeSet<Bytes>, is: BTreeSet<Bytes>) {
        was.difference(&is).for_each(|key| self.rows.put(key.clone(), None));
        is.into_iter().filter(|key| !was.contains(key)).for_each(|key| self.rows.put(key, Some(Bytes::new())));
    }

    fn message(
        &mut self,
        own: &[u8],
        before: Option<&Bytes>,
        after: Option<&Bytes>,
        source: u64,
    ) -> Result<(), R::Error> {
        let Some([organisation, id]) = canonical::strings::<2>(own) else { return Ok(()) };
        let (was, is) = (before.and_then(Stands::of), after.and_then(Stands::of));
        let lists = |stands: &Option<Stands>| stands.iter().flat_map(|stands| stands.lists(organisation, id)).collect();
        self.relist(&lists(&was), lists(&is));
        let changed = was.as_ref().map(|was| &was.share) != is.as_ref().map(|is| &is.share);
        if !is_dropped(was.as_ref()) && is_dropped(is.as_ref()) {
            self.dropped.push((organisation.to_owned(), id.to_owned()));
        }
        let mut lines = [None, None];
        for ((stands, there), line) in [(was, false), (is, true)].into_iter().zip(&mut lines) {
            let Some(stands) = stands else { continue };
            let address = self.address(organisation, &stands.client, id)?;
            let domain = people::domain_of(&address);
            self.count(organisation, &stands, &domain, there, changed.then_some(source));
            *line = stands.line(organisation, id).map(|key| (key, Line::write(&stands.shown, &address)));
        }
        let [was, is] = lines;
        is.filter(|is| was.as_ref() != Some(is)).into_iter().for_each(|(key, line)| self.rows.put(key, Some(line)));
        let key = key::reflected(self.partition);
        if self.rows.get(&key)?.map_or(0, |known| number(&known)) < source {
            self.rows.put(key, Some(Bytes::copy_from_slice(&source.to_be_bytes())));
        }
        Ok(())
    }

    fn count(&mut self, organisation: &str, stands: &Stands, domain: &str, there: bool, source: Option<u64>) {
        let Some(share) = &stands.share else { return };
        let campaign = share.campaign.as_str();
        self.touched.insert((organisation.to_owned(), campaign.to_owned()));
        if let Some(source) = source {
            self.differ(key::counters(organisation, campaign), &share.counters, there, None);
            self.differ(key::source(organisation, campaign, self.partition), &share.counters, there, Some(source));
        }
        if stands.counted().is_none() {
            return;
        }
        for (tag, name) in [(key::PROVIDER, stands.provider.as_str()), (key::DOMAIN, domain)] {
            self.differ(key::part(tag, organisation, campaign, name), &share.counters, there, None);
        }
        let moments = stands.moments.iter().map(|(at, sums)| (key::moment(organisation, campaign, *at), sums));
        let links = stands.links.iter().map(|(name, sums)| (key::part(key::LINK, organisation, campaign, name), sums));
        for (key, sums) in moments.chain(links) {
            let sum = self.sums.entry(key).or_default();
            if there { sum.add(sums) } else { sum.subtract(sums) }
        }
    }

    fn differ(&mut self, key: Bytes, counters: &Counters, there: bool, source: Option<u64>) {
        let difference = self.counters.entry(key).or_default();
        if there {
            difference.more.add(counters)
        } else {
            difference.less.add(counters)
        }
        difference.source = difference.source.max(source);
    }

    /// The address used of a message, while it is kept; else empty.
    fn address(&mut self, organisation: &str, client: &str, id: &str) -> Result<String, R::Error> {
        let own = canonical::private(organisation, client, &format!("mail/{id}"));
        let row = self.rows.get(&key::row(Topic::Private, &own))?;
        Ok(used(row.as_ref().and_then(people::private).as_ref()).to_owned())
    }

    /// Changes what lines show of a client.
    fn card(&mut self, organisation: &str, client: &str, change: impl FnOnce(&mut Card)) -> Result<(), R::Error> {
        let key = key::card(organisation, client);
        let mut card = self.rows.get(&key)?.map(|row| Card::of_row(&row)).unwrap_or_default();
        change(&mut card);
        self.rows.put(key, card.to_row());
        Ok(())
    }

    fn contact(&mut self, own: &[u8], before: Option<&Bytes>, after: Option<&Bytes>) -> Result<(), R::Error> {
        self.relist(&people::of_contact(own, before), people::of_contact(own, after));
        let Some((organisation, Subject::Client(client))) = contract::contact::subject(own) else { return Ok(()) };
        let changed = after.and_then(|row| contract::contact::changed_at_us(row).ok()).unwrap_or(0);
        self.card(organisation, &client, |card| card.changed_us = changed)
    }

    fn private(&mut self, own: &[u8], before: Option<&Bytes>, after: Option<&Bytes>) -> Result<(), R::Error> {
        let (was, is) = (before.and_then(people::private), after.and_then(people::private));
        self.relist(&people::named(own, was.as_ref()), people::named(own, is.as_ref()));
        let Some([organisation, client, part]) = canonical::strings::<3>(own) else { return Ok(()) };
        let (held, holds) = (was.as_ref().and_then(people::text), is.as_ref().and_then(people::text));
        self.texts.change(organisation, client, held, holds);
        if part.is_empty() {
            let name = people::name(is.as_ref()).to_owned();
            return self.card(organisation, client, |card| card.name = name);
        }
        let Some(id) = part.strip_prefix("mail/") else { return Ok(()) };
        let (was, is) = (used(was.as_ref()), used(is.as_ref()));
        if was == is { Ok(()) } else { self.used([organisation, client, id], was, is) }
    }

    /// Another address was used, or it is no longer kept.
    fn used(&mut self, [organisation, client, id]: [&str; 3], was: &str, is: &str) -> Result<(), R::Error> {
        let row = self.rows.get(&key::row(Topic::MessageStatus, &canonical::message(organisation, id)))?;
        let Some(stands) = row.as_ref().and_then(Stands::of).filter(|stands| stands.client == client) else {
            return Ok(());
        };
        let line = stands.line(organisation, id);
        line.into_iter().for_each(|key| self.rows.put(key, Some(Line::write(&stands.shown, is))));
        let (was, is) = (people::domain_of(was), people::domain_of(is));
        if let Some(share) = stands.counted().filter(|_| was != is) {
            for (domain, there) in [(was, false), (is, true)] {
                let key = key::part(key::DOMAIN, organisation, &share.campaign, &domain);
                self.differ(key, &share.counters, there, None);
            }
        }
        Ok(())
    }
}

/// The key of another row that one is taken in with: a client's card, a mail's message, the address that a message went to.
fn beside(topic: Topic, own: &[u8], row: Option<&Bytes>) -> Option<Bytes> {
    match topic {
        Topic::ContactState => {
            let [organisation, _, client] = canonical::strings::<3>(own).filter(|[_, kind, _]| *kind == "client")?;
            Some(key::card(organisation, client))
        }
        Topic::MessageStatus => {
            let [organisation, id] = canonical::strings::<2>(own)?;
            let mail = canonical::private(organisation, contract::message::client(row?)?, &format!("mail/{id}"));
            Some(key::row(Topic::Private, &mail))
        }
        Topic::Private => {
            let [organisation, client, part] = canonical::strings::<3>(own)?;
            match part.strip_prefix("mail/") {
                Some(id) => Some(key::row(Topic::MessageStatus, &canonical::message(organisation, id))),
                None => part.is_empty().then(|| key::card(organisation, client)),
            }
        }
        _ => None,
    }
}

fn is_dropped(stands: Option<&Stands>) -> bool {
    stands.and_then(|stands| stands.share.as_ref()).is_some_and(|share| share.counters.dropped > 0)
}

/// The address of a mail's private row; empty while it is not kept.
fn used(said: Option<&Row>) -> &str {
    match said {
        Some(Row::Mail(mail)) => &mail.address,
        _ => "",
    }
}

/// A source's position and counters of a row of [`key::source`].
pub(crate) fn split(row: Option<&Bytes>) -> (Option<u64>, Option<Bytes>) {
    let Some(row) = row.filter(|row| row.len() >= 8) else { return (None, None) };
    (Some(number(&row.slice(..8))), Some(row.slice(8..)))
}

pub(crate) fn number(row: &[u8]) -> u64 {
    row.try_into().map_or(0, u64::from_be_bytes)
}

/// What a published row reflects of its fold's input.
fn source(stored: &Stored) -> u64 {
    let said = stored.record.headers.get(header::SOURCE).and_then(|said| std::str::from_utf8(said).ok());
    said.and_then(|said| said.rsplit_once('@')).and_then(|(_, next)| next.parse().ok()).unwrap_or(0)
}

/// A campaign's row; one that cannot be read counts as empty.
pub(crate) fn stats(row: &Bytes) -> CampaignStats {
    contract::decode_shared("CampaignStats", row).unwrap_or_default()
}

/// When a campaign was created; the epoch while nobody knows.
pub(crate) fn created(row: &CampaignStats) -> Time {
    row.created_at.as_ref().map_or(Time::from_micros(0), contract::time_of)
}

/// A recount as it is kept.
pub(crate) fn counted(row: &Bytes) -> Counters {
    counters::decode(row).unwrap_or_default()
}

pub(crate) fn micros(row: &[u8]) -> i64 {
    row.try_into().map_or(0, i64::from_be_bytes)
}

fn as_of(stored: &Stored) -> i64 {
    let said = stored.record.headers.iter().find(|(name, _)| *name == header::AS_OF);
    let text = said.and_then(|(_, value)| std::str::from_utf8(value).ok());
    let time = text.and_then(|text| chrono::DateTime::parse_from_rfc3339(text).ok());
    time.map_or(i64::MIN, |time| time.timestamp_micros())
}
