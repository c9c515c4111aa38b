//! What a log must do, and the suite that shows it.
