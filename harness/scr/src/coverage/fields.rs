//! What cases do with the fields of messages.

use serde::Serialize;

/// A field of a message, and how many cases do what with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldUse {
    /// What the harness plays.
    pub role: String,
    /// The kind of message.
    pub message: String,
    /// The field; its parts after a dot.
    pub field: String,
    /// Cases that give it a value of their own.
    pub sent: usize,
    /// Cases to which a message comes that may have it.
    pub received: usize,
    /// Cases that look at it.
    pub asserted: usize,
    /// Cases that edit the octets of a message with it.
    pub mutated: usize,
}
