//! `mailtally webhook`: what it signs a provider's check accepts, and what it posts arrives as it was signed.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use domain::Time;
use providers::{Mapping, Outcome, Request, Secret, provider};

/// Long after any test; these checks do not look at the time.
const NOW: Time = Time::from_micros(0);

fn webhook(secret: &str, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailtally"));
    command.arg("webhook").args(arguments).env("MAILTALLY_WEBHOOK_SECRET", secret);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    // A command that reads no input may be gone before it is written.
    drop(child.stdin.take().expect("a pipe").write_all(input.as_bytes()));
    child.wait_with_output().expect("it ends")
}

/// A request's headers and its body, as printed or as posted.
fn parts(text: &str) -> (Vec<(String, String)>, String) {
    let (head, body) = text.split_once("\n\n").expect("an empty line");
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    (head.lines().filter_map(header).collect(), body.to_owned())
}

fn accepted(name: &str, secret: &str, url: &str, headers: &[(String, String)], body: &str) -> bool {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let secret: Secret = secret.parse().expect("a secret");
    let check = provider(name).expect("known").check.expect("a check");
    check(&Request { url, headers: &headers, body: body.as_bytes() }, &[secret], NOW).is_ok()
}

#[test]
fn a_delivery_is_made_and_signed() {
    let arguments =
        ["sign", "--provider", "mailjet", "--message", "m-1", "--campaign", "spring", "--recipient", "ada@example.com"];
    let made = webhook("basic:ada:pw", &arguments, "");
    let (headers, body) = parts(&String::from_utf8(made.stdout).expect("text"));
    assert!(accepted("mailjet", "basic:ada:pw", "", &headers, &body), "{headers:?}");
    let outcomes = (provider("mailjet").expect("known").decode)(body.as_bytes(), &Mapping::default()).expect("a body");
    let [Outcome::Event(said)] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!((said.message.as_deref(), said.campaign.as_deref()), (Some("m-1"), Some("spring")));
    assert_eq!(said.recipient.as_deref(), Some("ada@example.com"));
}

#[test]
fn a_body_of_ones_own_is_signed_as_it_is() {
    let body = "{\"type\": \"activity.sent\",  \"data\": {}}\n";
    let made = webhook("k1", &["sign", "--provider", "mailersend", "-"], body);
    let (headers, signed) = parts(&String::from_utf8(made.stdout).expect("text"));
    assert_eq!(signed, body);
    assert!(accepted("mailersend", "k1", "", &headers, &signed));
    assert!(!accepted("mailersend", "k2", "", &headers, &signed));
}

#[test]
fn a_request_is_posted_as_it_was_signed() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let to = format!("http://{}/v1/webhooks/mandrill/main", listener.local_addr().expect("an address"));
    let taken = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
        let mut head = Vec::new();
        for line in reader.by_ref().lines() {
            match line.expect("a line") {
                line if line.is_empty() => break,
                line => head.push(line),
            }
        }
        let length = head.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.expect("a length")];
        reader.read_exact(&mut body).expect("a body");
        (&stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").expect("answered");
        format!("{}\n\n{}", head.join("\n"), String::from_utf8(body).expect("text"))
    });
    let sent = webhook("k1", &["send", "--provider", "mandrill", "--to", &to], "");
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    assert_eq!(String::from_utf8_lossy(&sent.stdout), "200 ok\n");
    let (headers, body) = parts(&taken.join().expect("taken"));
    assert!(accepted("mandrill", "k1", &to, &headers, &body), "{headers:?} {body}");
}

#[test]
fn what_cannot_be_made_says_why_and_how_to_mend_it() {
    for (secret, arguments, expected) in [
        ("k1", &["sign", "--provider", "postmark"][..], "it takes basic:USER:PASSWORD"),
        ("k1", &["sign", "--provider", "nobody"], "is none of: amazon_ses"),
        ("", &["sign", "--provider", "mailjet"], "the secret is empty"),
        ("k1", &["send", "--provider", "mailersend", "--to", "https://example.com/"], "mailtally webhook sign"),
    ] {
        let made = webhook(secret, arguments, "");
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(!made.status.success() && said.contains(expected), "{arguments:?}: {said}");
    }
}
