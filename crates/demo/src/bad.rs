//! Records that are bad on purpose, each in its own way: what an operator finds among the dead letters of any real month.
//! And two reports about mails that nobody named, which wait for their send.

use serde_json::json;

use crate::post::Post;
use crate::world::Organisation;
use crate::{DAY, Intake, MONTH};

/// A bad record: the reason under which it is dead-lettered, and what is wrong with it.
pub type Bad = (&'static str, &'static str);

/// All of them; each stands in every month once.
pub const BAD: [Bad; 8] = [
    ("not_protobuf", "a platform event that is no protobuf"),
    ("bad_time", "a send dated 1970"),
    ("missing_field", "a send without an address"),
    ("unknown_word", "a refusal for a reason that does not exist"),
    ("unknown_account", "a webhook of an account that nobody configured"),
    ("foreign_organisation", "a webhook that speaks for another organisation"),
    ("no_message", "a webhook that names no message"),
    ("not_json", "a webhook cut short"),
];

/// Puts them in.
pub(crate) fn add(organisation: &'static Organisation, post: &mut Post) {
    let at = MONTH + 11 * DAY + 40_000;
    let stamp = json!(at);
    let base =
        json!({"email": "ada.ahmed1@example.com", "timestamp": stamp, "event": "delivered", "sg_event_id": "bad"});
    let with = |name: &str, value: &str| {
        let mut event = base.clone();
        if let serde_json::Value::Object(event) = &mut event {
            event.insert(name.to_owned(), value.into());
        }
        json!([event]).to_string().into_bytes()
    };
    let signed_ms = crate::millis(at);
    let hook = |account: &'static str, body| Intake::Webhook { provider: "sendgrid", account, signed_ms, body };
    let id = organisation.id;
    let foreign = with("mailtally_organisation", "chess-club");
    post.raw(at, Intake::Platform(b"sent: yes".to_vec()));
    post.raw(at + 1, Intake::Platform(line(id, "1970-01-01T00:00:00Z", SEND)));
    post.raw(at + 2, Intake::Platform(line(id, "2026-05-12T10:00:00Z", NO_ADDRESS)));
    post.raw(at + 3, Intake::Platform(line(id, "2026-05-12T10:00:00Z", NO_REASON)));
    post.raw(at + 4, hook("old-account", with("mailtally_message", "c01-k0010")));
    post.raw(at + 5, hook(id, foreign));
    post.raw(at + 6, hook(id, with("category", "members")));
    post.raw(at + 7, hook(id, b"[{\"email\":\"ada.ahmed1@exam".to_vec()));
    for n in 0..2 {
        let unknown = with("sg_message_id", &format!("nobodySaysThisWasSent{n}.recvd-0001"));
        post.raw(at + 8 + n, hook(id, unknown));
    }
}

const SEND: &str = r#""send":{"message":"bad-1","campaign":"c01","client":"k0010","address":"a@example.com"}"#;
const NO_ADDRESS: &str = r#""send":{"message":"bad-2","campaign":"c01","client":"k0010"}"#;
const NO_REASON: &str = r#""refused":{"message":"bad-3","campaign":"c01","reason":"felt_like_it"}"#;

/// A platform event as the platform's own JSON has it; only these are bad in what they say, not in how they say it.
fn line(organisation: &str, time: &str, kind: &str) -> Vec<u8> {
    use contract::Proto as _;
    let line = format!(r#"{{"organisation":"{organisation}","time":"{time}",{kind}}}"#);
    contract::json::platform_event(line.as_bytes()).map(|event| event.encode_to_vec()).unwrap_or_default()
}
