//! Every kind of event, as a body and as what is read out of it: `payloads/PROVIDER/*.json`, the outcomes beside them in `*.golden`, one
//! a line. `MAILTALLY_BLESS=1` writes them anew, to be read before they are committed.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

mod bodies;

use std::fmt::Write as _;

use bodies::{mapping, payloads};
use providers::{Outcome, Reject, to_json};

fn lines(read: &Result<Vec<Outcome>, Reject>) -> String {
    match read {
        Err(why) => format!("{} {}\n", why.reason, why.detail),
        Ok(outcomes) => outcomes.iter().fold(String::new(), |mut lines, outcome| {
            writeln!(lines, "{}", to_json(outcome)).expect("a string takes all");
            lines
        }),
    }
}

#[test]
fn every_payload_is_read_as_its_golden_file_says() {
    let bless = std::env::var_os("MAILTALLY_BLESS").is_some();
    let mut compared = 0;
    for (provider, file, body) in payloads() {
        let read = lines(&(provider.decode)(&body, &mapping()));
        let golden = file.with_extension("golden");
        if bless {
            std::fs::write(&golden, &read).expect("writable");
        }
        let expected = std::fs::read_to_string(&golden).expect("a golden file beside each payload");
        assert_eq!(read, expected, "{}", file.display());
        compared += 1;
    }
    assert!(compared > 40, "the payloads are there");
}
