//! The same month gives the same bytes, whichever the log.

use crate::site::Site;
use crate::support::binary;

#[test]
fn the_demo_on_kafka_shows_what_the_demo_shows() {
    let site = Site::new();
    let month = ["demo", "--exit", "--seed", "3", "--events", "6000", "--data"];
    let embedded = binary().args(month).arg(site.path("embedded")).output().expect("it runs");
    assert!(embedded.status.success(), "{}", String::from_utf8_lossy(&embedded.stderr));
    let (servers, prefix) = (format!("kafka.bootstrap_servers={}", site.servers), format!("prefix={}", site.prefix));
    let on_kafka = || {
        let mut command = binary();
        command.args(month).arg(site.path("kafka")).args(["--set", &servers, "--set", &prefix]);
        command
    };
    let kafka = on_kafka().output().expect("it runs");
    assert!(kafka.status.success(), "{}", String::from_utf8_lossy(&kafka.stderr));
    assert_eq!(String::from_utf8_lossy(&kafka.stdout), String::from_utf8_lossy(&embedded.stdout));
    assert!(site.rows(&["reconcile"])[0]["difference"].is_null());
    std::fs::remove_dir_all(site.path("kafka")).expect("removed");
    let again = on_kafka().output().expect("it runs");
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.code() == Some(1) && said.contains("hold records already"), "{said}");
}
