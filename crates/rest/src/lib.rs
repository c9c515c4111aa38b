//! The read API under `/v1/orgs/{org}`: the numbers, lists, messages, clients and checks of the dashboard for programs, of the
//! same moment and by the same rules. The page to begin with is [`router`]; one file a subject.
//!
//! `GET /v1/openapi.json` describes all of it (OpenAPI 3.1), made from the code that answers.

mod answer;
mod campaign;
mod campaigns;
mod clients;

mod events;
mod export;
mod guard;
mod messages;
mod openapi;
mod parts;
mod problem;
mod query;
mod recipients;
mod router;
mod row;
mod schema;
mod states;
mod suppressions;

pub use router::{ROUTES, Rest, Rule, document, router};
