//! Bodies and the single events in them: what a provider posts taken apart, and put together again in its batches.

use serde_json::{Value, json};

/// The single events of a body, in order; a set-up message of Amazon SNS has none. Nothing when it is no JSON of the provider's.
pub(crate) fn events(provider: &str, body: &[u8]) -> Option<Vec<Value>> {
    let bodies: Result<Vec<Value>, _> = serde_json::Deserializer::from_slice(body).into_iter().collect();
    let mut found = Vec::new();
    for body in bodies.ok()? {
        let bodies = if let Value::Array(bodies) = body { bodies } else { vec![body] };
        for body in bodies {
            found.extend(inner(provider, body)?);
        }
    }
    Some(found)
}

fn inner(provider: &str, body: Value) -> Option<Vec<Value>> {
    if !body.is_object() {
        return None;
    }
    let list = |value: &Value, name: &str| value.get(name).and_then(Value::as_array).cloned();
    match provider {
        "amazon_ses" => match body.get("Message").and_then(Value::as_str) {
            Some(message) if is_notification(&body) => Some(vec![serde_json::from_str(message).ok()?]),
            Some(_) => Some(Vec::new()),
            None => Some(vec![body]),
        },
        "mailgun" => Some(vec![body.get("event-data").cloned().unwrap_or(body)]),
        "mailtrap" => Some(list(&body, "events").unwrap_or_else(|| vec![body])),
        "unisender_go" => Some(match list(&body, "events_by_user") {
            Some(users) => users.iter().filter_map(|user| list(user, "events")).flatten().collect(),
            None => vec![body],
        }),
        _ => Some(vec![body]),
    }
}

fn is_notification(body: &Value) -> bool {
    body.get("Type").and_then(Value::as_str) == Some("Notification")
}

/// One body of these events, as the provider posts them before it signs: one event where it posts one at a time.
pub(crate) fn body(provider: &str, events: &[&Value]) -> Vec<u8> {
    let first = events.first().copied().unwrap_or(&Value::Null);
    let body = match provider {
        "mailjet" | "mandrill" | "sendgrid" | "sparkpost" => json!(events),
        "mailtrap" => json!({"events": events}),
        "mailgun" => json!({"event-data": first}),
        // The flat form, where the event is one of a project's own.
        "unisender_go" if first.get("event_data").is_none() => first.clone(),
        "unisender_go" => json!({"auth": "", "events_by_user": [{"user_id": 1, "events": events}]}),
        _ => first.clone(),
    };
    body.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_together_comes_apart_again() {
        let one = json!({"event": "open", "event_data": {"status": "opened"}, "n": 1});
        let two = json!({"event": "click", "event_data": {"status": "clicked"}, "n": 2});
        for schedule in crate::SCHEDULES {
            let all = if schedule.batch > 1 { vec![&one, &two] } else { vec![&one] };
            let apart = events(schedule.provider, &body(schedule.provider, &all)).unwrap();
            assert_eq!(apart.iter().collect::<Vec<_>>(), all, "{}", schedule.provider);
        }
        assert_eq!(events("sendgrid", b"[{]"), None);
    }
}
