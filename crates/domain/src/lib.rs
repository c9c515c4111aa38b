//! What is true of a message, a campaign and a contact.
