//! Which card is meant, among those in the readers.

use std::fmt;

use dmsc_octets::{HexPattern, glob};

/// How a card is chosen. Exactly one card has to fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Select {
    /// The only card there is, whatever reader holds it.
    #[default]
    Only,
    /// The card in the reader of this name.
    Name(String),
    /// The card in a reader whose name fits this pattern; `*` stands for any text, and the case of letters is free.
    Pattern(String),
    /// The card with this answer to reset.
    Atr(HexPattern),
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
            Select::Pattern(pattern) => glob(pattern, name),
            Select::Only | Select::Atr(_) | Select::Iccid(_) => true,
        }
    }

    /// Whether a card with this answer to reset may be meant.
    pub fn takes_atr(&self, atr: &[u8]) -> bool {
        match self {
            Select::Atr(pattern) => pattern.matches(atr).is_ok(),
            Select::Only | Select::Name(_) | Select::Pattern(_) | Select::Iccid(_) => true,
        }
    }
}

/// Why a text is no ICCID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no ICCID; write its 18 to 20 digits as they are printed on the card")]
pub struct IccidError {
    /// The text.
    pub text: String,
}

/// The identification of a card (TS 102 221 13.2): 18 to 20 decimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iccid(String);

impl Iccid {
    /// Reads the digits; spaces and hyphens are free.
    ///
    /// # Errors
    /// [`IccidError`] for anything else.
    pub fn parse(text: &str) -> Result<Iccid, IccidError> {
        let digits: String = text.chars().filter(|character| !matches!(character, ' ' | '-')).collect();
        let right = (18..=20).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        if right { Ok(Iccid(digits)) } else { Err(IccidError { text: text.to_owned() }) }
    }

    /// Reads the content of EF.ICCID: two digits an octet, the first in the low half, F after the last. `None` when
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
    fn a_card_is_chosen_by_the_name_of_its_reader_or_its_answer_to_reset() {
        let named = |pattern: &str| Select::Pattern(pattern.into()).takes_reader("Virtual PCD 00 01");
        assert!(named("*PCD*0*") && named("virtual*") && named("Virtual PCD 00 01"));
        assert!(!named("Virtual") && !named("*02"));
        assert!(!Select::Name("virtual PCD 00 01".into()).takes_reader("Virtual PCD 00 01"));
        let atr = |pattern: &str| Select::Atr(HexPattern::parse(pattern).unwrap()).takes_atr(&[0x3B, 0x9F, 0x96, 0x80]);
        assert!(atr("3B9F9680") && atr("3B ?? 9? 80") && atr("3B9F*") && atr("3b*80"));
        assert!(!atr("3B9F96") && !atr("3B9F968000*") && !atr("3F*"));
        let shown = Select::Atr(HexPattern::parse("3b9f??*").unwrap()).to_string();
        assert_eq!(shown, "a card with ATR 3B 9F ?? *");
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
        fn no_text_makes_it_panic(text in ".{0,40}", octets in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = (Iccid::parse(&text), Iccid::decode(&octets));
        }
    }
}
