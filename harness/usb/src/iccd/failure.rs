//! Why an exchange with a card failed.

use super::bulk::{Kind, MessageError, PowerSelect};
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
    /// The card refused power at each voltage that could be asked for.
    #[error("the card got no power: {}; check its contacts, and which voltage it takes", refusals(.0))]
    NoPower(Vec<(PowerSelect, SlotError)>),
    /// A message of another type came with the number of the command.
    #[error("{found:?} ({:02X}) came in place of {awaited:?}: {status}", found.code())]
    InPlace {
        /// What came.
        found: Kind,
        /// What answers the command.
        awaited: Kind,
        /// What it says of card and command.
        status: SlotStatus,
    },
    /// What has to be settled after the ATR could not be.
    #[error(transparent)]
    Negotiation(#[from] NegotiationError),
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
    #[error("a status came where the answer was expected: {0}")]
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

fn refusals(tried: &[(PowerSelect, SlotError)]) -> String {
    let each: Vec<String> = tried.iter().map(|(select, error)| format!("{select} was refused ({error})")).collect();
    each.join(", ")
}

/// Why card and device could not agree on how to talk, where the device leaves that to the host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NegotiationError {
    /// The ATR ends before all of its interface octets are there.
    #[error("the answer to reset is cut off, and the device leaves it to the host to follow it; power the card again")]
    Atr,
    /// The card does not offer the protocol that is needed.
    #[error(
        "the card offers {}, and the device wants TPDUs of T=0; use it through PC/SC, whose driver may know it",
        protocols(offered)
    )]
    Protocol {
        /// The protocols of the ATR.
        offered: Vec<u8>,
    },
    /// TA2 with bit 5: the speed is not that of TA1.
    #[error("TA2 is {0:02X}: the card has a speed that its ATR does not tell; use a device that knows the card")]
    Implicit(u8),
    /// The answer to the PPS is none.
    #[error("the PPS {asked:02X?} was answered {answered:02X?}; power the card again")]
    Pps {
        /// What was asked.
        asked: Vec<u8>,
        /// What came.
        answered: Vec<u8>,
    },
    /// The device did not carry the PPS, or does not take the parameters.
    #[error("the device refused {what} {octets:02X?}: {error}; use it through PC/SC, whose driver may know it")]
    Refused {
        /// The PPS, or the parameters.
        what: &'static str,
        /// Their octets.
        octets: Vec<u8>,
        /// Why.
        error: SlotError,
    },
}

fn protocols(offered: &[u8]) -> String {
    let each: Vec<String> = offered.iter().map(|protocol| format!("T={protocol}")).collect();
    each.join(" and ")
}
