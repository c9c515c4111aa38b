//! The read API of a live run over the demo's month, while events flow: a tile is the length of its list on the page, in the API
//! and in the file, the campaign's number, and what `reconcile` counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::dashboard::token;
use crate::live::{Live, over, send};

const TILES: [(&str, &str); 13] = [
    ("sent", "sent"),
    ("pending", "pending"),
    ("delivered", "delivered"),
    ("open", "opened"),
    ("click", "clicked"),
    ("bounce", "bounced"),
    ("blocked", "blocked"),
    ("dropped", "dropped"),
    ("spam", "spam"),
    ("blocked-spam", "blocked_spam"),
    ("unsubscribed", "unsubscribed"),
    ("not-sent", "not_sent"),
    ("copy", "copies"),
];

struct Reader<'a> {
    live: &'a Live,
    organisation: String,
    token: String,
}

impl Reader<'_> {
    fn text(&self, path: &str) -> String {
        let url = format!("http://{}{path}", self.live.address);
        let asked = ureq::get(url).header("Authorization", format!("Bearer {}", self.token)).call();
        let mut answer = asked.unwrap_or_else(|error| panic!("{path}: {error}"));
        answer.body_mut().with_config().limit(64 << 20).read_to_string().expect("text")
    }

    fn data(&self, path: &str) -> Value {
        let text = self.text(&format!("/v1/orgs/{}{path}", self.organisation));
        serde_json::from_str::<Value>(&text).expect("JSON")["data"].take()
    }

    /// Everything that the organisation's campaigns show, by tile.
    fn check(&self, counted: &BTreeMap<(String, String), Value>) -> usize {
        let mut tiles = 0;
        for row in self.data("/campaigns?limit=200")["rows"].as_array().expect("rows") {
            let id = row["campaign"].as_str().expect("an id");
            if id == FLOWING {
                continue;
            }
            let printed = &counted[&(self.organisation.clone(), id.to_owned())];
            for (tile, name) in TILES {
                let number = row[name].as_u64().expect("a number");
                let at = format!("{name} of {id} of {}", self.organisation);
                assert_eq!(number, printed[name].as_u64().expect("a number"), "{at}: the command line's");
                let list = format!("/campaigns/{id}/recipients/{tile}");
                assert_eq!(self.data(&format!("{list}?limit=1"))["tile"], number, "{at}: the tile's");
                let file = self.text(&format!("/v1/orgs/{}{list}?format=csv", self.organisation));
                assert_eq!(file.matches("\r\n").count() as u64, number + 1, "{at}: the file's");
                let page = self.text(&format!("/campaigns/{id}/{tile}"));
                let shown = page.split("<span class=\"count\">").nth(1).and_then(|rest| rest.split('<').next());
                let digits: String = shown.expect("a number").chars().filter(char::is_ascii_digit).collect();
                assert_eq!(digits.parse(), Ok(number), "{at}: the page's");
                tiles += 1;
            }
        }
        tiles
    }
}

/// The campaign into which events flow meanwhile.
const FLOWING: &str = "flowing";

/// What `campaigns` prints, by organisation and id.
fn printed(data: &std::path::Path) -> BTreeMap<(String, String), Value> {
    let rows = String::from_utf8(over(data, &["campaigns", "--format", "json"]).stdout).expect("text");
    let rows = rows.lines().map(|row| serde_json::from_str::<Value>(row).expect("JSON"));
    let word = |row: &Value, name: &str| row[name].as_str().expect("a word").to_owned();
    rows.map(|row| ((word(&row, "organisation"), word(&row, "campaign")), row)).collect()
}

/// Tells who posts to stop, when a test has failed, too.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Posts events until told to stop; how many.
fn flow(live: &Live, stop: &AtomicBool) -> u64 {
    let mut posted = 0;
    while !stop.load(Ordering::Acquire) {
        assert_eq!(live.post(&send(&format!("flow{posted}"), FLOWING)).0, 200);
        posted += 1;
    }
    posted
}

#[test]
fn tile_list_file_page_and_recount_are_one_number_while_events_flow() {
    let root = tempfile::tempdir().expect("directory");
    let data = root.path().join("month");
    assert!(over(&data, &["demo", "--events", "7000", "--exit"]).status.success());
    let live = Live::start(&data, &[]);
    let counted = printed(&data);
    let organisations: std::collections::BTreeSet<String> = counted.keys().map(|(of, _)| of.clone()).collect();
    assert_eq!(organisations.len(), 3);
    let stop = AtomicBool::new(false);
    let posted = std::thread::scope(|threads| {
        let flowing = threads.spawn(|| flow(&live, &stop));
        let ends = Ends(&stop);
        let tiles: usize = organisations
            .iter()
            .map(|of| Reader { live: &live, organisation: of.clone(), token: token(&data, of) }.check(&counted))
            .sum();
        let reconciled = over(&data, &["reconcile"]);
        drop(ends);
        assert_eq!(tiles, counted.len() * TILES.len());
        assert!(reconciled.status.success(), "{}", String::from_utf8_lossy(&reconciled.stdout));
        flowing.join().expect("posted")
    });
    assert!(posted > 10, "events did flow: {posted}");
    let acme = Reader { live: &live, organisation: "acme".into(), token: token(&data, "acme") };
    crate::live::until("all of them", || acme.data(&format!("/campaigns/{FLOWING}"))["campaign"]["sent"] == posted);
    live.stop();
}
