//! Postmark's webhooks: one object a request, its kind in `RecordType`. Postmark signs nothing: the check is of credentials.

use domain::contact::Cause;
use domain::{BounceClass, DropReason, Fact, Scope, Time};

use crate::fact::{bounced, deferred, dropped, resubscribed, unsubscribed};
use crate::identity;
use crate::json::Json;
use crate::mapping::{Mapping, truth};
use crate::metadata::Metadata;
use crate::outcome::{Note, Outcome, Reject, Reported, Said};
use crate::url::link_template;
use crate::{agent, part, when};

pub(crate) use crate::check::credentials as check;

/// Reads a request's body: an object. An array, or several bodies in a file, are read one after the other.
pub(crate) fn decode(body: &[u8], mapping: &Mapping) -> Result<Vec<Outcome>, Reject> {
    part::each(body, |raw| part::read(raw, |json| event(json, mapping).map(|outcome| vec![outcome])))
}

fn event(json: &Json<'_>, mapping: &Mapping) -> Result<Outcome, Reject> {
    let kind = kind(json).ok_or_else(|| Reject::new("no_event", "the object has no \"RecordType\""))?;
    let recipient = ["Recipient", "Email"].iter().find_map(|name| json.words_of(name)).and_then(identity::address);
    let said = match said(&kind, json) {
        Ok(said) => said,
        Err(why) => return Ok(part::ignored(&kind, why, recipient)),
    };
    let (stamp, time) = time(json)?;
    let mut report = Reported::new(said, time);
    report.recipient = recipient.map(part::kept);
    report.provider_message_id = json.words_of("MessageID").map(part::kept);
    describe(&kind, json, &mut report);
    mapping.attribute(&Metadata::of(json.get("Metadata")), &mut report);
    report.id = id(&kind, stamp, json, &report);
    Outcome::told(report)
}

/// The kind of record in lower case. Records of old do not name it, but each kind has a field of its own.
fn kind(json: &Json<'_>) -> Option<String> {
    let named = json.words_of("RecordType").map(str::to_lowercase);
    named.or_else(|| {
        let own = [
            ("DeliveredAt", "delivery"),
            ("BouncedAt", "bounce"),
            ("TypeCode", "bounce"),
            ("OriginalLink", "click"),
            ("FirstOpen", "open"),
            ("SuppressSending", "subscriptionchange"),
            ("OriginalRecipient", "inbound"),
            ("FromFull", "inbound"),
            ("Type", "bounce"),
        ];
        own.iter().find(|(field, _)| json.get(field).is_some()).map(|(_, kind)| (*kind).to_owned())
    })
}

/// When it happened, and the words of it.
fn time<'a>(json: &'a Json<'_>) -> Result<(&'a str, Option<Time>), Reject> {
    when::stamped(["DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt"].iter().find_map(|name| json.words_of(name)))
}

/// What the record says, or why it says nothing of a message.
fn said(kind: &str, json: &Json<'_>) -> Result<Said, &'static str> {
    let agent = json.words_of("UserAgent");
    Ok(match kind {
        "delivery" => Fact::Delivered.into(),
        "bounce" => bounce(json)?,
        "spamcomplaint" => Fact::Complained.into(),
        "open" => Fact::Opened(agent::opener(agent).0).into(),
        "click" => {
            let link = json.words_of("OriginalLink").map(link_template).unwrap_or_default();
            Fact::Clicked { agent: agent::clicker(agent).0, link }.into()
        }
        "subscriptionchange" => subscription(json),
        "inbound" => return Err("inbound_mail"),
        _ => return Err("unknown_event"),
    })
}

/// Postmark calls much a bounce. `Type` decides: the published tables of codes disagree, so a code stands in only where no type is.
fn bounce(json: &Json<'_>) -> Result<Said, &'static str> {
    let words = reason(json);
    Ok(match bounce_type(json).as_str() {
        "hardbounce" => bounced(BounceClass::Hard, words).into(),
        "softbounce" => bounced(BounceClass::Soft, words).into(),
        // What the receiving side refused: as spam, for a virus, by a policy.
        "blocked" | "dmarcpolicy" | "spamnotification" | "virusnotification" => {
            bounced(BounceClass::Block, words).into()
        }
        "transient" | "dnserror" | "openrelaytest" => deferred(words).into(),
        "spamcomplaint" => Fact::Complained.into(),
        "bademailaddress" => dropped(DropReason::InvalidAddress, words).into(),
        "manuallydeactivated" | "unconfirmed" => dropped(DropReason::Suppressed, words).into(),
        "smtpapierror" | "templaterenderingfailed" => dropped(DropReason::SenderError, words).into(),
        "autoresponder" | "addresschange" | "challengeverification" => Note::AutoResponded.into(),
        "unsubscribe" => unsubscribed(scope(json)).into(),
        "subscribe" => resubscribed(scope(json)).into(),
        "inbounderror" => return Err("inbound_mail"),
        _ => return Err("unknown_event"),
    })
}

/// Postmark's codes of its bounce types, as its API documents them.
const TYPES: [(&str, &str); 21] = [
    ("1", "hardbounce"),
    ("2", "transient"),
    ("16", "unsubscribe"),
    ("32", "subscribe"),
    ("64", "autoresponder"),
    ("128", "addresschange"),
    ("256", "dnserror"),
    ("512", "spamnotification"),
    ("1024", "openrelaytest"),
    ("2048", "unknown"),
    ("4096", "softbounce"),
    ("8192", "virusnotification"),
    ("16384", "challengeverification"),
    ("100000", "bademailaddress"),
    ("100001", "spamcomplaint"),
    ("100002", "manuallydeactivated"),
    ("100003", "unconfirmed"),
    ("100006", "blocked"),
    ("100007", "smtpapierror"),
    ("100008", "inbounderror"),
    ("100009", "dmarcpolicy"),
];

fn bounce_type(json: &Json<'_>) -> String {
    let letters = |words: &str| words.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let coded = || {
        let code = json.words_of("TypeCode")?;
        TYPES.iter().find(|(known, _)| *known == code).map(|(_, name)| (*name).to_owned())
    };
    json.words_of("Type").map(letters).or_else(coded).unwrap_or_default()
}

/// A hard bounce and a complaint change the subscription as well, beside records of their own: then only the list of suppressed
/// addresses changes.
fn subscription(json: &Json<'_>) -> Said {
    let cause = match json.words_of("SuppressionReason").unwrap_or_default().to_ascii_lowercase().as_str() {
        "hardbounce" => Some(Cause::Bounce),
        "spamcomplaint" => Some(Cause::Complaint),
        _ => None,
    };
    match (json.words_of("SuppressSending").and_then(truth), cause) {
        (Some(false), None) => resubscribed(scope(json)).into(),
        (Some(false), cause) => Note::SuppressionRemoved(cause).into(),
        (_, None) => unsubscribed(scope(json)).into(),
        (_, cause) => Note::SuppressionAdded(cause).into(),
    }
}

/// Postmark unsubscribes from one message stream.
fn scope(json: &Json<'_>) -> Scope {
    json.words_of("MessageStream").map_or(Scope::Organisation, |stream| Scope::List(part::kept(stream)))
}

/// The words of the receiving server, else Postmark's own.
fn reason<'a>(json: &'a Json<'_>) -> Option<&'a str> {
    json.words_of("Details").or_else(|| json.words_of("Description"))
}

/// Adds the provider's own words.
fn describe<F>(kind: &str, json: &Json<'_>, report: &mut Reported<F>) {
    let owned = |name: &str| json.words_of(name).map(part::kept);
    let bounce = matches!(kind, "bounce" | "spamcomplaint");
    report.own_id = if bounce { owned("ID") } else { None };
    report.classification = if bounce { owned("Type") } else { owned("SuppressionReason") };
    report.reason = reason(json).map(part::kept);
    report.user_agent = owned("UserAgent");
    report.url = owned("OriginalLink");
    report.tags = part::tags_in(json.get("Tag"));
    report.agent_rule = match kind {
        "open" => agent::opener(json.words_of("UserAgent")).1,
        "click" => agent::clicker(json.words_of("UserAgent")).1,
        _ => None,
    };
}

/// Identity by meaning. Bounces and complaints have an id of Postmark's besides; the rest has none.
fn id<F>(kind: &str, stamp: &str, json: &Json<'_>, report: &Reported<F>) -> domain::EventId {
    let words = |name: &str| json.words_of(name).unwrap_or_default();
    let message = report.named_message().or(report.own_id.as_deref()).unwrap_or_default();
    let recipient = identity::keyed(report.recipient.as_deref());
    let source = match kind {
        "open" | "click" => json.at(&["Geo", "IP"]).and_then(Json::words).unwrap_or_else(|| words("UserAgent")),
        _ => "",
    };
    let turn = if kind == "subscriptionchange" { words("SuppressSending") } else { words("Type") };
    let of = [message, &recipient, stamp, words("OriginalLink"), source, turn, words("SuppressionReason")];
    identity::event(&["postmark", kind].into_iter().chain(of).collect::<Vec<_>>())
}
