//! What a provider is to report of each mail, and the numbers that must come of it. The stories of a provider are all its kinds of
//! events: each by itself, each after a delivery, and those of one payload together. What they mean is what the golden files say,
//! and what they amount to is the oracle's, so no number here comes from a decoder or a fold.

use std::collections::BTreeSet;

use domain::{Attribution, Event, Fact, Rank, Time};
use serde_json::Value;

use crate::template::{CLIENT, MESSAGE, RECIPIENT, Said, Template, templates};

/// The organisation that the payloads name.
pub const ORGANISATION: &str = "north";
/// When every mail was sent, in microseconds: 2025-01-01T09:58:00Z, before all that the payloads report.
const SENT: Time = Time::from_micros(1_735_725_480_000_000);

/// A provider's stories, told in turn.
#[derive(Clone, Debug)]
pub struct Plan {
    provider: &'static str,
    stories: Vec<Vec<Template>>,
}

/// A mail and what is reported of it.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Our id of the message.
    pub message: String,
    /// What the provider posts.
    pub reports: Vec<Report>,
    provider: &'static str,
    provider_message_id: String,
}

/// One event as the provider posts it.
#[derive(Clone, Debug)]
pub struct Report {
    /// Words that no other report has.
    pub id: String,
    /// The event.
    pub event: Value,
    /// The provider tries once and never again.
    pub once: bool,
    /// What the system is to make of it.
    pub facts: Vec<Event>,
}

impl Plan {
    /// The stories of a provider.
    ///
    /// # Errors
    /// When the payloads cannot be read.
    pub fn of(provider: &'static str) -> std::io::Result<Self> {
        let templates = templates(provider)?;
        let alone = templates.iter().map(|template| vec![template.clone()]);
        let delivery = templates.iter().find(|template| is_delivery(template));
        let after = templates.iter().filter(|template| !is_delivery(template));
        let after = after.filter_map(|template| Some(vec![delivery?.clone(), template.clone()]));
        let files: BTreeSet<&str> = templates.iter().map(|template| template.file.as_str()).collect();
        let together = files
            .into_iter()
            .map(|file| templates.iter().filter(|template| template.file == file).cloned().collect::<Vec<Template>>());
        let together = together.filter(|story| story.len() > 1);
        let stories = alone.chain(after).chain(together);
        let stories = stories.filter(|story| has_one_send(story) && is_settled(story)).collect();
        Ok(Self { provider, stories })
    }

    /// How many mails tell every story once.
    pub fn stories(&self) -> usize {
        self.stories.len()
    }

    /// The facts that the stories have, each kind with its qualifier once, in words.
    pub fn kinds(&self) -> BTreeSet<String> {
        let said = self.stories.iter().flatten().flat_map(|template| &template.said);
        said.map(|said| words(&said.fact)).collect()
    }

    /// The `number`-th mail.
    pub fn mail(&self, number: usize) -> Option<Mail> {
        let story = self.stories.get(number.checked_rem(self.stories.len())?)?;
        let message = format!("{}-{number}", self.provider.replace('_', "-"));
        let named = story.iter().find(|template| !template.is_ours).or(story.first());
        let named = named.and_then(|template| template.provider_message_id.as_deref()).unwrap_or("none");
        let provider_message_id = fresh(named, number);
        let report = |(place, template): (usize, &Template)| Report {
            id: format!("{message}/{place}"),
            event: about(template, &message, number),
            once: self.provider == "mailgun" && is_delivery(template),
            facts: template.said.iter().map(|said| self.fact(said, &message)).collect(),
        };
        let reports = story.iter().enumerate().map(report).collect();
        Some(Mail { message, reports, provider: self.provider, provider_message_id })
    }

    fn fact(&self, said: &Said, message: &str) -> Event {
        Event {
            organisation: ORGANISATION.to_owned(),
            message: message.to_owned(),
            id: said.id,
            time: said.time,
            decoder: 1,
            retracted: false,
            rank: Rank::CustomData,
            attribution: Attribution::default(),
            provider: self.provider.to_owned(),
            fact: said.fact.clone(),
            arrival: domain::Arrival::default(),
        }
    }
}

impl Mail {
    /// The mailer's word of it, a JSON line of a platform event.
    pub fn send(&self, campaign: &str) -> String {
        serde_json::json!({
            "organisation": ORGANISATION, "time": SENT.rfc3339(),
            "send": {
                "message": self.message, "campaign": campaign, "client": client(&self.message),
                "address": recipient(&self.message), "provider": self.provider, "account": "main",
                "provider_message_id": self.provider_message_id,
            },
        })
        .to_string()
    }

    /// What the mailer's word and all reports come to, as the facts of the message.
    pub fn facts(&self, campaign: &str) -> impl Iterator<Item = Event> {
        let sent = Event {
            organisation: ORGANISATION.to_owned(),
            message: self.message.clone(),
            id: domain::EventId::default(),
            time: SENT,
            decoder: 1,
            retracted: false,
            rank: Rank::Send,
            attribution: Attribution { campaign: Some(campaign.to_owned()), ..Attribution::default() },
            provider: String::new(),
            fact: Fact::Sent,
            arrival: domain::Arrival::default(),
        };
        std::iter::once(sent).chain(self.reports.iter().flat_map(|report| report.facts.iter().cloned()))
    }
}

fn is_delivery(template: &Template) -> bool {
    template.said.iter().any(|said| said.fact == Fact::Delivered)
}

/// A mail has one id at its provider: what goes by it goes by the same.
fn has_one_send(story: &[Template]) -> bool {
    let ids = story.iter().filter(|template| !template.is_ours).map(|template| &template.provider_message_id);
    ids.collect::<BTreeSet<_>>().len() <= 1
}

/// Of two bounces at one time the event's id decides which holds, and that is not the plan's.
fn is_settled(story: &[Template]) -> bool {
    let bounces = story.iter().flat_map(|template| &template.said);
    let bounces: Vec<Time> =
        bounces.filter(|said| matches!(said.fact, Fact::Bounced { .. })).map(|said| said.time).collect();
    bounces.iter().collect::<BTreeSet<_>>().len() == bounces.len()
}

/// What happened and its qualifier, without particulars.
fn words(fact: &Fact) -> String {
    match fact {
        Fact::Bounced { class, asynchronous, .. } => {
            format!("bounced {}{}", class.word(), if *asynchronous { " later" } else { "" })
        }
        Fact::Dropped(drop) => format!("dropped {}", drop.reason.word()),
        Fact::Opened(domain::Agent::Machine) => "opened by a machine".to_owned(),
        Fact::Clicked { agent: domain::Agent::Machine, .. } => "clicked by a machine".to_owned(),
        Fact::Opened(_) => "opened".to_owned(),
        Fact::Clicked { .. } => "clicked".to_owned(),
        Fact::Unsubscribed { .. } => "unsubscribed".to_owned(),
        Fact::Resubscribed { .. } => "resubscribed".to_owned(),
        Fact::Deferred { .. } => "deferred".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// The template's event about this message.
fn about(template: &Template, message: &str, number: usize) -> Value {
    let mut text = template.event.to_string();
    if let Some(own) = template.own_id.as_deref().filter(|own| Some(*own) != template.provider_message_id.as_deref()) {
        text = text.replace(own, &fresh(own, number));
    }
    if let Some(id) = &template.provider_message_id {
        text = text.replace(id.as_str(), &fresh(id, number));
    }
    // Amazon's id of a bounce or a complaint is its identity.
    let feedback =
        ["bounce", "complaint"].iter().find_map(|part| template.event.get(part)?.get("feedbackId")?.as_str());
    if let Some(feedback) = feedback {
        text = text.replace(feedback, &fresh(feedback, number));
    }
    let text = text.replace(MESSAGE, message).replace(CLIENT, &client(message));
    let text = replaced(&text, RECIPIENT, &recipient(message));
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

fn client(message: &str) -> String {
    format!("k-{message}")
}

fn recipient(message: &str) -> String {
    format!("{message}@example.org")
}

/// All spellings of an address replaced.
fn replaced(text: &str, address: &str, by: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    while let Some(place) = lower.get(from..).and_then(|rest| rest.find(address)) {
        out.push_str(text.get(from..from + place).unwrap_or_default());
        out.push_str(by);
        from += place + address.len();
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// An id of the same kind that no other mail has: different ids of one mail stay different.
fn fresh(id: &str, number: usize) -> String {
    if !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{number:06x}{id}");
    }
    // Mailjet's are beyond 2^53, which a float cannot hold.
    let base: u64 = if id.len() > 15 { 576_460_752_000_000_000 } else { 1_000_000_000 };
    let last = id.get(id.len().saturating_sub(3)..).and_then(|last| last.parse::<u64>().ok()).unwrap_or(0);
    (base + u64::try_from(number).unwrap_or(0) * 1_000 + last).to_string()
}
