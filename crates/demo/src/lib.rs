//! A platform's month of mail, made from one seed.
