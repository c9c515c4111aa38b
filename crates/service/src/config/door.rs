//! What of an `[[account]]` is for the front door: secrets, topics, the public URL, a certificate. Secrets stand in files or in the
//! environment, never in the configuration, and are never shown.

use std::path::Path;

use providers::Secret;
use providers::sns::Certificate;

use super::account::Variables;
use super::file::Field;

/// One, and another while the account changes from one to the other.
const SECRETS_MAX: usize = 2;
/// Bytes of a secret's file.
const SECRET_BYTES_MAX: usize = 16 << 10;

/// What was wrong: a value that may be shown, and why.
type Wrong<'a> = dyn FnMut(&str, &str) + 'a;

/// The secrets that these places hold.
pub(super) fn secrets(list: Vec<Field>, variables: &Variables, wrong: &mut Wrong<'_>) -> Vec<Secret> {
    if list.len() > SECRETS_MAX {
        wrong("", "has more than two: keep the new one, and the old one until the provider uses the new");
    }
    let one = |field: Field| match field {
        Field::Text(place) => secret(&place, variables, wrong),
        _ => {
            wrong("", "holds something that is no text: write [\"file:PATH\"] or [\"env:VARIABLE\"]");
            None
        }
    };
    list.into_iter().filter_map(one).collect()
}

fn secret(place: &str, variables: &Variables, wrong: &mut Wrong<'_>) -> Option<Secret> {
    let words = match place.split_once(':') {
        Some(("file", path)) => std::fs::read_to_string(path)
            .map_err(|error| format!("cannot be read ({error}): make it readable for this user, and no other")),
        Some(("env", name)) => variables
            .get(name)
            .cloned()
            .ok_or_else(|| "is not set: set it in the environment of this process".to_owned()),
        // It may be a secret: it is not repeated.
        _ => {
            wrong(
                "(secret)",
                "says not where the secret is: put it into a file or a variable, and write file:PATH or env:VARIABLE",
            );
            return None;
        }
    };
    let parsed = words.and_then(|words| {
        if words.len() > SECRET_BYTES_MAX {
            return Err(format!("has more than {SECRET_BYTES_MAX} bytes: that is no secret"));
        }
        words.parse().map_err(str::to_owned)
    });
    parsed.map_err(|why| wrong(place, &why)).ok()
}

/// Topics of Amazon SNS.
pub(super) fn topics(list: Vec<Field>, wrong: &mut Wrong<'_>) -> Vec<String> {
    let one = |field: Field| match field {
        Field::Text(topic) if topic.starts_with("arn:aws") && topic.split(':').count() == 6 => Some(topic),
        Field::Text(other) => {
            wrong(&other, "is no topic: write it like arn:aws:sns:REGION:ACCOUNT:NAME");
            None
        }
        _ => {
            wrong("", "holds something that is no text: name topics like arn:aws:sns:REGION:ACCOUNT:NAME");
            None
        }
    };
    list.into_iter().filter_map(one).collect()
}

/// A public URL.
pub(super) fn url(url: String, wrong: &mut Wrong<'_>) -> Option<String> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return Some(url);
    }
    wrong(&url, "is no URL: write it exactly as the provider was told it, https:// and all");
    None
}

/// A certificate's file.
pub(super) fn certificate(file: &str, wrong: &mut Wrong<'_>) -> Option<Certificate> {
    let pem = std::fs::read(Path::new(file)).map_err(|error| format!("cannot be read ({error}): name a PEM file"));
    let read = pem
        .and_then(|pem| Certificate::read(&pem).map_err(|_| "holds no certificate with an RSA key (PEM)".to_owned()));
    read.map_err(|why| wrong(file, &why)).ok()
}
