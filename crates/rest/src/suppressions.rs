//! From whom mail is withheld, and the mail that each is because of.

use axum::response::Response;
use domain::contact::Subject;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use view::Suppressed;

use crate::answer::{Asked, Asking, Envelope, Page};
use crate::export::{self, Cells, Columns, Format};
use crate::problem::Problem;
use crate::query::{Ids, Read, rows};
use crate::states::State;

#[derive(Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// `next` of the part before.
    after: Option<String>,
    /// Rows at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
    /// `csv` for every row as RFC 4180, one line a state.
    #[param(schema_with = export::formats)]
    format: Option<String>,
}

/// A client or an address from which mail is withheld.
#[derive(Serialize, ToSchema)]
pub(crate) struct Suppression {
    /// The client: the subject, or whom the mail that it is because of went to.
    client: Option<String>,
    client_name: Option<String>,
    /// The hash of the address, where an address is the subject.
    address_hash: Option<String>,
    /// The address, while the mail that it is because of keeps it.
    address: Option<String>,
    states: Vec<State>,
}

impl Suppression {
    fn of(asked: &Asked<'_>, one: &Suppressed) -> Result<Self, Problem> {
        let states = one.holdings.iter().map(State::of).collect();
        Ok(match &one.subject {
            Subject::Client(client) => {
                let client_name = asked.rows.name(&asked.organisation, client)?;
                Self { client: Some(client.clone()), client_name, address_hash: None, address: None, states }
            }
            Subject::Address(hash) => {
                let mail = one.mail.as_ref();
                let client = mail.map(|mail| mail.row.client.clone()).filter(|client| !client.is_empty());
                let client_name = mail.and_then(|mail| mail.name.clone());
                let address = mail.and_then(|mail| mail.address.clone());
                Self { client, client_name, address_hash: Some(contract::json::hex(&hash.0)), address, states }
            }
        })
    }

    /// A line a state.
    fn lines(&self) -> Vec<Cells> {
        let subject = json!({
            "client": self.client, "client_name": self.client_name,
            "address_hash": self.address_hash, "address": self.address,
        });
        let line = |state: &State| {
            let mut cells = object(subject.clone());
            let of_state = object(serde_json::to_value(state).unwrap_or_default());
            cells.extend(of_state.into_iter().filter(|(name, _)| name != "address_hash"));
            cells
        };
        self.states.iter().map(line).collect()
    }

    fn columns() -> Columns {
        const NAMES: [&str; 11] = [
            "client",
            "client_name",
            "address",
            "address_hash",
            "state",
            "since",
            "message",
            "list",
            "cause",
            "revealed",
            "lifted_by",
        ];
        Columns::of(NAMES.map(|name| (name.to_owned(), contract::json::Shape::Text)))
    }
}

fn object(value: Value) -> Cells {
    if let Value::Object(fields) = value { fields } else { Cells::new() }
}

/// Clients and addresses from which mail of the organisation is withheld: unsubscribed or suppressed. Who is inactive is a matter
/// of the clock and not among them.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/suppressions", tag = "clients", operation_id = "suppressions",
    params(("org" = String, Path, description = "The organisation."), Wanted),
    responses((status = 200, description = "A part of the list.",
        content((Envelope<Page<Suppression>> = "application/json"), (String = "text/csv")))),
)]
pub(crate) async fn list(asking: Asking, Ids(_): Ids<String>, Read(wanted): Read<Wanted>) -> Result<Response, Problem> {
    let limit = rows(wanted.limit.as_deref())?;
    let read = |asked: &Asked<'_>, after: Option<&str>, limit: usize| {
        let page = asked.rows.suppressions(&asked.organisation, after, limit)?;
        let rows = page.rows.iter().map(|one| Suppression::of(asked, one)).collect::<Result<Vec<_>, Problem>>()?;
        Ok::<_, Problem>(Page { rows, next: page.next })
    };
    if export::wanted(wanted.format.as_deref())? == Format::Csv {
        return export::csv(
            asking,
            "suppressions",
            Suppression::columns(),
            wanted.after,
            move |asked, after, limit| {
                let page = read(asked, after, limit)?;
                Ok((page.rows.iter().flat_map(Suppression::lines).collect(), page.next))
            },
        )
        .await;
    }
    Ok(asking.answer(move |asked| read(asked, wanted.after.as_deref(), limit)).await)
}
