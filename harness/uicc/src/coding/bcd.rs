//! Nibble-swapped BCD: addresses and times (TS 24.008 10.5.4.7, TS 102 223 8.38).

/// Characters of the nibbles 0 to E; F fills an odd number of digits.
const DIGITS: &[u8; 15] = b"0123456789*#abc";

/// Reads digits, low nibble first. `None` if a filler is anywhere but in the last high nibble.
#[must_use]
pub fn digits(octets: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(octets.len() * 2);
    for (at, octet) in octets.iter().enumerate() {
        let low = DIGITS.get(usize::from(octet & 0x0F))?;
        text.push(char::from(*low));
        match DIGITS.get(usize::from(octet >> 4)) {
            Some(high) => text.push(char::from(*high)),
            None if at + 1 == octets.len() => {}
            None => return None,
        }
    }
    Some(text)
}

/// Writes digits `0-9 * # a b c`, filling an odd number with F. `None` on any other character.
#[must_use]
pub fn from_digits(text: &str) -> Option<Vec<u8>> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| {
            let low = nibble(pair[0])?;
            let high = pair.get(1).map_or(Some(0x0F), |character| nibble(*character))?;
            Some(high << 4 | low)
        })
        .collect()
}

fn nibble(character: u8) -> Option<u8> {
    DIGITS.iter().position(|digit| *digit == character).map(|at| at as u8)
}

/// The two decimal digits of one octet as a number 0..=99; `None` if a nibble is above 9.
#[must_use]
pub const fn number(octet: u8) -> Option<u8> {
    match (octet & 0x0F, octet >> 4) {
        (tens @ 0..=9, units @ 0..=9) => Some(tens * 10 + units),
        _ => None,
    }
}

/// The octet of a number 0..=99; `None` above.
#[must_use]
pub const fn from_number(number: u8) -> Option<u8> {
    match number {
        0..=99 => Some(((number % 10) << 4) | (number / 10)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::{from_hex, to_hex};
    use proptest::prelude::*;

    #[test]
    fn addresses() {
        assert_eq!(digits(&from_hex("5155000000F1").unwrap()).unwrap(), "15550000001");
        assert_eq!(to_hex(&from_digits("18005550199").unwrap()), "8100550591F9");
        assert_eq!(digits(&[0xF1, 0x22]), None, "a filler inside");
        assert_eq!(from_digits("12x"), None);
    }

    #[test]
    fn times() {
        assert_eq!((number(0x10), from_number(1)), (Some(1), Some(0x10)));
        assert_eq!((number(0x95), from_number(59)), (Some(59), Some(0x95)));
        assert_eq!((number(0xA0), from_number(100)), (None, None));
    }

    proptest! {
        #[test]
        fn round_trip(text in "[0-9*#abc]{0,30}") {
            prop_assert_eq!(digits(&from_digits(&text).unwrap()).unwrap(), text);
        }

        #[test]
        fn any_octets_are_survived(octets: Vec<u8>) {
            if let Some(text) = digits(&octets) {
                prop_assert_eq!(from_digits(&text).unwrap(), octets.clone());
            }
        }
    }
}
