//! Codings of numbers and text (TS 23.038, TS 102 221 annex A, TS 102 223 8.2 and 8.15).

mod alpha;
pub mod bcd;
pub mod gsm7;

pub use alpha::{alpha_text, from_alpha_text};

/// What a data coding scheme makes of the octets after it (TS 23.038 clause 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CharacterSet {
    /// GSM 7-bit default alphabet, packed.
    Gsm7,
    /// Eight bits: data in a short message, the default alphabet unpacked in a toolkit text.
    EightBit,
    /// UCS2, big endian.
    Ucs2,
    /// Compressed or reserved.
    Other,
}

/// The character set of a data coding scheme.
#[must_use]
pub const fn character_set(dcs: u8) -> CharacterSet {
    let bits = match dcs {
        // General groups, without and with automatic deletion; b6 marks compressed text.
        0x00..=0x7F if dcs & 0x20 != 0 => return CharacterSet::Other,
        0x00..=0x7F => dcs >> 2 & 0x03,
        0xC0..=0xDF => 0,
        0xE0..=0xEF => 2,
        // Data coding and message class: b3 tells 8-bit data (F4 to F7) from the default alphabet (F0 to F3).
        0xF0..=0xFF if dcs & 0x08 == 0 => dcs >> 2 & 0x01,
        _ => return CharacterSet::Other,
    };
    match bits {
        0 => CharacterSet::Gsm7,
        1 => CharacterSet::EightBit,
        2 => CharacterSet::Ucs2,
        _ => CharacterSet::Other,
    }
}

/// The text of a toolkit string under its data coding scheme; `None` if it does not decode.
#[must_use]
pub fn text(dcs: u8, octets: &[u8]) -> Option<String> {
    match character_set(dcs) {
        CharacterSet::Gsm7 => gsm7::decode_packed(octets),
        CharacterSet::EightBit => gsm7::decode(octets),
        CharacterSet::Ucs2 => ucs2(octets),
        CharacterSet::Other => None,
    }
}

/// The octets of a toolkit string under a data coding scheme; `None` if the character set lacks a character.
#[must_use]
pub fn from_text(dcs: u8, text: &str) -> Option<Vec<u8>> {
    match character_set(dcs) {
        CharacterSet::Gsm7 => gsm7::encode_packed(text),
        CharacterSet::EightBit => gsm7::encode(text),
        CharacterSet::Ucs2 => from_ucs2(text),
        CharacterSet::Other => None,
    }
}

/// Big-endian UCS2; `None` on an odd number of octets or a surrogate.
#[must_use]
pub fn ucs2(octets: &[u8]) -> Option<String> {
    if !octets.len().is_multiple_of(2) {
        return None;
    }
    octets.chunks_exact(2).map(|pair| char::from_u32(u32::from(u16::from_be_bytes([pair[0], pair[1]])))).collect()
}

/// Big-endian UCS2; `None` on a character above FFFF.
#[must_use]
pub fn from_ucs2(text: &str) -> Option<Vec<u8>> {
    let units: Option<Vec<[u8; 2]>> =
        text.chars().map(|character| u16::try_from(u32::from(character)).ok().map(u16::to_be_bytes)).collect();
    units.map(|units| units.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::from_hex;
    use proptest::prelude::*;

    #[test]
    fn groups() {
        for (dcs, set) in [
            (0x00, CharacterSet::Gsm7),
            (0x03, CharacterSet::Gsm7),
            (0x04, CharacterSet::EightBit),
            (0x08, CharacterSet::Ucs2),
            (0x0C, CharacterSet::Other),
            (0x20, CharacterSet::Other),
            (0x44, CharacterSet::EightBit),
            (0x80, CharacterSet::Other),
            (0xC8, CharacterSet::Gsm7),
            (0xE0, CharacterSet::Ucs2),
            (0xF0, CharacterSet::Gsm7),
            (0xF1, CharacterSet::Gsm7),
            (0xF2, CharacterSet::Gsm7),
            (0xF3, CharacterSet::Gsm7),
            (0xF4, CharacterSet::EightBit),
            (0xF5, CharacterSet::EightBit),
            (0xF6, CharacterSet::EightBit),
            (0xF7, CharacterSet::EightBit),
            (0xF8, CharacterSet::Other),
        ] {
            assert_eq!(character_set(dcs), set, "{dcs:02X}");
        }
    }

    #[test]
    fn the_name_of_the_client_in_three_codings() {
        for (dcs, hex) in
            [(0, "C42668C84E97DD74"), (4, "444D20436C69656E74"), (8, "0044004D00200043006C00690065006E0074")]
        {
            let octets = from_hex(hex).unwrap();
            assert_eq!(text(dcs, &octets).unwrap(), "DM Client");
            assert_eq!(from_text(dcs, "DM Client").unwrap(), octets);
        }
        assert_eq!(text(8, &[0]), None);
        assert_eq!(from_text(0x0C, "x"), None);
    }

    proptest! {
        #[test]
        fn ucs2_round_trips(value in "[\u{20}-\u{D7FF}]{0,20}") {
            prop_assert_eq!(text(8, &from_text(8, &value).unwrap()).unwrap(), value);
        }

        #[test]
        fn any_octets_are_survived(dcs: u8, octets: Vec<u8>) {
            let _ = text(dcs, &octets);
        }
    }
}
