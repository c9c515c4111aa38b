//! Keys of the view's store: a tag, the organisation, then what pages list by. An organisation's keys share a prefix that no
//! other's begin with (I8), since parts carry their length.

use bytes::{BufMut as _, Bytes, BytesMut};
use contract::key as canonical;
use contract::topic::Topic;
use domain::Time;

use crate::tile::Tile;

/// What a published row is kept under, followed by its own key. A client's contact row stands among the client's private rows: who
/// shows the one shows the others, and reads one block of them.
pub(crate) fn row(topic: Topic, key: &[u8]) -> Bytes {
    let tag = match topic {
        Topic::CampaignStats => CAMPAIGN,
        Topic::MessageStatus => b'm',
        Topic::ContactState => match canonical::strings::<3>(key) {
            Some([organisation, "client", client]) => return contact(organisation, client),
            _ => b's',
        },
        _ => PRIVATE,
    };
    only(tag, key)
}

/// Tag of campaigns: their rows, and after each its recount.
const CAMPAIGN: u8 = b'c';
/// Tag of private rows, and of the contact rows among them.
const PRIVATE: u8 = b'p';

/// A client's contact row. Of four parts, where a private row's key has three.
fn contact(organisation: &str, client: &str) -> Bytes {
    only(PRIVATE, &canonical::encode(&[organisation.as_bytes(), client.as_bytes(), b"", b""]))
}

/// All campaigns' rows, among which their recounts stand.
pub(crate) const CAMPAIGNS: &[u8] = &[CAMPAIGN];

/// Organisation and id of a campaign's row; `None` for a recount.
pub(crate) fn campaign_of(key: &[u8]) -> Option<[&str; 2]> {
    canonical::strings(key.strip_prefix(CAMPAIGNS)?)
}

/// A quarter of an hour: zones are apart by whole ones.
pub(crate) const QUARTER_MICROS: i64 = 15 * 60 * 1_000_000;

/// The quarter of an hour that an instant is in, since the Unix epoch.
pub(crate) fn quarter(at: Time) -> u64 {
    u64::try_from(at.micros() / QUARTER_MICROS).unwrap_or(0)
}

/// Quarters of an hour of a campaign.
pub(crate) fn moments(organisation: &str, campaign: &str) -> Bytes {
    tagged(b'h', &canonical::campaign(organisation, campaign)).freeze()
}

/// One of them.
pub(crate) fn moment(organisation: &str, campaign: &str, quarter: u64) -> Bytes {
    let mut key = BytesMut::from(&moments(organisation, campaign)[..]);
    key.put_u64(quarter);
    key.freeze()
}

/// Links, providers and mailbox domains of a campaign, by their tags.
pub(crate) fn parts(tag: u8, organisation: &str, campaign: &str) -> Bytes {
    tagged(tag, &canonical::campaign(organisation, campaign)).freeze()
}

/// One of them, by its name.
pub(crate) fn part(tag: u8, organisation: &str, campaign: &str, name: &str) -> Bytes {
    let mut key = BytesMut::from(&parts(tag, organisation, campaign)[..]);
    key.extend_from_slice(name.as_bytes());
    key.freeze()
}

/// Tag of links.
pub(crate) const LINK: u8 = b'l';
/// Tag of providers.
pub(crate) const PROVIDER: u8 = b'v';
/// Tag of mailbox domains.
pub(crate) const DOMAIN: u8 = b'd';

/// The recount of one partition's rows of a campaign, and the source position of the last that changed it.
pub(crate) fn source(organisation: &str, campaign: &str, partition: u32) -> Bytes {
    let mut key = tagged(b'q', &canonical::campaign(organisation, campaign));
    key.put_u32(partition);
    key.freeze()
}

/// The furthest position of its source that rows of this partition of `message-status` reflect.
pub(crate) fn reflected(partition: u32) -> Bytes {
    let mut key = BytesMut::from(&b"z"[..]);
    key.put_u32(partition);
    key.freeze()
}

/// Messages of a campaign by client.
pub(crate) fn by_client(organisation: &str, campaign: &str) -> Bytes {
    tagged(b'k', &canonical::campaign(organisation, campaign)).freeze()
}

/// Messages of a client in a campaign.
pub(crate) fn in_campaign(organisation: &str, campaign: &str, client: &str) -> Bytes {
    let parts = [organisation.as_bytes(), campaign.as_bytes(), client.as_bytes()];
    tagged(b'k', &canonical::encode(&parts)).freeze()
}

/// One of them.
pub(crate) fn of_client(organisation: &str, campaign: &str, client: &str, message: &str) -> Bytes {
    let mut key = BytesMut::from(&in_campaign(organisation, campaign, client)[..]);
    key.extend_from_slice(message.as_bytes());
    key.freeze()
}

/// Texts that a client is found by.
pub(crate) fn texts(organisation: &str, client: &str) -> Bytes {
    tagged(b'i', &canonical::encode(&[organisation.as_bytes(), client.as_bytes()])).freeze()
}

/// One of them.
pub(crate) fn text(organisation: &str, client: &str, text: &str) -> Bytes {
    let mut key = BytesMut::from(&texts(organisation, client)[..]);
    key.extend_from_slice(text.as_bytes());
    key.freeze()
}

/// Clients of an organisation who have a text with a piece.
pub(crate) fn with_piece(organisation: &str, piece: &str) -> Bytes {
    tagged(b'w', &canonical::encode(&[organisation.as_bytes(), piece.as_bytes()])).freeze()
}

/// One of them.
pub(crate) fn piece(organisation: &str, piece: &str, client: &str) -> Bytes {
    let mut key = BytesMut::from(&with_piece(organisation, piece)[..]);
    key.extend_from_slice(&canonical::encode(&[client.as_bytes()]));
    // Greater than the client itself, as every key in a list that is walked.
    key.put_u8(0);
    key.freeze()
}

/// A client in a list of [`with_piece`], of the client as keys have it.
pub(crate) fn among(list: &[u8], client: &[u8]) -> Bytes {
    [list, client, &[0]].concat().into()
}

/// Clients of an organisation who have a text with a rest that begins like this.
pub(crate) fn with_rest(organisation: &str, begins: &str) -> Bytes {
    let organisation = canonical::encode(&[organisation.as_bytes()]);
    [b"y", &organisation[..], begins.as_bytes()].concat().into()
}

/// One of them.
pub(crate) fn rest(organisation: &str, rest: &str, client: &str) -> Bytes {
    let client = canonical::encode(&[client.as_bytes()]);
    [&with_rest(organisation, rest)[..], &[0], &client].concat().into()
}

/// The client of a key of [`rest`], as keys have it. A text has no zero byte.
pub(crate) fn with_rest_of(key: &Bytes) -> Option<Bytes> {
    let (_, behind) = canonical::first(key.get(1..)?)?;
    let ends = behind.iter().position(|byte| *byte == 0)?;
    Some(key.slice_ref(behind.get(ends + 1..)?))
}

/// Rests in domains of an organisation's addresses that begin like this, whoever has them.
pub(crate) fn of_domain(organisation: &str, begins: &str) -> Bytes {
    let organisation = canonical::encode(&[organisation.as_bytes()]);
    [b"f", &organisation[..], begins.as_bytes()].concat().into()
}

/// Clients of an organisation by name.
pub(crate) fn clients(organisation: &str) -> Bytes {
    tagged(b'b', &canonical::encode(&[organisation.as_bytes()])).freeze()
}

/// A client in that list; `name` without case.
pub(crate) fn client(organisation: &str, name: &str, client: &str) -> Bytes {
    let mut key = BytesMut::from(&clients(organisation)[..]);
    key.extend_from_slice(name.as_bytes());
    key.put_u8(0);
    key.extend_from_slice(client.as_bytes());
    key.freeze()
}

/// The client of a key of [`client`]. An id may hold anything, a name without case has no zero byte of ours before it.
pub(crate) fn client_of(organisation: &str, key: &[u8]) -> Option<String> {
    let rest = key.get(clients(organisation).len()..)?;
    let ends = rest.iter().position(|byte| *byte == 0)?;
    std::str::from_utf8(rest.get(ends + 1..)?).ok().map(str::to_owned)
}

/// What lines show of a client.
pub(crate) fn card(organisation: &str, client: &str) -> Bytes {
    only(b'n', &canonical::encode(&[organisation.as_bytes(), client.as_bytes()]))
}

/// Whom mail of an organisation is withheld from.
pub(crate) fn suppressions(organisation: &str) -> Bytes {
    tagged(b'x', &canonical::encode(&[organisation.as_bytes()])).freeze()
}

/// One of them: a client (`c`) or an address (`a`).
pub(crate) fn suppressed(organisation: &str, subject: &[u8], kind: u8) -> Bytes {
    let mut key = BytesMut::from(&suppressions(organisation)[..]);
    key.put_u8(kind);
    key.extend_from_slice(subject);
    key.freeze()
}

/// Clients of an organisation who unsubscribed without any mail.
pub(crate) fn unsubscribes(organisation: &str) -> Bytes {
    tagged(b'u', &canonical::encode(&[organisation.as_bytes()])).freeze()
}

/// One of them.
pub(crate) fn unsubscribed(organisation: &str, client: &str) -> Bytes {
    let mut key = BytesMut::from(&unsubscribes(organisation)[..]);
    key.extend_from_slice(client.as_bytes());
    key.freeze()
}

/// The recount of a campaign's rows: right after the campaign's own row, with which it is shown.
pub(crate) fn counters(organisation: &str, campaign: &str) -> Bytes {
    only(CAMPAIGN, &canonical::encode(&[organisation.as_bytes(), campaign.as_bytes(), b""]))
}

/// Campaigns of an organisation, newest first.
pub(crate) fn campaigns(organisation: &str) -> Bytes {
    tagged(b'o', &canonical::encode(&[organisation.as_bytes()])).freeze()
}

/// A campaign in that list.
pub(crate) fn listed(organisation: &str, created: Time, campaign: &str) -> Bytes {
    newest_first(campaigns(organisation), created, campaign)
}

/// Campaigns of an organisation in another order.
pub(crate) fn sorted(organisation: &str, sort: u8) -> Bytes {
    let mut key = tagged(b'g', &canonical::encode(&[organisation.as_bytes()]));
    key.put_u8(sort);
    key.freeze()
}

/// A campaign in that order.
pub(crate) fn sorted_at(prefix: Bytes, value: &[u8], created: Time, campaign: &str) -> Bytes {
    let mut key = BytesMut::from(&prefix[..]);
    key.extend_from_slice(value);
    newest_first(key.freeze(), created, campaign)
}

/// What a key of [`listed`] or [`mailed`] ends with.
pub(crate) fn listed_id(prefix: &Bytes, key: &[u8]) -> Option<String> {
    let id = key.get(prefix.len() + 8..)?;
    std::str::from_utf8(id).ok().map(str::to_owned)
}

/// Messages of a tile.
pub(crate) fn recipients(organisation: &str, campaign: &str, tile: Tile) -> Bytes {
    let mut key = tagged(b'r', &canonical::campaign(organisation, campaign));
    key.put_u8(tile.byte());
    key.freeze()
}

/// A message in that list.
pub(crate) fn recipient(organisation: &str, campaign: &str, tile: Tile, message: &str) -> Bytes {
    let mut key = BytesMut::from(&recipients(organisation, campaign, tile)[..]);
    key.extend_from_slice(message.as_bytes());
    key.freeze()
}

/// Mails of a client, newest first.
pub(crate) fn mails(organisation: &str, client: &str) -> Bytes {
    tagged(b'e', &canonical::encode(&[organisation.as_bytes(), client.as_bytes()])).freeze()
}

/// A message in that list.
pub(crate) fn mailed(organisation: &str, client: &str, at: Time, message: &str) -> Bytes {
    newest_first(mails(organisation, client), at, message)
}

/// Where the view stands in a partition of a topic.
pub(crate) fn position(topic: Topic, partition: u32) -> Bytes {
    let mut key = BytesMut::from(POSITIONS);
    key.put_u8(topic as u8);
    key.put_u32(partition);
    key.freeze()
}

/// What a key of [`POSITIONS`] is of.
pub(crate) fn position_of(key: &[u8]) -> Option<(Topic, u32)> {
    let (topic, partition) = key.strip_prefix(POSITIONS)?.split_first()?;
    let topic = Topic::ALL.into_iter().find(|known| *known as u8 == *topic)?;
    Some((topic, u32::from_be_bytes(partition.try_into().ok()?)))
}

/// Tag of positions.
pub(crate) const POSITIONS: &[u8] = b"t";
/// The latest event time that the view reflects.
pub(crate) const AS_OF: &[u8] = b"a";

fn newest_first(prefix: Bytes, at: Time, id: &str) -> Bytes {
    let mut key = BytesMut::from(&prefix[..]);
    key.put_u64(u64::MAX - u64::try_from(at.micros()).unwrap_or(0));
    key.extend_from_slice(id.as_bytes());
    key.freeze()
}

/// A tag and a key, with no room for more: see [`canonical::encode`].
fn only(tag: u8, key: &[u8]) -> Bytes {
    [&[tag], key].concat().into()
}

fn tagged(tag: u8, key: &[u8]) -> BytesMut {
    let mut tagged = BytesMut::with_capacity(key.len() + 40);
    tagged.put_u8(tag);
    tagged.extend_from_slice(key);
    tagged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_campaigns_come_first_and_no_organisation_sees_anothers() {
        let at = |micros| listed("acme", Time::from_micros(micros), "c");
        assert!(at(2) < at(1));
        assert_eq!(listed_id(&campaigns("acme"), &at(7)).as_deref(), Some("c"));
        assert!(!listed("acme2", Time::from_micros(1), "c").starts_with(&campaigns("acme")));
        let private = |part: &str| row(Topic::Private, &canonical::private("acme", "k", part));
        let contact = row(Topic::ContactState, &canonical::client("acme", "k"));
        assert!(private("") < contact && contact < private("mail/m"));
        let campaign = row(Topic::CampaignStats, &canonical::campaign("acme", "c"));
        assert_eq!((campaign_of(&campaign), campaign_of(&counters("acme", "c"))), (Some(["acme", "c"]), None));
        assert!(!recipient("acme", "c12", Tile::Sent, "m").starts_with(&recipients("acme", "c1", Tile::Sent)));
    }
}
