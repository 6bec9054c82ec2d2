//! Which card is meant, among those in the readers.

use std::fmt;

/// How a card is chosen. Exactly one card has to fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Select {
    /// The only card there is, whatever reader holds it.
    #[default]
    Only,
    /// The card in the reader of this name.
    Name(String),
    /// The card in a reader whose name fits this pattern; `*` stands for any text.
    Pattern(String),
    /// The card with this answer to reset.
    Atr(AtrPattern),
    /// The card with these digits in EF.ICCID; each card that is there is asked for them.
    Iccid(Iccid),
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Select::Only => f.write_str("a card in any reader"),
            Select::Name(name) => write!(f, "a card in reader `{name}`"),
            Select::Pattern(pattern) => write!(f, "a card in a reader like `{pattern}`"),
            Select::Atr(pattern) => write!(f, "a card with ATR {pattern}"),
            Select::Iccid(iccid) => write!(f, "a card with ICCID {iccid}"),
        }
    }
}

impl Select {
    /// Whether a reader of this name may hold the card.
    pub fn takes_reader(&self, name: &str) -> bool {
        match self {
            Select::Name(wanted) => wanted == name,
            Select::Pattern(pattern) => fits(pattern, name),
            Select::Only | Select::Atr(_) | Select::Iccid(_) => true,
        }
    }

    /// Whether a card with this answer to reset may be meant.
    pub fn takes_atr(&self, atr: &[u8]) -> bool {
        match self {
            Select::Atr(pattern) => pattern.fits(atr),
            Select::Only | Select::Name(_) | Select::Pattern(_) | Select::Iccid(_) => true,
        }
    }
}

/// Whether a text fits a pattern in which `*` stands for any text, none included.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(found) = rest.find(part) else { return false };
        rest = rest.get(found.saturating_add(part.len())..).unwrap_or_default();
    }
    rest.ends_with(last)
}

/// Why a text does not describe a card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// Not hexadecimal.
    #[error("character {at} of ATR `{text}` is neither a hexadecimal digit nor `?`; write it like `3B 9F ?? 80 1F *`")]
    Digit {
        /// The text.
        text: String,
        /// Where it is wrong, counted from 1.
        at: usize,
    },
    /// Half an octet.
    #[error("ATR `{text}` ends in half an octet; write two characters for each, `?` for a half that may be anything")]
    Half {
        /// The text.
        text: String,
    },
    /// Not the digits of an ICCID.
    #[error("`{text}` is no ICCID; write its 18 to 20 digits as they are printed on the card")]
    Iccid {
        /// The text.
        text: String,
    },
}

/// An answer to reset in which halves of octets may be anything, and so may the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtrPattern {
    text: String,
    /// Value and mask of each octet.
    octets: Vec<(u8, u8)>,
    open: bool,
}

impl AtrPattern {
    /// Reads hexadecimal digits, of which `?` may be any, and a `*` at the end for whatever follows. Spaces are free.
    ///
    /// # Errors
    /// [`SelectError`] for any other character, and for half an octet.
    pub fn parse(text: &str) -> Result<AtrPattern, SelectError> {
        let trimmed = text.trim_end();
        let (digits, open) = trimmed.strip_suffix('*').map_or((trimmed, false), |digits| (digits, true));
        let mut halves = Vec::new();
        for (at, character) in digits.chars().enumerate().filter(|(_, character)| !character.is_whitespace()) {
            let half = match character {
                '?' => Some((0, 0)),
                digit => digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).map(|digit| (digit, 0x0F)),
            };
            let wrong = || SelectError::Digit { text: text.to_owned(), at: at.saturating_add(1) };
            halves.push(half.ok_or_else(wrong)?);
        }
        let (pairs, rest) = halves.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(SelectError::Half { text: text.to_owned() });
        }
        let octets = pairs.iter().map(|[high, low]| (high.0 << 4 | low.0, high.1 << 4 | low.1)).collect();
        Ok(AtrPattern { text: trimmed.to_owned(), octets, open })
    }

    /// Whether an answer to reset fits.
    pub fn fits(&self, atr: &[u8]) -> bool {
        let length = if self.open { atr.len() >= self.octets.len() } else { atr.len() == self.octets.len() };
        length && self.octets.iter().zip(atr).all(|((value, mask), octet)| octet & mask == *value)
    }
}

impl fmt::Display for AtrPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The identification of a card (TS 102 221 13.2): 18 to 20 decimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iccid(String);

impl Iccid {
    /// Reads the digits; spaces and hyphens are free.
    ///
    /// # Errors
    /// [`SelectError::Iccid`] for anything else.
    pub fn parse(text: &str) -> Result<Iccid, SelectError> {
        let digits: String = text.chars().filter(|character| !matches!(character, ' ' | '-')).collect();
        let right = (18..=20).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        if right { Ok(Iccid(digits)) } else { Err(SelectError::Iccid { text: text.to_owned() }) }
    }

    /// Reads the content of EF.ICCID: two digits an octet, the first in the low half, F behind the last. `None` when
    /// that is not what it holds.
    pub fn decode(octets: &[u8]) -> Option<Iccid> {
        let halves = octets.iter().flat_map(|octet| [octet & 0x0F, octet >> 4]);
        let digits = halves.take_while(|half| *half != 0x0F).map(|half| char::from_digit(u32::from(half), 10));
        digits.collect::<Option<String>>().filter(|digits| !digits.is_empty()).map(Iccid)
    }
}

impl fmt::Display for Iccid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pattern_fits_as_in_a_shell() {
        let name = "Virtual PCD 00 01";
        for pattern in ["*", "Virtual*", "*01", "Virtual PCD 00 01", "*PCD*0*", "**", "V*l*01"] {
            assert!(fits(pattern, name), "{pattern}");
        }
        for pattern in ["", "Virtual", "*02", "*PCD*PCD*", "Virtual PCD 00 01*1", "x*"] {
            assert!(!fits(pattern, name), "{pattern}");
        }
        assert!(!fits("aXb*Xb", "aXb"));
    }

    #[test]
    fn an_atr_fits_with_wildcards() {
        let atr = [0x3B, 0x9F, 0x96, 0x80];
        for pattern in ["3B9F9680", "3b 9f 96 80", "3B?? 9? 80", "3B9F*", "*", "3B9F9680 *"] {
            assert!(AtrPattern::parse(pattern).unwrap().fits(&atr), "{pattern}");
        }
        for pattern in ["3B9F96", "3B9F968000*", "3F*", ""] {
            assert!(!AtrPattern::parse(pattern).unwrap().fits(&atr), "{pattern}");
        }
        let error = AtrPattern::parse("3B 9G").unwrap_err().to_string();
        assert!(error.starts_with("character 5 of ATR `3B 9G`"), "{error}");
        assert_eq!(AtrPattern::parse("3B9"), Err(SelectError::Half { text: "3B9".into() }));
    }

    #[test]
    fn an_iccid_has_its_digits_swapped_on_the_card() {
        let octets = [0x98, 0x88, 0x21, 0x10, 0x00, 0x00, 0x41, 0x94, 0x72, 0xF9];
        let read = Iccid::decode(&octets).unwrap();
        assert_eq!(read.to_string(), "8988120100001449279");
        assert_eq!(Iccid::parse("89 8812 0100 0014 49279"), Ok(read));
        assert_eq!(Iccid::decode(&[0xFF; 10]), None);
        assert_eq!(Iccid::decode(&[0x98, 0xA1]), None);
        assert!(Iccid::parse("89").is_err() && Iccid::parse("898812010000144927F").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}", other in ".{0,40}", octets in prop::collection::vec(any::<u8>(), 0..40)) {
            fits(&text, &other);
            prop_assert!(fits("*", &other));
            let whole = format!("{}*", other.replace('*', ""));
            prop_assert!(fits(&whole, &other.replace('*', "")));
            if let Ok(pattern) = AtrPattern::parse(&text) {
                pattern.fits(&octets);
            }
            let _ = (Iccid::parse(&text), Iccid::decode(&octets));
        }
    }
}
