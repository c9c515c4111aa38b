//! A campaign's numbers between `domain` and protobuf, and the words under which parts of them stand.

use std::collections::BTreeMap;

use domain::tally::Word;
use domain::{Counters, DropReason, Status, Tally, WithheldReason};

use crate::proto::campaign::v1 as wire;
use crate::{Error, event, message};

macro_rules! both_ways {
    ($($field:ident),+ $(,)?) => {
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
    };
}

both_ways!(
    sent,
    pending,
    delivered,
    delivered_inferred,
    bounced,
    bounced_hard,
    bounced_soft,
    blocked,
    bounced_undetermined,
    dropped,
    opened,
    opened_inferred,
    opened_with_machine,
    clicked,
    clicked_with_machine,
    opens,
    clicks,
    machine_opens,
    machine_clicks,
    totals_at_least,
    spam,
    blocked_spam,
    unsubscribed,
    unsubscribed_ever,
    not_sent,
    without_send,
    copies,
    client_file,
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
    let unknown = || Error::Field { field, detail: "holds a word that this version does not know".to_owned() };
    for (said, count) in counts {
        let word = W::ALL.iter().find(|word| is_small(said, spell(**word))).ok_or_else(unknown)?;
        read.insert(*word, *count);
    }
    Ok(read)
}

/// Whether a text is a name in small letters.
fn is_small(text: &str, name: &str) -> bool {
    text.len() == name.len() && text.bytes().eq(name.bytes().map(|byte| byte.to_ascii_lowercase()))
}
