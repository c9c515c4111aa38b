//! Lists as CSV (RFC 4180) for spreadsheets: every row of the filter, as many as a sheet takes, and no cell that a spreadsheet
//! would run. Written while it is read: each part is of one moment, and the view goes on between two.

use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use contract::json::Shape;
use domain::{DropReason, Status, WithheldReason};
use futures_util::stream::unfold;
use serde_json::{Map, Value};
use tokio::sync::mpsc::{Sender, channel};
use utoipa::openapi::schema::ObjectBuilder;
use view::{PAGE_ROWS_MAX, Standing};

use crate::answer::{Asked, Asking, finish};
use crate::problem::Problem;
use crate::query::{word, words};

/// Rows of one file: what Excel takes, its heading aside.
const ROWS_MAX: usize = 1_048_575;
/// Parts that wait for a slow reader.
const PARTS_MAX: usize = 4;
/// How a formula begins, in the wide letters of East Asian keyboards too.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// A row by the names of its fields.
pub(crate) type Cells = Map<String, Value>;
/// Rows and where the next ones begin.
pub(crate) type Rows = (Vec<Cells>, Option<String>);

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Csv,
}

/// What `format` asks for.
pub(crate) fn wanted(format: Option<&str>) -> Result<Format, Problem> {
    let name = |format| if format == Format::Csv { "csv" } else { "json" };
    Ok(word("format", format, &[Format::Json, Format::Csv], name)?.unwrap_or(Format::Json))
}

/// The schema of `format`.
pub(crate) fn formats() -> ObjectBuilder {
    words(["json", "csv"])
}

/// Columns of a file: a field each, a tally's words one by one.
pub(crate) struct Columns(Vec<(String, Option<String>)>);

impl Columns {
    /// The columns of a row's fields.
    pub(crate) fn of(fields: impl IntoIterator<Item = (String, Shape)>) -> Self {
        let columns = fields.into_iter().flat_map(|(name, shape)| {
            let words: Vec<&str> = match (shape, name.as_str()) {
                (Shape::Map(_), "dropped_by") => DropReason::ALL.map(DropReason::word).into(),
                (Shape::Map(_), "not_sent_by") => WithheldReason::ALL.map(WithheldReason::word).into(),
                (Shape::Map(_), _) => Status::ALL.map(Status::word).into(),
                _ => return vec![(name, None)],
            };
            words.into_iter().map(|word| (name.clone(), Some(word.to_owned()))).collect()
        });
        Self(columns.collect())
    }

    fn heading(&self) -> Vec<String> {
        let name = |(name, word): &(String, Option<String>)| match word {
            Some(word) => format!("{name}.{word}"),
            None => name.clone(),
        };
        self.0.iter().map(name).collect()
    }

    fn cells(&self, row: &Cells) -> Vec<String> {
        let value = |(name, word): &(String, Option<String>)| match word {
            // A tally leaves out what did not happen.
            Some(word) => row.get(name).map(|tally| tally.get(word).unwrap_or(&Value::from(0)).clone()),
            None => row.get(name).cloned(),
        };
        self.0.iter().map(|column| cell(&value(column).unwrap_or_default())).collect()
    }

    fn write(&self, rows: &[Cells], heading: bool) -> std::io::Result<Bytes> {
        let mut file = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .quote_style(csv::QuoteStyle::NonNumeric)
            .from_writer(Vec::new());
        if heading {
            file.write_record(self.heading())?;
        }
        rows.iter().try_for_each(|row| file.write_record(self.cells(row)))?;
        file.into_inner().map(Bytes::from).map_err(|error| std::io::Error::other(error.to_string()))
    }
}

/// A cell. A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV Injection).
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(['\t', '\r', '\n']) || text.trim_start().starts_with(FORMULA) => {
            format!("'{text}")
        }
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// Answers with a file of all rows that `page` gives, from `after` on. What fails after its beginning breaks the answer off, so
/// that no half file looks whole.
pub(crate) async fn csv(
    asking: Asking,
    name: &'static str,
    columns: Columns,
    after: Option<String>,
    page: impl Fn(&Asked<'_>, Option<&str>, usize) -> Result<Rows, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let turn = asking.turn()?;
    let (send, receive) = channel(PARTS_MAX);
    let (told, tell) = tokio::sync::oneshot::channel();
    tokio::task::spawn_blocking(move || {
        let first = asking.now(|asked| {
            whole(&asked.view.standing())?;
            Ok((page(asked, after.as_deref(), PAGE_ROWS_MAX)?, asked.as_of()?))
        });
        let (first, as_of) = match first {
            Ok(((rows, next), as_of)) => ((rows, next), Ok(as_of)),
            Err(problem) => ((Vec::new(), None), Err(problem)),
        };
        if told.send(as_of).is_ok() {
            feed(&send, &columns, first, |after| asking.now(|asked| page(asked, Some(after), PAGE_ROWS_MAX)));
        }
        drop(turn);
    });
    let as_of = tell.await.map_err(|_| Problem::later("unavailable", "the file could not be begun: try again"))??;
    let parts = unfold(receive, |mut receive| async move { Some((receive.recv().await?, receive)) });
    let mut response = Body::from_stream(parts).into_response();
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}.csv\""));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    disposition.into_iter().for_each(|value| drop(response.headers_mut().insert(CONTENT_DISPOSITION, value)));
    finish(response.headers_mut(), None, &as_of);
    Ok(response)
}

/// A file has no place to say that rows are lacking.
fn whole(standing: &Standing) -> Result<(), Problem> {
    let Some(share) = standing.lacks else { return Ok(()) };
    let read = share.percent();
    let detail = format!("the rows are not all read yet ({read} %), a file would lack some: try again in a while");
    Err(Problem::later("catching-up", &detail))
}

/// Sends part after part; ends when nobody reads any more.
fn feed(
    to: &Sender<std::io::Result<Bytes>>,
    columns: &Columns,
    (mut rows, mut next): Rows,
    page: impl Fn(&str) -> Result<Rows, Problem>,
) {
    let mut count = 0;
    loop {
        let part = columns.write(&rows, count == 0);
        count += rows.len();
        if to.blocking_send(part).is_err() {
            return;
        }
        let Some(after) = next.filter(|_| count + PAGE_ROWS_MAX <= ROWS_MAX) else { return };
        (rows, next) = match page(&after) {
            Ok(more) => more,
            Err(problem) => {
                to.blocking_send(Err(std::io::Error::other(format!("{problem:?}")))).ok();
                return;
            }
        };
        count = count.max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_a_formula_and_numbers_stay_numbers() {
        for hostile in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "\u{a0}=1"] {
            assert_eq!(cell(&hostile.into()), format!("'{hostile}"));
        }
        for (value, plain) in [(Value::from(-1), "-1"), ("a=b".into(), "a=b"), (Value::Null, ""), (true.into(), "true")]
        {
            assert_eq!(cell(&value), plain);
        }
    }

    #[test]
    fn a_tally_has_every_word_as_a_column() {
        let columns = Columns::of([
            ("id".to_owned(), Shape::Text),
            ("dropped_by".to_owned(), Shape::Map(Box::new(Shape::Integer))),
        ]);
        let row: Cells = serde_json::from_str(r#"{"id":"a\"b","dropped_by":{"quota":3}}"#).expect("an object");
        let file = String::from_utf8(columns.write(&[row], true).expect("written").to_vec()).expect("text");
        let (heading, line) = file.split_once("\r\n").expect("two lines");
        assert!(heading.starts_with("\"id\",\"dropped_by.prior_bounce\","), "{heading}");
        assert!(line.starts_with("\"a\"\"b\",0,0,") && line.matches('3').count() == 1, "{line}");
    }
}
