//! Every page in both languages: it renders, the browser has nothing to say about it, and nothing is asked for elsewhere.

use std::collections::BTreeSet;

use anyhow::Result;
use browser::{Browser, Page};

use crate::site::{LANGUAGES, Site, keep};

#[test]
fn every_page_renders_in_both_languages_and_the_console_is_silent() -> Result<()> {
    let site = Site::demo()?;
    let mut browser = Browser::start()?;
    for language in LANGUAGES {
        let mut page = site.page(&mut browser, language)?;
        page.size(1_280, 900)?;
        for path in site.paths(&mut page)? {
            page.goto(&site.url(&path))?;
            renders(&site, &mut page, language, &path)?;
        }
        site.check(&mut page, "c1\nnobody@example.org\nSomebody Unknown")?;
        renders(&site, &mut page, language, "send-check-answer")?;
        assert!(page.evaluate("document.querySelectorAll('#verdicts tbody tr').length === 3")?.as_bool() == Some(true));
    }
    Ok(())
}

fn renders(site: &Site, page: &mut Page, language: &str, path: &str) -> Result<()> {
    assert_eq!(page.text("document.documentElement.lang")?, language, "{path}");
    assert!(!page.text("[...document.querySelectorAll('h1')].map(one => one.textContent).join('|')")?.is_empty());
    assert_eq!(page.evaluate("document.querySelectorAll('h1').length")?, 1, "{path}");
    let seen = page.seen()?;
    assert_eq!((seen.problems.clone(), seen.foreign(&site.host)), (vec![], vec![]), "{path}: {seen:?}");
    keep(page, &format!("{language}{path}"))
}

#[test]
fn what_is_not_there_is_said_on_a_page() -> Result<()> {
    let site = Site::demo()?;
    let mut browser = Browser::start()?;
    let mut page = site.page(&mut browser, "fr")?;
    page.goto(&site.url("/campaigns/never-was"))?;
    assert_eq!(page.text("document.querySelector('h1').textContent")?, "Il n'y a rien ici");
    page.leads(|page| page.evaluate("document.querySelector('main a').click()").map(drop))?;
    assert_eq!(page.text("location.pathname")?, "/campaigns");
    Ok(())
}

#[test]
fn a_mail_is_read_in_its_frame() -> Result<()> {
    let site = Site::demo()?;
    let mut browser = Browser::start()?;
    let mut page = site.page(&mut browser, "en")?;
    site.reach(&mut page, "/clients?q=ada", "#clients tbody a")?;
    page.leads(|page| page.evaluate("document.querySelector('#clients tbody a').click()").map(drop))?;
    page.seen()?;
    page.evaluate("document.querySelector('#client details').open = true")?;
    page.until("performance.getEntriesByType('resource').some(one => one.name.endsWith('/body'))")?;
    let seen = page.seen()?;
    assert!(seen.requests.iter().any(|address| address.ends_with("/body")), "{seen:?}");
    let mails = page.framed()?;
    assert!(mails.iter().any(|mail| mail.contains("<h1>") && !mail.contains("href")), "{mails:?}");
    assert_eq!((seen.problems.clone(), seen.foreign(&site.host)), (vec![], vec![]), "{seen:?}");
    keep(&mut page, "a-mail")
}

#[test]
fn nothing_on_a_page_is_taken_for_another() -> Result<()> {
    let site = Site::demo()?;
    let mut browser = Browser::start()?;
    let mut page = site.page(&mut browser, "en")?;
    page.goto(&site.url("/clients"))?;
    let rows = "[...document.querySelectorAll('#clients tbody th')].map(one => one.textContent)";
    let rows: Vec<String> = serde_json::from_value(page.evaluate(rows)?)?;
    assert!(rows.len() > 20 && rows.iter().all(|row| row.contains("Id k")), "{rows:?}");
    assert!(rows.iter().any(|row| row.contains('@')), "{rows:?}");
    assert_eq!(rows.iter().collect::<BTreeSet<_>>().len(), rows.len(), "no two alike: {rows:?}");
    page.goto(&site.url("/campaigns?sort=sent"))?;
    page.leads(|page| page.evaluate("document.querySelector('#campaigns tbody th a').click()").map(drop))?;
    let links =
        page.text("[...document.querySelectorAll('#numbers th code')].map(one => one.textContent).join(' ')")?;
    assert!(links.contains("&c=…") && !format!("{links} ").contains("= "), "{links}");
    let sums = page.text("[...document.querySelectorAll('.sum')].map(one => one.textContent).join(' ')")?;
    assert_eq!(sums.matches("Sent ").count(), 2, "once a sum: {sums}");
    page.leads(|page| page.evaluate("document.querySelector('.tile.delivered a').click()").map(drop))?;
    page.leads(|page| page.evaluate("document.querySelector('#recipients tbody td a').click()").map(drop))?;
    let sent = page.text("document.querySelector('.timeline li').textContent")?;
    assert!(sent.contains("Sent") && sent.contains("from the platform, platform/"), "{sent}");
    assert!(page.text("document.querySelector('.timeline').textContent")?.contains("from sendgrid, webhooks/"));
    Ok(())
}
