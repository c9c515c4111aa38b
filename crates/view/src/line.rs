//! What a list shows of a message, as it is kept with the list: what is for readers of the message's row, and the address used. It
//! stands in that one of the lists Sent, Not sent and Copy that the message is in, so a page's lines are read side by side. A
//! function of the message's row and of its mail's private row: whoever changes one of them writes the line anew in the same batch.

use bytes::{BufMut as _, Bytes, BytesMut};
use contract::Proto as _;
use contract::proto::message::v1::MessageState;

/// A line: what is published of the message for readers, and the address while it is kept, else empty.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) row: MessageState,
    pub(crate) address: String,
}

impl Line {
    /// As it is kept, of what [`shown`] gave.
    pub(crate) fn write(shown: &[u8], address: &str) -> Bytes {
        let mut line = BytesMut::with_capacity(4 + shown.len() + address.len());
        line.put_u32(u32::try_from(shown.len()).unwrap_or(0));
        line.extend_from_slice(shown);
        line.extend_from_slice(address.as_bytes());
        line.freeze()
    }

    /// What is kept; `None` where it cannot be read.
    pub(crate) fn read(line: &Bytes) -> Option<Self> {
        let (bytes, rest) = line.split_first_chunk::<4>()?;
        let (shown, address) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*bytes)).ok()?)?;
        let row = contract::decode_shared("MessageState", &line.slice_ref(shown)).ok()?;
        Some(Self { row, address: std::str::from_utf8(address).ok()?.to_owned() })
    }
}

/// A row without its facts, and without the address's hash, which no page shows and nothing can shorten.
pub(crate) fn shown(row: &MessageState) -> Bytes {
    let row = MessageState {
        campaign: row.campaign.clone(),
        client: row.client.clone(),
        status: row.status,
        outcome: row.outcome,
        status_since: row.status_since,
        class: row.class,
        copy: row.copy,
        origin: row.origin,
        delivered_inferred: row.delivered_inferred,
        bounce: row.bounce,
        drop: row.drop,
        withheld: row.withheld,
        ..MessageState::default()
    };
    row.encode_to_vec().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_with_and_without_an_address() {
        let row = MessageState { campaign: "c".into(), client: "k".into(), ..MessageState::default() };
        for address in ["", "z\u{e9}@example.test"] {
            let line = Line { row: row.clone(), address: address.to_owned() };
            assert_eq!(Line::read(&Line::write(&shown(&row), address)), Some(line));
        }
        assert_eq!(Line::read(&Bytes::from_static(b"\0\0\0\x09c")), None);
    }
}
