//! Two hundred strings in every field that a mailer, a provider, a recipient or the organisation itself writes, each in an organisation
//! of its own: on no page does one run, fetch or break anything, and a name is shown as it is.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use browser::{Browser, Page};
use serde_json::{Value, json};
use tests::hostile;

use crate::site::Site;
use crate::support::said;

/// Pages that every organisation has, but those that follow.
const OWN: [&str; 4] = ["/clients", "/unsubscribed", "/suppressions", "/messages/m3"];
/// Addresses that ask for the string.
const ASKED: [&str; 4] = [
    "/campaigns?sort=name&q={}&sender={}&from={}&class={}&status={}",
    "/clients?q={}&after={}",
    "/campaigns/c/sent?q={}&status={}&reason={}",
    "/messages/m?at={}",
];
/// Ids that no address can hold: a browser takes them for a step in the path, however they are encoded.
const STEPS: [&str; 2] = [".", ".."];
/// What a browser says of an address that has a mistake: the page says it too.
const REFUSED: &str = "status of 400";

#[test]
fn no_string_runs_fetches_or_breaks_a_page() -> Result<()> {
    let site = Site::filled(|data| {
        let strings: Vec<&str> = hostile::all().collect();
        let lines: String = strings.iter().enumerate().flat_map(|(place, text)| platform(place, text)).collect();
        produce(data, &lines)?;
        // Ids have rules: what they refuse is refused and harms nothing.
        let ids: String = strings.iter().enumerate().flat_map(|(place, text)| named(place, text)).collect();
        produce(data, &ids)?;
        let events: Vec<Value> = strings.iter().enumerate().flat_map(|(place, text)| reports(place, text)).collect();
        ingest(data, strings.len(), &events)
    })?;
    let mut browser = Browser::start()?;
    let mut page = browser.page()?;
    let mut harmed = Vec::new();
    for (place, text) in hostile::all().enumerate() {
        let token = site.token(&organisation(place), "sender", &text.replace('\0', ""))?;
        page.headers(&[("Authorization", &format!("Bearer {token}"))])?;
        harmed.extend(visit(&site, &mut page, text).err().map(|why| format!("{text:?}: {why:#}")));
    }
    assert!(harmed.is_empty(), "{}: {harmed:#?}", harmed.len());
    Ok(())
}

fn visit(site: &Site, page: &mut Page, text: &str) -> Result<()> {
    for path in OWN {
        page.goto(&site.url(path))?;
        harmless(site, page, path)?;
    }
    client(site, page, text)?;
    for path in ASKED {
        page.goto(&site.url(&path.replace("{}", &percent(text))))?;
        harmless(site, page, path)?;
    }
    page.goto(&site.url("/campaigns"))?;
    harmless(site, page, "the list")?;
    let mut campaigns = links(page, "#campaigns tbody th a")?;
    campaigns.retain(|address| !STEPS.contains(&text) || address.ends_with("/campaigns/c"));
    ensure!(!campaigns.is_empty(), "there is no communication");
    for campaign in campaigns {
        page.goto(&campaign)?;
        harmless(site, page, "a communication")?;
        page.goto(&format!("{campaign}/sent"))?;
        harmless(site, page, "its recipients")?;
        let messages = links(page, "#recipients tbody td a")?;
        page.goto(messages.first().context("a message")?)?;
        harmless(site, page, "a message")?;
    }
    site.check(page, text)?;
    harmless(site, page, "the send check")
}

/// The client whose name it is, with every mail in its frame.
fn client(site: &Site, page: &mut Page, text: &str) -> Result<()> {
    page.goto(&site.url("/clients/k"))?;
    let name = page.text("document.querySelector('h1').textContent")?;
    ensure!(shown(&name) == shown(text), "the client is called {name:?}");
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")?;
    let frames = "document.querySelectorAll('iframe').length";
    let bodies = "performance.getEntriesByType('resource').filter(one => one.name.endsWith('/body')).length";
    page.until(&format!("{bodies} === {frames}"))?;
    harmless(site, page, "mails in their frames")
}

fn links(page: &mut Page, selector: &str) -> Result<Vec<String>> {
    let found = page.evaluate(&format!("[...document.querySelectorAll('{selector}')].map(one => one.href)"))?;
    Ok(found.as_array().context("a list")?.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect())
}

/// Nothing ran, nothing was asked for elsewhere, nobody complained, and the page is whole.
fn harmless(site: &Site, page: &mut Page, what: &str) -> Result<()> {
    let mark = page.text(&format!("typeof {}", hostile::MARK))?;
    let mut seen = page.seen()?;
    seen.problems.retain(|problem| !problem.contains(REFUSED));
    let foreign = seen.foreign(&site.host);
    ensure!(mark == "undefined", "{what}: it ran");
    ensure!(foreign.is_empty() && seen.problems.is_empty(), "{what}: {foreign:?} {:?}", seen.problems);
    let parts = "document.querySelectorAll('main#content').length + document.querySelectorAll('body > footer').length";
    ensure!(page.evaluate(parts)? == 2, "{what} is not whole");
    Ok(())
}

/// What a reader of a page can see of a text: how it is broken into lines is not part of it, and what no document may hold is left out.
fn shown(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace(['\0', '\u{fffd}'], "")
}

fn organisation(place: usize) -> String {
    format!("o{place}")
}

fn line(place: usize, second: usize, event: (&str, Value)) -> String {
    let mut line = json!({ "organisation": organisation(place), "time": format!("2026-05-01T10:00:{second:02}Z") });
    line[event.0] = event.1;
    line.to_string() + "\n"
}

/// A campaign with three mails, everything that may be named named so.
fn platform(place: usize, text: &str) -> Vec<String> {
    let send = |message: &str| json!({ "message": message, "campaign": "c", "client": "k", "address": "k@example.org", "subject": text });
    let language = if place % 2 == 0 { "en" } else { "fr" };
    let events = [
        ("settings", json!({ "name": text, "zone": "America/Toronto", "language": language, "contact": text })),
        ("campaign", json!({ "campaign": "c", "name": text, "sender": text, "subject": text })),
        ("client", json!({ "client": "k", "name": text })),
        ("address", json!({ "client": "k", "address": "k@example.org" })),
        ("send", send("m")),
        ("send", send("m2")),
        ("body", json!({ "campaign": "c", "html": format!("<p>{{{{name}}}}</p>{text}") })),
        (
            "body",
            json!({ "message": "m", "client": "k", "fields": { "name": text }, "attachments": [{ "name": text, "size": 1 }] }),
        ),
        ("body", json!({ "message": "m2", "client": "k", "html": text })),
        (
            "refused",
            json!({ "message": "m3", "campaign": "c", "client": "k", "address": "k@example.org", "reason": "other", "text": text }),
        ),
        ("preference", json!({ "client": "k", "subscribed": false, "list": text })),
        (
            "withheld",
            json!({ "campaign": "c", "client": "k2", "reason": "other", "address": format!("{text}@example.org") }),
        ),
    ];
    events.into_iter().enumerate().map(|(second, event)| line(place, second, event)).collect()
}

/// A campaign, a client and a message whose ids are the text.
fn named(place: usize, text: &str) -> Vec<String> {
    let address = format!("{text}@example.org");
    vec![
        line(place, 20, ("send", json!({ "message": text, "campaign": text, "client": text, "address": address }))),
        line(place, 21, ("address", json!({ "client": "k", "address": address }))),
    ]
}

/// What a provider reports of them.
fn reports(place: usize, text: &str) -> Vec<Value> {
    let report = |event: &str, message: &str, second: u32| {
        json!({
            "event": event, "email": "k@example.org", "timestamp": 1_777_629_700 + second, "sg_event_id": format!("{event}{place}"),
            "mailtally_organisation": organisation(place), "mailtally_message": message, "mailtally_campaign": "c",
            "reason": text, "response": text, "url": text, "useragent": text, "category": [text], "ip": text, "status": text,
        })
    };
    let mut reported = vec![
        report("delivered", "m", 1),
        report("open", "m", 2),
        report("click", "m", 3),
        report("bounce", "m2", 4),
        report("deferred", "m2", 1),
        report("dropped", "m3", 5),
    ];
    let link = format!("https://example.org/{}?{}=1&x={}", percent(text), percent(text), percent(text));
    reported.push(json!({ "event": "click", "email": "k@example.org", "timestamp": 1_777_629_710, "sg_event_id": format!("link{place}"),
        "mailtally_organisation": organisation(place), "mailtally_message": "m", "mailtally_campaign": "c", "url": link, "useragent": "Mozilla/5.0" }));
    reported
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn produce(data: &Path, lines: &str) -> Result<()> {
    let file = data.with_extension("jsonl");
    std::fs::write(&file, lines)?;
    let done = crate::support::mailtally(data, &["produce", file.to_str().context("a path")?]);
    // Some are refused, which it tells by its exit code.
    println!("{} {}", done.status, String::from_utf8_lossy(&done.stdout).lines().last().unwrap_or_default());
    Ok(())
}

fn ingest(data: &Path, organisations: usize, events: &[Value]) -> Result<()> {
    let file = data.with_extension("json");
    let bodies: Vec<String> = events.chunks(500).map(|some| Value::from(some.to_vec()).to_string()).collect();
    std::fs::write(&file, bodies.join("\n"))?;
    let allowed: Vec<String> =
        (0..organisations).flat_map(|place| ["--organisation".to_owned(), organisation(place)]).collect();
    let mut arguments = vec!["ingest", "--provider", "sendgrid", file.to_str().context("a path")?];
    arguments.extend(allowed.iter().map(String::as_str));
    println!("{}", said(data, &arguments).lines().last().unwrap_or_default());
    Ok(())
}
