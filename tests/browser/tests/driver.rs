//! The driver notices what a suite relies on it to notice.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use anyhow::Result;
use browser::{Browser, Key, Seen};

/// A browser asks for an icon of its own accord where a page names none.
const ICON: &str = "<link rel=icon href=data:,>";

/// Serves each of these documents at its place, for ever; where.
fn serve(documents: &'static [&'static str]) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let host = listener.local_addr()?.to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = String::new();
            drop(BufReader::new(&stream).read_line(&mut asked));
            let place = asked.split(['/', ' ', '?']).nth(2).and_then(|place| place.parse::<usize>().ok());
            let html = place.and_then(|place| documents.get(place)).unwrap_or(&"");
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length";
            drop(write!(stream, "{head}: {}\r\n\r\n{ICON}{html}", ICON.len() + html.len()));
        }
    });
    Ok(host)
}

/// Documents, the beginning of the problem that each has, and what it asks for elsewhere.
const TRIES: [(&str, &str, &str); 7] = [
    ("<h1>Quiet</h1>", "", ""),
    ("<script>alert('a')</script>", "dialog", ""),
    ("<script>console.error('a')</script>", "console", ""),
    ("<script>nothing.there()</script>", "exception", ""),
    ("<img src='http://hostile.invalid/a'>", "log", "http://hostile.invalid/a"),
    ("<iframe sandbox src=/4></iframe>", "log", "http://hostile.invalid/a"),
    (
        "<meta http-equiv=content-security-policy content=\"img-src 'none'\"><img src='http://c.invalid/'>",
        "log",
        "http://c.invalid/",
    ),
];

#[test]
fn what_a_page_tries_is_seen_in_its_frames_too() -> Result<()> {
    static DOCUMENTS: [&str; TRIES.len()] = {
        let mut all = [""; TRIES.len()];
        let mut place = 0;
        while place < TRIES.len() {
            all[place] = TRIES[place].0;
            place += 1;
        }
        all
    };
    let host = serve(&DOCUMENTS)?;
    let mut browser = Browser::start()?;
    let mut page = browser.page()?;
    for (place, (html, problem, foreign)) in TRIES.into_iter().enumerate() {
        page.goto(&format!("http://{host}/{place}"))?;
        let seen = page.seen()?;
        let bad = seen.problems.iter().any(|one| one.starts_with(problem));
        assert_eq!(bad, !problem.is_empty(), "{html}: {seen:?}");
        assert_eq!(
            seen.foreign(&host),
            Vec::from_iter(Some(foreign).filter(|one| !one.is_empty())),
            "{html}: {seen:?}"
        );
        assert_eq!(page.seen()?, Seen::default(), "it is told once");
    }
    Ok(())
}

#[test]
fn keys_move_write_and_follow_and_scripts_can_be_off() -> Result<()> {
    let host = serve(&[
        "<input><a href='#x'>a</a><form action=/1><button>b</button></form>",
        "<title>off</title><script>document.title = 'on'</script>",
    ])?;
    let mut browser = Browser::start()?;
    let mut page = browser.page()?;
    page.goto(&format!("http://{host}/0"))?;
    page.press(Key::Tab)?;
    page.write("ada")?;
    page.press(Key::Tab)?;
    assert_eq!(page.text("document.activeElement.textContent + document.querySelector('input').value")?, "aada");
    page.press(Key::BackTab)?;
    assert_eq!(page.text("document.activeElement.localName")?, "input");
    page.press(Key::Tab)?;
    page.press(Key::Tab)?;
    page.leads(|page| page.press(Key::Enter))?;
    assert_eq!(page.text("document.title")?, "on");
    page.without_scripts()?;
    page.goto(&format!("http://{host}/1"))?;
    assert_eq!(page.text("document.title")?, "off");
    let missing = page.goto("http://127.0.0.1:1/").expect_err("nobody listens there");
    assert!(missing.to_string().contains("127.0.0.1:1"), "{missing}");
    Ok(())
}
