//! Power negotiation of a USB UICC (TS 102 600): vendor requests to the device.
//!
//! Numbers and layouts are those of a host in the field; the unit of the current (mA) and the meaning of the resume
//! time are not confirmed by a document, so nothing may be judged by them.

/// bmRequestType of a vendor request to the device, with data to the host.
pub const FROM_CARD: u8 = 0xC0;
/// bmRequestType of a vendor request to the device, with data to it.
pub const TO_CARD: u8 = 0x40;
/// bRequest: which power the card can do with; 2 octets to the host.
pub const READ: u8 = 0x01;
/// bRequest: which power it gets; 2 octets to the card.
pub const WRITE: u8 = 0x02;
/// bRequest: how long it takes to resume; 3 octets to the host.
pub const RESUME: u8 = 0x03;

/// The most that a host in the field gives, in the unit of the second octet.
pub const MOST_CURRENT: u8 = 100;

const CLASS_B: u8 = 0x02;
const CLASS_C: u8 = 0x04;
const PREFERS_B: u8 = 0x80;

/// Power a card can do with, or is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Power {
    /// Bit 1: class B (3 V). Bit 2: class C (1.8 V). Bit 7: the card prefers class B. The others are reserved.
    pub classes: u8,
    /// Current, assumed to be in mA.
    pub current: u8,
}

impl Power {
    /// Class C with 50 mA.
    pub const CLASS_C: Power = Power { classes: CLASS_C, current: 50 };

    /// Reads the two octets.
    #[must_use]
    pub fn parse(octets: [u8; 2]) -> Power {
        let [classes, current] = octets;
        Power { classes, current }
    }

    /// Writes them.
    #[must_use]
    pub fn encode(self) -> [u8; 2] {
        [self.classes, self.current]
    }

    /// What a host answers to this offer: one class, class B if the card prefers it or has no other, and no more
    /// current than hosts give.
    #[must_use]
    pub fn accepted(self) -> Power {
        let prefers = self.classes & PREFERS_B;
        let class = if prefers != 0 || self.classes & CLASS_C == 0 { CLASS_B } else { CLASS_C };
        Power { classes: class | prefers, current: self.current.min(MOST_CURRENT) }
    }
}

/// What came of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Answer<T> {
    /// It was not made.
    #[default]
    NotAsked,
    /// The card answered.
    Given(T),
    /// The card stalled it, as cards do that know nothing of it.
    Stalled,
    /// It failed otherwise; in words.
    Failed(String),
}

/// How a negotiation went. Whatever came of it, the card is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Negotiation {
    /// What the card can do with.
    pub offer: Answer<Power>,
    /// What it was given.
    pub given: Answer<Power>,
    /// The octets of its resume time.
    pub resume: Answer<Vec<u8>>,
    /// Requests made, repetitions included.
    pub requests: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_picks_one_class() {
        let accept = |octets| Power::parse(octets).accepted().encode();
        assert_eq!(accept([0x06, 50]), [0x04, 50]);
        assert_eq!(accept([0x86, 200]), [0x82, 100]);
        assert_eq!(accept([0x02, 10]), [0x02, 10]);
        assert_eq!(accept(Power::CLASS_C.encode()), [0x04, 50]);
    }
}
