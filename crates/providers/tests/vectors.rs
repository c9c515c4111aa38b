//! Signature vectors of a folder outside this project, if `MAILTALLY_FIXTURES` names one with `signatures/vectors.json`: each is accepted
//! or refused as it says. Their times lie long ago, so a check that looks at the time is asked at the time signed.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Time;
use providers::{Request, Secret, provider};
use serde_json::{Value, json};

fn text<'a>(vector: &'a Value, path: &str) -> &'a str {
    vector.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Whose it is, its secret, the time signed and the body.
fn read(vector: &Value) -> Option<(&'static str, String, String, Vec<u8>)> {
    let body = STANDARD.decode(text(vector, "/body_b64")).expect("base64");
    let owned = |path: &str| text(vector, path).to_owned();
    Some(match text(vector, "/scheme") {
        "sendgrid-ecdsa-p256-sha256" => {
            let at = owned("/headers/X-Twilio-Email-Event-Webhook-Timestamp");
            ("sendgrid", owned("/public_key_der_b64"), at, body)
        }
        "mailgun-hmac-sha256-timestamp-token" => {
            let block = vector.get("signature_block")?;
            let body = json!({"signature": block, "event-data": {}}).to_string().into_bytes();
            ("mailgun", owned("/key"), text(block, "/timestamp").to_owned(), body)
        }
        "mandrill-hmac-sha1-url-params" => {
            let encoded = |byte: u8| format!("%{byte:02X}");
            let events: String = text(vector, "/form/mandrill_events").bytes().map(encoded).collect();
            ("mandrill", owned("/key"), String::new(), format!("mandrill_events={events}").into_bytes())
        }
        "svix-hmac-sha256" => ("resend", owned("/secret"), owned("/headers/svix-timestamp"), body),
        "mailersend-hmac-sha256-body" => ("mailersend", owned("/key"), String::new(), body),
        _ => return None,
    })
}

#[test]
fn vectors_of_a_folder_are_accepted_or_refused_as_they_say() {
    let Ok(root) = std::env::var("MAILTALLY_FIXTURES") else { return };
    let Ok(file) = std::fs::read(Path::new(&root).join("signatures/vectors.json")) else { return };
    let vectors: Vec<Value> = serde_json::from_slice(&file).expect("a list");
    let mut asked = 0;
    for vector in &vectors {
        let Some((name, secret, at, body)) = read(vector) else { continue };
        let Some(check) = provider(name).and_then(|provider| provider.check) else { continue };
        let headers: Vec<(&str, &str)> =
            vector.get("headers").and_then(Value::as_object).map_or_else(Vec::new, |map| {
                map.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect()
            });
        let now = Time::from_micros(at.parse::<i64>().unwrap_or_default() * 1_000_000);
        let request = Request { url: text(vector, "/url"), headers: &headers, body: &body };
        let verdict = check(&request, &[Secret::Key(secret)], now);
        let valid = vector.get("valid").and_then(Value::as_bool).expect("valid");
        assert_eq!(verdict.is_ok(), valid, "{}: {verdict:?}", text(vector, "/name"));
        asked += 1;
    }
    assert!(asked > 0, "the folder holds vectors");
}
