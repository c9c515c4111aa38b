//! `POST /v1/platform-events`: many events in one request, answered after the fsync with one outcome a line. Good lines
//! are taken though others are bad; a bad one is not appended.

mod append;
mod line;
mod pace;
mod room;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use contract::topic::Topic;
use engine::{Output, Record, TopicPartition};
use processor::settings::Settings;
use service::metric;

pub use append::{Appender, Unkept};
pub use line::verdict;
use line::{Form, Line};
pub use room::{Held, Room};

use crate::problem::Problem;
use crate::router::Edges;

/// Most events of a request.
pub const EVENTS_MAX: usize = 1_000;
/// Most bytes of a request.
pub const BODY_BYTES_MAX: usize = 8 << 20;
/// How long a request's body may take.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// Takes events in.
pub(crate) async fn platform_events(State(edges): State<Arc<Edges>>, headers: HeaderMap, body: Body) -> Response {
    take(&edges, &headers, body).await.unwrap_or_else(IntoResponse::into_response)
}

async fn take(edges: &Arc<Edges>, headers: &HeaderMap, body: Body) -> Result<Response, Problem> {
    let form = form(headers)?;
    if let Some(why) = edges.board.closed() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "intake-closed", why).later("30"));
    }
    let length = length(headers)?;
    let _room = edges.room.enter(length.unwrap_or(BODY_BYTES_MAX)).await?;
    let body = read(body, BODY_BYTES_MAX).await?;
    let judge = {
        let edges = Arc::clone(edges);
        move || line::judge(&edges.settings, form, &body, now_ms())
    };
    let lines = tokio::task::spawn_blocking(judge).await.map_err(|_| broken())??;
    Ok(answer(&append(edges, lines).await?))
}

fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    const KNOWN: &str = "application/x-ndjson, application/x-protobuf";
    let unsupported =
        |kind, detail: &str| Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, kind, detail).with(ACCEPT, KNOWN));
    if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding.as_bytes() != b"identity") {
        return unsupported("unsupported-encoding", "send the body as it is, without Content-Encoding");
    }
    let media = headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    match media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/x-ndjson" | "application/jsonl" | "application/json" => Ok(Form::Json),
        "application/x-protobuf" => Ok(Form::Protobuf),
        _ => unsupported(
            "unsupported-media-type",
            "set Content-Type to application/x-ndjson (an event a line) or application/x-protobuf (each event behind its length as a varint)",
        ),
    }
}

fn length(headers: &HeaderMap) -> Result<Option<usize>, Problem> {
    let Some(given) = headers.get(CONTENT_LENGTH) else { return Ok(None) };
    match given.to_str().ok().and_then(|digits| digits.parse::<usize>().ok()) {
        Some(length) if length <= BODY_BYTES_MAX => Ok(Some(length)),
        _ => Err(too_large(BODY_BYTES_MAX)),
    }
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It took too long.
    Slow,
    /// It has more bytes than are taken.
    Large,
    /// It did not arrive whole.
    Cut,
    /// There is no room for it just now.
    NoRoom,
}

/// A body within its bounds of bytes and time.
async fn body_of(body: Body, bytes_max: usize) -> Result<Bytes, Unread> {
    let read = tokio::time::timeout(BODY_TIME_MAX, axum::body::to_bytes(body, bytes_max)).await;
    read.map_err(|_| Unread::Slow)?.map_err(|error| {
        // What is no limit is a client that went away: it reads no answer.
        let limit = std::error::Error::source(&error).is_some_and(|cause| cause.to_string().contains("limit"));
        if limit { Unread::Large } else { Unread::Cut }
    })
}

/// A body within its bounds, or the problem that it has.
pub(crate) async fn read(body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    body_of(body, bytes_max).await.map_err(|why| match why {
        Unread::Large => too_large(bytes_max),
        Unread::NoRoom => room::full(),
        Unread::Cut => {
            Problem::new(StatusCode::BAD_REQUEST, "body-cut-short", "the body did not arrive whole: send it again")
        }
        Unread::Slow => {
            let detail = format!("the body took more than {} s: send it faster or in parts", BODY_TIME_MAX.as_secs());
            Problem::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", detail)
        }
    })
}

fn too_large(bytes_max: usize) -> Problem {
    let detail = format!("at most {bytes_max} bytes are taken in one request: send it in parts");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail)
}

fn broken() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the request was not served: nothing of it was taken")
}

/// Appends what is good; the lines with what became of them.
async fn append(edges: &Edges, mut lines: Vec<Line>) -> Result<Vec<Line>, Problem> {
    let events = lines.iter_mut().filter_map(Line::take).collect::<Vec<_>>();
    let appender = edges.appender.as_ref().ok_or_else(broken)?;
    let records = outputs(&edges.settings, events, now_ms());
    let offsets = if records.is_empty() { Vec::new() } else { appender.append(records).await? };
    let mut offsets = offsets.into_iter();
    for line in &mut lines {
        line.appended(&mut offsets);
    }
    let refused = lines.iter().filter(|line| line.is_refused()).count();
    for (outcome, events) in [("taken", lines.len() - refused), ("refused", refused)] {
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        metrics::counter!(metric::INTAKE_EVENTS, "outcome" => outcome).increment(events);
    }
    Ok(lines)
}

/// Events as records; their keys are free, so they go around.
fn outputs(settings: &Settings, events: Vec<Vec<u8>>, received_ms: i64) -> Vec<Output> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let topic = settings.topic(Topic::Platform);
    let one = |event: Vec<u8>| {
        let partition = NEXT.fetch_add(1, Ordering::Relaxed) % settings.partitions.max(1);
        let to = TopicPartition { topic: topic.clone(), partition };
        Output { to, record: Record { value: Some(event.into()), timestamp_ms: received_ms, ..Record::default() } }
    };
    events.into_iter().map(one).collect()
}

/// 200 when all were taken, 207 when some were, 422 when none was.
fn answer(lines: &[Line]) -> Response {
    let refused = lines.iter().filter(|line| line.is_refused()).count();
    let status = match refused {
        0 => StatusCode::OK,
        _ if refused < lines.len() => StatusCode::MULTI_STATUS,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let body: String = lines.iter().map(|line| format!("{}\n", line.json())).collect();
    (status, [(CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

/// Now, in milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
