//! The demo's month behind a live `run`, and who looks at it: one site for all tests that only look.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use browser::{Browser, PATIENCE, Page};
use tempfile::TempDir;

use crate::support::{Run, said};

/// An organisation of the demo that has every kind of row, in Montreal's time zone.
pub(crate) const ORGANISATION: &str = "city-league";
/// Events of the demo's month: enough for lists of several pages.
const EVENTS: &str = "20000";
/// Lists of a communication, as its addresses name them.
pub(crate) const LISTS: [&str; 13] = [
    "sent",
    "pending",
    "delivered",
    "open",
    "click",
    "bounce",
    "blocked",
    "dropped",
    "spam",
    "blocked-spam",
    "unsubscribed",
    "not-sent",
    "copy",
];
/// Languages of the pages.
pub(crate) const LANGUAGES: [&str; 2] = ["en", "fr"];

/// A live run, and where it answers. It ends when nobody uses it any more.
pub(crate) struct Site {
    pub(crate) host: String,
    pub(crate) run: Mutex<Run>,
    data: std::path::PathBuf,
    _folder: TempDir,
}

impl Site {
    /// The demo's month, shared by all tests that run at the same time.
    pub(crate) fn demo() -> Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Site>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(site) = shared.upgrade() {
            return Ok(site);
        }
        let site = Arc::new(Self::over(|data| {
            drop(said(data, &["demo", "--exit", "--events", EVENTS]));
            vec!["--config".to_owned(), data.join("mailtally.toml").display().to_string()]
        })?);
        *shared = Arc::downgrade(&site);
        Ok(site)
    }

    /// A run over an empty directory.
    pub(crate) fn empty() -> Result<Self> {
        Self::over(|_| Vec::new())
    }

    /// A run over what this writes into a data directory.
    pub(crate) fn filled(fill: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        let mut filled = Ok(());
        let site = Self::over(|data| {
            filled = fill(data);
            Vec::new()
        });
        filled.and(site)
    }

    fn over(fill: impl FnOnce(&Path) -> Vec<String>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        let more = fill(&data);
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        let mut run = Run::start(&data, &[&["--set", "disk_headroom_bytes=0"], &more[..]].concat());
        let host = run.address();
        has_everything(&mut run)?;
        Ok(Self { host, run: Mutex::new(run), data, _folder: folder })
    }

    /// A token for somebody with this role.
    pub(crate) fn token(&self, organisation: &str, role: &str, name: &str) -> Result<String> {
        // A name may begin with a dash.
        let name = format!("--name={name}");
        let link = said(&self.data, &["grant", "--organisation", organisation, "--role", role, &name]);
        Ok(link.trim().split_once("token=").context("a link")?.1.to_owned())
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    /// A page of a sender who is logged in and reads this language.
    pub(crate) fn page(&self, browser: &mut Browser, language: &str) -> Result<Page> {
        let token = self.token(ORGANISATION, "sender", "Ada")?;
        let mut page = browser.page()?;
        page.goto(&self.url(&format!("/login?token={token}")))?;
        page.goto(&self.url(&format!("/campaigns?lang={language}")))?;
        page.seen()?;
        Ok(page)
    }

    /// Goes to an address until its page has something of this kind: the folds may not have come to it yet.
    pub(crate) fn reach(&self, page: &mut Page, path: &str, selector: &str) -> Result<()> {
        let begun = Instant::now();
        loop {
            page.goto(&self.url(path))?;
            if page.evaluate(&format!("document.querySelector('{selector}') !== null"))? == true {
                return Ok(());
            }
            ensure!(begun.elapsed() < PATIENCE, "{path} has no {selector}");
        }
    }

    /// Addresses of every page, from those that a reader finds first.
    pub(crate) fn paths(&self, page: &mut Page) -> Result<Vec<String>> {
        let mut first = |path: &str, link: &str| {
            self.reach(page, path, &format!("main a[href^=\"{link}\"]"))?;
            page.text(&format!("document.querySelector('main a[href^=\"{link}\"]').getAttribute('href')"))
        };
        let campaign = first("/campaigns?sort=sent", "/campaigns/")?.replace("/sent", "");
        let dropped = first("/campaigns?sort=sent&status=troubled", "/campaigns/")?.replace("/sent", "");
        let message = first(&format!("{dropped}/dropped"), "/messages/")?;
        let client = first("/suppressions", "/clients/")?;
        let more = [
            "/campaigns".to_owned(),
            "/campaigns?q=a&class=mass&from=2020-01-01&sort=name".to_owned(),
            "/campaigns?q=nothing-is-called-this".to_owned(),
            campaign.clone(),
            format!("{campaign}?by=day"),
            format!("{campaign}/sent?q=a"),
            format!("{message}?at=2026-01-01"),
            message,
            format!("{client}?at=2026-01-01"),
            client,
            "/clients".to_owned(),
            "/clients?q=an".to_owned(),
            "/unsubscribed".to_owned(),
            "/suppressions".to_owned(),
            "/send-check".to_owned(),
            "/login".to_owned(),
        ];
        let lists = LISTS.map(|list| format!("{campaign}/{list}"));
        Ok(more.into_iter().chain(lists).collect())
    }

    /// Fills the send check in with these lines and sends it.
    pub(crate) fn check(&self, page: &mut Page, lines: &str) -> Result<()> {
        page.goto(&self.url("/send-check"))?;
        page.evaluate("document.querySelector('textarea').focus()")?;
        page.write(lines)?;
        page.leads(|page| page.evaluate("document.querySelector('form.check button').click()").map(drop))
    }
}

/// Waits until the view has what was written before the run began: until then pages say that their numbers are not whole.
fn has_everything(run: &mut Run) -> Result<()> {
    let begun = Instant::now();
    loop {
        let (_, report) = run.get("/health/ready");
        let report: serde_json::Value = serde_json::from_str(&report)?;
        if report["view"]["state"] == "live" {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "the view does not catch up: {report}");
        std::thread::yield_now();
    }
}

/// Keeps a picture of the page where the pictures are wanted.
pub(crate) fn keep(page: &mut Page, name: &str) -> Result<()> {
    let Some(folder) = std::env::var_os("MAILTALLY_TEST_PICTURES") else { return Ok(()) };
    let name: String = name.chars().map(|one| if one.is_alphanumeric() { one } else { '-' }).collect();
    std::fs::create_dir_all(&folder)?;
    std::fs::write(Path::new(&folder).join(name.trim_matches('-').to_owned() + ".png"), page.picture()?)?;
    Ok(())
}
