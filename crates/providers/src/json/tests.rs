//! The reader against its rules, and against a general reader.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

#[test]
fn numbers_keep_their_words() {
    let read = read(br#"{"a": 18446744073709551617, "b": 1.0000001e400}"#).unwrap();
    assert_eq!(read.words_of("a"), Some("18446744073709551617"));
    assert_eq!(read.words_of("b"), Some("1.0000001e400"));
}

#[test]
fn the_last_of_equal_names_holds() {
    assert_eq!(read(br#"{"a": 1, "a": 2}"#).unwrap().words_of("a"), Some("2"));
}

#[test]
fn escapes_and_half_pairs_are_read() {
    let text = |json: &str| read(json.as_bytes()).and_then(|json| json.text().map(str::to_owned));
    assert_eq!(text(r#""a\u00e4\ud83d\ude00\n""#).as_deref(), Some("aä😀\n"));
    assert_eq!(text(r#""\ud83dx\udc00""#).as_deref(), Some("\u{fffd}x\u{fffd}"));
    assert_eq!(text(r#""\ud83d\u0041""#).as_deref(), Some("\u{fffd}A"));
    assert_eq!(text(r#""\x""#), None);
    assert_eq!(read(b"\"\xff\"").unwrap().text(), Some("\u{fffd}"));
}

#[test]
fn what_lies_too_deep_is_skipped() {
    let body = format!("{{\"a\": {}1{}, \"b\": 2}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read(body.as_bytes()).unwrap().words_of("b"), Some("2"));
}

#[test]
fn a_broken_element_breaks_alone() {
    let parts = split(br#" [ {"a": "],"}, {broken: [1, 2]}, 3 , "x,y",{"b": [{}]} ] "#).unwrap();
    let expected: [&[u8]; 5] = [br#"{"a": "],"}"#, b"{broken: [1, 2]}", b"3", br#""x,y""#, br#"{"b": [{}]}"#];
    assert_eq!(parts, Parts { elements: expected.to_vec(), closed: true });
    let cut = split(b"[{\"a\": 1}, {\"b\": ").unwrap();
    assert_eq!(cut, Parts { elements: vec![b"{\"a\": 1}", b"{\"b\":"], closed: false });
    assert_eq!(split(b"[ , ,]").unwrap(), Parts { elements: Vec::new(), closed: true });
    assert_eq!(split(b"{}"), None);
}

#[test]
fn bodies_may_follow_each_other() {
    let found = values(b"\xef\xbb\xbf {\"a\": 1}\n[2] {\"b\": \"}\"}{}\nplain words\n{}");
    let expected: [&[u8]; 6] = [b"{\"a\": 1}", b"[2]", b"{\"b\": \"}\"}", b"{}", b"plain words", b"{}"];
    assert_eq!(found, expected);
}

#[test]
fn what_is_no_json_is_none() {
    for body in ["", "{", "[1,]", "{\"a\"}", "nul", "+1", "\"a", "{} {}", "-", "[1 2]"] {
        assert_eq!(read(body.as_bytes()), None, "{body}");
    }
}

/// The same value, by the general reader's types; what is written as a number is compared as one.
fn general(json: &Json<'_>) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(words) => serde_json::from_str(words).expect("a number"),
        Json::Text(text) => Value::String(text.clone().into_owned()),
        Json::Array(elements) => Value::Array(elements.iter().map(general).collect()),
        Json::Object(fields) => fields.iter().map(|(name, value)| (name.to_string(), general(value))).collect(),
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn it_reads_what_a_general_reader_reads(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert_eq!(read(text.as_bytes()).map(|json| general(&json)), serde_json::from_str(&text).ok());
    }

    #[test]
    fn a_list_is_split_where_its_elements_end(values in prop::collection::vec(any_json(), 0..6)) {
        let text = serde_json::to_string_pretty(&values).unwrap();
        let parts: Vec<Value> = split(text.as_bytes()).unwrap().elements.iter().map(|part| serde_json::from_slice(part).unwrap()).collect();
        prop_assert_eq!(parts, serde_json::from_str::<Vec<Value>>(&text).unwrap());
    }

    #[test]
    fn no_bytes_make_it_panic_or_lose_any(bytes in prop::collection::vec(prop_oneof![
        prop::sample::select(b"[]{}\",:\\u0eE-. tfn\n\xff".to_vec()), any::<u8>(),
    ], 0..64)) {
        read(&bytes);
        let kept: usize = values(&bytes).iter().map(|value| value.len()).sum();
        let visible = bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).count();
        prop_assert!(kept + 3 >= visible, "a mark of byte order at most goes");
        split(&bytes);
    }
}
