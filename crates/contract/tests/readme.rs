//! The topic table of `proto/README.md` says what the code says.

use contract::topic::{Cleanup, Topic};

const README: &str = include_str!("../../../proto/README.md");
const DAY_MS: i64 = 86_400_000;

fn cells(row: &str) -> Vec<String> {
    row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
}

fn cleanup(topic: Topic) -> String {
    match topic.cleanup() {
        Cleanup::Delete(None) => "delete, never".to_owned(),
        Cleanup::Delete(Some(age)) => format!("delete, {} days", age / DAY_MS),
        Cleanup::Compact(age) => format!("compact, tombstones {} days", age / DAY_MS),
    }
}

#[test]
fn the_table_has_every_topic_in_flow_order_with_its_value_and_cleanup() {
    let rows: Vec<Vec<String>> = README.lines().filter(|line| line.starts_with("| `mailtally.")).map(cells).collect();
    let named: Vec<&str> = rows.iter().filter_map(|row| row.first().map(String::as_str)).collect();
    let expected = Topic::ALL.map(|topic| topic.name("mailtally"));
    assert_eq!(named, expected.iter().map(String::as_str).collect::<Vec<_>>());
    for (row, topic) in rows.iter().zip(Topic::ALL) {
        let [_, key, value, cleaned, _] = row.as_slice() else { panic!("{row:?} has not five cells") };
        assert!(!key.is_empty(), "{row:?}");
        assert_eq!(*cleaned, cleanup(topic), "{row:?}");
        if let Some(message) = topic.value() {
            assert_eq!(value, message, "{row:?}");
        }
    }
}

#[test]
fn the_example_of_a_key_is_one() {
    let key = contract::json::hex(&contract::key::encode(&[b"acme", b"m1"]));
    let spaced = key.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("hex")).collect::<Vec<_>>();
    assert!(README.contains(&spaced.join(" ")), "{spaced:?}");
}
