//! Commands: only for whoever may read the data directory, answered in frames.

use api::frame::Frame;

use crate::client::ask;
use crate::site::{COMMAND_TOKEN, TOKEN, site};

async fn command(token: &str, request: &[u8]) -> (u16, Vec<u8>) {
    let site = site(Some(TOKEN)).await;
    let headers = format!("authorization: Bearer {token}\n");
    let answer = ask(site.at, "POST", "/v1/commands", &headers, request).await;
    let chunked = answer.head.contains("transfer-encoding: chunked");
    (answer.status, if chunked { unchunk(&answer.body) } else { answer.body })
}

fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).expect("digits"), 16).expect("a size");
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
    whole
}

#[tokio::test]
async fn the_clients_token_opens_no_command() {
    assert_eq!(command(TOKEN, b"x").await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_is_frames_and_ends_with_the_exit_code() {
    let (status, body) = command(COMMAND_TOKEN, b"ask").await;
    let mut rest = &body[..];
    assert_eq!(status, 200);
    assert_eq!(Frame::read(&mut rest).expect("a frame"), Frame::Out(b"ask".to_vec()));
    assert_eq!(Frame::read(&mut rest).expect("a frame"), Frame::Exit(3));
    assert!(rest.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_any_length_go_out_in_frames_that_can_be_read() {
    let (_, body) = command(COMMAND_TOKEN, b"big").await;
    let (mut rest, mut rows) = (&body[..], 0);
    while let Frame::Out(content) = Frame::read(&mut rest).expect("a frame") {
        rows += content.len();
    }
    assert_eq!(rows, 9 << 20);
}
