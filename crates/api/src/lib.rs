//! HTTP edges of a running Mailtally.
