//! Off loopback: clients show the token, and the command line's route is nowhere near them.

use crate::live::{Live, mailtally, over, send, sent, until};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn ask(method: &str, url: &str, token: Option<&str>, body: &str) -> u16 {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let authorization = token.map(|token| format!("Bearer {token}")).unwrap_or_default();
    let answer = match method {
        "POST" => {
            let post = agent.post(url).header("Content-Type", "application/x-ndjson");
            post.header("Authorization", authorization).send(body)
        }
        _ => agent.get(url).header("Authorization", authorization).call(),
    };
    answer.expect("an answer").status().as_u16()
}

#[test]
fn off_loopback_clients_show_the_token_and_commands_are_elsewhere() {
    let root = tempfile::tempdir().expect("directory");
    let (data, token) = (root.path().join("data"), root.path().join("token"));
    std::fs::write(&token, format!("{TOKEN}\n")).expect("written");
    let free = std::net::TcpListener::bind("0.0.0.0:0").and_then(|socket| socket.local_addr()).expect("a free port");
    let token_file = format!("token_file={}", token.display());
    let listen = format!("listen=0.0.0.0:{}", free.port());
    let mut command = mailtally(&["run", "--set", &listen, "--set", &token_file, "--set", "disk_headroom_bytes=0"]);
    command.arg("--data").arg(&data).stderr(std::process::Stdio::piped());
    let live = Live::from(command, &data);
    let clients = format!("http://127.0.0.1:{}", free.port());
    until("readiness", || ask("GET", &format!("{clients}/health/ready"), None, "") == 200);
    let intake = format!("{clients}/v1/platform-events");
    assert_eq!(ask("POST", &intake, None, &send("m1", "spring")), 401);
    assert_eq!(ask("GET", &format!("{clients}/metrics"), None, ""), 401);
    assert_eq!(ask("POST", &intake, Some(TOKEN), &send("m1", "spring")), 200);
    assert_eq!(ask("POST", &format!("{clients}/v1/commands"), Some(TOKEN), "{}"), 404, "no such route there");
    let commands = format!("http://{}/v1/commands", live.address);
    assert!(live.address.starts_with("127.0.0.1:") && !live.address.ends_with(&free.port().to_string()));
    assert_eq!(ask("POST", &commands, Some(TOKEN), "{}"), 401, "the client's token opens no command");
    until("folded", || sent(&data, "spring") == 1);
    assert!(over(&data, &["status"]).status.success(), "the command line has its own way");
    let said = live.stop();
    assert!(!said.contains(TOKEN), "{said}");
}

#[test]
fn the_control_file_is_for_its_user_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tempfile::tempdir().expect("directory");
    let data = root.path().join("data");
    let live = Live::start(&data, &[]);
    let mode = |name: &str| std::fs::metadata(data.join(name)).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode("run.json"), mode("address.key"), mode(".")), (0o600, 0o600, 0o700));
    live.stop();
}
