//! The class descriptor: type 21, 54 octets, all numbers little endian.

use super::Variant;

/// Octets of the descriptor, and its bLength.
const LENGTH: usize = 54;
/// bDescriptorType.
const TYPE: u8 = 0x21;

/// Why octets are not a class descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClassDescriptorError {
    /// Too few octets, or too many.
    #[error("{found} octets; the class descriptor has {LENGTH}")]
    Size {
        /// Octets found.
        found: usize,
    },
    /// Octet 0.
    #[error("octet 0: bLength is {found:02X}, 36 is needed")]
    Length {
        /// The octet found.
        found: u8,
    },
    /// Octet 1.
    #[error("octet 1: bDescriptorType is {found:02X}, 21 is needed")]
    Type {
        /// The octet found.
        found: u8,
    },
}

/// What a host may put into one exchange, by the bits 18..16 of dwFeatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExchangeLevel {
    /// Single characters. What version A advertises, though it exchanges TPDUs.
    Character,
    /// TPDUs.
    Tpdu,
    /// Short APDUs.
    ShortApdu,
    /// Short and extended APDUs.
    ExtendedApdu,
    /// A combination without meaning, as it came.
    Other(u32),
}

/// dwFeatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Features(pub u32);

impl Features {
    /// The parameters of the protocol follow from the ATR.
    pub const AUTO_CONFIGURATION: u32 = 0x0000_0002;
    /// Activation of the voltage is automatic.
    pub const AUTO_VOLTAGE: u32 = 0x0000_0008;
    /// Parameters are negotiated automatically; always set by ICCD.
    pub const AUTO_PARAMETERS: u32 = 0x0000_0040;
    /// The device makes the PPS that follows from the parameters.
    pub const AUTO_PPS: u32 = 0x0000_0080;
    /// A card, not a reader.
    pub const TOKEN: u32 = 0x0000_0800;
    /// TPDU level exchange.
    pub const TPDU: u32 = 0x0001_0000;
    /// Short APDU level exchange.
    pub const SHORT_APDU: u32 = 0x0002_0000;
    /// Short and extended APDU level exchange.
    pub const EXTENDED_APDU: u32 = 0x0004_0000;
    /// The device can wake the bus on an event of the card.
    pub const WAKE_UP: u32 = 0x0010_0000;

    /// Whether a bit is set.
    #[must_use]
    pub fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }

    /// Whether the bit is set that a card has and a reader has not.
    #[must_use]
    pub fn is_token(self) -> bool {
        self.has(Self::TOKEN)
    }

    /// The exchange level.
    #[must_use]
    pub fn level(self) -> ExchangeLevel {
        match self.0 & 0x0007_0000 {
            0 => ExchangeLevel::Character,
            Self::TPDU => ExchangeLevel::Tpdu,
            Self::SHORT_APDU => ExchangeLevel::ShortApdu,
            Self::EXTENDED_APDU => ExchangeLevel::ExtendedApdu,
            other => ExchangeLevel::Other(other),
        }
    }
}

/// The class descriptor of an ICCD or CCID interface.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClassDescriptor {
    /// bcdCCID.
    pub release: u16,
    /// bMaxSlotIndex.
    pub max_slot_index: u8,
    /// bVoltageSupport: 1 is 5 V, 2 is 3 V, 4 is 1.8 V. On cards a legacy constant.
    pub voltages: u8,
    /// dwProtocols: 1 is T=0, 2 is T=1.
    pub protocols: u32,
    /// dwDefaultClock, in kHz.
    pub default_clock: u32,
    /// dwMaximumClock, in kHz.
    pub maximum_clock: u32,
    /// bNumClockSupported.
    pub clocks: u8,
    /// dwDataRate, in bit/s.
    pub data_rate: u32,
    /// dwMaxDataRate, in bit/s.
    pub max_data_rate: u32,
    /// bNumDataRatesSupported.
    pub data_rates: u8,
    /// dwMaxIFSD, in octets.
    pub max_ifsd: u32,
    /// dwSynchProtocols.
    pub synch_protocols: u32,
    /// dwMechanical.
    pub mechanical: u32,
    /// dwFeatures.
    pub features: Features,
    /// dwMaxCCIDMessageLength, in octets; hosts take ten off for a header, also where there is none.
    pub max_message: u32,
    /// bClassGetResponse; FF repeats the class of the command.
    pub class_get_response: u8,
    /// bClassEnvelope; FF repeats the class of the command.
    pub class_envelope: u8,
    /// wLcdLayout.
    pub lcd_layout: u16,
    /// bPINSupport.
    pub pin_support: u8,
    /// bMaxCCIDBusySlots.
    pub busy_slots: u8,
}

/// What cards in the field say, by version B.
impl Default for ClassDescriptor {
    fn default() -> ClassDescriptor {
        ClassDescriptor {
            release: 0x0110,
            max_slot_index: 0,
            voltages: 0x01,
            protocols: 2,
            default_clock: 3580,
            maximum_clock: 3580,
            clocks: 0,
            data_rate: 9600,
            max_data_rate: 9600,
            data_rates: 0,
            max_ifsd: 254,
            synch_protocols: 0,
            mechanical: 0,
            features: Features(Features::SHORT_APDU | Features::TOKEN | Features::AUTO_PARAMETERS),
            max_message: 261,
            class_get_response: 0xFF,
            class_envelope: 0xFF,
            lcd_layout: 0,
            pin_support: 0,
            busy_slots: 1,
        }
    }
}

impl ClassDescriptor {
    /// What cards in the field say of themselves, by variant; bulk ones have room for a short APDU and the header.
    #[must_use]
    pub fn of(variant: Variant) -> ClassDescriptor {
        let version_b = ClassDescriptor::default();
        match variant {
            Variant::ControlB => version_b,
            Variant::ControlA => ClassDescriptor {
                protocols: 1,
                features: Features(Features::TOKEN | Features::AUTO_PARAMETERS),
                max_message: 271,
                ..version_b
            },
            Variant::Bulk => ClassDescriptor { protocols: 3, max_message: 271, ..version_b },
        }
    }

    /// The first descriptor of this kind among those of an interface.
    #[must_use]
    pub fn find(extra: &[u8]) -> Option<ClassDescriptor> {
        let mut rest = extra;
        while let [length, ..] = rest {
            let length = usize::from(*length);
            if let Some(Ok(found)) = rest.get(..length).map(ClassDescriptor::parse) {
                return Some(found);
            }
            rest = rest.get(length.max(2)..)?;
        }
        None
    }

    /// Reads one descriptor, which must be all of `octets`.
    ///
    /// # Errors
    /// Any [`ClassDescriptorError`]. The values of its fields are for the caller to judge.
    pub fn parse(octets: &[u8]) -> Result<ClassDescriptor, ClassDescriptorError> {
        let octets: &[u8; LENGTH] =
            octets.try_into().map_err(|_| ClassDescriptorError::Size { found: octets.len() })?;
        let [length, kind, fields @ ..] = octets;
        if usize::from(*length) != LENGTH {
            return Err(ClassDescriptorError::Length { found: *length });
        }
        if *kind != TYPE {
            return Err(ClassDescriptorError::Type { found: *kind });
        }
        let mut fields = Fields(fields);
        Ok(ClassDescriptor {
            release: fields.word(),
            max_slot_index: fields.octet(),
            voltages: fields.octet(),
            protocols: fields.double(),
            default_clock: fields.double(),
            maximum_clock: fields.double(),
            clocks: fields.octet(),
            data_rate: fields.double(),
            max_data_rate: fields.double(),
            data_rates: fields.octet(),
            max_ifsd: fields.double(),
            synch_protocols: fields.double(),
            mechanical: fields.double(),
            features: Features(fields.double()),
            max_message: fields.double(),
            class_get_response: fields.octet(),
            class_envelope: fields.octet(),
            lcd_layout: fields.word(),
            pin_support: fields.octet(),
            busy_slots: fields.octet(),
        })
    }

    /// Writes the descriptor.
    #[must_use]
    pub fn encode(&self) -> [u8; LENGTH] {
        let mut octets = Vec::with_capacity(LENGTH);
        octets.extend_from_slice(&[0x36, TYPE]);
        octets.extend_from_slice(&self.release.to_le_bytes());
        octets.extend_from_slice(&[self.max_slot_index, self.voltages]);
        for value in [self.protocols, self.default_clock, self.maximum_clock] {
            octets.extend_from_slice(&value.to_le_bytes());
        }
        octets.push(self.clocks);
        for value in [self.data_rate, self.max_data_rate] {
            octets.extend_from_slice(&value.to_le_bytes());
        }
        octets.push(self.data_rates);
        for value in [self.max_ifsd, self.synch_protocols, self.mechanical, self.features.0, self.max_message] {
            octets.extend_from_slice(&value.to_le_bytes());
        }
        octets.extend_from_slice(&[self.class_get_response, self.class_envelope]);
        octets.extend_from_slice(&self.lcd_layout.to_le_bytes());
        octets.extend_from_slice(&[self.pin_support, self.busy_slots]);
        octets.try_into().unwrap_or([0; LENGTH])
    }
}

/// Fields in order; beyond the end they are zero, which the one length of the descriptor rules out.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn octet(&mut self) -> u8 {
        match self.0 {
            [first, rest @ ..] => {
                self.0 = rest;
                *first
            }
            [] => 0,
        }
    }

    fn word(&mut self) -> u16 {
        u16::from_le_bytes([self.octet(), self.octet()])
    }

    fn double(&mut self) -> u32 {
        u32::from_le_bytes([self.octet(), self.octet(), self.octet(), self.octet()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A version B token in the field: T=1, 3.58 MHz, 9600 bit/s, short APDUs.
    const TOKEN: [u8; LENGTH] = [
        0x36, 0x21, 0x10, 0x01, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0xFC, 0x0D, 0x00, 0x00, 0xFC, 0x0D, 0x00, 0x00,
        0x00, 0x80, 0x25, 0x00, 0x00, 0x80, 0x25, 0x00, 0x00, 0x00, 0xFE, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x40, 0x08, 0x02, 0x00, 0x05, 0x01, 0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x01,
    ];

    #[test]
    fn a_token_of_the_field() {
        let token = ClassDescriptor::parse(&TOKEN).unwrap();
        assert_eq!(token, ClassDescriptor::default());
        assert_eq!((token.features.level(), token.features.is_token()), (ExchangeLevel::ShortApdu, true));
        assert_eq!(token.encode(), TOKEN);
        // Behind a descriptor of another kind.
        assert_eq!(ClassDescriptor::find(&[&[4, 0x24, 1, 2], TOKEN.as_slice()].concat()), Some(token));
    }

    #[test]
    fn what_is_not_one_is_located() {
        let mut short = TOKEN;
        short[0] = 0x35;
        assert_eq!(ClassDescriptor::parse(&short), Err(ClassDescriptorError::Length { found: 0x35 }));
        let mut other = TOKEN;
        other[1] = 0x22;
        assert_eq!(ClassDescriptor::parse(&other), Err(ClassDescriptorError::Type { found: 0x22 }));
        assert_eq!(ClassDescriptor::parse(&TOKEN[..53]), Err(ClassDescriptorError::Size { found: 53 }));
        assert_eq!(ClassDescriptor::find(&other), None);
    }

    #[test]
    fn levels() {
        let level = |bits| Features(bits).level();
        assert_eq!(level(0x840), ExchangeLevel::Character);
        assert_eq!(level(0x1_0840), ExchangeLevel::Tpdu);
        assert_eq!(level(0x4_0840), ExchangeLevel::ExtendedApdu);
        assert_eq!(level(0x6_0840), ExchangeLevel::Other(0x6_0000));
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(octets: Vec<u8>, body: [u8; 32]) {
            let _ = ClassDescriptor::find(&octets);
            let mut whole = TOKEN;
            whole[10..42].copy_from_slice(&body);
            prop_assert_eq!(ClassDescriptor::parse(&whole).unwrap().encode(), whole);
        }
    }
}
