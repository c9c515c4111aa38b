//! One event of a request: read, judged as decode would, and what became of it.

use axum::http::StatusCode;
use contract::Proto as _;
use contract::proto::platform::v1::PlatformEvent;
use domain::{Arrival, Time};
use engine::Offset;
use processor::decode::platform;
use processor::emit::Emit;
use processor::reject::Reject;
use processor::settings::Settings;
use serde_json::json;

use super::EVENTS_MAX;
use crate::problem::Problem;

/// How events stand in a body.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// One JSON object a line.
    Json,
    /// Protobuf, each behind its length.
    Protobuf,
}

/// One event of a request.
pub(super) struct Line {
    number: usize,
    state: State,
}

enum State {
    Good(Vec<u8>),
    Taken,
    Appended(u32, Offset),
    Refused(Reject),
}

/// The event of a JSON line, when decode would take it.
///
/// # Errors
/// Field, reason and remedy.
pub fn verdict(settings: &Settings, line: &[u8], received_ms: i64) -> Result<PlatformEvent, Reject> {
    let event = contract::json::platform_event(line).map_err(|error| {
        Reject::record("not_json", format!("{error}: write one object a line with the fields of proto/platform.proto"))
    })?;
    judged(settings, event, received_ms)
}

fn judged(settings: &Settings, event: PlatformEvent, received_ms: i64) -> Result<PlatformEvent, Reject> {
    let received = Time::from_micros(received_ms.saturating_mul(1_000));
    let arrival = Arrival { received, ..Arrival::default() };
    platform::event_of(settings, &event, arrival, &mut Emit::new(settings))?;
    Ok(event)
}

/// Every event of a body, judged; a body with too many is refused whole.
pub(super) fn judge(settings: &Settings, form: Form, body: &[u8], now_ms: i64) -> Result<Vec<Line>, Problem> {
    let events = match form {
        Form::Json => lines(body),
        Form::Protobuf => delimited(body),
    };
    let mut judged = Vec::new();
    for (number, event) in events {
        if judged.len() == EVENTS_MAX {
            let detail = format!("at most {EVENTS_MAX} events are taken in one request: send it in parts");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-many-events", detail));
        }
        let verdict = event.and_then(|event| one(settings, form, event, now_ms));
        let state = verdict.map_or_else(State::Refused, |event| State::Good(event.encode_to_vec()));
        judged.push(Line { number, state });
    }
    if judged.is_empty() {
        let detail = "the body holds no event: write one JSON object a line, or protobuf messages behind their lengths";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "empty-body", detail));
    }
    Ok(judged)
}

fn one(settings: &Settings, form: Form, event: &[u8], now_ms: i64) -> Result<PlatformEvent, Reject> {
    const BYTES_MAX: usize = contract::json::LINE_BYTES_MAX;
    if event.len() > BYTES_MAX {
        let detail = format!("{} bytes, at most {BYTES_MAX} are taken: shorten the body of the mail", event.len());
        return Err(Reject::record("too_large", detail));
    }
    match form {
        Form::Json => verdict(settings, event, now_ms),
        Form::Protobuf => {
            let parsed = contract::decode("PlatformEvent", event).map_err(|error| {
                Reject::record("not_protobuf", format!("{error}: write mailtally.platform.v1.PlatformEvent"))
            })?;
            judged(settings, parsed, now_ms)
        }
    }
}

/// Events by the number of their line or message, from 1.
type Events<'a> = Box<dyn Iterator<Item = (usize, Result<&'a [u8], Reject>)> + 'a>;

fn lines(body: &[u8]) -> Events<'_> {
    let numbered = (1..).zip(body.split(|byte| *byte == b'\n'));
    let written = numbered.filter(|(_, line)| !line.iter().all(u8::is_ascii_whitespace));
    Box::new(written.map(|(number, line)| (number, Ok(line))))
}

/// What stands behind a length that leads nowhere cannot be found: it is one refusal, and the end.
fn delimited(body: &[u8]) -> Events<'_> {
    let mut rest = body;
    Box::new((1..).map_while(move |number| {
        if rest.is_empty() {
            return None;
        }
        let length = prost::decode_length_delimiter(&mut rest).ok();
        let Some((event, after)) = length.and_then(|length| rest.split_at_checked(length)) else {
            rest = &[];
            let detail = "its length leads beyond the body: write each message behind its length as a varint";
            return Some((number, Err(Reject::record("bad_length", detail))));
        };
        rest = after;
        Some((number, Ok(event)))
    }))
}

impl Line {
    /// Takes a good event out, to be appended.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        let State::Good(event) = &mut self.state else { return None };
        let event = std::mem::take(event);
        self.state = State::Taken;
        Some(event)
    }

    /// Says where a taken event stands.
    pub(super) fn appended(&mut self, places: &mut impl Iterator<Item = (u32, Offset)>) {
        if matches!(self.state, State::Taken)
            && let Some((partition, offset)) = places.next()
        {
            self.state = State::Appended(partition, offset);
        }
    }

    pub(super) fn is_refused(&self) -> bool {
        matches!(self.state, State::Refused(_))
    }

    /// What became of it, as it is answered.
    pub(super) fn json(&self) -> serde_json::Value {
        match &self.state {
            State::Appended(partition, offset) => {
                json!({"line": self.number, "outcome": "taken", "partition": partition, "offset": offset})
            }
            State::Good(_) | State::Taken => json!({"line": self.number, "outcome": "unknown"}),
            State::Refused(why) => {
                let field = (!why.field.is_empty()).then_some(why.field);
                json!({"line": self.number, "outcome": "refused", "field": field, "reason": why.reason, "remedy": why.detail})
            }
        }
    }
}
