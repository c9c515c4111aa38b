//! Mailgun's webhooks before 2018: a form whose fields are the event's and our own variables', mixed.

use domain::{BounceClass, DropReason, Fact, Scope};

use super::{failure, message_id};
use crate::fact::{bounced, dropped, reason_in, unsubscribed};
use crate::json::{self, Json};
use crate::mapping::{Labels, Mapping};
use crate::metadata::Metadata;
use crate::outcome::{Outcome, Reject, Reported};
use crate::url::link_template;
use crate::{agent, form, identity, part, when};

/// The fields that carry tags; each may repeat.
const TAGS: [&str; 2] = ["X-Mailgun-Tag", "tag"];

/// Mailgun's fields come first, our variables behind them, whatever their names; then what is signed.
pub(super) fn event(form: &Json<'_>, mapping: &Mapping) -> Result<Outcome, Reject> {
    let recipient = form.words_of("recipient").and_then(identity::address);
    let Some(kind) = form.words_of("event") else { return other(form, recipient) };
    let kind = kind.to_lowercase();
    let fact = match fact(&kind, form) {
        Ok(fact) => fact,
        Err(why) => return Ok(part::ignored(&kind, why, recipient)),
    };
    let (stamp, time) = when::stamped(form::last(form, "timestamp"))?;
    let headers = form.words_of("message-headers").and_then(|words| json::read(words.as_bytes()));
    let headers = Headers(headers.as_ref());
    let mut report = Reported::new(fact, time);
    report.recipient = recipient.map(part::kept);
    let message = message_id(form).or_else(|| headers.named("Message-Id").next().and_then(identity::address));
    report.provider_message_id = message.map(part::kept);
    describe(&kind, form, &headers, &mut report);
    mapping.attribute(&Variables { form, headers }, &mut report);
    report.id = id(&kind, stamp, form, &report);
    Ok(Outcome::Event(Box::new(report)))
}

/// Fields that a route posts of a mail that came in: its parts, all of it, or where it is stored.
const OF_A_MAIL: [&str; 5] = ["body-plain", "body-html", "stripped-text", "body-mime", "message-url"];

/// What is no event: a mail that came in.
fn other(form: &Json<'_>, recipient: Option<&str>) -> Result<Outcome, Reject> {
    let is_mail = OF_A_MAIL.iter().any(|name| form.get(name).is_some());
    if is_mail {
        Ok(part::ignored("inbound", "inbound_mail", recipient))
    } else {
        Err(Reject::new("no_event", "the form has no field \"event\""))
    }
}

/// What the form says, or why it says nothing of a message. Mails that are stored carry no event.
fn fact(kind: &str, form: &Json<'_>) -> Result<Fact, &'static str> {
    let words = reason(form);
    let code = form.words_of("code").unwrap_or_default();
    let cause = form.words_of("reason").unwrap_or_default().to_lowercase();
    Ok(match kind {
        "delivered" => Fact::Delivered,
        "bounced" => {
            let codes = [form.words_of("error"), form.words_of("notification")];
            let class = match failure::by_enhanced_code(codes.into_iter().flatten()) {
                BounceClass::Soft if code.starts_with('5') => BounceClass::Hard,
                class => class,
            };
            bounced(failure::class("", code).unwrap_or(class), words)
        }
        "dropped" => match failure::unsent(&cause, code).or_else(|| listed(form)) {
            Some(reason) => dropped(reason, words),
            None => match failure::class(&cause, code) {
                // Given up before any server had refused it.
                Some(BounceClass::Soft) | None => dropped(DropReason::Other, words),
                Some(class) => bounced(class, words),
            },
        },
        "complained" => Fact::Complained,
        "unsubscribed" => unsubscribed(Scope::Organisation),
        "opened" => Fact::Opened(agent::opener(form.words_of("user-agent")).0),
        "clicked" => {
            let link = form.words_of("url").map(link_template).unwrap_or_default();
            Fact::Clicked { agent: agent::clicker(form.words_of("user-agent")).0, link }
        }
        "stored" => return Err("inbound_mail"),
        _ => return Err("unknown_event"),
    })
}

/// Why Mailgun did not try, by its words: older forms have no code.
fn listed(form: &Json<'_>) -> Option<DropReason> {
    let known = [
        ("previously bounced", DropReason::PriorBounce),
        ("unsubscribed", DropReason::Unsubscribed),
        ("complained", DropReason::PriorSpam),
    ];
    reason_in(form.words_of("description"), &known)
}

fn reason<'a>(form: &'a Json<'_>) -> Option<&'a str> {
    ["error", "description", "notification", "reason"].iter().find_map(|name| form.words_of(name))
}

fn describe(kind: &str, form: &Json<'_>, headers: &Headers<'_>, report: &mut Reported) {
    let owned = |name: &str| form.words_of(name).map(part::kept);
    report.reason = reason(form).map(part::kept);
    report.classification = owned("reason");
    report.user_agent = owned("user-agent");
    report.url = owned("url");
    let fields = form.fields().iter().rev().filter(|(name, _)| TAGS.iter().any(|tag| name.eq_ignore_ascii_case(tag)));
    let said: Vec<&str> = fields.filter_map(|(_, value)| value.words()).collect();
    let said = if said.is_empty() { headers.named("X-Mailgun-Tag").collect() } else { said };
    report.tags = part::tags(said.into_iter().map(part::kept));
    report.agent_rule = match kind {
        "opened" => agent::opener(form.words_of("user-agent")).1,
        "clicked" => agent::clicker(form.words_of("user-agent")).1,
        _ => None,
    };
}

/// Identity by meaning. There is no id, and the token is per request.
fn id(kind: &str, stamp: &str, form: &Json<'_>, report: &Reported) -> domain::EventId {
    let words = |name: &str| form.words_of(name).unwrap_or_default();
    let message = report.provider_message_id.as_deref().unwrap_or_default();
    let recipient = identity::keyed(report.recipient.as_deref());
    let engaged = matches!(kind, "opened" | "clicked");
    let source = if engaged && words("ip").is_empty() { words("user-agent") } else { words("ip") };
    let source = if engaged { source } else { "" };
    identity::event(&["mailgun", "form", kind, message, &recipient, stamp, words("url"), source])
}

/// The mail's headers: JSON text of a list of names and values.
struct Headers<'a>(Option<&'a Json<'a>>);

impl<'a> Headers<'a> {
    /// The values of the headers of this name, in whatever case.
    fn named(&self, name: &'static str) -> impl Iterator<Item = &'a str> {
        let headers = self.0.map(Json::elements).unwrap_or_default();
        headers.iter().filter_map(move |header| match header.elements() {
            [known, value] if known.words()?.eq_ignore_ascii_case(name) => value.words(),
            _ => None,
        })
    }
}

/// Our variables stand in the mail's header as they were given; in the form they may be hidden by a field of Mailgun's.
struct Variables<'a> {
    form: &'a Json<'a>,
    headers: Headers<'a>,
}

impl Labels for Variables<'_> {
    fn custom(&self, name: &str) -> Option<String> {
        let of_header = |text: &str| {
            let json = json::read(text.as_bytes())?;
            Metadata::of(Some(&json)).custom(name)
        };
        let given = self.headers.named("X-Mailgun-Variables").find_map(of_header);
        given.or_else(|| form::last(self.form, name).or_else(|| part::any_case(self.form, name)).map(part::kept))
    }

    fn tag(&self, _: &str) -> Option<String> {
        None
    }
}
