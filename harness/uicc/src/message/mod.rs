//! What the toolkit messages share: how they fail to parse, and how their objects are written as trees of fields.

pub(crate) mod fields;
#[cfg(test)]
mod tests;

use crate::ber::TlvError;

/// Why octets are not a toolkit message. Positions count octets from the start of the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The outer tag is not the one of this message.
    #[error("octet 0: tag {found:02X} where {expected:02X} ({name}) starts the message")]
    WrongTag {
        /// Tag found.
        found: u8,
        /// Tag expected.
        expected: u8,
        /// Name of the message.
        name: &'static str,
    },
    /// Octets follow the outer data object.
    #[error("octet {at}: {count} octets follow the message; check its length octet")]
    Trailing {
        /// Where the message ends.
        at: usize,
        /// Octets after it.
        count: usize,
    },
    /// A tag or length inside does not parse.
    #[error(transparent)]
    Tlv(#[from] TlvError),
}
