//! Without any script: every page is complete, and every form does what it says.

use anyhow::Result;
use browser::{Browser, Page};

use crate::site::{ORGANISATION, Site};

/// Everything that a page says and leads to, what changes by itself aside.
const SAID: &str = "(() => { const main = document.querySelector('main').cloneNode(true); \
                    main.querySelectorAll('.proof, #as-of').forEach(one => one.remove()); \
                    return main.textContent + [...main.querySelectorAll('a')].map(one => one.href).join(); })()";

#[test]
fn every_page_says_the_same_without_scripts() -> Result<()> {
    let site = Site::demo()?;
    let mut browser = Browser::start()?;
    let (mut with, mut without) = (site.page(&mut browser, "en")?, site.page(&mut browser, "en")?);
    without.without_scripts()?;
    for path in site.paths(&mut with)? {
        with.goto(&site.url(&path))?;
        without.goto(&site.url(&path))?;
        assert_eq!(with.text(SAID)?, without.text(SAID)?, "{path}");
        assert!(!without.seen()?.requests.iter().any(|address| address.ends_with("/live")), "{path}");
    }
    Ok(())
}

#[test]
fn every_form_works_without_scripts() -> Result<()> {
    let site = Site::demo()?;
    let token = site.token(ORGANISATION, "sender", "Ada")?;
    let mut browser = Browser::start()?;
    let mut page = browser.page()?;
    page.without_scripts()?;
    page.goto(&site.url("/campaigns"))?;
    fill(&mut page, "[name=token]", "wrong", "form[action='/login'] button")?;
    assert!(page.text("document.querySelector('[role=alert]').textContent")?.contains("not known"));
    fill(&mut page, "[name=token]", &token, "form[action='/login'] button")?;
    assert_eq!(page.text("location.pathname")?, "/campaigns");
    let rows = "String(document.querySelectorAll('main tbody tr').length)";
    let all = page.text(rows)?;
    fill(&mut page, "#q", "nothing-is-called-this", "form.search button")?;
    assert_eq!((page.text(rows)?.as_str(), all == "0"), ("0", false));
    page.leads(|page| click(page, "form.search .line a"))?;
    assert_eq!(page.text(rows)?, all, "cleared");
    page.leads(|page| click(page, "main tbody a"))?;
    page.leads(|page| click(page, ".tile a"))?;
    let name = page.text("document.querySelector('main tbody a').textContent")?;
    fill(&mut page, "#q", &name, "form.search button")?;
    assert_eq!(page.text("document.querySelector('main tbody a').textContent")?, name);
    page.leads(|page| click(page, "main tbody td a"))?;
    fill(&mut page, "#at", "2020-01-01T00:00", "form.then button")?;
    assert!(page.text("document.querySelector('main').textContent")?.contains("nothing had happened"));
    page.goto(&site.url("/send-check"))?;
    fill(&mut page, "textarea", "nobody-of-this-name", "form.check button")?;
    assert_eq!(page.text("String(document.querySelectorAll('#verdicts tbody tr').length)")?, "1");
    page.leads(|page| click(page, ".languages a[lang=fr]"))?;
    assert_eq!(page.text("document.documentElement.lang")?, "fr");
    page.leads(|page| click(page, "form[action='/logout'] button"))?;
    assert_eq!(page.text("location.pathname")?, "/login");
    page.goto(&site.url("/campaigns"))?;
    assert_eq!(page.text("location.pathname")?, "/login", "the session has ended");
    Ok(())
}

fn click(page: &mut Page, selector: &str) -> Result<()> {
    page.evaluate(&format!("document.querySelector(\"{selector}\").click()")).map(drop)
}

/// Writes into a field and presses the form's button, which leads to a page.
fn fill(page: &mut Page, field: &str, text: &str, button: &str) -> Result<()> {
    let value = text.replace('\\', "\\\\").replace('"', "\\\"");
    page.evaluate(&format!("document.querySelector(\"{field}\").value = \"{value}\""))?;
    page.leads(|page| click(page, button))
}
