//! Where in a provider's payload our own ids stand. Comes from the account's configuration.

use std::collections::BTreeMap;

use domain::{MailClass, Origin, Rank};
use serde::Deserialize;

use crate::outcome::Reported;

/// Which of a provider's fields carry our ids. Every place has a default, so an empty mapping is a good one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// The message's id; `mailtally_message`.
    pub message: Place,
    /// The campaign's id; `mailtally_campaign`.
    pub campaign: Place,
    /// The organisation's id; `mailtally_organisation`.
    pub organisation: Place,
    /// The client's id; `mailtally_client`.
    pub client: Place,
    /// `true` or `1` for a copy to the sender or the organisation; `mailtally_copy`.
    pub copy: Place,
    /// `campaign` or `client_file`; `mailtally_origin`.
    pub origin: Place,
    /// `mass` or `transactional`; `mailtally_class`.
    pub class: Place,
    /// The list that a SendGrid unsubscribe group (`asm_group_id`, in digits) stands for; a group without a line is a list of
    /// its own, named by its id.
    pub sendgrid_groups: BTreeMap<String, String>,
}

impl Default for Mapping {
    fn default() -> Self {
        let custom = |name: &str| Place::Custom(name.to_owned());
        Self {
            message: custom("mailtally_message"),
            campaign: custom("mailtally_campaign"),
            organisation: custom("mailtally_organisation"),
            client: custom("mailtally_client"),
            copy: custom("mailtally_copy"),
            origin: custom("mailtally_origin"),
            class: custom("mailtally_class"),
            sendgrid_groups: BTreeMap::new(),
        }
    }
}

/// Where one of our ids stands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Place {
    /// A custom argument, unique argument, metadata field or header of this name. Written as the bare name.
    Custom(String),
    /// The value of the tag of this name, at providers whose tags have names. Written `tag:NAME`.
    Tag(String),
    /// What follows this prefix in the first tag or category that begins with it. Written `category:PREFIX`.
    Category(String),
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(words: String) -> Result<Self, Self::Error> {
        let place = match words.split_once(':') {
            Some(("tag", name)) => Self::Tag(name.to_owned()),
            Some(("category", prefix)) => Self::Category(prefix.to_owned()),
            _ => Self::Custom(words),
        };
        let (Self::Custom(name) | Self::Tag(name) | Self::Category(name)) = &place;
        if name.trim().is_empty() {
            return Err("names no field: write a name, tag:NAME or category:PREFIX".to_owned());
        }
        Ok(place)
    }
}

/// What a payload says beside its fact, as one provider keeps it.
pub(crate) trait Labels {
    /// The custom datum of this name.
    fn custom(&self, name: &str) -> Option<String>;
    /// The value of the tag of this name.
    fn tag(&self, name: &str) -> Option<String>;
}

impl Mapping {
    /// Whether one of our own values stands under this name.
    pub(crate) fn names(&self, name: &str) -> bool {
        let places =
            [&self.message, &self.campaign, &self.organisation, &self.client, &self.copy, &self.origin, &self.class];
        places.iter().any(|place| matches!(place, Place::Custom(known) | Place::Tag(known) if known == name))
    }

    /// Fills in what the labels and the report's tags say of the message.
    pub(crate) fn attribute<F>(&self, labels: &impl Labels, report: &mut Reported<F>) {
        let read = |place: &Place| place.read(labels, &report.tags);
        let campaign = read(&self.campaign);
        let copy = read(&self.copy);
        let origin = read(&self.origin);
        let class = read(&self.class);
        report.organisation = read(&self.organisation);
        report.message = read(&self.message);
        report.client = read(&self.client);
        report.rank = match self.campaign {
            Place::Tag(_) | Place::Category(_) if campaign.is_some() => Rank::Tags,
            _ => Rank::CustomData,
        };
        report.campaign = campaign;
        report.copy = copy.and_then(|word| truth(&word));
        report.origin = origin.and_then(|word| origin_of(&word));
        report.class = class.and_then(|word| class_of(&word));
    }
}

impl Place {
    fn read(&self, labels: &impl Labels, tags: &[String]) -> Option<String> {
        match self {
            Self::Custom(name) => labels.custom(name),
            Self::Tag(name) => labels.tag(name),
            Self::Category(prefix) => tags
                .iter()
                .find_map(|tag| tag.strip_prefix(prefix.as_str()))
                .map(|rest| rest.trim().to_owned())
                .filter(|rest| !rest.is_empty()),
        }
    }
}

/// A yes or no as custom data carry it.
pub(crate) fn truth(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

fn origin_of(word: &str) -> Option<Origin> {
    match word.to_ascii_lowercase().as_str() {
        "campaign" => Some(Origin::Campaign),
        "client_file" => Some(Origin::ClientFile),
        _ => None,
    }
}

fn class_of(word: &str) -> Option<MailClass> {
    match word.to_ascii_lowercase().as_str() {
        "mass" => Some(MailClass::Mass),
        "transactional" => Some(MailClass::Transactional),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_names_places_and_nothing_else() {
        let read = |text: &str| serde_json::from_str::<Mapping>(text);
        let mapping =
            read(r#"{"campaign": "category:campaign:", "message": "tag:m", "sendgrid_groups": {"7": "offers"}}"#)
                .unwrap();
        assert_eq!(mapping.campaign, Place::Category("campaign:".to_owned()));
        assert_eq!(mapping.message, Place::Tag("m".to_owned()));
        assert_eq!(mapping.client, Place::Custom("mailtally_client".to_owned()));
        assert_eq!(mapping.sendgrid_groups.get("7").map(String::as_str), Some("offers"));
        assert!(read(r#"{"campain": "x"}"#).is_err());
        assert!(read(r#"{"campaign": "tag:"}"#).is_err());
        assert!(read(r#"{"campaign": ""}"#).is_err());
    }
}
