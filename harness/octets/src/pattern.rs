//! Patterns with wildcards: over octets (`D0 ?? 81 03 *`) and over text (`ACS*`). Matching takes time in proportion to
//! pattern and text, whatever the number of wildcards.

use std::fmt;

use crate::hex::{HexError, digit};

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

impl HexPattern {
    /// Reads a pattern: pairs of hexadecimal digits, `?` for any nibble, `*` for any run of octets;
    /// white space between octets is free.
    ///
    /// # Errors
    /// The first character that does not fit.
    pub fn parse(text: &str) -> Result<Self, HexError> {
        let mut units: Vec<HexUnit> = Vec::new();
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
                            write!(f, "{}", digit((value >> shift) & 0xF))?;
                        }
                    }
                }
            }
        }
        Ok(())
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

/// Whether the whole of a text fits a pattern in which `*` stands for any text, none included. ASCII letters are equal
/// whatever their case.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut unit, mut at) = (0_usize, 0_usize);
    // Where to go on when the last `*` takes one octet more: more for an earlier one would only leave fewer for the rest.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(unit), text.get(at)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                unit += 1;
                retry = Some((unit, at));
            }
            (Some(wanted), Some(found)) if wanted.eq_ignore_ascii_case(found) => {
                unit += 1;
                at += 1;
            }
            (Some(_), None) => return false,
            _ => {
                let Some((after, from)) = retry else { return false };
                (unit, at) = (after, from + 1);
                retry = Some((unit, at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_fit_as_a_whole() {
        assert!(glob("dm_sc-c-*", "DM_SC-C-001-M"));
        assert!(glob("*001*", "DM_SC-C-001-M"));
        assert!(!glob("C-001", "DM_SC-C-001-M"));
        assert!(glob("*", "") && glob("", "") && !glob("", "x"));
        assert!(glob("*a*b", "xaayb") && !glob("*a*b", "xaayc"));
    }

    #[test]
    fn many_wildcards_take_no_longer_than_few() {
        // With backtracking over each wildcard neither would end in a lifetime.
        let octets = vec![0; 4096];
        assert!(HexPattern::parse("*00*00*00*00*FF").unwrap().matches(&octets).is_err());
        assert!(!glob("*a*a*a*a*a*b", &"a".repeat(4096)));
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
        }
    }
}
