//! Keys of the view's store: a tag, the organisation, then what pages list by. An organisation's keys share a prefix that no
//! other's begin with (I8), since parts carry their length.

use bytes::{BufMut as _, Bytes, BytesMut};
use contract::key as canonical;
use contract::topic::Topic;
use domain::Time;

use crate::tile::Tile;

/// What a published row is kept under, followed by its own key.
pub(crate) fn row(topic: Topic, key: &[u8]) -> Bytes {
    let tag = match topic {
        Topic::CampaignStats => b'c',
        Topic::MessageStatus => b'm',
        Topic::ContactState => b's',
        _ => b'p',
    };
    tagged(tag, key).freeze()
}

/// The recount of a campaign's rows.
pub(crate) fn counters(organisation: &str, campaign: &str) -> Bytes {
    tagged(b'n', &canonical::campaign(organisation, campaign)).freeze()
}

/// Campaigns of an organisation, newest first.
pub(crate) fn campaigns(organisation: &str) -> Bytes {
    tagged(b'o', &canonical::encode(&[organisation.as_bytes()])).freeze()
}

/// A campaign in that list.
pub(crate) fn listed(organisation: &str, created: Time, campaign: &str) -> Bytes {
    newest_first(campaigns(organisation), created, campaign)
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
    let mut key = BytesMut::from(&b"t"[..]);
    key.put_u8(topic as u8);
    key.put_u32(partition);
    key.freeze()
}

/// The latest event time that the view reflects.
pub(crate) const AS_OF: &[u8] = b"a";

fn newest_first(prefix: Bytes, at: Time, id: &str) -> Bytes {
    let mut key = BytesMut::from(&prefix[..]);
    key.put_u64(u64::MAX - u64::try_from(at.micros()).unwrap_or(0));
    key.extend_from_slice(id.as_bytes());
    key.freeze()
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
        assert!(!recipient("acme", "c12", Tile::Sent, "m").starts_with(&recipients("acme", "c1", Tile::Sent)));
    }
}
