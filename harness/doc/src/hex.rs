//! Octets in hexadecimal, with wildcards: `D0 ?? 81 03 *`.

use std::fmt;

/// One part of a [`HexPattern`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HexUnit {
    /// An octet of which the bits of `mask` must equal those of `value`; `?` is a nibble of mask 0.
    Octet {
        /// The bits; zero where the mask is.
        value: u8,
        /// The bits that count: 0xFF, 0xF0, 0x0F or 0.
        mask: u8,
    },
    /// Any number of octets, none included: `*`.
    Run,
}

/// Octets and wildcards.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HexPattern {
    /// The parts, in order.
    pub units: Vec<HexUnit>,
}

/// Why a text is no octet string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// A character that is neither a digit, a space, nor (where allowed) a wildcard.
    #[error("`{found}` is not a hexadecimal digit")]
    Digit {
        /// The character.
        found: char,
        /// Its octet offset in the text.
        at: usize,
    },
    /// A digit without a partner.
    #[error("half an octet: each octet takes two digits")]
    Half {
        /// Octet offset of the digit.
        at: usize,
    },
    /// A wildcard where the octets must be given.
    #[error("the wildcard `{found}` where octets are sent, not compared")]
    Wildcard {
        /// The wildcard.
        found: char,
        /// Its octet offset in the text.
        at: usize,
    },
}

impl HexError {
    /// Octet offset of the error in the text.
    pub fn at(self) -> usize {
        match self {
            Self::Digit { at, .. } | Self::Half { at } | Self::Wildcard { at, .. } => at,
        }
    }
}

impl HexPattern {
    /// Reads a pattern: pairs of hexadecimal digits, `?` for any nibble, `*` for any run of octets;
    /// white space between octets is free.
    ///
    /// # Errors
    /// The first character that does not fit.
    pub fn parse(text: &str) -> Result<Self, HexError> {
        let mut units = Vec::new();
        let mut chars = text.char_indices();
        while let Some((at, high)) = chars.next() {
            if high.is_whitespace() {
                continue;
            }
            if high == '*' {
                units.push(HexUnit::Run);
                continue;
            }
            let (high_value, high_mask) = nibble(high, at)?;
            let (low_at, low) = chars.next().ok_or(HexError::Half { at })?;
            if low.is_whitespace() || low == '*' {
                return Err(HexError::Half { at });
            }
            let (low_value, low_mask) = nibble(low, low_at)?;
            units.push(HexUnit::Octet { value: high_value << 4 | low_value, mask: high_mask << 4 | low_mask });
        }
        Ok(Self { units })
    }

    /// The octets, if the pattern has no wildcard.
    pub fn octets(&self) -> Option<Vec<u8>> {
        let octet = |unit: &HexUnit| match *unit {
            HexUnit::Octet { value, mask: 0xFF } => Some(value),
            _ => None,
        };
        self.units.iter().map(octet).collect()
    }

    /// How many octets at least match; exactly so many when there is no [`HexUnit::Run`].
    pub fn min_len(&self) -> usize {
        let octets = self.units.iter().filter(|unit| **unit != HexUnit::Run);
        octets.count()
    }

    /// Whether the whole of `octets` matches.
    ///
    /// # Errors
    /// The index of the first octet that does not match; `octets.len()` when too few came.
    pub fn matches(&self, octets: &[u8]) -> Result<(), usize> {
        let (mut unit, mut at) = (0, 0);
        // Where to go on when the last run takes one octet more.
        let mut retry: Option<(usize, usize)> = None;
        let mut furthest = 0;
        loop {
            furthest = furthest.max(at);
            match (self.units.get(unit), octets.get(at)) {
                (None, None) => return Ok(()),
                (Some(HexUnit::Run), _) => {
                    unit += 1;
                    retry = Some((unit, at));
                    continue;
                }
                (Some(HexUnit::Octet { value, mask }), Some(octet)) if octet & mask == *value => {
                    unit += 1;
                    at += 1;
                    continue;
                }
                // More octets in the run would only leave fewer for the rest.
                (Some(HexUnit::Octet { .. }), None) => return Err(furthest),
                _ => {}
            }
            let Some((run_end, from)) = retry else {
                return Err(furthest);
            };
            (unit, at) = (run_end, from + 1);
            retry = Some((unit, at));
        }
    }
}

impl fmt::Display for HexPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, unit) in self.units.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            match *unit {
                HexUnit::Run => f.write_str("*")?,
                HexUnit::Octet { value, mask } => {
                    for shift in [4, 0] {
                        if (mask >> shift) & 0xF == 0 {
                            f.write_str("?")?;
                        } else {
                            write!(f, "{:X}", (value >> shift) & 0xF)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// Reads octets in hexadecimal, without wildcards; white space between octets is free.
///
/// # Errors
/// The first character that does not fit.
pub fn parse_hex(text: &str) -> Result<Vec<u8>, HexError> {
    let wildcard = text.char_indices().find(|(_, c)| matches!(c, '?' | '*'));
    let pattern = HexPattern::parse(text)?;
    match wildcard {
        Some((at, found)) => Err(HexError::Wildcard { found, at }),
        None => Ok(pattern.octets().unwrap_or_default()),
    }
}

/// Value and mask of a digit.
fn nibble(digit: char, at: usize) -> Result<(u8, u8), HexError> {
    if digit == '?' {
        return Ok((0, 0));
    }
    let value = digit.to_digit(16).and_then(|value| u8::try_from(value).ok());
    match value {
        Some(value) => Ok((value, 0xF)),
        None => Err(HexError::Digit { found: digit, at }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn octets() {
        assert_eq!(parse_hex("00A4 04 0c"), Ok(vec![0x00, 0xA4, 0x04, 0x0C]));
        assert_eq!(parse_hex(" \n"), Ok(vec![]));
        assert_eq!(parse_hex("0"), Err(HexError::Half { at: 0 }));
        assert_eq!(parse_hex("0 0"), Err(HexError::Half { at: 0 }));
        assert_eq!(parse_hex("0x00"), Err(HexError::Digit { found: 'x', at: 1 }));
        assert_eq!(parse_hex("00 ä"), Err(HexError::Digit { found: 'ä', at: 3 }));
        assert_eq!(parse_hex("00 ?1"), Err(HexError::Wildcard { found: '?', at: 3 }));
    }

    #[test]
    fn patterns_match_or_name_the_octet() {
        let matches = |pattern: &str, octets: &[u8]| HexPattern::parse(pattern).unwrap().matches(octets);
        assert_eq!(matches("D0 ?? 8? 03", &[0xD0, 0x11, 0x81, 0x03]), Ok(()));
        assert_eq!(matches("D0 ?? 8? 03", &[0xD0, 0x11, 0x91, 0x03]), Err(2));
        assert_eq!(matches("D0 11", &[0xD0]), Err(1));
        assert_eq!(matches("D0", &[0xD0, 0x00]), Err(1));
        assert_eq!(matches("*", &[]), Ok(()));
        assert_eq!(matches("* 90 00", &[0x90, 0x90, 0x00]), Ok(()));
        assert_eq!(matches("* 90 00", &[0x90, 0x00, 0x01]), Err(3));
        assert_eq!(matches("01 * 02 * 03", &[1, 9, 2, 9, 2, 3]), Ok(()));
        assert_eq!(matches("", &[]), Ok(()));
        assert_eq!(matches("", &[1]), Err(0));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in any::<String>()) {
            let _ = HexPattern::parse(&text);
        }

        #[test]
        fn patterns_print_what_they_read(text in "([0-9A-F?]{2}|\\*){0,12}") {
            let pattern = HexPattern::parse(&text).unwrap();
            prop_assert_eq!(pattern.to_string().replace(' ', ""), text);
        }

        #[test]
        fn octets_match_themselves_with_runs_anywhere(octets in prop::collection::vec(0..3u8, 0..16), cut in 0..16usize) {
            let cut = cut.min(octets.len());
            let hex = |part: &[u8]| part.iter().map(|octet| format!("{octet:02X} ")).collect::<String>();
            let pattern = format!("{}* {}", hex(&octets[..cut]), hex(&octets[cut..]));
            prop_assert_eq!(HexPattern::parse(&pattern).unwrap().matches(&octets), Ok(()));
            prop_assert_eq!(parse_hex(&hex(&octets)), Ok(octets));
        }
    }
}
