//! Configuration, lifecycle, health, metrics and tracing.
