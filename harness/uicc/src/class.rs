//! The class octet (TS 102 221 10.1.1): whose coding a command has, and which logical channel it is for.

/// Whose coding a command has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// 0X, 4X, 6X: ISO/IEC 7816-4.
    Interindustry,
    /// 8X, CX, EX: the UICC's own.
    Uicc,
}

/// A class octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Class {
    /// Whose coding the command has.
    pub family: Family,
    /// The logical channel, 0 to 19.
    pub channel: u8,
    /// Whether the command is secured.
    pub secure: bool,
}

impl Class {
    /// Reads a class octet; `None` for those a UICC does not know: chained commands, A0 of the SIM, FF and the reserved
    /// ones.
    #[must_use]
    pub const fn parse(octet: u8) -> Option<Self> {
        let family = if octet & 0x80 == 0 { Family::Interindustry } else { Family::Uicc };
        let (channel, secure) = match octet & 0x70 {
            0x00 => (octet & 0x03, octet & 0x0C != 0),
            0x40 => ((octet & 0x0F) + 4, false),
            0x60 => ((octet & 0x0F) + 4, true),
            _ => return None,
        };
        Some(Self { family, channel, secure })
    }

    /// The octet for a channel; channels above 19 become 19, and a secured command has its header authenticated on
    /// channels 0 to 3.
    #[must_use]
    pub const fn octet(self) -> u8 {
        let base = match self.family {
            Family::Interindustry => 0x00,
            Family::Uicc => 0x80,
        };
        match (self.channel, self.secure) {
            (channel @ 0..=3, false) => base | channel,
            (channel @ 0..=3, true) => base | 0x0C | channel,
            (channel, secure) => {
                let extended = if channel > 19 { 15 } else { channel - 4 };
                base | if secure { 0x60 } else { 0x40 } | extended
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets() {
        use Family::{Interindustry, Uicc};
        for (octet, family, channel, secure) in [
            (0x00, Interindustry, 0, false),
            (0x03, Interindustry, 3, false),
            (0x0D, Interindustry, 1, true),
            (0x40, Interindustry, 4, false),
            (0x4F, Interindustry, 19, false),
            (0x61, Interindustry, 5, true),
            (0x80, Uicc, 0, false),
            (0x82, Uicc, 2, false),
            (0xC1, Uicc, 5, false),
            (0xEF, Uicc, 19, true),
        ] {
            let class = Class { family, channel, secure };
            assert_eq!((Class::parse(octet), class.octet()), (Some(class), octet), "{octet:02X}");
        }
        for octet in [0x10, 0x20, 0x50, 0x90, 0xA0, 0xB0, 0xD0, 0xFF] {
            assert_eq!(Class::parse(octet), None, "{octet:02X}");
        }
        // Two of the codings of security are read; one is written.
        assert_eq!(Class::parse(0x04), Class::parse(0x0C));
    }

    #[test]
    fn what_is_written_is_read() {
        for family in [Family::Interindustry, Family::Uicc] {
            for (channel, secure) in (0..20).flat_map(|channel| [(channel, false), (channel, true)]) {
                let class = Class { family, channel, secure };
                assert_eq!(Class::parse(class.octet()), Some(class));
            }
        }
    }
}
