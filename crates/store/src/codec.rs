//! The bytes of a [`Position`]: a version byte, then fixed integers and length-prefixed names.

use engine::{Identity, Position};

const FORMAT: u8 = 1;

/// A position as bytes.
pub(crate) fn encode(position: &Position) -> Vec<u8> {
    let mut out = vec![FORMAT];
    out.extend_from_slice(&position.input.to_be_bytes());
    out.extend_from_slice(&position.state.to_be_bytes());
    out.extend_from_slice(&position.fold_version.to_be_bytes());
    out.extend_from_slice(&position.written_ms.to_be_bytes());
    out.extend_from_slice(&position.identity.partitions.to_be_bytes());
    let identity = &position.identity;
    for name in [&identity.log, &identity.input_topic, &identity.state_topic] {
        out.extend_from_slice(&u32::try_from(name.len()).unwrap_or(0).to_be_bytes());
        out.extend_from_slice(name.as_bytes());
    }
    out
}

/// The position of these bytes; `None` when they are not one.
pub(crate) fn decode(bytes: &[u8]) -> Option<Position> {
    let (format, mut rest) = bytes.split_first()?;
    if *format != FORMAT {
        return None;
    }
    let input = u64::from_be_bytes(take(&mut rest)?);
    let state = u64::from_be_bytes(take(&mut rest)?);
    let fold_version = u32::from_be_bytes(take(&mut rest)?);
    let written_ms = i64::from_be_bytes(take(&mut rest)?);
    let partitions = u32::from_be_bytes(take(&mut rest)?);
    let (log, input_topic, state_topic) = (name(&mut rest)?, name(&mut rest)?, name(&mut rest)?);
    let identity = Identity { log, input_topic, state_topic, partitions };
    rest.is_empty().then_some(Position { input, state, fold_version, identity, written_ms })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*taken)
}

fn name(rest: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(u32::from_be_bytes(take(rest)?)).ok()?;
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    String::from_utf8(taken.to_vec()).ok()
}
