//! Why an exchange with a card failed.

use super::bulk::MessageError;
use super::control::{BlockError, IccStatus};
use super::status::{Chain, Presence, SlotError, SlotStatus};
use crate::t0::TpduError;

/// How many answers to other commands are skipped before an exchange is given up.
pub const STALE_LIMIT: u32 = 10;

/// How many parts of a response in a row may bring no octet.
pub const EMPTY_PARTS: u32 = 8;

/// Longest response APDU, in octets: 65 536 of data and the status word.
pub(crate) const LONGEST_RESPONSE: usize = 65_538;

/// Why a task failed. None of it is the rig's fault: it is how the card behaved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The card says that it is mute or absent.
    #[error("the card is mute or absent; power it again")]
    Mute,
    /// The card refused the command.
    #[error("the card ({presence}) refused the command: {error}")]
    Refused {
        /// The card.
        presence: Presence,
        /// Why.
        error: SlotError,
    },
    /// A control request or an endpoint was stalled.
    #[error("the card stalled {what}")]
    Stalled {
        /// What it stalled.
        what: String,
    },
    /// The ATR is empty.
    #[error("the answer to power on is empty; an ATR was expected")]
    NoAtr,
    /// A type of response that no document names.
    #[error("bResponseType {0:02X} is not one of the class; the exchange was given up")]
    UnknownType(u8),
    /// A type of response that does not fit here.
    #[error("a block of chain {found:?} came where {expected}")]
    Chain {
        /// What came.
        found: Chain,
        /// What was expected, in words.
        expected: &'static str,
    },
    /// A status that does not fit here.
    #[error("status {0:?} came where the answer was expected")]
    Status(SlotStatus),
    /// A status octet of version A that does not fit here.
    #[error("status {0:?} of version A does not fit where the command stands")]
    IccStatus(IccStatus),
    /// A message that cannot be read.
    #[error("the card's message cannot be read: {0}")]
    Message(#[from] MessageError),
    /// A data block that cannot be read.
    #[error("the card's block cannot be read: {0}")]
    Block(#[from] BlockError),
    /// A status octet, a status word or an answer of the wrong size.
    #[error("{what} has {found} octets")]
    Size {
        /// What it is, and how many octets it should have.
        what: &'static str,
        /// How many it has.
        found: usize,
    },
    /// Nothing but answers to other commands came.
    #[error("{STALE_LIMIT} answers in a row belonged to other commands")]
    TooManyStale,
    /// A response without end.
    #[error("the response is longer than an extended APDU can be ({LONGEST_RESPONSE} octets)")]
    Endless,
    /// A response that goes on and brings nothing.
    #[error("{EMPTY_PARTS} parts of the response in a row brought no octet")]
    EmptyParts,
    /// The APDU does not fit what the card takes.
    #[error("the command has {octets} octets, the card takes {most} in one piece and does not chain")]
    TooLong {
        /// Octets of the command.
        octets: usize,
        /// Octets the card takes.
        most: usize,
    },
    /// The APDU cannot be a T=0 TPDU.
    #[error("{0}")]
    Tpdu(#[from] TpduError),
    /// The driver told what does not fit the step it was asked for; an error of the driver.
    #[error("the driver did not do as asked: {0}")]
    Driver(&'static str),
}
