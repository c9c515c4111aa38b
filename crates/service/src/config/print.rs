//! A configuration for reading: each value with its origin, secrets hidden. What is printed can be read back.

use providers::Place;
use serde_json::json;

use super::key::{KEYS, Key};
use super::value::{Value, sized};
use super::{Config, Kind, Setting};

/// As TOML, every value with its origin behind it.
pub fn toml(config: &Config) -> String {
    let lines: Vec<(String, String)> = known(config)
        .map(|(key, setting)| (format!("{} = {}", key.name, shown(key, &setting.value)), setting.origin.to_string()))
        .collect();
    let width = lines.iter().map(|(line, _)| line.len()).max().unwrap_or(0);
    let mut out: String = lines.iter().map(|(line, origin)| format!("{line:<width$}  # {origin}\n")).collect();
    for account in &config.accounts {
        let (provider, name, organisations) = (&account.provider, &account.name, &account.organisations);
        let fields = [("provider", json!(provider)), ("name", json!(name)), ("organisations", json!(organisations))];
        out.push_str("\n[[account]]\n");
        fields.iter().for_each(|(field, value)| out.push_str(&format!("{field} = {value}\n")));
        let places: Vec<String> =
            account.places().map(|(slot, place)| format!("{slot} = {}", json!(words(place)))).collect();
        out.push_str(&format!("mapping = {{ {} }}\n", places.join(", ")));
        if !account.topics.is_empty() {
            out.push_str(&format!("topics = {}\n", json!(account.topics)));
        }
        if let Some(url) = &account.url {
            out.push_str(&format!("url = {}\n", json!(url)));
        }
        if !account.secrets.is_empty() {
            out.push_str(&format!("# secrets: {}, not shown\n", account.secrets.len()));
        }
    }
    out
}

/// A place as it is written.
fn words(place: &Place) -> String {
    match place {
        Place::Custom(name) => name.clone(),
        Place::Tag(name) => format!("tag:{name}"),
        Place::Category(prefix) => format!("category:{prefix}"),
    }
}

/// One JSON object a key.
pub fn json(config: &Config) -> Vec<serde_json::Value> {
    let key = |(key, setting): (&Key, &Setting)| {
        let value = match &setting.value {
            _ if is_hidden(key, &setting.value) => json!("(secret)"),
            Value::Number(number) => json!(number),
            Value::Switch(switch) => json!(switch),
            other => json!(other.to_string()),
        };
        let origin = setting.origin.to_string();
        json!({"key": key.name, "value": value, "origin": origin, "variable": key.variable(), "about": key.about})
    };
    let account = |account: &super::Account| {
        let (provider, name) = (&account.provider, &account.name);
        json!({"account": {"provider": provider, "name": name, "organisations": account.organisations}})
    };
    known(config).map(key).chain(config.accounts.iter().map(account)).collect()
}

fn known(config: &Config) -> impl Iterator<Item = (&'static Key, &Setting)> {
    KEYS.iter().filter_map(|key| Some((key, config.settings.get(key.name)?)))
}

fn is_hidden(key: &Key, value: &Value) -> bool {
    key.is_secret() && !value.to_string().is_empty()
}

fn shown(key: &Key, value: &Value) -> String {
    match (key.kind, value) {
        _ if is_hidden(key, value) => "\"(secret)\"".to_owned(),
        (Kind::Bytes(..), Value::Number(bytes)) => json!(sized(*bytes)).to_string(),
        (_, Value::Number(number)) => number.to_string(),
        (_, Value::Switch(switch)) => switch.to_string(),
        (_, other) => json!(other.to_string()).to_string(),
    }
}
