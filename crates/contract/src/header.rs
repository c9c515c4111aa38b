//! Names of record headers. Rows carry what they reflect; dead letters carry where they came from and why.

/// Full name of the value's protobuf message.
pub const SCHEMA: &str = "mailtally-schema";
/// Version of the fold that made the row, in decimal.
pub const FOLD_VERSION: &str = "mailtally-fold-version";
/// Beside it: a rebuild published the row that had not ended, so rows of an older version stand beside it.
pub const REBUILDING: &str = "mailtally-rebuilding";
/// What the row reflects: `topic/partition@next offset`.
pub const SOURCE: &str = "mailtally-source";
/// Latest event time that the row's batch saw, RFC 3339.
pub const AS_OF: &str = "mailtally-as-of";
/// Of a dead letter: `topic/partition@offset`.
pub const ORIGIN: &str = "mailtally-origin";
/// Of a dead letter: why, one of a closed set of words.
pub const REASON: &str = "mailtally-reason";
/// Of a dead letter: why, in a sentence naming field and remedy, without personal data.
pub const DETAIL: &str = "mailtally-detail";
/// Of a dead letter: the organisation that it claims, if it could be read.
pub const ORGANISATION: &str = "mailtally-organisation";
/// Of a redriven record: the dead letter that it was, `partition@offset`. Alone, without key and value, in the dead letters: that
/// one was redriven.
pub const REDRIVEN: &str = "mailtally-redriven";
