//! Alpha identifiers (TS 102 221 annex A, which TS 102 223 8.2 refers to): the default alphabet unpacked, or UCS2 in one
//! of three codings, each with octets FF after it where there is room.

use super::{from_ucs2, gsm7, ucs2};

/// UCS2, two octets a character.
const UCS2: u8 = 0x80;
/// Characters of an octet each, out of the default alphabet and half a page of UCS2 at a multiple of 128.
const HALF_PAGE: u8 = 0x81;
/// As [`HALF_PAGE`], with any character as the first of the half page.
const ANY_BASE: u8 = 0x82;
/// What fills the room after the text.
const FILLER: u8 = 0xFF;

/// The text of an alpha identifier. `None` if it does not decode: fewer characters than are announced, something else than
/// FF after the text, or no characters.
#[must_use]
pub fn alpha_text(octets: &[u8]) -> Option<String> {
    match octets {
        [UCS2, rest @ ..] => {
            let pairs = rest.chunks(2).position(|pair| pair.iter().all(|octet| *octet == FILLER));
            let (text, filler) = rest.split_at_checked(pairs.map_or(rest.len(), |pairs| pairs * 2))?;
            ucs2(text).filter(|_| is_filler(filler))
        }
        [HALF_PAGE, length, base, rest @ ..] => of_base(*length, u32::from(*base) << 7, rest),
        [ANY_BASE, length, high, low, rest @ ..] => {
            of_base(*length, u32::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => {
            let end = octets.iter().position(|octet| *octet == FILLER).unwrap_or(octets.len());
            let (text, filler) = octets.split_at_checked(end)?;
            gsm7::decode(text).filter(|_| is_filler(filler))
        }
    }
}

/// The octets of an alpha identifier: the default alphabet if it has all characters, else `80` and UCS2. `None` on a
/// character above FFFF.
#[must_use]
pub fn from_alpha_text(text: &str) -> Option<Vec<u8>> {
    gsm7::encode(text).or_else(|| from_ucs2(text).map(|octets| [&[UCS2], octets.as_slice()].concat()))
}

/// `length` characters: with b8 the offset from `base`, without it codes of the default alphabet.
fn of_base(length: u8, base: u32, octets: &[u8]) -> Option<String> {
    let (coded, filler) = octets.split_at_checked(usize::from(length))?;
    let mut text = String::with_capacity(coded.len());
    // An escape belongs to the code after it, so that a run of the default alphabet decodes in one piece.
    for run in coded.chunk_by(|one, next| one & 0x80 == next & 0x80) {
        if run.first()? & 0x80 == 0 {
            text.push_str(&gsm7::decode(run)?);
        } else {
            for octet in run {
                let unit = u16::try_from(base + u32::from(octet & 0x7F)).ok()?;
                text.push(char::from_u32(u32::from(unit))?);
            }
        }
    }
    is_filler(filler).then_some(text)
}

fn is_filler(octets: &[u8]) -> bool {
    octets.iter().all(|octet| *octet == FILLER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::from_hex;
    use proptest::prelude::*;

    fn text_of(hex: &str) -> Option<String> {
        alpha_text(&from_hex(hex).unwrap())
    }

    #[test]
    fn one_text_in_four_codings() {
        for (hex, text) in [
            ("", ""),
            ("FF", ""),
            ("444D2073657373696F6E", "DM session"),
            ("41424344FFFFFF", "ABCD"),
            ("1B65", "\u{20AC}"),
            ("80", ""),
            ("80FF", ""),
            ("80FFFF", ""),
            ("8004100431", "\u{410}\u{431}"),
            ("8004100431FFFF", "\u{410}\u{431}"),
            ("8004100431FF", "\u{410}\u{431}"),
            ("8004FF", "\u{4FF}"),
            ("80044D002004210435", "\u{44D} \u{421}\u{435}"),
            ("810508444D20A1B5", "DM \u{421}\u{435}"),
            ("810508444D20A1B5FFFF", "DM \u{421}\u{435}"),
            ("82050400444D20A1B5", "DM \u{421}\u{435}"),
            ("810413E7 1B65 80", "\u{9E7}\u{20AC}\u{980}"),
            ("8202FF80 80FF", "\u{FF80}\u{FFFF}"),
            ("810008", ""),
            ("82000000FF", ""),
        ] {
            assert_eq!(text_of(&hex.replace(' ', "")).as_deref(), Some(text), "{hex}");
        }
    }

    #[test]
    fn what_does_not_decode() {
        for hex in [
            "90",             // no code of the default alphabet
            "41FF42",         // text after the filler
            "800410FFFF0431", // likewise
            "800410 04",      // half a character
            "80D800",         // a surrogate
            "81",             // no length
            "8101",           // no base
            "810208A1",       // fewer characters than announced
            "810108A141",     // more
            "8201D80080",     // a surrogate
            "8103081B81A1",   // an escape without a code
            "820104",         // half a base
            "8202040081",     // fewer characters than announced
            "8201FFFF81",     // above FFFF
        ] {
            assert_eq!(text_of(&hex.replace(' ', "")), None, "{hex}");
        }
    }

    #[test]
    fn sent_in_the_default_alphabet_or_in_80() {
        assert_eq!(from_alpha_text("DM [1]").unwrap(), from_hex("444D201B3C311B3E").unwrap());
        assert_eq!(from_alpha_text("\u{41F}\u{440}").unwrap(), from_hex("80041F0440").unwrap());
        assert_eq!(from_alpha_text("\u{1F600}"), None);
    }

    proptest! {
        #[test]
        fn texts_come_back(text in "[ -~\u{A1}-\u{FF}\u{370}-\u{D7FF}]{0,20}", filler in 0usize..4) {
            let mut octets = from_alpha_text(&text).unwrap();
            octets.extend(vec![FILLER; filler]);
            prop_assert_eq!(alpha_text(&octets), Some(text));
        }

        #[test]
        fn texts_out_of_half_a_page_come_back(
            page: u8, characters in proptest::collection::vec((any::<bool>(), 0u8..0x80), 0..20), filler in 0usize..4,
        ) {
            let base = u32::from(page) << 7;
            let mut coded = Vec::new();
            let mut text = String::new();
            for (ucs2, value) in characters {
                // Digits stand for the default alphabet here.
                let digit = value % 10;
                coded.push(if ucs2 { value | 0x80 } else { b'0' + digit });
                text.push(if ucs2 { char::from_u32(base + u32::from(value)).unwrap() } else { char::from(b'0' + digit) });
            }
            let length = u8::try_from(coded.len()).unwrap();
            let [high, low] = u16::try_from(base).unwrap().to_be_bytes();
            coded.extend(vec![FILLER; filler]);
            prop_assert_eq!(alpha_text(&[&[HALF_PAGE, length, page], coded.as_slice()].concat()), Some(text.clone()));
            prop_assert_eq!(alpha_text(&[&[ANY_BASE, length, high, low], coded.as_slice()].concat()), Some(text));
        }

        #[test]
        fn any_octets_are_survived(first in 0x7Fu8..0x84, octets: Vec<u8>) {
            let _ = (alpha_text(&octets), alpha_text(&[&[first], octets.as_slice()].concat()));
        }
    }
}
