//! One campaign: whom the platform mails, whom it leaves out, and what becomes of each mail.

use std::collections::BTreeMap;

use contract::proto::platform::v1::{
    Attachment, Body, Campaign, Preference, Refused, Send, Withheld, platform_event::Event as Kind,
};

use crate::fate::Fate;
use crate::mail::{Deed, Mail};
use crate::post::Post;
use crate::random::{count, place};
use crate::world::{CLIENTS, Cause, Client, Organisation, Plan, special};
use crate::{DAY, ORGANISATIONS, amazon_ses, sendgrid};

/// Mails a second of the large campaign.
const PACE: u64 = 45;

/// Plays one campaign; what happens to the clients is kept for the next.
pub(crate) fn play(plan: &Plan, clients: &mut [Client], turns: &mut u64, post: &mut Post) {
    let Some(organisation) = ORGANISATIONS.get(plan.organisation) else { return };
    let campaign = plan.id();
    define(plan, &campaign, organisation, post);
    copy(plan, &campaign, organisation, post);
    for (n, at) in (1..).zip(plan.places(&mut post.random)) {
        let at_second = plan.at + if plan.clients < CLIENTS { n } else { n / PACE };
        let Some(client) = clients.get_mut(place(at)) else { continue };
        if client.erased.is_some_and(|erased| plan.at + 5 * DAY > erased) {
            continue;
        }
        let all = client.addresses.len() > 1 && plan.number % 3 == 0;
        for address in 0..=usize::from(all) {
            let step = Step { plan, campaign: &campaign, organisation, at: at_second };
            step.client(client, address, turns, post);
        }
    }
    for at in 0..plan.over_limit {
        let Some(client) = clients.get(place(special::COUNT + at)) else { continue };
        let withheld = withheld(&campaign, client, "over_limit");
        post.say(organisation, plan.at - 30, Kind::Withheld(withheld));
    }
}

fn define(plan: &Plan, campaign: &str, organisation: &'static Organisation, post: &mut Post) {
    let title = plan.title;
    let definition = Campaign {
        campaign: campaign.to_owned(),
        name: title.name.to_owned(),
        class: if title.automated { "transactional" } else { "mass" }.to_owned(),
        automated: title.automated,
        sender: format!("{} <{}>", organisation.name, organisation.contact),
        subject: title.subject.to_owned(),
    };
    post.say(organisation, plan.at, Kind::Campaign(definition));
    let template = Body {
        campaign: campaign.to_owned(),
        html: format!(
            "<h1>{}</h1><p>{{{{first_name}}}},</p><p><a href=\"{}/register\">{}</a></p>",
            title.subject, organisation.site, organisation.name
        ),
        text: format!("{{{{first_name}}}}, {} {}/register", title.subject, organisation.site),
        ..Body::default()
    };
    post.say(organisation, plan.at, Kind::Body(template));
}

/// The organisation's own copy: the confirmation that the campaign went out.
fn copy(plan: &Plan, campaign: &str, organisation: &'static Organisation, post: &mut Post) {
    let mail = mail(organisation, campaign, "office", organisation.contact, plan.title.subject, plan.at, post);
    post.say(organisation, plan.at, Kind::Send(Send { copy: true, ..send(&mail, plan.title.automated) }));
    let fate = if plan.dropped_whole { vec![(2, Deed::Dropped("Spam Content"))] } else { Fate::plain().reports };
    fate.into_iter().for_each(|(after, deed)| report(&mail, plan.at + after, &deed, post));
}

/// One recipient's turn.
struct Step<'a> {
    plan: &'a Plan,
    campaign: &'a str,
    organisation: &'static Organisation,
    at: u64,
}

impl Step<'_> {
    fn client(&self, client: &mut Client, address: usize, turns: &mut u64, post: &mut Post) {
        let cause = client.cause(address, !self.plan.title.automated, self.at);
        if let Some(cause) = cause
            && (matches!(cause, Cause::NoAddress | Cause::Inactive) || post.random.chance(550))
        {
            // A second address is left out in silence: the row is the client's.
            if address == 0 {
                post.say(self.organisation, self.at, Kind::Withheld(withheld(self.campaign, client, reason(cause))));
            }
            return;
        }
        if cause.is_none() && post.random.chance(4) && address == 0 && self.plan.clients < CLIENTS {
            let withheld = withheld(self.campaign, client, "other");
            return post.say(self.organisation, self.at, Kind::Withheld(withheld));
        }
        let fate = self.fate(client, cause, turns, post);
        self.mail(client, address, fate, post);
    }

    fn fate(&self, client: &Client, cause: Option<Cause>, turns: &mut u64, post: &mut Post) -> Fate {
        if self.plan.dropped_whole {
            return Fate { reports: vec![(2, Deed::Dropped("Spam Content"))], ..Fate::default() };
        }
        if let Some(cause) = cause {
            return Fate::because(cause, self.organisation.provider);
        }
        if client.erased.is_some() {
            return Fate::plain();
        }
        if self.plan.clients < CLIENTS && post.random.chance(60) {
            *turns += 1;
            return Fate::seldom(*turns, self.organisation.provider, &mut post.random);
        }
        Fate::usual(&mut post.random)
    }

    fn mail(&self, client: &mut Client, address: usize, fate: Fate, post: &mut Post) {
        let Some(used) = client.addresses.get(address) else { return };
        let text = used.text.clone();
        let title = self.plan.title;
        let id = client.id.clone();
        let mut mail = mail(self.organisation, self.campaign, &id, &text, title.subject, self.at, post);
        if address > 0 {
            mail.id.push_str("-b");
        }
        mail.carries_ids |= fate.unsaid;
        if let Some((reason, words)) = fate.refused {
            return post.say(self.organisation, self.at, Kind::Refused(refused(&mail, reason, words)));
        }
        if !fate.unsaid {
            post.say(self.organisation, self.at, Kind::Send(send(&mail, title.automated)));
            if self.plan.clients < CLIENTS {
                post.say(self.organisation, self.at, Kind::Body(body(&mail, client, title.automated)));
            }
        }
        if self.organisation.id != "city-league" {
            report(&mail, self.at + 1, &Deed::Processed, post);
        }
        for (after, deed) in fate.reports {
            report(&mail, self.at + after, &deed, post);
            happens(client, address, self.at + after, &deed);
        }
        for (after, subscribed) in fate.account {
            let said =
                Preference { client: id.clone(), subscribed, from_message: mail.id.clone(), ..Preference::default() };
            post.say(self.organisation, self.at + after, Kind::Preference(said));
            client.unsubscribe(self.at + after, !subscribed);
        }
    }
}

/// What a report means for later mails.
fn happens(client: &mut Client, address: usize, at: u64, deed: &Deed) {
    let unsubscribed = match deed {
        Deed::Unsubscribe { .. } => Some(true),
        Deed::Resubscribe => Some(false),
        _ => None,
    };
    if let Some(unsubscribed) = unsubscribed {
        client.unsubscribe(at, unsubscribed);
    }
    let Some(address) = client.addresses.get_mut(address) else { return };
    match deed {
        Deed::HardBounce => address.bounced = address.bounced.or(Some(at)),
        Deed::Complaint => address.complained = address.complained.or(Some(at)),
        _ => {}
    }
    if let Some(unsubscribed) = unsubscribed {
        address.unsubscribe(at, unsubscribed);
    }
}

/// A mail with the id that its provider gives it; one in seven travels without our ids.
pub(crate) fn mail<'a>(
    organisation: &'static Organisation,
    campaign: &'a str,
    client: &'a str,
    address: &'a str,
    subject: &'a str,
    sent: u64,
    post: &mut Post,
) -> Mail<'a> {
    let provider_id = match organisation.provider {
        "sendgrid" => post.random.id(22),
        _ => amazon_ses::message_id(sent, &mut post.random),
    };
    let id = format!("{campaign}-{client}");
    let carries_ids = !post.random.chance(140);
    Mail { organisation, id, campaign, client, address, subject, sent, provider_id, carries_ids }
}

/// What the platform says when it has handed the mail over.
pub(crate) fn send(mail: &Mail<'_>, automated: bool) -> Send {
    Send {
        message: mail.id.clone(),
        campaign: mail.campaign.to_owned(),
        client: mail.client.to_owned(),
        address: mail.address.to_owned(),
        class: if automated { "transactional" } else { "mass" }.to_owned(),
        provider: mail.organisation.provider.to_owned(),
        account: mail.organisation.id.to_owned(),
        provider_message_id: mail.provider_id.clone(),
        subject: mail.subject.to_owned(),
        ..Send::default()
    }
}

/// Lets the mail's provider report.
pub(crate) fn report(mail: &Mail<'_>, at: u64, deed: &Deed, post: &mut Post) {
    if mail.organisation.provider == "sendgrid" {
        let event = sendgrid::event(mail, at, deed, &mut post.random);
        post.sendgrid(mail.organisation, at, &event);
    } else {
        let event = amazon_ses::event(mail, at, deed, &mut post.random);
        post.amazon_ses(mail.organisation, at, &event);
    }
}

fn refused(mail: &Mail<'_>, reason: &str, words: &str) -> Refused {
    Refused {
        message: mail.id.clone(),
        campaign: mail.campaign.to_owned(),
        client: mail.client.to_owned(),
        address: mail.address.to_owned(),
        reason: reason.to_owned(),
        text: words.to_owned(),
    }
}

/// The fields for the campaign's template, or, for a receipt, what was sent.
fn body(mail: &Mail<'_>, client: &Client, automated: bool) -> Body {
    let first = client.name.split(' ').next().unwrap_or_default().to_owned();
    let of = Body { message: mail.id.clone(), client: mail.client.to_owned(), ..Body::default() };
    if !automated {
        return Body { fields: BTreeMap::from([("first_name".to_owned(), first)]), ..of };
    }
    Body {
        html: format!("<p>{first},</p><p>{}</p>", mail.subject),
        text: format!("{first},\n\n{}\n", mail.subject),
        attachments: vec![Attachment { name: "details.pdf".to_owned(), size: 18_000 + count(mail.id.as_bytes()) }],
        ..of
    }
}

fn withheld(campaign: &str, client: &Client, reason: &str) -> Withheld {
    Withheld {
        campaign: campaign.to_owned(),
        client: client.id.clone(),
        address: client.addresses.first().map(|address| address.text.clone()).unwrap_or_default(),
        reason: reason.to_owned(),
    }
}

fn reason(cause: Cause) -> &'static str {
    match cause {
        Cause::NoAddress => "no_address",
        Cause::Inactive => "inactive",
        Cause::ClientUnsubscribed => "client_unsubscribed",
        Cause::AddressUnsubscribed => "address_unsubscribed",
        Cause::Invalid => "invalid",
        Cause::Bounced => "bounced",
        Cause::Spam => "spam",
        Cause::DomainFlagged => "domain_flagged",
    }
}
