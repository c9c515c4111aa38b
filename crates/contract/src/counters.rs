//! A campaign's numbers between `domain` and protobuf, and the words under which parts of them stand.

use std::collections::BTreeMap;

use domain::tally::Word;
use domain::{Counters, DropReason, Status, Tally, WithheldReason};

use crate::fields::Reader;
use crate::proto::campaign::v1 as wire;
use crate::{Error, event, message};

macro_rules! both_ways {
    ($($tag:literal $field:ident),+ $(,)?) => {
        /// The wire form of counters.
        pub fn to_wire(counters: &Counters) -> wire::Counters {
            wire::Counters {
                $($field: counters.$field,)+
                dropped_by: spelled(&counters.dropped_by, drop_word),
                not_sent_by: spelled(&counters.not_sent_by, withheld_word),
                by_status: spelled(&counters.by_status, status_word),
            }
        }

        /// The counters of a wire value.
        ///
        /// # Errors
        /// [`Error::Field`] for a word that this version does not know.
        pub fn from_wire(wire: &wire::Counters) -> Result<Counters, Error> {
            Ok(Counters {
                $($field: wire.$field,)+
                dropped_by: read("dropped_by", &wire.dropped_by, drop_word)?,
                not_sent_by: read("not_sent_by", &wire.not_sent_by, withheld_word)?,
                by_status: read("by_status", &wire.by_status, status_word)?,
            })
        }

        /// The counters of a wire value's bytes, as [`from_wire`], without prost's struct between.
        ///
        /// # Errors
        /// [`Error::Malformed`] for bytes that are no counters, else as [`from_wire`].
        pub fn decode(bytes: &[u8]) -> Result<Counters, Error> {
            let (mut counters, mut reader) = (Counters::default(), Reader { what: "Counters", rest: bytes });
            while let Some((tag, wire)) = reader.next()? {
                match tag {
                    $($tag => counters.$field = reader.large(wire)?,)+
                    11 => count("dropped_by", reader.bytes(wire)?, &mut counters.dropped_by, drop_word)?,
                    27 => count("not_sent_by", reader.bytes(wire)?, &mut counters.not_sent_by, withheld_word)?,
                    30 => count("by_status", reader.bytes(wire)?, &mut counters.by_status, status_word)?,
                    _ => reader.skip(tag, wire)?,
                }
            }
            Ok(counters)
        }
    };
}

both_ways!(
    1 sent,
    2 pending,
    3 delivered,
    4 delivered_inferred,
    5 bounced,
    6 bounced_hard,
    7 bounced_soft,
    8 blocked,
    9 bounced_undetermined,
    10 dropped,
    12 opened,
    13 opened_inferred,
    14 opened_with_machine,
    15 clicked,
    16 clicked_with_machine,
    17 opens,
    18 clicks,
    19 machine_opens,
    20 machine_clicks,
    21 totals_at_least,
    22 spam,
    23 blocked_spam,
    24 unsubscribed,
    25 unsubscribed_ever,
    26 not_sent,
    28 without_send,
    29 copies,
    32 client_file,
);

fn drop_word(reason: DropReason) -> &'static str {
    word(event::drop_to_wire(reason).as_str_name(), "DROP_REASON_")
}

fn withheld_word(reason: WithheldReason) -> &'static str {
    word(event::withheld_to_wire(reason).as_str_name(), "WITHHELD_REASON_")
}

fn status_word(status: Status) -> &'static str {
    word(message::status_to_wire(status).as_str_name(), "STATUS_")
}

/// `DROP_REASON_QUOTA` as `QUOTA`.
fn word(name: &'static str, prefix: &str) -> &'static str {
    name.strip_prefix(prefix).unwrap_or(name)
}

/// In small letters, as JSON and platform events spell them.
fn spelled<W: Word>(counts: &Tally<W>, spell: fn(W) -> &'static str) -> BTreeMap<String, u64> {
    counts.iter().map(|(word, count)| (spell(word).to_ascii_lowercase(), count)).collect()
}

fn read<W: Word>(
    field: &'static str,
    counts: &BTreeMap<String, u64>,
    spell: fn(W) -> &'static str,
) -> Result<Tally<W>, Error> {
    let mut read = Tally::default();
    for (said, count) in counts {
        read.insert(known(field, said, spell)?, *count);
    }
    Ok(read)
}

/// Reads one entry of a map: its word is field 1, its count field 2.
fn count<W: Word>(
    field: &'static str,
    entry: &[u8],
    counts: &mut Tally<W>,
    spell: fn(W) -> &'static str,
) -> Result<(), Error> {
    let (mut said, mut count, mut reader) = ("", 0, Reader { what: field, rest: entry });
    while let Some((tag, wire)) = reader.next()? {
        match tag {
            1 => said = reader.text(wire)?,
            2 => count = reader.large(wire)?,
            _ => reader.skip(tag, wire)?,
        }
    }
    counts.insert(known(field, said, spell)?, count);
    Ok(())
}

fn known<W: Word>(field: &'static str, said: &str, spell: fn(W) -> &'static str) -> Result<W, Error> {
    let unknown = || Error::Field { field, detail: "holds a word that this version does not know".to_owned() };
    W::ALL.iter().copied().find(|word| is_small(said, spell(*word))).ok_or_else(unknown)
}

/// Whether a text is a name in small letters.
fn is_small(text: &str, name: &str) -> bool {
    text.len() == name.len() && text.bytes().eq(name.bytes().map(|byte| byte.to_ascii_lowercase()))
}
