//! Amazon SES through SNS: envelopes, raw delivery, and both formats inside (event publishing and identity feedback).

mod facts;
mod labels;
mod subscription;

use domain::{Fact, Time};

use crate::identity;
use crate::json::Json;
use crate::mapping::Mapping;
use crate::outcome::{Outcome, Reject, Reported};
use crate::{part, when};

/// How the notice begins that SNS is sent, as plain text, when an event destination is set up.
const SET_UP_NOTICE: &str = "Successfully validated SNS topic";
/// The header that names the notification, as its envelope does: raw deliveries have no envelope.
pub(crate) const EVENT_ID_HEADER: &str = "x-amz-sns-message-id";
/// Facts of one event. SES takes 50 recipients of a message and 20 topics of a contact list.
const FACTS_MAX: usize = 200;
/// Stands where an object is absent.
const NOTHING: Json<'static> = Json::Null;

/// Reads a request's body: an SNS envelope, or the event itself where SNS delivers raw. A file may hold several, in an array or one after
/// the other.
pub(crate) fn decode(body: &[u8], mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
    if body.trim_ascii().starts_with(SET_UP_NOTICE.as_bytes()) {
        return Ok(vec![part::ignored("Notification", "set_up", None)]);
    }
    part::each(body, |raw| part::read(raw, |json| envelope(json, mapping)))
}

fn envelope(json: &Json<'_>, mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
    match json.words_of("Type") {
        None => Notice::of(json, None)?.outcomes(mapping),
        Some("Notification") => match json.get("Message") {
            Some(Json::Text(message)) if message.starts_with(SET_UP_NOTICE) => {
                Ok(vec![part::ignored("Notification", "set_up", None)])
            }
            Some(Json::Text(message)) => {
                let inner = part::object(message.trim_start_matches('\u{feff}').as_bytes())?;
                Notice::of(&inner, Some(json))?.outcomes(mapping)
            }
            Some(inner @ Json::Object(_)) => Notice::of(inner, Some(json))?.outcomes(mapping),
            _ => Err(Reject::new("unknown_envelope", "an SNS notification without \"Message\"")),
        },
        Some(kind @ ("SubscriptionConfirmation" | "UnsubscribeConfirmation")) => {
            Ok(vec![part::ignored(kind, "set_up", None)])
        }
        Some(_) => Err(Reject::new("unknown_envelope", "an SNS envelope of a type that is not known")),
    }
}

/// The parts of an event, whichever way it came.
struct Notice<'a, 'b> {
    /// Its type as SES writes it.
    word: &'a str,
    /// Its type in lower case without blanks: SES writes "Rendering Failure" and "DeliveryDelay".
    kind: String,
    /// The object named after the type.
    inner: &'a Json<'b>,
    mail: &'a Json<'b>,
    sns: Option<&'a Json<'b>>,
}

/// A fact of an event, for one recipient.
struct Said<'a> {
    recipient: Option<&'a str>,
    fact: Fact,
    reason: Option<&'a str>,
}

impl<'a, 'b> Notice<'a, 'b> {
    fn of(json: &'a Json<'b>, sns: Option<&'a Json<'b>>) -> Result<Self, Reject> {
        let word = json.words_of("eventType").or_else(|| json.words_of("notificationType"));
        let word = word.ok_or_else(|| {
            Reject::new("no_event", "the object has neither \"eventType\" nor \"notificationType\" nor an SNS \"Type\"")
        })?;
        let kind: String = word.chars().filter(|character| !character.is_whitespace()).collect();
        let kind = kind.to_lowercase();
        let name = match kind.as_str() {
            "deliverydelay" => "deliveryDelay",
            "renderingfailure" => "failure",
            kind => kind,
        };
        let inner = json.get(name).unwrap_or(&NOTHING);
        let mail = json.get("mail").unwrap_or(&NOTHING);
        Ok(Self { word, kind, inner, mail, sns })
    }

    fn outcomes(&self, mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
        let recipients = self.recipients();
        let shared = self.shared(mapping);
        let mut outcomes = Vec::new();
        for (recipient, entry) in recipients {
            match self.facts(recipient, entry) {
                Err(why) => outcomes.push(part::ignored(self.word, why, recipient)),
                Ok(said) => {
                    for said in said {
                        if outcomes.len() == FACTS_MAX {
                            return Err(Reject::new("too_many_facts", "more recipients or topics than SES allows"));
                        }
                        let report = self.report(said, outcomes.len(), shared.clone()?)?;
                        outcomes.push(Outcome::Event(Box::new(report)));
                    }
                }
            }
        }
        Ok(outcomes)
    }

    /// Whom it is about, each with the entry that says more of it. Opens, clicks and subscriptions do not say which of several
    /// recipients they are about, so they are then about none.
    fn recipients(&self) -> Vec<(Option<&'a str>, &'a Json<'b>)> {
        let list = match self.kind.as_str() {
            "bounce" => "bouncedRecipients",
            "complaint" => "complainedRecipients",
            "deliverydelay" => "delayedRecipients",
            _ => "recipients",
        };
        let named = addressed(self.inner.get(list));
        if !named.is_empty() {
            return named;
        }
        let sent_to = addressed(self.mail.get("destination"));
        let all = matches!(self.kind.as_str(), "send" | "reject" | "renderingfailure") && !sent_to.is_empty();
        if all || sent_to.len() == 1 { sent_to } else { vec![(None, &NOTHING)] }
    }

    /// What all facts of the event have in common.
    fn shared(&self, mapping: &Mapping) -> Result<Reported, Reject> {
        let words = |json: &Json<'_>, name: &str| json.words_of(name).map(part::kept);
        let mut report = Reported::new(Fact::Sent, self.time()?);
        let labels = labels::Words::of(self.mail);
        report.provider_message_id = words(self.mail, "messageId");
        report.classification = self.classification();
        report.user_agent = words(self.inner, "userAgent");
        report.url = words(self.inner, "link");
        report.tags = labels.tags(mapping);
        report.agent_rule = match self.kind.as_str() {
            "open" => self.opener().1,
            "click" => self.clicker().1,
            _ => None,
        };
        mapping.attribute(&labels, &mut report);
        Ok(report)
    }

    fn report(&self, said: Said<'_>, place: usize, shared: Reported) -> Result<Reported, Reject> {
        let mut report = Reported { fact: said.fact, ..shared };
        report.recipient = said.recipient.map(part::kept);
        report.reason = said.reason.map(part::kept);
        report.own_id = self.own_id(place);
        report.id = self.id(&report);
        Ok(report)
    }

    /// SNS's id of the notification, the same however often SNS repeats it; for the second outcome of one notification and those
    /// behind it, with their place. Raw deliveries have the feedback's id, else a header.
    fn own_id(&self, place: usize) -> Option<String> {
        let id = self.sns.and_then(|sns| sns.words_of("MessageId")).or_else(|| self.inner.words_of("feedbackId"))?;
        let id = part::kept(id);
        Some(if place == 0 { id } else { format!("{id}#{place}") })
    }

    /// The times that the event gives itself, most exact first; a message that never left has only the time of its sending.
    fn stamps(&self) -> impl Iterator<Item = &'a str> {
        let (inner, mail) = (self.inner, self.mail);
        [inner.words_of("timestamp"), inner.words_of("arrivalDate")].into_iter().flatten().chain(
            matches!(self.kind.as_str(), "send" | "reject" | "renderingfailure")
                .then(|| mail.words_of("timestamp"))
                .flatten(),
        )
    }

    /// When it happened: by the event itself, not by SNS, which comes later and differs between two publications of one event.
    fn time(&self) -> Result<Option<Time>, Reject> {
        let sns = self.sns.and_then(|sns| sns.words_of("Timestamp"));
        let mut stamps = self.stamps().chain(sns).chain(self.mail.words_of("timestamp")).peekable();
        if stamps.peek().is_none() {
            return Ok(None);
        }
        let time = stamps.find_map(|words| when::iso(words).or_else(|| when::unix(words)));
        let unread = || Reject::new("bad_time", "no timestamp of the event can be read as ISO 8601");
        time.map(Some).ok_or_else(unread)
    }

    /// Identity by meaning. With both formats configured a bounce arrives twice, each time in a notification of its own: the feedback's
    /// id is what they share.
    fn id(&self, report: &Reported) -> domain::EventId {
        let recipient = identity::keyed(report.recipient.as_deref());
        if let Some(feedback) = self.inner.words_of("feedbackId") {
            return identity::event(&["amazon_ses", &self.kind, "feedback", feedback, &recipient]);
        }
        let message = report.provider_message_id.as_deref().unwrap_or_default();
        let own = report.own_id.as_deref().filter(|_| message.is_empty()).unwrap_or_default();
        let stamp = self.stamps().next().or_else(|| self.mail.words_of("timestamp")).unwrap_or_default();
        let link = self.inner.words_of("link").unwrap_or_default();
        let source = self.inner.words_of("ipAddress").or_else(|| self.inner.words_of("userAgent")).unwrap_or_default();
        let scope = subscription::scope_words(&report.fact);
        identity::event(&["amazon_ses", &self.kind, message, own, &recipient, stamp, link, source, scope])
    }
}

/// Entries of a list of addresses or of objects that hold one.
fn addressed<'a, 'b>(list: Option<&'a Json<'b>>) -> Vec<(Option<&'a str>, &'a Json<'b>)> {
    let list = match list {
        Some(Json::Array(entries)) => entries.as_slice(),
        Some(one @ Json::Text(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    let address =
        |entry: &'a Json<'b>| entry.words_of("emailAddress").or_else(|| entry.words()).and_then(identity::address);
    list.iter().filter_map(|entry| Some((Some(address(entry)?), entry))).collect()
}
