//! Hexadecimal text, as the standards write octets.

/// Why a text is not a string of octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// A character that is neither a digit, white space, nor (where allowed) a wildcard.
    #[error("`{}` is not a hexadecimal digit; use 0-9 and A-F", found.escape_debug())]
    Digit {
        /// The character.
        found: char,
        /// Its offset in the text, in octets of UTF-8.
        at: usize,
    },
    /// A digit without a partner.
    #[error("half an octet: write two hexadecimal digits for each octet")]
    Half {
        /// Offset of the digit in the text, in octets of UTF-8.
        at: usize,
    },
    /// A wildcard where the octets must be given.
    #[error("the wildcard `{found}` where octets are sent, not compared")]
    Wildcard {
        /// The wildcard.
        found: char,
        /// Its offset in the text, in octets of UTF-8.
        at: usize,
    },
}

impl HexError {
    /// Offset of the error in the text, in octets of UTF-8.
    pub fn at(self) -> usize {
        match self {
            Self::Digit { at, .. } | Self::Half { at } | Self::Wildcard { at, .. } => at,
        }
    }
}

/// Upper-case digits without spaces.
#[must_use]
pub fn to_hex(octets: &[u8]) -> String {
    let mut text = Vec::new();
    push_hex(octets, &mut text);
    // Digits are ASCII.
    String::from_utf8(text).unwrap_or_default()
}

/// Adds upper-case digits without spaces to a text.
pub fn push_hex(octets: &[u8], text: &mut Vec<u8>) {
    let begin = text.len();
    text.resize(begin.saturating_add(octets.len().saturating_mul(2)), 0);
    let pairs = text.get_mut(begin..).unwrap_or_default().chunks_exact_mut(2);
    for (pair, octet) in pairs.zip(octets) {
        pair.copy_from_slice(&PAIRS[usize::from(*octet)]);
    }
}

/// The digits of each octet.
static PAIRS: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut pairs = [[0; 2]; 256];
    let mut octet = 0;
    while octet < 256 {
        pairs[octet] = [DIGITS[octet >> 4], DIGITS[octet & 0x0F]];
        octet += 1;
    }
    pairs
};

/// Reads digits of either case; white space between octets is free.
///
/// # Errors
/// The first character that does not fit; a wildcard is one.
pub fn from_hex(text: &str) -> Result<Vec<u8>, HexError> {
    let mut octets = Vec::with_capacity(text.len() / 2);
    let mut chars = text.char_indices();
    while let Some((at, high)) = chars.next() {
        if high.is_whitespace() {
            continue;
        }
        let high = value(high, at)?;
        let low = chars.next().filter(|(_, low)| !low.is_whitespace()).ok_or(HexError::Half { at })?;
        octets.push(high << 4 | value(low.1, low.0)?);
    }
    Ok(octets)
}

/// The digit of a number below 16.
pub(crate) fn digit(value: u8) -> char {
    const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
    char::from(DIGITS[usize::from(value & 0x0F)])
}

fn value(found: char, at: usize) -> Result<u8, HexError> {
    match found.to_digit(16).and_then(|value| u8::try_from(value).ok()) {
        Some(value) => Ok(value),
        None if matches!(found, '?' | '*') => Err(HexError::Wildcard { found, at }),
        None => Err(HexError::Digit { found, at }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spaces_between_octets_and_case_are_free() {
        assert_eq!(from_hex(" d0 0E\n81"), Ok(vec![0xD0, 0x0E, 0x81]));
        assert_eq!(from_hex(" \n"), Ok(vec![]));
        assert_eq!(to_hex(&[0x00, 0xA5, 0xFF]), "00A5FF");
    }

    #[test]
    fn errors_say_where() {
        assert_eq!(from_hex("00 0G"), Err(HexError::Digit { found: 'G', at: 4 }));
        assert_eq!(from_hex("00 1"), Err(HexError::Half { at: 3 }));
        assert_eq!(from_hex("0 0"), Err(HexError::Half { at: 0 }));
        assert_eq!(from_hex("0x00"), Err(HexError::Digit { found: 'x', at: 1 }));
        assert_eq!(from_hex("00 ä"), Err(HexError::Digit { found: 'ä', at: 3 }));
        assert_eq!(from_hex("00 ?1"), Err(HexError::Wildcard { found: '?', at: 3 }));
        assert_eq!(HexError::Digit { found: '\u{202e}', at: 0 }.to_string().find('\u{202e}'), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(octets: Vec<u8>) {
            prop_assert_eq!(from_hex(&to_hex(&octets)), Ok(octets));
        }

        #[test]
        fn any_text_is_survived(text: String) {
            let _ = from_hex(&text);
        }
    }
}
