//! The topics: names, cleanup, who writes them. The table of `proto/README.md` is checked against this one.

use domain::contact::erasure::Retention;

/// Days in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// A topic of Mailtally, whatever its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// What the mailer and the platform say.
    Platform,
    /// Providers' requests as received.
    Webhooks,
    /// Normalised, pseudonymous events by message.
    Events,
    /// What a send or an unmatched event says of a provider's message id.
    Correlations,
    /// Rows of the correlate fold.
    CorrelationState,
    /// Events by contact.
    ContactEvents,
    /// Rows of the contacts fold.
    ContactState,
    /// Rows of the messages fold.
    MessageStatus,
    /// Absolute, versioned partial counters by campaign and source.
    CampaignPartials,
    /// Rows of the campaigns fold: a campaign's numbers.
    CampaignStats,
    /// Personal data and content, the only copy.
    Private,
    /// What could not be used, with the reason.
    DeadLetters,
    /// Readers' fields of campaign-stats as JSON, where the setting is on.
    CampaignStatsJson,
    /// Readers' fields of message-status as JSON, where the setting is on.
    MessageStatusJson,
}

/// What happens to old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// Deleted after this many milliseconds; `None` never.
    Delete(Option<i64>),
    /// Latest record a key; tombstones stay this many milliseconds.
    Compact(i64),
}

impl Topic {
    /// All topics, in flow order.
    pub const ALL: [Self; 14] = [
        Self::Platform,
        Self::Webhooks,
        Self::Events,
        Self::Correlations,
        Self::CorrelationState,
        Self::ContactEvents,
        Self::ContactState,
        Self::MessageStatus,
        Self::CampaignPartials,
        Self::CampaignStats,
        Self::Private,
        Self::DeadLetters,
        Self::CampaignStatsJson,
        Self::MessageStatusJson,
    ];

    /// Name without prefix and version, as people type it.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Webhooks => "webhooks",
            Self::Events => "events",
            Self::Correlations => "correlations",
            Self::CorrelationState => "correlation-state",
            Self::ContactEvents => "contact-events",
            Self::ContactState => "contact-state",
            Self::MessageStatus => "message-status",
            Self::CampaignPartials => "campaign-partials",
            Self::CampaignStats => "campaign-stats",
            Self::Private => "private",
            Self::DeadLetters => "dead-letters",
            Self::CampaignStatsJson => "campaign-stats.json",
            Self::MessageStatusJson => "message-status.json",
        }
    }

    /// Full name under a prefix, e.g. `mailtally.events.v1`.
    pub fn name(self, prefix: &str) -> String {
        format!("{prefix}.{}.v1", self.short())
    }

    /// The topic of a short or full name.
    pub fn parse(name: &str, prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.short() == name || topic.name(prefix) == name)
    }

    /// What happens to its old records (DESIGN.md section 2).
    pub const fn cleanup(self) -> Cleanup {
        match self {
            Self::Platform | Self::Webhooks | Self::Correlations | Self::DeadLetters => {
                Cleanup::Delete(Some(30 * DAY_MS))
            }
            Self::Events | Self::ContactEvents => Cleanup::Delete(None),
            Self::CorrelationState
            | Self::ContactState
            | Self::MessageStatus
            | Self::CampaignPartials
            | Self::CampaignStats
            | Self::Private
            | Self::CampaignStatsJson
            | Self::MessageStatusJson => Cleanup::Compact(7 * DAY_MS),
        }
    }

    /// Whether outsiders write it; everything else is written by Mailtally alone.
    pub const fn is_intake(self) -> bool {
        matches!(self, Self::Platform | Self::Webhooks)
    }

    /// Whether its values are JSON.
    pub const fn is_json(self) -> bool {
        matches!(self, Self::CampaignStatsJson | Self::MessageStatusJson)
    }

    /// Protobuf message of its values; `None` for bytes that are kept as they came, and for JSON.
    pub const fn value(self) -> Option<&'static str> {
        match self {
            Self::Platform => Some("mailtally.platform.v1.PlatformEvent"),
            Self::Webhooks => Some("mailtally.webhook.v1.Webhook"),
            Self::Events => Some("mailtally.event.v1.Event"),
            Self::Correlations => Some("mailtally.correlation.v1.Correlation"),
            Self::CorrelationState => Some("mailtally.correlation.v1.CorrelationState"),
            Self::ContactEvents => Some("mailtally.contact.v1.ContactEvent"),
            Self::ContactState => Some("mailtally.contact.v1.ContactState"),
            Self::MessageStatus => Some("mailtally.message.v1.MessageState"),
            Self::CampaignPartials => Some("mailtally.campaign.v1.CampaignPartial"),
            Self::CampaignStats => Some("mailtally.campaign.v1.CampaignStats"),
            Self::Private => Some("mailtally.private.v1.Private"),
            Self::DeadLetters | Self::CampaignStatsJson | Self::MessageStatusJson => None,
        }
    }
}

/// How long records with personal data outlive an erasure, for its receipt. `compaction_lag_ms` is the log's own
/// (`max.compaction.lag.ms`): how long a superseded row may stay readable, in milliseconds.
pub fn erasure_retention(compaction_lag_ms: i64) -> Retention {
    let longest =
        [Topic::Platform, Topic::Webhooks, Topic::DeadLetters].into_iter().map(|topic| match topic.cleanup() {
            Cleanup::Delete(retention_ms) => retention_ms.unwrap_or(i64::MAX),
            Cleanup::Compact(_) => compaction_lag_ms,
        });
    Retention { intake_ms: longest.max().unwrap_or(i64::MAX), compaction_lag_ms }
}
