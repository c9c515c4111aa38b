//! `cargo xtask pages`: the README's pictures of the dashboard, taken by a browser from a run over the demo's month, so that
//! they cannot tell of what is not there.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use crate::run::run;
use crate::served::{LISTEN, Served};
use crate::setup::{self, Purpose};

/// Pictures: where they are, what they show, and their height in pixels.
const PICTURES: [(&str, &str, u32); 3] = [
    ("deploy/dashboard-list.png", "/campaigns", 900),
    ("deploy/dashboard-campaign.png", "/campaigns/c37", 1_150),
    ("deploy/dashboard-recipients.png", "/campaigns/c37/bounce", 720),
];
/// Width of a picture in pixels.
const WIDTH: u32 = 1_280;

/// Plays the demo, serves it, looks at it.
pub(crate) fn command(_: &[String]) -> Result<ExitCode, String> {
    let browser = setup::browser().ok_or("no browser: apt-get install chromium-headless-shell")?;
    setup::ready(Purpose::Run, true)?;
    run(&mut setup::cargo(&["build", "--bin", "mailtally"]))?;
    let place = std::env::temp_dir().join(format!("mailtally-pages-{}", std::process::id()));
    let data = place.join("data");
    let taken = pictures(browser, &place, &data);
    std::fs::remove_dir_all(&place).map_err(|error| error.to_string())?;
    taken.map(|()| ExitCode::SUCCESS)
}

fn pictures(browser: &str, place: &Path, data: &Path) -> Result<(), String> {
    let served = Served::start(data)?;
    let profile = format!("--user-data-dir={}", place.join("browser").display());
    // The first look logs in.
    look(browser, &profile, &served.link, 900, &place.join("first.png"))?;
    for (path, page, height) in PICTURES {
        look(browser, &profile, &format!("http://{LISTEN}{page}"), height, &setup::root().join(path))?;
        eprintln!("taken: {path}");
    }
    Ok(())
}

fn look(browser: &str, profile: &str, address: &str, height: u32, picture: &Path) -> Result<(), String> {
    let mut command = Command::new(browser);
    command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]);
    // Open pages hear of news for ever: the browser is told when to look.
    command.args(["--timeout=4000", profile, &format!("--window-size={WIDTH},{height}")]);
    command.arg(format!("--screenshot={}", picture.display())).arg(address);
    run(command.stdout(Stdio::null()).stderr(Stdio::null()))
}
