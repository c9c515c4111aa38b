//! The recount that shares no code with store and engine.
