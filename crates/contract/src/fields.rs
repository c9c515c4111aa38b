//! The fields of an event's protobuf, borrowed: every event and every fact of a row passes here, so neither strings nor
//! structs of prost's stand between. The bytes are those that prost reads and writes (`tests/fields.rs` compares them).

use crate::Error;
use crate::proto::event::v1::Event as Wire;

/// The type that a kind of field has while it is borrowed.
macro_rules! held {
    (bytes $life:lifetime) => { &$life [u8] };
    (text $life:lifetime) => { &$life str };
    (flag $life:lifetime) => { bool };
    (word $life:lifetime) => { i32 };
    (small $life:lifetime) => { u32 };
    (large $life:lifetime) => { u64 };
    (fixed $life:lifetime) => { i64 };
    (signed $life:lifetime) => { i64 };
}

macro_rules! fields {
    ($($tag:literal $name:ident: $kind:ident),+ $(,)?) => {
        /// An event of `proto/event.proto`; a default stands for what is not there.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(crate) struct Fields<'a> {
            $(pub(crate) $name: held!($kind 'a),)+
        }

        impl<'a> Fields<'a> {
            /// # Errors
            /// [`Error::Malformed`].
            pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Error> {
                let (mut this, mut reader) = (Self::default(), Reader { what: "Event", rest: bytes });
                while let Some((tag, wire)) = reader.next()? {
                    match tag {
                        $($tag => this.$name = reader.$kind(wire)?,)+
                        _ => reader.skip(tag, wire)?,
                    }
                }
                Ok(this)
            }

            /// Appends them, in the order of their numbers.
            pub(crate) fn write(&self, out: &mut Vec<u8>) {
                $(put::$kind(out, $tag, self.$name);)+
            }

            /// Those of prost's struct.
            pub(crate) fn of(wire: &'a Wire) -> Self {
                Self { $($name: of::$kind(&wire.$name),)+ }
            }

            /// As prost's struct.
            pub(crate) fn to_wire(self) -> Wire {
                Wire { $($name: owned::$kind(self.$name),)+ }
            }
        }
    };
}

fields! {
    1 id: bytes,
    2 time_us: fixed,
    3 decoder: small,
    4 retracted: flag,
    5 kind: word,
    6 bounce: word,
    7 asynchronous: flag,
    8 drop: word,
    9 agent: word,
    10 withheld: word,
    11 scope: word,
    12 list: text,
    13 from_register: flag,
    14 reason: text,
    15 link: text,
    16 rank: word,
    17 campaign: text,
    18 client: text,
    19 address: bytes,
    20 class: word,
    21 copy: word,
    22 origin: word,
    23 provider: text,
    24 received_after_us: signed,
    25 source_topic: small,
    26 source_partition: small,
    27 source_offset: large,
    28 said: small,
}

/// Wire types of protobuf.
const VARINT: u64 = 0;
const EIGHT: u64 = 1;
const LENGTH: u64 = 2;
const GROUP: u64 = 3;
const GROUP_END: u64 = 4;
const FOUR: u64 = 5;

/// Groups within groups, as many as prost takes.
const DEPTH_MAX: u32 = 100;

/// Fields of one message, in the order in which they stand there.
pub(crate) struct Reader<'a> {
    pub(crate) what: &'static str,
    pub(crate) rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn malformed<T>(&self, detail: &str) -> Result<T, Error> {
        Err(Error::Malformed { what: self.what, detail: detail.to_owned() })
    }

    /// The next field's number and wire type; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, u64)>, Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        match (key >> 3, key & 7) {
            (0, _) => self.malformed("a field has number 0"),
            _ if key > u64::from(u32::MAX) => self.malformed("a field's number is too large"),
            found => Ok(Some(found)),
        }
    }

    fn varint(&mut self) -> Result<u64, Error> {
        let mut value = 0_u64;
        for place in 0..10 {
            let Some((&byte, rest)) = self.rest.split_first() else { return self.malformed("it ends within a number") };
            self.rest = rest;
            if place == 9 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        self.malformed("a number is longer than 64 bits")
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Error> {
        let parts = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        let Some((part, rest)) = parts else { return self.malformed("it ends within a field") };
        self.rest = rest;
        Ok(part)
    }

    /// A field of this wire type, whose number is not known.
    pub(crate) fn skip(&mut self, number: u64, wire: u64) -> Result<(), Error> {
        self.skip_within(number, wire, DEPTH_MAX)
    }

    fn skip_within(&mut self, number: u64, wire: u64, depth: u32) -> Result<(), Error> {
        match wire {
            VARINT => self.varint().map(|_| ()),
            EIGHT => self.take(8).map(|_| ()),
            LENGTH => self.bytes(wire).map(|_| ()),
            FOUR => self.take(4).map(|_| ()),
            GROUP => self.skip_group(number, depth),
            _ => self.malformed("a field has a wire type that is not known"),
        }
    }

    /// A group of fields, which nobody writes since proto3, to its end.
    fn skip_group(&mut self, number: u64, depth: u32) -> Result<(), Error> {
        let Some(depth) = depth.checked_sub(1) else { return self.malformed("groups within groups, too deep") };
        loop {
            match self.next()? {
                None => return self.malformed("it ends within a group"),
                Some((of, GROUP_END)) if of == number => return Ok(()),
                Some((inner, wire)) => self.skip_within(inner, wire, depth)?,
            }
        }
    }

    fn expect(&self, wire: u64, wanted: u64) -> Result<(), Error> {
        if wire == wanted { Ok(()) } else { self.malformed("a field has another wire type than its number says") }
    }

    pub(crate) fn bytes(&mut self, wire: u64) -> Result<&'a [u8], Error> {
        self.expect(wire, LENGTH)?;
        let length = self.varint()?;
        self.take(length)
    }

    pub(crate) fn text(&mut self, wire: u64) -> Result<&'a str, Error> {
        let bytes = self.bytes(wire)?;
        std::str::from_utf8(bytes).or_else(|_| self.malformed("a text is not UTF-8"))
    }

    pub(crate) fn large(&mut self, wire: u64) -> Result<u64, Error> {
        self.expect(wire, VARINT)?;
        self.varint()
    }

    #[expect(clippy::cast_possible_truncation, reason = "as protobuf has it: the lower bits count")]
    pub(crate) fn small(&mut self, wire: u64) -> Result<u32, Error> {
        self.large(wire).map(|value| value as u32)
    }

    pub(crate) fn word(&mut self, wire: u64) -> Result<i32, Error> {
        self.small(wire).map(|value| value as i32)
    }

    pub(crate) fn flag(&mut self, wire: u64) -> Result<bool, Error> {
        self.large(wire).map(|value| value != 0)
    }

    pub(crate) fn signed(&mut self, wire: u64) -> Result<i64, Error> {
        self.large(wire).map(|value| (value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn fixed(&mut self, wire: u64) -> Result<i64, Error> {
        self.expect(wire, EIGHT)?;
        self.take(8).map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap_or_default()))
    }
}

/// Writing a field; nothing for a default.
pub(crate) mod put {
    use super::{EIGHT, LENGTH, VARINT};

    pub(crate) fn varint(out: &mut Vec<u8>, mut value: u64) {
        while value >= 0x80 {
            out.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        #[expect(clippy::cast_possible_truncation, reason = "below 0x80")]
        out.push(value as u8);
    }

    pub(crate) fn bytes(out: &mut Vec<u8>, tag: u64, value: &[u8]) {
        if !value.is_empty() {
            varint(out, tag << 3 | LENGTH);
            varint(out, value.len() as u64);
            out.extend_from_slice(value);
        }
    }

    pub(crate) fn text(out: &mut Vec<u8>, tag: u64, value: &str) {
        bytes(out, tag, value.as_bytes());
    }

    pub(crate) fn large(out: &mut Vec<u8>, tag: u64, value: u64) {
        if value != 0 {
            varint(out, tag << 3 | VARINT);
            varint(out, value);
        }
    }

    pub(crate) fn small(out: &mut Vec<u8>, tag: u64, value: u32) {
        large(out, tag, u64::from(value));
    }

    pub(crate) fn word(out: &mut Vec<u8>, tag: u64, value: i32) {
        large(out, tag, i64::from(value) as u64);
    }

    pub(crate) fn flag(out: &mut Vec<u8>, tag: u64, value: bool) {
        large(out, tag, u64::from(value));
    }

    pub(crate) fn signed(out: &mut Vec<u8>, tag: u64, value: i64) {
        large(out, tag, (value << 1 ^ value >> 63) as u64);
    }

    pub(crate) fn fixed(out: &mut Vec<u8>, tag: u64, value: i64) {
        if value != 0 {
            varint(out, tag << 3 | EIGHT);
            out.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// A message within a message, written even when it is empty.
    pub(crate) fn nested(out: &mut Vec<u8>, tag: u64, write: impl FnOnce(&mut Vec<u8>)) {
        varint(out, tag << 3 | LENGTH);
        let start = out.len();
        // Most are shorter than 128 bytes: one byte says how long.
        out.push(0);
        write(out);
        let length = out.len() - start - 1;
        let mut said = Vec::new();
        match (u8::try_from(length), out.get_mut(start)) {
            (Ok(short), Some(place)) if short < 0x80 => *place = short,
            _ => {
                varint(&mut said, length as u64);
                out.splice(start..=start, said);
            }
        }
    }
}

/// Fields of prost's struct, borrowed.
mod of {
    use ::bytes::Bytes;

    pub(super) fn bytes(value: &Bytes) -> &[u8] {
        value
    }

    pub(super) fn text(value: &str) -> &str {
        value
    }

    macro_rules! copied {
        ($($kind:ident $type:ty),+) => {$(
            pub(super) fn $kind(value: &$type) -> $type {
                *value
            }
        )+};
    }

    copied!(flag bool, word i32, small u32, large u64, fixed i64, signed i64);
}

/// Fields as prost's struct owns them.
mod owned {
    use ::bytes::Bytes;

    pub(super) fn bytes(value: &[u8]) -> Bytes {
        Bytes::copy_from_slice(value)
    }

    pub(super) fn text(value: &str) -> String {
        value.to_owned()
    }

    macro_rules! kept {
        ($($kind:ident $type:ty),+) => {$(
            pub(super) fn $kind(value: $type) -> $type {
                value
            }
        )+};
    }

    kept!(flag bool, word i32, small u32, large u64, fixed i64, signed i64);
}
