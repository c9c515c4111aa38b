//! Who may ask: a bearer token, compared in constant time. The answer to every failure is the same.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use service::config::Secret;
use sha2::{Digest as _, Sha256};

use crate::problem::Problem;
use crate::router::Edges;

/// Guards intake and metrics.
pub(crate) async fn client(State(edges): State<Arc<Edges>>, request: Request, next: Next) -> Response {
    guard(edges.token.as_ref(), request, next).await
}

/// Guards the commands.
pub(crate) async fn command_line(State(edges): State<Arc<Edges>>, request: Request, next: Next) -> Response {
    guard(Some(&edges.command_token), request, next).await
}

async fn guard(token: Option<&Secret>, request: Request, next: Next) -> Response {
    if token.is_none_or(|token| shows(request.headers(), token)) {
        return next.run(request).await;
    }
    let detail = "show the configured token: Authorization: Bearer TOKEN";
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail).with(WWW_AUTHENTICATE, "Bearer").into_response()
}

/// Exactly one such header, and the token in it.
fn shows(headers: &HeaderMap, token: &Secret) -> bool {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(header), None) = (given.next(), given.next()) else { return false };
    let (scheme, shown) = header.as_bytes().split_at(header.len().min(7));
    scheme.eq_ignore_ascii_case(b"bearer ") && same(shown, token.reveal().as_bytes())
}

/// Digests differ in all their bytes wherever the texts differ, so the time says nothing of where.
fn same(left: &[u8], right: &[u8]) -> bool {
    let (left, right) = (Sha256::digest(left), Sha256::digest(right));
    left.iter().zip(right.iter()).fold(0, |differing, (left, right)| differing | (left ^ right)) == 0
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn one_right_header_is_shown_and_nothing_else() {
        let token = Secret::new("0123456789abcdef");
        let right = "Bearer 0123456789abcdef";
        let cases: [(&[&str], bool); 9] = [
            (&[right], true),
            (&["bearer 0123456789abcdef"], true),
            (&[], false),
            (&[right, right], false),
            (&["Bearer 0123456789abcde"], false),
            (&["Bearer 0123456789abcdef "], false),
            (&["Bearer  0123456789abcdef"], false),
            (&["Basic 0123456789abcdef"], false),
            (&["Bearer"], false),
        ];
        for (shown, expected) in cases {
            let mut headers = HeaderMap::new();
            shown.iter().for_each(|value| {
                headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            });
            assert_eq!(shows(&headers, &token), expected, "{shown:?}");
        }
    }
}
