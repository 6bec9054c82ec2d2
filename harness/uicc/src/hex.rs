//! Hexadecimal text.

/// Why a text is not a string of octets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// A character that is neither a hexadecimal digit nor white space.
    #[error("character {found:?} at position {at} is not a hexadecimal digit; use 0-9, A-F and spaces")]
    Digit {
        /// Position in characters, from 0.
        at: usize,
        /// The character found.
        found: char,
    },
    /// The last octet has one digit only.
    #[error("{digits} hexadecimal digits do not make whole octets; write two digits for each octet")]
    Odd {
        /// Number of digits found.
        digits: usize,
    },
}

/// Upper-case digits without spaces.
#[must_use]
pub fn to_hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = String::with_capacity(octets.len() * 2);
    for octet in octets {
        text.push(char::from(DIGITS[usize::from(octet >> 4)]));
        text.push(char::from(DIGITS[usize::from(octet & 0x0F)]));
    }
    text
}

/// Reads digits of either case; white space is allowed anywhere.
///
/// # Errors
/// Any other character, and an odd number of digits.
pub fn from_hex(text: &str) -> Result<Vec<u8>, HexError> {
    let mut octets = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for (at, found) in text.chars().enumerate() {
        if found.is_whitespace() {
            continue;
        }
        let digit = found.to_digit(16).ok_or(HexError::Digit { at, found })? as u8;
        match high.take() {
            None => high = Some(digit),
            Some(high) => octets.push(high << 4 | digit),
        }
    }
    match high {
        None => Ok(octets),
        Some(_) => Err(HexError::Odd { digits: octets.len() * 2 + 1 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spaces_and_case_are_free() {
        assert_eq!(from_hex(" d0 0E\n8 1").unwrap(), [0xD0, 0x0E, 0x81]);
    }

    #[test]
    fn errors_say_where() {
        assert_eq!(from_hex("00 0G"), Err(HexError::Digit { at: 4, found: 'G' }));
        assert_eq!(from_hex("00 1"), Err(HexError::Odd { digits: 3 }));
    }

    proptest! {
        #[test]
        fn round_trip(octets: Vec<u8>) {
            prop_assert_eq!(from_hex(&to_hex(&octets)).unwrap(), octets);
        }

        #[test]
        fn any_text_is_survived(text: String) {
            let _ = from_hex(&text);
        }
    }
}
