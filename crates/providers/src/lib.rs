//! Delivery providers' webhook bodies, read as events.
