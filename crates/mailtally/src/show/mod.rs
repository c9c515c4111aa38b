//! How rows are shown: readers' rows in, text or JSON out. Reads no log, knows no command; what is written can be read by
//! people (tables that explain their numbers) or by scripts (one object a row).

pub(crate) mod campaign;
pub(crate) mod campaigns;
pub(crate) mod grid;
pub(crate) mod json;
mod numbers;
pub(crate) mod recipients;
mod words;

use std::collections::BTreeMap;
use std::str::FromStr as _;

use contract::proto::platform::v1::Organisation;
use domain::Time;

/// What is known of the organisations, by id.
pub(crate) type Organisations = BTreeMap<String, Organisation>;

/// An organisation's name; its id while the name is not known.
fn name_of<'a>(organisations: &'a Organisations, id: &'a str) -> &'a str {
    organisations.get(id).map(|known| known.name.as_str()).filter(|name| !name.is_empty()).unwrap_or(id)
}

/// A time on the organisation's own wall clock, to the minute; in UTC while its zone is not known.
fn local(organisations: &Organisations, id: &str, time: Time) -> String {
    let zone = organisations.get(id).and_then(|known| chrono_tz::Tz::from_str(&known.zone).ok());
    let zone = zone.unwrap_or(chrono_tz::UTC);
    time.utc().map_or_else(String::new, |utc| utc.with_timezone(&zone).format("%Y-%m-%d %H:%M %Z").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_on_the_organisations_clock() {
        let organisation = |zone: &str| Organisation { zone: zone.to_owned(), ..Organisation::default() };
        let known = Organisations::from([
            ("laval".to_owned(), organisation("America/Toronto")),
            ("odd".to_owned(), organisation("Mars/Olympus")),
        ]);
        let time = Time::from_micros(1_777_680_000_000_000);
        for (id, expected) in
            [("laval", "2026-05-01 20:00 EDT"), ("odd", "2026-05-02 00:00 UTC"), ("unknown", "2026-05-02 00:00 UTC")]
        {
            assert_eq!(local(&known, id, time), expected, "{id}");
        }
    }
}
