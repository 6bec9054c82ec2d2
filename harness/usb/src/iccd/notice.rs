//! What a device says without being asked: the messages of the interrupt endpoint.

use std::fmt;

/// A message of the interrupt endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// 50, NotifySlotChange: what there is in slot 0, the only one of a card.
    SlotChange {
        /// A card is in it.
        present: bool,
        /// That is a change.
        changed: bool,
    },
    /// 51, HardwareError.
    HardwareError {
        /// bSlot.
        slot: u8,
        /// bSeq of the command that met it.
        sequence: u8,
        /// What it is.
        code: HardwareError,
    },
    /// Any other bMessageType.
    Other(u8),
}

/// bHardwareErrorCode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HardwareError(pub u8);

impl fmt::Display for HardwareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.0 == 0x01 { "overcurrent" } else { "not a code of the class" };
        write!(f, "{:02X}, {name}", self.0)
    }
}

/// Why octets are not a message of the interrupt endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("octet {found}: a message of type {kind:02X} has {needed} octets")]
pub struct NoticeError {
    /// bMessageType, 00 when not even that is there.
    pub kind: u8,
    /// Octets found.
    pub found: usize,
    /// Octets it has at least.
    pub needed: usize,
}

impl Notice {
    /// Reads a message. What follows the state of slot 0 is for readers with more of them.
    ///
    /// # Errors
    /// [`NoticeError`] when it is too short for its type.
    pub fn parse(octets: &[u8]) -> Result<Notice, NoticeError> {
        let short = |kind, needed| Err(NoticeError { kind, found: octets.len(), needed });
        match octets {
            [] => short(0, 1),
            [0x50, slots, ..] => Ok(Notice::SlotChange { present: slots & 0x01 != 0, changed: slots & 0x02 != 0 }),
            [0x51, slot, sequence, code, ..] => {
                Ok(Notice::HardwareError { slot: *slot, sequence: *sequence, code: HardwareError(*code) })
            }
            [0x50, ..] => short(0x50, 2),
            [0x51, ..] => short(0x51, 4),
            [other, ..] => Ok(Notice::Other(*other)),
        }
    }

    /// Writes the message.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        match self {
            Notice::SlotChange { present, changed } => vec![0x50, u8::from(present) | u8::from(changed) << 1],
            Notice::HardwareError { slot, sequence, code } => vec![0x51, slot, sequence, code.0],
            Notice::Other(kind) => vec![kind],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_card_goes_and_comes_and_something_breaks() {
        for (octets, notice) in [
            (vec![0x50, 0x03], Notice::SlotChange { present: true, changed: true }),
            (vec![0x50, 0x02], Notice::SlotChange { present: false, changed: true }),
            (vec![0x50, 0x01], Notice::SlotChange { present: true, changed: false }),
            (vec![0x51, 0x00, 0x07, 0x01], Notice::HardwareError { slot: 0, sequence: 7, code: HardwareError(1) }),
            (vec![0x7F], Notice::Other(0x7F)),
        ] {
            assert_eq!((Notice::parse(&octets), notice.encode()), (Ok(notice), octets));
        }
        // A reader with more slots.
        let first = Notice::parse(&[0x50, 0xFE, 0xFF]);
        assert_eq!(first, Ok(Notice::SlotChange { present: false, changed: true }));
        assert_eq!(HardwareError(1).to_string(), "01, overcurrent");
        assert_eq!(HardwareError(0x77).to_string(), "77, not a code of the class");
    }

    #[test]
    fn what_is_cut_off_is_located() {
        assert_eq!(Notice::parse(&[]), Err(NoticeError { kind: 0, found: 0, needed: 1 }));
        assert_eq!(Notice::parse(&[0x50]), Err(NoticeError { kind: 0x50, found: 1, needed: 2 }));
        let error = Notice::parse(&[0x51, 0x00, 0x07]).unwrap_err();
        assert_eq!(error.to_string(), "octet 3: a message of type 51 has 4 octets");
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(octets: Vec<u8>) {
            let _ = Notice::parse(&octets);
        }
    }
}
