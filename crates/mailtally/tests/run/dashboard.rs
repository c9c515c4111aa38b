//! The dashboard of a live run: a granted link logs in, an open page hears of an acknowledged event and shows it, every tile of a
//! page is the length of its list, and what was granted to one organisation opens no other's.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::Output;
use std::time::Duration;

use crate::live::{Live, over, send, until};

const TILES: [&str; 8] = ["sent", "delivered", "open", "click", "bounce", "dropped", "spam", "unsubscribed"];

/// A token for somebody of an organisation, out of the link that `grant` prints.
pub(crate) fn token(data: &std::path::Path, organisation: &str) -> String {
    let Output { status, stdout, .. } = over(data, &["grant", "--organisation", organisation, "--name", "Ada"]);
    assert!(status.success());
    let link = String::from_utf8(stdout).expect("text");
    link.trim().split_once("token=").expect("a link").1.to_owned()
}

fn page(live: &Live, token: &str, path: &str) -> String {
    let url = format!("http://{}{path}", live.address);
    let asked = ureq::get(url).header("Authorization", format!("Bearer {token}")).call();
    asked.expect("a page").body_mut().read_to_string().expect("text")
}

#[test]
fn an_open_page_hears_of_an_event_and_shows_its_number() {
    let root = tempfile::tempdir().expect("directory");
    let live = Live::start(root.path(), &[]);
    let token = token(root.path(), "acme");
    let mut socket = TcpStream::connect(&live.address).expect("connects");
    socket.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
    let request = format!("GET /live HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n", live.address);
    socket.write_all(request.as_bytes()).expect("asked");
    let mut told = BufReader::new(socket).lines().map_while(Result::ok).filter(|line| line.starts_with("data:"));
    let before = told.next().expect("the version when the page was opened");
    assert_eq!(live.post(&(send("m1", "spring") + &send("m2", "spring"))).0, 200);
    assert_ne!(told.next().expect("news"), before);
    let shows = |part: &str| page(&live, &token, "/campaigns").contains(part);
    until("the number on the page", || shows("href=\"/campaigns/spring/sent\">2</a>"));
    for tile in TILES {
        let list = page(&live, &token, &format!("/campaigns/spring/{tile}"));
        let rows = list.matches("<tr><th scope=\"row\">").count();
        assert!(list.contains(&format!("<span class=\"count\">{rows}</span>")), "{tile}: {rows} rows in {list}");
    }
    let other = self::token(root.path(), "acme2");
    assert!(!page(&live, &other, "/campaigns").contains("spring"));
}
