//! What a card says of itself and of the command it was given: bStatus, bError, response types and chaining.

use std::fmt;

/// Whether the card is there and has power: bits 1..0 of bStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Present, powered.
    Active,
    /// Present, without power.
    Inactive,
    /// Absent ("virtually not present"). The reserved value 3 is read as absent, too.
    Absent,
}

impl Presence {
    fn from_bits(status: u8) -> Presence {
        match status & 0x03 {
            0 => Presence::Active,
            1 => Presence::Inactive,
            _ => Presence::Absent,
        }
    }

    fn bits(self) -> u8 {
        match self {
            Presence::Active => 0,
            Presence::Inactive => 1,
            Presence::Absent => 2,
        }
    }
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Presence::Active => "active",
            Presence::Inactive => "present without power",
            Presence::Absent => "absent",
        })
    }
}

/// What became of a command: bits 7..6 of bStatus, with bError.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Progress {
    /// Processed without error.
    Done,
    /// Failed.
    Failed(SlotError),
    /// The card needs more time: this multiple of its waiting time.
    MoreTime(u8),
    /// The reserved value 3, with bError as it came.
    Reserved(u8),
}

/// bStatus and bError together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotStatus {
    /// The card.
    pub presence: Presence,
    /// The command.
    pub progress: Progress,
}

impl SlotStatus {
    /// A command that was processed by an active card.
    pub const DONE: SlotStatus = SlotStatus { presence: Presence::Active, progress: Progress::Done };

    /// A command that failed.
    #[must_use]
    pub fn failed(presence: Presence, error: SlotError) -> SlotStatus {
        SlotStatus { presence, progress: Progress::Failed(error) }
    }

    /// Reads bStatus and bError. Every pair of octets means something.
    #[must_use]
    pub fn parse(status: u8, error: u8) -> SlotStatus {
        let progress = match status >> 6 {
            0 => Progress::Done,
            1 => Progress::Failed(SlotError::from_code(error)),
            2 => Progress::MoreTime(error),
            _ => Progress::Reserved(error),
        };
        SlotStatus { presence: Presence::from_bits(status), progress }
    }

    /// Writes bStatus and bError.
    #[must_use]
    pub fn encode(self) -> [u8; 2] {
        let (bits, error) = match self.progress {
            Progress::Done => (0, 0),
            Progress::Failed(error) => (1, error.code()),
            Progress::MoreTime(multiplier) => (2, multiplier),
            Progress::Reserved(error) => (3, error),
        };
        [bits << 6 | self.presence.bits(), error]
    }
}

impl fmt::Display for SlotStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the card is {}, ", self.presence)?;
        match self.progress {
            Progress::Done => f.write_str("the command is done"),
            Progress::Failed(error) => write!(f, "the command failed: {error}"),
            Progress::MoreTime(multiplier) => write!(f, "{multiplier} times its waiting time is asked for"),
            Progress::Reserved(error) => write!(f, "the command has a reserved status, bError {error:02X}"),
        }
    }
}

/// Why a command failed: bError.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotError {
    /// 00: the command is not supported.
    Unsupported,
    /// 01 to 7F: the octet of the message at this place is not supported or out of range; 05 is the slot.
    Octet(u8),
    /// A2: short circuit.
    ShortCircuit,
    /// E0: a command is under way.
    SlotBusy,
    /// EF: the user cancelled the PIN.
    PinCancelled,
    /// F0: no PIN in time.
    PinTimeout,
    /// F2: busy with an automatic sequence.
    BusyWithSequence,
    /// F3: the protocol is deactivated.
    ProtocolDeactivated,
    /// F4: procedure octet conflict.
    ProcedureConflict,
    /// F5: class not supported.
    ClassUnsupported,
    /// F6: protocol not supported.
    ProtocolUnsupported,
    /// F7: TCK of the ATR is wrong.
    BadTck,
    /// F8: TS of the ATR is wrong.
    BadTs,
    /// FB: hardware error.
    Hardware,
    /// FC: overrun.
    Overrun,
    /// FD: parity.
    Parity,
    /// FE: the card is mute or absent.
    Mute,
    /// FF: aborted by the host.
    Aborted,
    /// Any other code.
    Other(u8),
}

const ERRORS: &[(u8, SlotError, &str)] = &[
    (0x00, SlotError::Unsupported, "command not supported"),
    (0xA2, SlotError::ShortCircuit, "short circuit"),
    (0xE0, SlotError::SlotBusy, "a command is under way"),
    (0xEF, SlotError::PinCancelled, "PIN cancelled"),
    (0xF0, SlotError::PinTimeout, "no PIN in time"),
    (0xF2, SlotError::BusyWithSequence, "busy with an automatic sequence"),
    (0xF3, SlotError::ProtocolDeactivated, "protocol deactivated"),
    (0xF4, SlotError::ProcedureConflict, "procedure octet conflict"),
    (0xF5, SlotError::ClassUnsupported, "class not supported"),
    (0xF6, SlotError::ProtocolUnsupported, "protocol not supported"),
    (0xF7, SlotError::BadTck, "wrong TCK in the ATR"),
    (0xF8, SlotError::BadTs, "wrong TS in the ATR"),
    (0xFB, SlotError::Hardware, "hardware error"),
    (0xFC, SlotError::Overrun, "overrun"),
    (0xFD, SlotError::Parity, "parity error"),
    (0xFE, SlotError::Mute, "card mute or absent"),
    (0xFF, SlotError::Aborted, "aborted by the host"),
];

impl SlotError {
    /// The error with this code.
    #[must_use]
    pub fn from_code(code: u8) -> SlotError {
        match ERRORS.iter().find(|(known, ..)| *known == code) {
            Some((_, error, _)) => *error,
            None if (0x01..=0x7F).contains(&code) => SlotError::Octet(code),
            None => SlotError::Other(code),
        }
    }

    /// The octet on the wire.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            SlotError::Octet(code) | SlotError::Other(code) => code,
            named => ERRORS.iter().find(|(_, error, _)| *error == named).map_or(0, |(code, ..)| *code),
        }
    }
}

impl fmt::Display for SlotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (ERRORS.iter().find(|(_, error, _)| error == self), self) {
            (Some((code, _, text)), _) => write!(f, "{code:02X}, {text}"),
            (None, SlotError::Octet(at)) => write!(f, "octet {at} of the message is not supported"),
            (None, other) => write!(f, "{:02X}, not a code of the class", other.code()),
        }
    }
}

/// Where in a chain a block stands: bLevelParameter of XFR_BLOCK, wLevelParameter and bChainParameter of the bulk
/// messages, and the data-carrying values of bResponseType.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chain {
    /// 00: the APDU begins and ends here.
    Whole,
    /// 01: it begins here and goes on.
    Begins,
    /// 02: it goes on and ends here.
    Ends,
    /// 03: it goes on, and more follows.
    Continues,
    /// 10: an empty block; the sender wants the next block of the other side.
    Wanted,
    /// Any other value.
    Other(u8),
}

impl Chain {
    /// The value of the octet.
    #[must_use]
    pub fn from_code(code: u8) -> Chain {
        match code {
            0x00 => Chain::Whole,
            0x01 => Chain::Begins,
            0x02 => Chain::Ends,
            0x03 => Chain::Continues,
            0x10 => Chain::Wanted,
            other => Chain::Other(other),
        }
    }

    /// The octet on the wire.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Chain::Whole => 0x00,
            Chain::Begins => 0x01,
            Chain::Ends => 0x02,
            Chain::Continues => 0x03,
            Chain::Wanted => 0x10,
            Chain::Other(other) => other,
        }
    }

    /// What the block is called that is the `first` and the `last` of its chain, or not.
    #[must_use]
    pub fn of(first: bool, last: bool) -> Chain {
        match (first, last) {
            (true, true) => Chain::Whole,
            (true, false) => Chain::Begins,
            (false, true) => Chain::Ends,
            (false, false) => Chain::Continues,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_error_round_trip() {
        for status in [0x00, 0x01, 0x02, 0x40, 0x41, 0x42, 0x80, 0x81, 0xC2] {
            for error in 0..=0xFF {
                let [got, code] = SlotStatus::parse(status, error).encode();
                assert_eq!(got, status);
                assert!(code == error || status >> 6 == 0, "{status:02X} {error:02X}");
            }
        }
        assert_eq!(SlotStatus::parse(0x42, 0xFE), SlotStatus::failed(Presence::Absent, SlotError::Mute));
        assert_eq!(SlotStatus::parse(0x80, 3).progress, Progress::MoreTime(3));
        assert_eq!(SlotStatus::parse(0x03, 0).presence, Presence::Absent);
        assert_eq!(
            SlotStatus::parse(0x41, 0xFB).to_string(),
            "the card is present without power, the command failed: FB, hardware error"
        );
    }

    #[test]
    fn errors_and_chains_round_trip_and_speak() {
        for code in 0..=0xFF {
            assert_eq!(SlotError::from_code(code).code(), code);
            assert_eq!(Chain::from_code(code).code(), code);
        }
        assert_eq!(SlotError::Octet(5).to_string(), "octet 5 of the message is not supported");
        assert_eq!(SlotError::Mute.to_string(), "FE, card mute or absent");
        assert_eq!(SlotError::Other(0x99).to_string(), "99, not a code of the class");
        assert_eq!(Chain::of(false, false), Chain::Continues);
    }
}
