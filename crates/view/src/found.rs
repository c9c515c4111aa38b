//! What clients are found by: every text that a row of theirs holds, with how many rows hold it, and the pieces and rests of the
//! texts, with how many texts of the client have it. A mail to an address that the client had already changes one number.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::overlay::{Overlay, Rows};
use crate::{key, trigrams};

/// By how many rows more, or fewer, texts of clients are held after a batch.
#[derive(Default)]
pub(crate) struct Texts(BTreeMap<Text, i64>);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Text {
    organisation: String,
    client: String,
    text: String,
}

impl Texts {
    /// A row of a client held one text, and holds another.
    pub(crate) fn change(&mut self, organisation: &str, client: &str, was: Option<&str>, is: Option<&str>) {
        if was == is {
            return;
        }
        for (text, rows) in [(was, -1), (is, 1)] {
            let Some(text) = text.map(trigrams::searched).filter(|text| !text.is_empty()) else { continue };
            let text = Text { organisation: organisation.to_owned(), client: client.to_owned(), text };
            *self.0.entry(text).or_default() += rows;
        }
    }

    /// Writes what has changed.
    pub(crate) fn write<R: Rows>(self, rows: &mut Overlay<'_, R>) -> Result<(), R::Error> {
        let keys = self.0.keys().map(|Text { organisation, client, text }| key::text(organisation, client, text));
        rows.load(keys)?;
        let mut pieces: BTreeMap<Bytes, i64> = BTreeMap::new();
        for (Text { organisation, client, text }, more) in self.0 {
            let (was, is) = rows.add(key::text(&organisation, &client, &text), more)?;
            let texts = i64::from(is > 0) - i64::from(was > 0);
            if texts == 0 {
                continue;
            }
            let [own, of_domain] = trigrams::rests(&text);
            let rests = own.iter().map(|rest| key::rest(&organisation, rest, &client));
            let rests = rests.chain(of_domain.iter().map(|rest| key::of_domain(&organisation, rest)));
            for key in rests {
                *pieces.entry(key).or_default() += texts;
            }
            for piece in trigrams::of_text(&text) {
                *pieces.entry(key::piece(&organisation, &piece, &client)).or_default() += texts;
            }
        }
        rows.add_all(pieces)
    }
}
