//! The document says what the code answers.

use serde_json::Value;

use crate::site::{ENCODED, Site};

/// Finds what a `$ref` names.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(name) => resolved(document, &document["components"]["schemas"][name.rsplit('/').next().expect("a name")]),
        None => schema,
    }
}

/// Whether a value is what a schema says, as far as objects, lists and types go: every field described, every required one there.
fn fits(document: &Value, schema: &Value, value: &Value, at: &str) {
    let schema = resolved(document, schema);
    if let Some(parts) = schema["allOf"].as_array() {
        return parts.iter().for_each(|part| fits(document, part, value, at));
    }
    if let Some(one_of) = schema["oneOf"].as_array() {
        let some = one_of.iter().find(|part| value.is_null() == (part["type"] == "null")).expect("a kind of it");
        return fits(document, some, value, at);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() || number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let says = |known: &Value| known == kind || (known == "number" && kind == "integer");
    let kinds = &schema["type"];
    let known = kinds.as_array().map_or_else(|| says(kinds), |kinds| kinds.iter().any(says));
    assert!(known, "{at} is {kind}, the document says {kinds}");
    if let (Some(words), false) = (schema["enum"].as_array(), value.is_null()) {
        assert!(words.contains(value), "{at}: {value} is none of {words:?}");
    }
    for item in value.as_array().into_iter().flatten() {
        fits(document, &schema["items"], item, &format!("{at}[]"));
    }
    let Some(fields) = value.as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(fields.contains_key(name.as_str().expect("a name")), "{at} lacks {name}");
    }
    for (name, value) in fields {
        let described = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
        // The parts of an object that is put together say their own fields.
        if let Some(described) = described {
            fits(document, described, value, &format!("{at}.{name}"));
        }
    }
}

#[tokio::test]
async fn every_answer_is_what_the_document_says() {
    let site = Site::of("Ada");
    let (_, _, text) = site.get("/v1/openapi.json").await;
    let document: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(document["openapi"], "3.1.0");
    let asked = [
        ("/v1/orgs/{org}/campaigns", String::new()),
        ("/v1/orgs/{org}/campaigns/{campaign}", String::new()),
        ("/v1/orgs/{org}/campaigns/{campaign}/series", "?by=hour&zone=America/Toronto".to_owned()),
        ("/v1/orgs/{org}/campaigns/{campaign}/links", String::new()),
        ("/v1/orgs/{org}/campaigns/{campaign}/providers", String::new()),
        ("/v1/orgs/{org}/campaigns/{campaign}/domains", String::new()),
        ("/v1/orgs/{org}/campaigns/{campaign}/recipients/{tile}", String::new()),
        ("/v1/orgs/{org}/messages/{message}", String::new()),
        ("/v1/orgs/{org}/messages/{message}/body", String::new()),
        ("/v1/orgs/{org}/clients", "?q=ada".to_owned()),
        ("/v1/orgs/{org}/clients/{client}", String::new()),
        ("/v1/orgs/{org}/clients/{client}/emails", String::new()),
        ("/v1/orgs/{org}/clients/{client}/email-state", String::new()),
        ("/v1/orgs/{org}/unsubscribed", String::new()),
        ("/v1/orgs/{org}/suppressions", String::new()),
    ];
    for (path, tail) in asked {
        let schema = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(!schema.is_null(), "{path} has a schema");
        let address = path.replace("{org}", "acme").replace("{campaign}", ENCODED).replace("{tile}", "sent");
        let address = address.replace("{message}", "m9").replace("{client}", "Ada9") + &tail;
        let (_, _, body) = site.get(&address).await;
        let answer: Value = serde_json::from_str(&body).expect("JSON");
        fits(&document, schema, &answer, path);
        assert!(answer["as_of"]["position"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn a_row_of_a_campaign_and_of_a_message_has_no_field_that_the_document_does_not_know() {
    let site = Site::of("Ada");
    let (_, _, text) = site.get("/v1/openapi.json").await;
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let campaign = site.data(&format!("/v1/orgs/acme/campaigns/{ENCODED}")).await;
    let message = site.data("/v1/orgs/acme/messages/m9").await;
    for (name, row) in [("CampaignRow", &campaign["campaign"]), ("MessageRow", &message["message"])] {
        let known = document["components"]["schemas"][name]["properties"].as_object().expect("fields");
        let shown = row.as_object().expect("fields");
        let (known, shown): (Vec<_>, Vec<_>) = (known.keys().collect(), shown.keys().collect());
        for field in &shown {
            assert!(known.contains(field), "{name}.{field} is not described");
        }
        for field in &known {
            assert!(shown.contains(field), "{name}.{field} is described and not there");
        }
    }
}

#[test]
fn every_operation_has_a_name_a_tag_and_its_refusals() {
    let document: Value = serde_json::from_str(&rest::document().to_json().expect("JSON")).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let mut names = std::collections::BTreeSet::new();
    for (path, item) in paths {
        for operation in [&item["get"], &item["post"]].into_iter().filter(|operation| !operation.is_null()) {
            assert!(names.insert(operation["operationId"].as_str().expect("a name").to_owned()), "{path}");
            if path.contains("{org}") {
                for status in ["400", "401", "403", "404", "503"] {
                    assert!(operation["responses"].get(status).is_some(), "{path} {status}");
                }
                assert!(operation["security"].as_array().is_some_and(|known| known.len() == 2), "{path}");
            }
        }
    }
    assert_eq!(names.len(), rest::ROUTES.len());
}
