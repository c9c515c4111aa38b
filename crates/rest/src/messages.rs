//! One message: what it is or was, why it was refused, everything that happened to it and from where that is known; and its body.

use axum::response::Response;
use domain::{Fact, Time};
use serde::Serialize;
use utoipa::ToSchema;
use view::{Cause, Content, End, Explanation, Refusal, Step};

use crate::answer::{Asked, Asking, Envelope};
use crate::problem::Problem;
use crate::query::{Ids, Read, Then};
use crate::row::MessageRow;
use crate::states::State;

/// A message in full.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageWhole {
    /// Null at an instant before anything happened to it.
    message: Option<MessageRow>,
    /// Its facts by time. A row keeps each event once: copies of an event are not among them.
    timeline: Vec<TimelineStep>,
    /// More came than a row keeps: totals are "at least".
    more: bool,
    /// Why it was dropped or withheld; null when it was neither.
    cause: Option<CauseChain>,
}

/// One fact of a message.
#[derive(Serialize, ToSchema)]
pub(crate) struct TimelineStep {
    /// Its identity, hexadecimal.
    event: String,
    #[serde(flatten)]
    what: What,
    #[schema(format = DateTime)]
    event_time: String,
    /// When its first copy arrived.
    #[schema(format = DateTime)]
    received: String,
    /// The delivery provider that reported it; null for the platform's own.
    provider: Option<String>,
    /// The intake record that brought its first copy.
    source: Source,
    /// Whether it counts.
    counts: bool,
    /// Why not.
    #[schema(example = "superseded_or_retracted")]
    not_counted: Option<&'static str>,
    /// The status after it, by event time, where it changed.
    status: Option<&'static str>,
}

/// A record of an intake topic.
#[derive(Serialize, ToSchema)]
pub(crate) struct Source {
    topic: String,
    partition: u32,
    offset: u64,
}

/// What happened.
#[derive(Serialize, ToSchema)]
pub(crate) struct What {
    /// In one word.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Bounce class, drop or withheld reason.
    qualifier: Option<&'static str>,
    /// Who opened or clicked.
    agent: Option<&'static str>,
    /// The provider's words, or the link that was clicked.
    detail: Option<String>,
}

impl What {
    pub(crate) fn of(fact: &Fact) -> Self {
        let plain = |kind| Self { kind, qualifier: None, agent: None, detail: None };
        let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        match fact {
            Fact::Sent => plain("sent"),
            Fact::Queued => plain("queued"),
            Fact::Deferred { reason } => Self { detail: said(reason), ..plain("deferred") },
            Fact::Delivered => plain("delivered"),
            Fact::Bounced { class, reason, .. } => {
                Self { qualifier: Some(class.word()), detail: said(reason), ..plain("bounced") }
            }
            Fact::Dropped(drop) => {
                Self { qualifier: Some(drop.reason.word()), detail: said(&drop.text), ..plain("dropped") }
            }
            Fact::Opened(agent) => Self { agent: Some(agent.word()), ..plain("opened") },
            Fact::Clicked { agent, link } => Self { agent: Some(agent.word()), detail: said(link), ..plain("clicked") },
            Fact::Complained => plain("spam"),
            Fact::Unsubscribed { .. } => plain("unsubscribed"),
            Fact::Resubscribed { .. } => plain("resubscribed"),
            Fact::Withheld(reason) => Self { qualifier: Some(reason.word()), ..plain("withheld") },
        }
    }
}

impl TimelineStep {
    fn of(step: &Step) -> Self {
        let (entry, from) = (&step.entry, &step.entry.arrival.source);
        let source = Source { topic: from.topic.to_string(), partition: from.partition, offset: from.offset };
        let why = if entry.retracted { "retracted" } else { "superseded_or_retracted" };
        Self {
            event: contract::json::hex(&entry.id.0),
            what: What::of(&entry.fact),
            event_time: entry.time.rfc3339(),
            received: entry.arrival.received.rfc3339(),
            provider: Some(entry.provider.to_string()).filter(|provider| !provider.is_empty()),
            source,
            counts: step.counts,
            not_counted: (!step.counts).then_some(why),
            status: step.status.map(domain::Status::word),
        }
    }
}

/// Why a mail was refused, link by link.
#[derive(Serialize, ToSchema)]
pub(crate) struct CauseChain {
    #[schema(format = DateTime)]
    at: String,
    /// `dropped` by the provider, or `withheld` by the platform.
    refusal: &'static str,
    reason: &'static str,
    /// What explains it, the gravest first.
    links: Vec<CauseLink>,
    /// `explained` by the links; `itself`: the mail, the campaign or the account; `provider`: flagged earlier by the provider, not by
    /// a mail of this organisation; `providers_list`: lifted in the register, still on the provider's list.
    end: &'static str,
}

/// A state that explains a refusal, and what happened to the mail that caused it.
#[derive(Serialize, ToSchema)]
pub(crate) struct CauseLink {
    state: State,
    /// What happened to the mail that the state names; null where none is named.
    fact: Option<CauseFact>,
}

/// Something that happened to an earlier mail.
#[derive(Serialize, ToSchema)]
pub(crate) struct CauseFact {
    #[serde(flatten)]
    what: What,
    #[schema(format = DateTime)]
    event_time: String,
}

impl CauseChain {
    fn of(cause: &Cause) -> Self {
        let (refusal, reason) = match cause.refusal {
            Refusal::Dropped(reason) => ("dropped", reason.word()),
            Refusal::Withheld(reason) => ("withheld", reason.word()),
        };
        let end = match cause.end {
            End::Explained => "explained",
            End::Itself => "itself",
            End::Provider => "provider",
            End::ProvidersList => "providers_list",
        };
        let link = |link: &Explanation| {
            let fact = link.fact.as_ref();
            let fact = fact.map(|entry| CauseFact { what: What::of(&entry.fact), event_time: entry.time.rfc3339() });
            CauseLink { state: State::of(&link.holding), fact }
        };
        Self { at: cause.at.rfc3339(), refusal, reason, links: cause.links.iter().map(link).collect(), end }
    }
}

/// One message.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/messages/{message}", tag = "messages", operation_id = "message",
    params(("org" = String, Path, description = "The organisation."), ("message" = String, Path, description = "The message's id."), Then),
    responses((status = 200, description = "What became of it, and why.", body = Envelope<MessageWhole>)),
)]
pub(crate) async fn one(
    asking: Asking,
    Ids((_, id)): Ids<(String, String)>,
    Read(then): Read<Then>,
) -> Result<Response, Problem> {
    let at = then.at()?;
    Ok(asking.answer(move |asked| whole(asked, &id, at)).await)
}

fn whole(asked: &Asked<'_>, id: &str, at: Option<Time>) -> Result<MessageWhole, Problem> {
    let organisation = &asked.organisation;
    let found = asked.rows.message(organisation, id)?.ok_or_else(Problem::not_found)?;
    let was = at.map_or_else(|| Some(found.recipient.clone()), |at| found.recipient.at(at));
    let seen = at.unwrap_or(asked.rows.as_of()?.time);
    let message = was.map(|was| MessageRow::of(organisation, &was, seen)).transpose()?;
    let happened = |time: Time| at.is_none_or(|at| time <= at);
    let timeline = found.steps.iter().filter(|step| happened(step.entry.time)).map(TimelineStep::of).collect();
    let cause = asked.rows.cause(organisation, id)?.filter(|cause| happened(cause.at));
    Ok(MessageWhole { message, timeline, more: found.more, cause: cause.as_ref().map(CauseChain::of) })
}

/// The body of a mail.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageBody {
    /// `as_sent`, `rendered` from the campaign's template and the message's fields, or `not_given`: never given, or erased.
    from: &'static str,
    /// As it was given: whoever shows it must do so where no script runs and nothing is fetched.
    html: Option<String>,
    text: Option<String>,
    attachments: Vec<Attachment>,
}

/// An attachment, as far as it is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct Attachment {
    name: String,
    /// Bytes.
    size: u64,
}

/// The body of a message.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/messages/{message}/body", tag = "messages", operation_id = "body",
    params(("org" = String, Path, description = "The organisation."), ("message" = String, Path, description = "The message's id.")),
    responses((status = 200, description = "Its body.", body = Envelope<MessageBody>)),
)]
pub(crate) async fn body(asking: Asking, Ids((_, id)): Ids<(String, String)>) -> Response {
    asking
        .answer(move |asked| {
            asked.rows.recipient(&asked.organisation, &id)?.ok_or_else(Problem::not_found)?;
            let (from, parts) = match asked.rows.content(&asked.organisation, &id)? {
                Content::AsSent(parts) => ("as_sent", parts),
                Content::Rendered(parts) => ("rendered", parts),
                Content::NotGiven => ("not_given", view::ContentParts::default()),
            };
            let text = |text: String| Some(text).filter(|text| !text.is_empty());
            let attachments = parts.attachments.into_iter();
            let attachments = attachments.map(|of| Attachment { name: of.name, size: of.size }).collect();
            Ok(MessageBody { from, html: text(parts.html), text: text(parts.text), attachments })
        })
        .await
}
