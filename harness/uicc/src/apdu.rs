//! Command and response APDUs (ISO/IEC 7816-3 12.1, TS 102 221 10.1).

use crate::status::StatusWord;

/// Why octets are not an APDU, or values do not fit one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApduError {
    /// Fewer octets than the header of a command or the status word of a response.
    #[error("{found} octets are too short for {what}; at least {least} are needed")]
    TooShort {
        /// What was being read.
        what: &'static str,
        /// Octets needed.
        least: usize,
        /// Octets found.
        found: usize,
    },
    /// The body fits none of the cases 1 to 4, short or extended.
    #[error("Lc {lc} at octet 4 does not agree with {body} octets of body; check the length octets")]
    Length {
        /// The value of Lc read, in octets.
        lc: usize,
        /// Octets after the header.
        body: usize,
    },
    /// More data than an extended APDU can carry.
    #[error("{found} octets of data do not fit a command APDU; 65535 is the most")]
    DataTooLong {
        /// Octets given.
        found: usize,
    },
    /// An expected length outside 1..=65536.
    #[error("Le {found} cannot be coded; give 1 to 65536")]
    Le {
        /// The value given.
        found: u32,
    },
}

/// A command APDU.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct CommandApdu {
    /// Class (TS 102 221 10.1.1).
    pub cla: u8,
    /// Instruction (10.1.2).
    pub ins: u8,
    /// First parameter.
    pub p1: u8,
    /// Second parameter.
    pub p2: u8,
    /// Command data, 0 to 65535 octets.
    pub data: Vec<u8>,
    /// Expected response length in octets, 1 to 65536; 256 is coded `00` in a short APDU.
    pub le: Option<u32>,
}

impl CommandApdu {
    /// A case 1 command.
    #[must_use]
    pub fn new(cla: u8, ins: u8, p1: u8, p2: u8) -> Self {
        Self { cla, ins, p1, p2, data: Vec::new(), le: None }
    }

    /// The same command with data.
    #[must_use]
    pub fn with_data(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.data = data.into();
        self
    }

    /// The same command with an expected length of 1 to 65536 octets.
    #[must_use]
    pub fn with_le(mut self, le: u32) -> Self {
        self.le = Some(le);
        self
    }

    /// True if only the extended form can carry this command.
    #[must_use]
    pub fn needs_extended(&self) -> bool {
        self.data.len() > 255 || self.le.is_some_and(|le| le > 256)
    }

    /// Whether octets are coded with the extended lengths, which a UICC has to refuse if it does not offer them. A
    /// length octet of 00 is a short command only where it is the last octet.
    #[must_use]
    pub fn is_extended(octets: &[u8]) -> bool {
        octets.get(4) == Some(&0x00) && octets.len() > 5
    }

    /// Reads a short or extended command.
    ///
    /// # Errors
    /// [`ApduError::TooShort`] below four octets, [`ApduError::Length`] if the body fits no case.
    pub fn parse(octets: &[u8]) -> Result<Self, ApduError> {
        let [cla, ins, p1, p2, body @ ..] = octets else {
            return Err(ApduError::TooShort { what: "a command header", least: 4, found: octets.len() });
        };
        let (data, le) = parse_body(body)?;
        Ok(Self { cla: *cla, ins: *ins, p1: *p1, p2: *p2, data: data.to_vec(), le })
    }

    /// Writes the short form if the command fits it, else the extended form.
    ///
    /// # Errors
    /// [`ApduError::DataTooLong`] and [`ApduError::Le`].
    pub fn encode(&self) -> Result<Vec<u8>, ApduError> {
        if self.needs_extended() {
            return self.encode_extended();
        }
        self.check()?;
        let mut octets = self.header();
        if !self.data.is_empty() {
            octets.push(self.data.len() as u8);
            octets.extend_from_slice(&self.data);
        }
        if let Some(le) = self.le {
            octets.push(le as u8); // 256 becomes 00, as the coding asks
        }
        Ok(octets)
    }

    /// Writes the extended form, also where the short one would do.
    ///
    /// # Errors
    /// [`ApduError::DataTooLong`] and [`ApduError::Le`].
    pub fn encode_extended(&self) -> Result<Vec<u8>, ApduError> {
        self.check()?;
        let mut octets = self.header();
        if !self.data.is_empty() || self.le.is_some() {
            octets.push(0);
        }
        if !self.data.is_empty() {
            octets.extend_from_slice(&(self.data.len() as u16).to_be_bytes());
            octets.extend_from_slice(&self.data);
        }
        if let Some(le) = self.le {
            octets.extend_from_slice(&(le as u16).to_be_bytes()); // 65536 becomes 0000
        }
        Ok(octets)
    }

    fn header(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(9 + self.data.len());
        octets.extend_from_slice(&[self.cla, self.ins, self.p1, self.p2]);
        octets
    }

    fn check(&self) -> Result<(), ApduError> {
        if self.data.len() > 0xFFFF {
            return Err(ApduError::DataTooLong { found: self.data.len() });
        }
        match self.le {
            Some(found) if found == 0 || found > 0x1_0000 => Err(ApduError::Le { found }),
            _ => Ok(()),
        }
    }
}

fn parse_body(body: &[u8]) -> Result<(&[u8], Option<u32>), ApduError> {
    match body {
        [] => Ok((&[], None)),
        [le] => Ok((&[], Some(short_le(*le)))),
        [0, high, low] => Ok((&[], Some(extended_le(*high, *low)))),
        [0, high, low, rest @ ..] => {
            let lc = usize::from(u16::from_be_bytes([*high, *low]));
            match rest.get(..lc).map(|data| (data, rest.get(lc..).unwrap_or_default())) {
                Some((data, [])) if lc > 0 => Ok((data, None)),
                Some((data, [high, low])) if lc > 0 => Ok((data, Some(extended_le(*high, *low)))),
                _ => Err(ApduError::Length { lc, body: body.len() }),
            }
        }
        [lc, rest @ ..] => {
            let lc = usize::from(*lc);
            match rest.get(..lc).map(|data| (data, rest.get(lc..).unwrap_or_default())) {
                Some((data, [])) if lc > 0 => Ok((data, None)),
                Some((data, [le])) if lc > 0 => Ok((data, Some(short_le(*le)))),
                _ => Err(ApduError::Length { lc, body: body.len() }),
            }
        }
    }
}

fn short_le(octet: u8) -> u32 {
    if octet == 0 { 256 } else { u32::from(octet) }
}

fn extended_le(high: u8, low: u8) -> u32 {
    match u16::from_be_bytes([high, low]) {
        0 => 0x1_0000,
        le => u32::from(le),
    }
}

/// A response APDU.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ResponseApdu {
    /// Response data.
    pub data: Vec<u8>,
    /// Status word SW1 SW2.
    pub sw: StatusWord,
}

impl ResponseApdu {
    /// Reads data and status word.
    ///
    /// # Errors
    /// [`ApduError::TooShort`] below two octets.
    pub fn parse(octets: &[u8]) -> Result<Self, ApduError> {
        let [data @ .., sw1, sw2] = octets else {
            return Err(ApduError::TooShort { what: "a status word", least: 2, found: octets.len() });
        };
        Ok(Self { data: data.to_vec(), sw: StatusWord(u16::from_be_bytes([*sw1, *sw2])) })
    }

    /// Writes data and status word.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(self.data.len() + 2);
        octets.extend_from_slice(&self.data);
        octets.extend_from_slice(&self.sw.0.to_be_bytes());
        octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::{from_hex, to_hex};
    use proptest::prelude::*;

    #[test]
    fn four_short_cases() {
        for (text, data, le) in [
            ("00A40000", 0, None),
            ("8012000014", 0, Some(20)),
            ("8012000000", 0, Some(256)),
            ("80C2000002DC00", 2, None),
            ("00A40004023F0000", 2, Some(256)),
        ] {
            let apdu = CommandApdu::parse(&from_hex(text).unwrap()).unwrap();
            assert_eq!((apdu.data.len(), apdu.le), (data, le), "{text}");
            assert_eq!(to_hex(&apdu.encode().unwrap()), text);
        }
    }

    #[test]
    fn extended_cases() {
        let two = CommandApdu::parse(&from_hex("00B00000000000").unwrap()).unwrap();
        assert_eq!((two.data.len(), two.le), (0, Some(65536)));
        assert_eq!(to_hex(&two.encode().unwrap()), "00B00000000000");
        let three = CommandApdu::new(0x80, 0xC2, 0, 0).with_data(vec![7; 256]);
        assert_eq!(three.encode().unwrap()[4..7], [0, 1, 0]);
        let four = CommandApdu::new(0, 0xA4, 0, 4).with_data([0x3F, 0]).with_le(256);
        assert_eq!(to_hex(&four.encode_extended().unwrap()), "00A400040000023F000100");
        assert_eq!(CommandApdu::parse(&four.encode_extended().unwrap()).unwrap(), four);
    }

    #[test]
    fn extended_octets_are_known() {
        for (text, extended) in [
            ("00A40000", false),
            ("8012000000", false),
            ("00A40004023F0000", false),
            ("00B00000000000", true),
            ("00A400040000023F00", true),
            ("00A4", false),
        ] {
            assert_eq!(CommandApdu::is_extended(&from_hex(text).unwrap()), extended, "{text}");
        }
    }

    #[test]
    fn lengths_that_disagree_are_refused() {
        for text in ["80", "80C2000005DC", "80C200000000", "80C200000300000000AA", "80C2000000000100"] {
            let octets = from_hex(text).unwrap();
            let refused = CommandApdu::parse(&octets);
            if text == "80C2000000000100" {
                assert_eq!(refused.unwrap().data, [0], "extended Lc 1");
            } else {
                assert!(refused.is_err(), "{text}");
            }
        }
        assert_eq!(CommandApdu::new(0, 0, 0, 0).with_le(0).encode(), Err(ApduError::Le { found: 0 }));
        assert!(CommandApdu::new(0, 0, 0, 0).with_data(vec![0; 65536]).encode().is_err());
    }

    #[test]
    fn response_splits_off_the_status_word() {
        let response = ResponseApdu::parse(&[0xD0, 0x00, 0x91, 0x14]).unwrap();
        assert_eq!((response.data.as_slice(), response.sw.0), ([0xD0, 0].as_slice(), 0x9114));
        assert!(ResponseApdu::parse(&[0x90]).is_err());
    }

    proptest! {
        #[test]
        fn commands_round_trip(header: [u8; 4], data in proptest::collection::vec(any::<u8>(), 0..600), le in proptest::option::of(1u32..=65536)) {
            let apdu = CommandApdu { cla: header[0], ins: header[1], p1: header[2], p2: header[3], data, le };
            prop_assert_eq!(&CommandApdu::parse(&apdu.encode().unwrap()).unwrap(), &apdu);
            prop_assert_eq!(&CommandApdu::parse(&apdu.encode_extended().unwrap()).unwrap(), &apdu);
        }

        #[test]
        fn any_octets_are_survived(octets: Vec<u8>) {
            let _ = CommandApdu::parse(&octets);
            if let Ok(response) = ResponseApdu::parse(&octets) {
                prop_assert_eq!(response.encode(), octets);
            }
        }
    }
}
