//! Octet strings as the journal writes them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An octet string; in the journal, upper-case hexadecimal text without separators.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Octets(pub Vec<u8>);

/// Text that is not an octet string.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// The text has an odd number of digits.
    #[error("{digits} hexadecimal digits: an octet takes two")]
    Odd {
        /// How many digits the text has.
        digits: usize,
    },
    /// A character is no hexadecimal digit.
    #[error("`{}` at offset {offset} is no hexadecimal digit", found.escape_default())]
    Digit {
        /// Offset of the character in the text, in octets of UTF-8.
        offset: usize,
        /// The character.
        found: char,
    },
}

impl FromStr for Octets {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        let mut nibbles = Vec::with_capacity(text.len());
        for (offset, found) in text.char_indices() {
            match found.to_digit(16).and_then(|d| u8::try_from(d).ok()) {
                Some(digit) => nibbles.push(digit),
                None => return Err(HexError::Digit { offset, found }),
            }
        }
        let (pairs, rest) = nibbles.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(HexError::Odd { digits: nibbles.len() });
        }
        Ok(Self(pairs.iter().map(|[hi, lo]| hi << 4 | lo).collect()))
    }
}

impl fmt::Display for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }
}

impl From<Vec<u8>> for Octets {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets)
    }
}

impl From<&[u8]> for Octets {
    fn from(octets: &[u8]) -> Self {
        Self(octets.to_vec())
    }
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A table instead of `write!`: this runs for every APDU while the run goes.
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let mut text = String::with_capacity(self.0.len() * 2);
        for octet in &self.0 {
            text.push(char::from(DIGITS[usize::from(octet >> 4)]));
            text.push(char::from(DIGITS[usize::from(octet & 0x0F)]));
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_json_agree() {
        let octets = Octets(vec![0x00, 0x0A, 0xFF, 0xD0]);
        assert_eq!(octets.to_string(), "000AFFD0");
        assert_eq!(serde_json::to_string(&octets).unwrap(), "\"000AFFD0\"");
        assert_eq!("000affD0".parse::<Octets>().unwrap(), octets);
    }

    #[test]
    fn what_is_no_hexadecimal_is_located() {
        assert_eq!("ABC".parse::<Octets>(), Err(HexError::Odd { digits: 3 }));
        assert_eq!("A\u{a0}".parse::<Octets>(), Err(HexError::Digit { offset: 1, found: '\u{a0}' }));
        assert_eq!(HexError::Digit { offset: 1, found: '\n' }.to_string(), "`\\n` at offset 1 is no hexadecimal digit");
    }
}
