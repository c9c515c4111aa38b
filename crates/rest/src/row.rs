//! Rows as the API shows them: the readers' fields of the published topics, by the same names, and what only the view knows.

use contract::Proto as _;
use contract::json::Shape;
use dashboard::reason;
use domain::{Counters, Time};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};
use view::{Campaign, Recipient};

use crate::export::Columns;
use crate::problem::Problem;
use crate::schema;

/// A campaign: who, what, when, its counters and its rates by named denominators, as in the topic `campaign-stats`. The counters
/// are the recount of the very rows that the lists show.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct CampaignRow(pub(crate) Map<String, Value>);

/// A message: whose it is and what became of it, as in the topic `message-status`, with the client's name and address while they
/// are kept.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct MessageRow(pub(crate) Map<String, Value>);

impl CampaignRow {
    pub(crate) fn of(campaign: &Campaign) -> Result<Self, Problem> {
        let mut fields = Self::counting(campaign, &campaign.counters)?;
        fields.0.insert("agrees".to_owned(), campaign.agrees.into());
        Ok(fields)
    }

    /// With other counters: those of a past instant.
    pub(crate) fn counting(campaign: &Campaign, counters: &Counters) -> Result<Self, Problem> {
        let counters = Some(contract::counters::to_wire(counters));
        let row = contract::proto::campaign::v1::CampaignStats { counters, ..campaign.row.clone() };
        contract::readers::campaign(&row).map(Self).map_err(|error| unreadable(&error))
    }
}

impl MessageRow {
    /// `as_of` is the time at which the row is looked at: a message without a report for long is said to have none.
    pub(crate) fn of(organisation: &str, recipient: &Recipient, as_of: Time) -> Result<Self, Problem> {
        let mut row = recipient.row.clone();
        (row.facts, row.said, row.beyond) = Default::default();
        let key = contract::key::message(organisation, &recipient.message);
        let mut fields = contract::readers::message(&key, &row.encode_to_vec()).map_err(|error| unreadable(&error))?;
        let hash = fields.insert("address".to_owned(), recipient.address.clone().into());
        let text = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
        let remedy = reason::remedy_of_row(&row).map_or("", |remedy| remedy.0);
        let told = [
            ("address_hash", hash.unwrap_or(Value::Null)),
            ("client_name", recipient.name.clone().into()),
            ("file_changed", recipient.file_changed.map(Time::rfc3339).into()),
            ("reason", text(reason::of_row(&row, as_of).0)),
            ("remedy", text(remedy)),
        ];
        fields.extend(told.map(|(name, value)| (name.to_owned(), value)));
        Ok(Self(fields))
    }
}

fn unreadable(error: &contract::Error) -> Problem {
    tracing::error!(%error, "a row of the view cannot be read");
    Problem::later("unavailable", "a row cannot be read; the log of the process says which")
}

impl CampaignRow {
    /// Its fields, rates aside.
    fn fields() -> impl Iterator<Item = (String, Shape)> {
        let of_row = schema::fields("mailtally.campaign.v1.CampaignStats").into_iter();
        let of_row = of_row.filter(|(name, _)| !matches!(name.as_str(), "sources" | "counters"));
        of_row.chain(schema::fields("mailtally.campaign.v1.Counters"))
    }

    /// The columns of a file of these rows.
    pub(crate) fn columns() -> Columns {
        let rates = domain::rates(&Counters::default()).map(|rate| (rate.name.to_owned(), Shape::Number));
        Columns::of(Self::fields().chain(rates).chain([("agrees".to_owned(), Shape::Bool)]))
    }
}

impl MessageRow {
    /// Its fields, those that the view adds as texts aside.
    fn fields() -> impl Iterator<Item = (String, Shape)> {
        let of_row = schema::fields("mailtally.message.v1.MessageState").into_iter();
        let of_row = of_row.filter(|(name, _)| !matches!(name.as_str(), "facts" | "said" | "beyond" | "address"));
        let ids = ["organisation", "message", "address_hash"].map(|name| (name.to_owned(), Shape::Text));
        ids.into_iter().chain(of_row).chain([("file_changed".to_owned(), Shape::Time)])
    }

    /// The columns of a file of these rows.
    pub(crate) fn columns() -> Columns {
        Columns::of(Self::fields().chain(TOLD.map(|(name, _)| (name.to_owned(), Shape::Text))))
    }
}

/// Texts that the view adds to a message's row.
const TOLD: [(&str, &str); 4] = [
    ("address", "The address used, while it is kept."),
    ("client_name", "The client's name, while it is kept."),
    ("reason", "Why it is what it is, in English; null where the status says all."),
    ("remedy", "What client or office can do about a bad outcome, in English."),
];

impl PartialSchema for CampaignRow {
    fn schema() -> RefOr<Schema> {
        let object = schema::object(Self::fields());
        let rates = domain::rates(&Counters::default());
        let object = rates.into_iter().fold(object, |object, rate| {
            let said = format!("Share, 0 to 1 by four decimals, of {:?}; null when that is 0.", rate.of);
            let kinds = SchemaType::from_iter([Type::Number, Type::Null]);
            let one = ObjectBuilder::new().schema_type(kinds).description(Some(said));
            object.property(rate.name, one).required(rate.name)
        });
        let agrees = ObjectBuilder::new().schema_type(Type::Boolean).description(Some(
            "Whether the recount is what `campaign-stats` says; while events flow the one is ahead of the other.",
        ));
        object.property("agrees", agrees).into()
    }
}

impl ToSchema for CampaignRow {}

impl PartialSchema for MessageRow {
    fn schema() -> RefOr<Schema> {
        let object = TOLD.into_iter().fold(schema::object(Self::fields()), |object, (name, said)| {
            object.property(name, schema::text_or_null(said)).required(name)
        });
        object.into()
    }
}

impl ToSchema for MessageRow {}
